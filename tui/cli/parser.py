"""The command line's parser: the options of every verb, and the verbs as they are declared."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from tui import __version__
from tui.cli.declarations.arguments import COMMON
from tui.cli.declarations.table import BY_NAME, VERBS
from tui.cli.declarations.verb import Verb
from tui.cli.output import put
from tui.core.console.unknown_verb import unknown_verb
from tui.core.errors import UsageError
from tui.core.text.late_pattern import late_pattern
from tui.core.text.near_names import meant
from tui.core.text.safe_text import one_line

_EPILOG = """\
`help first-night-shift` is a first walk, `help` lists the guides, and
`VERB --help` explains a verb.

IDs may be shortened as in git, or written LISTING/ID. Data goes to stdout,
messages to stderr. Exit codes: 0 done, 1 failed, 2 usage or ambiguous id,
3 unknown id, 4 refused, 5 needs --yes.
"""
_USUAL = 80
vars(argparse)["_"] = str  # it would look for translations of each of its messages
_SIGNED = late_pattern(r"-\d.*")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Finds out how wide the terminal is as `shutil` does, whose import takes as long as parsing.

    argparse makes one for each argument that it is given.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return (sys.__stdout__ and os.get_terminal_size(sys.__stdout__.fileno()).columns) or _USUAL
    except (ValueError, OSError):  # no terminal, or a closed file
        return _USUAL


class Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError`, so that `--json` can print it as JSON."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the parsed words; a prompt may also follow the options.

        argparse looks for an optional positional only before the first option.
        """
        args, rest = self.parse_known_args(words)
        is_prompt = len(rest) == 1 and (rest[0] == "-" or not rest[0].startswith("-"))
        if is_prompt and getattr(args, "prompt", None) == "":
            args.prompt = rest.pop()
        if rest:
            self._refuse(rest, BY_NAME.get(args.verb))
        return args

    def _refuse(self, rest: Sequence[str], verb: Verb | None) -> NoReturn:
        """Raise `UsageError` for arguments that mean nothing: one may be a misspelt option."""
        taken = (*COMMON, *(verb.arguments if verb else ()))
        known = [name for one in taken if one.is_option for name in one.names]
        unknown = f"unrecognized arguments: {one_line(' '.join(rest))[:200]}"
        if hint := meant(rest[0].partition("=")[0], known, "", likeness=0.7):
            raise UsageError(f"{unknown}: {hint}")
        self.error(unknown)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.dest == "verb" and value not in BY_NAME:
            raise UsageError(unknown_verb(value, BY_NAME, f"{self.prog} --help"))
        super()._check_value(action, value)

    def print_help(self, file: Any = None) -> None:
        """Print the help as a verb prints its data."""
        put(self.format_help().rstrip())


class VerbParser(Parser):
    """The parser of one verb, built when it is first used.

    Building those of all verbs takes longer than most verbs run.
    """

    def __init__(self, verb: Verb, **options: Any) -> None:
        self._verb = verb
        self._unused: dict[str, Any] | None = options

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        options, self._unused = self._unused, None
        if options is not None:
            self._build(options)
        return super().parse_known_args(args, namespace)

    def _build(self, options: dict[str, Any]) -> None:
        verb = self._verb
        super().__init__(
            description=verb.summary[0].upper() + verb.summary[1:] + ".",
            epilog="\n".join(f"example: session-console {one}" for one in verb.examples),
            formatter_class=_Formatter,
            **options,
        )
        _add_common(self, default=argparse.SUPPRESS)
        for one in verb.arguments:
            self.add_argument(*one.names, **one.options)
            if one.is_signed:  # argparse takes `-5d` for an option
                self._negative_number_matcher = _SIGNED


def build_parser() -> Parser:
    """Return the parser of the whole command line; `verb` is `None` for the console."""
    parser = Parser(
        prog="session-console",
        description="A console for the Claude Agent SDK sessions of the Buyer List Builder.\n"
        "Without a verb it opens the screen.",
        epilog=_EPILOG,
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action="version", version=f"session-console {__version__}")
    parser.add_argument("--demo", action="store_true", help="open the console on a sample root")
    parser.add_argument("--ssh", action="store_true", help="send fewer bytes, as over SSH")
    parser.add_argument("--rich", action="store_true", help="send more bytes, even over SSH")
    _add_common(parser)
    verbs = parser.add_subparsers(
        dest="verb", metavar="VERB", prog=parser.prog, parser_class=VerbParser
    )
    for verb in VERBS:
        verbs.add_parser(verb.name, help=verb.summary, verb=verb)
    return parser


def _add_common(parser: argparse.ArgumentParser, **options: Any) -> None:
    """Add the options that may stand before the verb or after it."""
    for one in COMMON:
        parser.add_argument(*one.names, **one.options, **options)
