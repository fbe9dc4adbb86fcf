"""The words of the command line: every verb, what it takes, and an example of it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from tui.cli.parser import Verbs

_NEGATIVE = re.compile(r"-\d.*")


def _ls(verbs: Verbs) -> None:
    parser = verbs.add("ls", "list sessions, soonest to end first", "ls hollis_park --ends 24h")
    parser.add_argument("listing", nargs="?", metavar="LISTING")
    parser.add_argument("--status", metavar="S", help="what STATE shows, or a row's status")
    parser.add_argument("--live", action="store_true", help="only what runs now")
    parser.add_argument("--ends", metavar="24h", help="only what ends within this time")
    words = "what the console's filter takes: words, stage:3, live, <24h, ! negates"
    parser.add_argument("--filter", default="", metavar="WORDS", help=words)


def _show(verbs: Verbs) -> None:
    parser = verbs.add("show", "show everything known of a session", "show 9f2c")
    parser.add_argument("id", metavar="ID")


def _tail(verbs: Verbs) -> None:
    parser = verbs.add("tail", "print the end of a session's stream", "tail -f 9f2c")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    parser.add_argument("-n", type=int, default=50, metavar="50", help="how many entries")


def _new(verbs: Verbs) -> None:
    parser = verbs.add(
        "new",
        "begin a new session",
        'new hollis_park "Find PE platforms in DACH" --stage stage_2',
    )
    parser.add_argument("listing", metavar="LISTING")
    parser.add_argument("prompt", nargs="?", default="", metavar="PROMPT", help="- reads stdin")
    parser.add_argument("--stage", required=True, metavar="S")
    parser.add_argument("--days", type=_days, metavar="N", help="how long it lasts")
    _agent(parser)
    parser.add_argument("--wait", action="store_true", help="wait for the answer and print it")


def _resume(verbs: Verbs) -> None:
    parser = verbs.add(
        "resume", "resume a session in a run of its own", 'resume 9f2c "Go on" --wait'
    )
    parser.add_argument("id", metavar="ID")
    parser.add_argument("prompt", nargs="?", default="", metavar="PROMPT", help="- reads stdin")
    parser.add_argument("--fork", action="store_true", help="in a copy; the session stays as it is")
    parser.add_argument("--also", action="append", default=[], metavar="ID", help=_ALSO)
    _agent(parser)
    parser.add_argument(
        "--take-over", action="store_true", help="although its owner cannot be proven dead"
    )
    parser.add_argument("--wait", action="store_true", help="wait for the answer and print it")


def _agent(parser: argparse.ArgumentParser) -> None:
    """Add the options of the agent, for this run."""
    parser.add_argument("--model", metavar="M", help="another model")
    parser.add_argument("--mode", metavar="M", help="another permission mode")
    parser.add_argument("--tools", metavar="A,B", help="the tools that need no asking")
    parser.add_argument("--max-turns", metavar="N", help="at most so many turns of the model")
    parser.add_argument("--max-budget-usd", metavar="X", help="at most so many dollars")


def _send(verbs: Verbs) -> None:
    parser = verbs.add("send", "queue a follow-up for a running session", 'send 9f2c "And Asia?"')
    parser.add_argument("id", metavar="ID")
    parser.add_argument("prompt", metavar="PROMPT", help="- reads stdin")


def _answer(verbs: Verbs) -> None:
    parser = verbs.add(
        "answer", "answer a permission request, or a question", "answer 9f2c deny --reason no"
    )
    parser.add_argument("id", metavar="ID")
    parser.add_argument(
        "decision",
        metavar="allow|always|deny|wait",
        help="to a question the number of an option, or words; `;` between several",
    )
    parser.add_argument("length", nargs="?", default="", metavar="T", help="how long to wait: 30m")
    parser.add_argument(
        "--input", default="", metavar="SHA256", help="what is granted, as `show` names it"
    )
    parser.add_argument("--reason", default="", metavar="T", help="what the agent reads")


def _interrupt(verbs: Verbs) -> None:
    parser = verbs.add("interrupt", "end the turn that runs now", "interrupt 9f2c")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--yes", action="store_true", help="also one that another program runs")


def _model(verbs: Verbs) -> None:
    parser = verbs.add("model", "change the model of a running agent", "model 9f2c opus")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("name", metavar="NAME")


def _mode(verbs: Verbs) -> None:
    parser = verbs.add("mode", "change the permission mode of a running agent", "mode 9f2c plan")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("name", metavar="NAME", help="default, acceptEdits, plan, dontAsk, auto")


def _stop(verbs: Verbs) -> None:
    parser = verbs.add("stop", "end a session's run, or an orphaned CLI", "stop 9f2c")
    parser.add_argument("id", metavar="ID")


def _extend(verbs: Verbs) -> None:
    parser = verbs.add("extend", "let sessions last longer", "extend 9f2c 7d")
    parser.add_argument("ids", nargs="+", metavar="ID")
    parser.add_argument("until", metavar="7d", help="7, 12h, +7d (on top) or 2026-12-24")
    # Else `-5d` would be an unknown flag, and not an extension that shortens.
    parser._negative_number_matcher = _NEGATIVE


def _delete(verbs: Verbs) -> None:
    parser = verbs.add("delete", "move sessions into the trash", "delete 9f2c --yes")
    parser.add_argument("ids", nargs="+", metavar="ID")
    parser.add_argument("--yes", action="store_true", help="do it without a question")


def _restore(verbs: Verbs) -> None:
    parser = verbs.add("restore", "get a session back from the trash", "restore 9f2c")
    parser.add_argument("id", metavar="ID")


def _undo(verbs: Verbs) -> None:
    verbs.add("undo", "take back my last delete, clean-up or extension", "undo")


def _purge(verbs: Verbs) -> None:
    parser = verbs.add(
        "purge",
        "erase a session for good, trash included",
        "purge 9f2c --yes",
    )
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--yes", action="store_true", help="do it without a question")


def _fail(verbs: Verbs) -> None:
    parser = verbs.add("fail", "mark a session failed", 'fail 9f2c --reason "wrong client"')
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--reason", default="", metavar="T", help="why, for whoever looks next")


def _activate(verbs: Verbs) -> None:
    parser = verbs.add("activate", "make a failed or expired session active again", "activate 9f2c")
    parser.add_argument("id", metavar="ID")


def _ack(verbs: Verbs) -> None:
    parser = verbs.add("ack", "settle what needs somebody, until something new happens", "ack 9f2c")
    parser.add_argument("id", metavar="ID", help="a session, or a listing whose folder vanished")


def _rename(verbs: Verbs) -> None:
    parser = verbs.add("rename", "give a session a title", 'rename 9f2c "Pumps, DACH"')
    parser.add_argument("id", metavar="ID")
    parser.add_argument("title", metavar="TITLE")


def _adopt(verbs: Verbs) -> None:
    parser = verbs.add(
        "adopt", "move strays into their listing, and track what no row tracks", "adopt --all"
    )
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--all", action="store_true", help="every stray of the root")
    parser.add_argument("--listing", metavar="L", help="where to, when nothing tells it")
    parser.add_argument("--stage", metavar="S", help="the stage of a session that no row tracks")


def _reapply(verbs: Verbs) -> None:
    parser = verbs.add("reapply", "put back what the pipeline overwrote", "reapply 9f2c")
    parser.add_argument("id", metavar="ID")


def _cleanup(verbs: Verbs) -> None:
    parser = verbs.add(
        "cleanup",
        "move what has expired, is left over, old or too much into the trash",
        "cleanup --expired --older-than 30d --dry-run",
    )
    parser.add_argument("listing", nargs="?", metavar="LISTING")
    parser.add_argument("--expired", action="store_true", help="expired and leftovers (default)")
    parser.add_argument("--older-than", metavar="30d", help="counted from the last activity")
    parser.add_argument("--max-size", metavar="5GB", help="least recently active first")
    parser.add_argument("--purge-trash", action="store_true", help="also erase the old trash")
    parser.add_argument("--dry-run", action="store_true", help="only list what would go")
    parser.add_argument("--yes", action="store_true", help="do it without a question")


def _hold(verbs: Verbs) -> None:
    parser = verbs.add("hold", "stop new runs and clean-up in this root, or go on", "hold on")
    parser.add_argument("switch", nargs="?", choices=("on", "off"), help="neither: say how it is")
    parser.add_argument("--reason", default="", metavar="T", help="why, for your colleagues")


def _trash(verbs: Verbs) -> None:
    parser = verbs.add("trash", "list what the trash holds, or preview one of it", "trash 9f2c")
    parser.add_argument("id", nargs="?", metavar="ID")


def _log(verbs: Verbs) -> None:
    parser = verbs.add("log", "print who did what", "log hollis_park -n 20")
    parser.add_argument("id", nargs="?", metavar="ID", help="a session or a listing")
    parser.add_argument("-n", type=_count, default=50, metavar="50", help="how many acts")
    parser.add_argument("--all", action="store_true", help="each session of what was done to many")


def _stats(verbs: Verbs) -> None:
    parser = verbs.add("stats", "count sessions, bytes and costs, by listing", "stats --json")
    parser.add_argument("listing", nargs="?", metavar="LISTING")


def _doctor(verbs: Verbs) -> None:
    parser = verbs.add("doctor", "explain everything odd, and what to do", "doctor --fix")
    parser.add_argument("listing", nargs="?", metavar="LISTING")
    parser.add_argument("--fix", action="store_true", help="do the safe ones, and say so")


def _check(verbs: Verbs) -> None:
    parser = verbs.add(
        "check", "for monitoring: 1 when something needs somebody", "check --ends 1h"
    )
    parser.add_argument("--ends", default="1h", metavar="1h", help="how soon is soon")
    parser.add_argument("--notify", action="store_true", help="run notify_command once each")


def _grep(verbs: Verbs) -> None:
    parser = verbs.add(
        "grep",
        "search all that was said; ends with 1 when nothing matches, as grep does",
        'grep "industrial pumps" hollis_park',
    )
    parser.add_argument("pattern", metavar="PATTERN", help="a regular expression, case ignored")
    parser.add_argument("listing", nargs="?", metavar="LISTING")
    parser.add_argument("-n", type=_count, default=0, metavar="N", help="stop after so many lines")


def _export(verbs: Verbs) -> None:
    parser = verbs.add(
        "export", "write a session as Markdown, from the trash too", "export 9f2c -o pumps.md"
    )
    parser.add_argument("id", metavar="ID")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="a new file, not stdout")


def _info(verbs: Verbs) -> None:
    verbs.add("info", "print every path, version and setting", "info --json")


def _help(verbs: Verbs) -> None:
    parser = verbs.add("help", "print a guide, or list the guides", "help security")
    parser.add_argument("topic", nargs="?", default="", metavar="TOPIC")


_ALSO = "these too: some work at once, the others wait in a queue"


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not number:
        raise argparse.ArgumentTypeError("expected a number above 0")
    return number


def _days(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number <= 36500:
        raise argparse.ArgumentTypeError("expected a number of days from 1 to 36500")
    return number


def declare(verbs: Verbs) -> None:
    """Add every verb."""
    for add in _ALL:
        add(verbs)


_ALL = (
    _ls,
    _show,
    _tail,
    _grep,
    _export,
    _new,
    _resume,
    _send,
    _answer,
    _interrupt,
    _stop,
    _model,
    _mode,
    _extend,
    _delete,
    _restore,
    _undo,
    _purge,
    _fail,
    _activate,
    _ack,
    _rename,
    _adopt,
    _reapply,
    _cleanup,
    _hold,
    _trash,
    _log,
    _stats,
    _doctor,
    _check,
    _info,
    _help,
)
