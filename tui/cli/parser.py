"""The command line's parser: the flags that every verb takes, and how a verb is declared."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tui import __version__
from tui.cli.output import put
from tui.core.errors import UsageError

_EPILOG = """\
IDs may be shortened as in git, or written LISTING/ID. stdout is data, stderr is talk.
exit codes: 0 done, 1 failed, 2 usage or ambiguous id, 3 unknown id, 4 refused, 5 needs --yes
"""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are `UsageError`s, so that `--json` can speak of them too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Return what the words ask for; a prompt may also stand behind the options.

        argparse gives an optional word its place before the first option, or none at all.
        """
        args, rest = self.parse_known_args(words)
        is_prompt = len(rest) == 1 and (rest[0] == "-" or not rest[0].startswith("-"))
        if is_prompt and getattr(args, "prompt", None) == "":
            args.prompt = rest.pop()
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return args

    def print_help(self, file: Any = None) -> None:
        """Print the help as any verb prints its data."""
        put(self.format_help().rstrip())


def build_parser(declare: Callable[[Verbs], None]) -> Parser:
    """Return the parser of the whole command line; `verb` is `None` for the console.

    `declare` adds the verbs.
    """
    parser = Parser(
        prog="session-console",
        description="A console for the Claude Agent SDK sessions of the Buyer List Builder. "
        "Without a verb it opens the screen.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"session-console {__version__}")
    parser.add_argument("--demo", action="store_true", help="open the console on a sample root")
    parser.add_argument("--ssh", action="store_true", help="save bytes, as over SSH")
    parser.add_argument("--rich", action="store_true", help="spend bytes, even over SSH")
    _add_common(parser, is_top=True)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    declare(Verbs(verbs))
    return parser


def _add_common(parser: argparse.ArgumentParser, *, is_top: bool = False) -> None:
    """Add the flags that may stand before the verb or behind it."""
    nothing = None if is_top else argparse.SUPPRESS
    off: Any = False if is_top else argparse.SUPPRESS
    root = "the folder of the listings' folders (default: data/outputs)"
    parser.add_argument("--root", type=Path, metavar="DIR", default=nothing, help=root)
    who = "who acts, where a login is shared"
    parser.add_argument("--operator", metavar="NAME", default=nothing, help=who)
    parser.add_argument("--read-only", action="store_true", default=off, help="look, never act")
    shell = "no shell from here: no suspending, no files or programs of yours, no wider agents"
    parser.add_argument("--restricted", action="store_true", default=off, help=shell)
    machine = "machine-readable output and errors"
    parser.add_argument("--json", action="store_true", default=off, help=machine)


class Verbs:
    """Adds verbs that all take the common flags and show an example."""

    def __init__(self, verbs: argparse._SubParsersAction[Parser]) -> None:
        self._verbs = verbs

    def add(self, name: str, summary: str, example: str) -> Parser:
        parser = self._verbs.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=f"example: session-console {example}",
        )
        _add_common(parser)
        return parser
