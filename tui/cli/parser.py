"""The command line's words: flags and verbs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from tui import __version__
from tui.core.errors import UsageError

_EPILOG = """\
IDs may be shortened as in git, or written LISTING/ID. stdout is data, stderr is talk.
exit codes: 0 done, 1 failed, 2 usage or ambiguous id, 3 unknown id, 4 refused, 5 needs --yes
"""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are `UsageError`s, so that `--json` can speak of them too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def build_parser() -> Parser:
    """Return the parser of the whole command line; `verb` is `None` for the console."""
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
    for add in _VERBS:
        add(_Verbs(verbs))
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
    machine = "machine-readable output and errors"
    parser.add_argument("--json", action="store_true", default=off, help=machine)


class _Verbs:
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


def _ls(verbs: _Verbs) -> None:
    parser = verbs.add("ls", "list sessions, soonest to end first", "ls hollis_park --ends 24h")
    parser.add_argument("listing", nargs="?", metavar="LISTING")
    parser.add_argument("--status", metavar="S", help="active, expired, failed or deleted")
    parser.add_argument("--live", action="store_true", help="only what runs now")
    parser.add_argument("--ends", metavar="24h", help="only what ends within this time")


def _show(verbs: _Verbs) -> None:
    parser = verbs.add("show", "show everything known of a session", "show 9f2c")
    parser.add_argument("id", metavar="ID")


def _tail(verbs: _Verbs) -> None:
    parser = verbs.add("tail", "print the end of a session's stream", "tail -f 9f2c")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    parser.add_argument("-n", type=int, default=50, metavar="50", help="how many entries")


def _new(verbs: _Verbs) -> None:
    parser = verbs.add(
        "new",
        "begin a new session",
        'new hollis_park "Find PE platforms in DACH" --stage stage_2',
    )
    parser.add_argument("listing", metavar="LISTING")
    parser.add_argument("prompt", nargs="?", default="", metavar="PROMPT", help="- reads stdin")
    parser.add_argument("--stage", required=True, metavar="S")
    parser.add_argument("--days", type=_days, metavar="N", help="how long it lasts")
    parser.add_argument("--wait", action="store_true", help="wait for the answer and print it")


def _resume(verbs: _Verbs) -> None:
    parser = verbs.add(
        "resume", "resume a session in a run of its own", 'resume 9f2c "Go on" --wait'
    )
    parser.add_argument("id", metavar="ID")
    parser.add_argument("prompt", nargs="?", default="", metavar="PROMPT", help="- reads stdin")
    parser.add_argument("--fork", action="store_true", help="in a copy; the session stays as it is")
    parser.add_argument("--wait", action="store_true", help="wait for the answer and print it")


def _send(verbs: _Verbs) -> None:
    parser = verbs.add("send", "queue a follow-up for a running session", 'send 9f2c "And Asia?"')
    parser.add_argument("id", metavar="ID")
    parser.add_argument("prompt", metavar="PROMPT", help="- reads stdin")


def _answer(verbs: _Verbs) -> None:
    parser = verbs.add("answer", "answer a permission request", "answer 9f2c deny --reason no")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("decision", choices=("allow", "always", "deny"))
    parser.add_argument("--reason", default="", metavar="T", help="what the agent reads")


def _interrupt(verbs: _Verbs) -> None:
    parser = verbs.add("interrupt", "end the turn that runs now", "interrupt 9f2c")
    parser.add_argument("id", metavar="ID")


def _stop(verbs: _Verbs) -> None:
    parser = verbs.add("stop", "end a session's run, or an orphaned CLI", "stop 9f2c")
    parser.add_argument("id", metavar="ID")


def _extend(verbs: _Verbs) -> None:
    parser = verbs.add("extend", "let sessions last longer", "extend 9f2c 7d")
    parser.add_argument("ids", nargs="+", metavar="ID")
    parser.add_argument("until", metavar="7d", help="7, 12h, +7d (on top) or 2026-12-24")


def _delete(verbs: _Verbs) -> None:
    parser = verbs.add("delete", "move sessions into the trash", "delete 9f2c --yes")
    parser.add_argument("ids", nargs="+", metavar="ID")
    parser.add_argument("--yes", action="store_true", help="do it without a question")


def _restore(verbs: _Verbs) -> None:
    parser = verbs.add("restore", "get a session back from the trash", "restore 9f2c")
    parser.add_argument("id", metavar="ID")


def _info(verbs: _Verbs) -> None:
    verbs.add("info", "print every path, version and setting", "info --json")


def _days(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number <= 36500:
        raise argparse.ArgumentTypeError("expected a number of days from 1 to 36500")
    return number


_VERBS: tuple[Callable[[_Verbs], None], ...] = (
    _ls,
    _show,
    _tail,
    _new,
    _resume,
    _send,
    _answer,
    _interrupt,
    _stop,
    _extend,
    _delete,
    _restore,
    _info,
)
