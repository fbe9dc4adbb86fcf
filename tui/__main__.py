"""Arguments to settings to a verb or the console: the only file that knows every layer."""

from __future__ import annotations

import importlib
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tui.cli.arguments import declare
from tui.cli.output import captured, problem_of, put_error, say
from tui.cli.parser import build_parser
from tui.cli.ssh_command import as_asked, asked_words
from tui.core.errors import ConsoleError, UsageError
from tui.operations.context import Context, VerbOutput
from tui.settings import Settings, load_settings
from tui.view.text.ascii import ERRORS, encode_plainly

_VERBS = {
    verb: module
    for module, verbs in {
        "look": "ls show",
        "info": "info",
        "help": "help",
        "tail": "tail",
        "search": "grep export",
        "run": "new resume send answer interrupt stop model mode",
        "write": "extend delete restore",
        "rows": "fail activate reapply undo",
        "marks": "ack rename",
        "upkeep": "cleanup hold trash purge",
        "doctor": "doctor check adopt",
        "history": "log stats",
    }.items()
    for verb in verbs.split()
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; 130 after Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _never_fail_to_print(is_ascii=_is_ascii())
    try:
        return _run(build_parser(declare).read(words))
    except ConsoleError as error:
        put_error(error, as_json="--json" in words or _is_json_asked())
        return error.exit_code
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        put_error(problem_of(error), as_json="--json" in words or _is_json_asked())
        return 1
    except KeyboardInterrupt:
        return 130


def _run(args: Namespace) -> int:
    context = Context(_settings(args), _now)
    if context.settings.restricted and args.verb is None and (words := asked_words(os.environ)):
        args = as_asked(args, words, build_parser(declare))
        context = Context(_settings(args), _now)
    _never_fail_to_print(is_ascii=context.settings.ascii)
    if args.demo:
        return _demo(context)
    if args.verb is None:
        return _show(context, as_json=args.json)
    code = _do(context, args)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _settings(args: Namespace) -> Settings:
    return load_settings(os.environ, _flags(args), (*_VERBS, "wide"))


def _do(context: Context, args: Namespace) -> int:
    module = importlib.import_module(f"tui.cli.verbs.{_VERBS[args.verb]}")
    code: int = getattr(module, args.verb)(context.as_one_act(), args)
    return code


def say_verb(context: Context, words: Sequence[str], width: int | None = None) -> VerbOutput:
    """Do what a verb's words ask for, inside the console, and return what it had to say.

    Its tables are fitted to `width` cells. What it had said before it raised is a note of the
    error.
    """
    if not words or words[0] not in _VERBS:
        raise UsageError("that is no verb")
    with captured(width) as lines:
        try:
            args = build_parser(declare).read(words)
            _require_in_console(args)
            return VerbOutput(_do(context, args), lines)
        except ConsoleError as error:
            error.add_note("\n".join(lines))
            raise
        except SystemExit:  # `--help` has said all there is
            return VerbOutput(0, lines)


def _require_in_console(args: Namespace) -> None:
    if args.root or args.operator or args.read_only or args.restricted:
        raise UsageError(
            "--root, --operator, --read-only and --restricted are the console's own: start it so"
        )


def _show(context: Context, *, as_json: bool) -> int:
    if as_json:
        raise UsageError("--json goes with a verb, such as `ls --json`")
    if going_on := _console(context):
        say(f"{going_on} running: `session-console ls --live` lists them")
    return 0


def _console(context: Context) -> int:
    from tui.cli.verb_info import verb_infos
    from tui.ui.engine import RealEngine
    from tui.ui.start import run_console

    return run_console(RealEngine(context, partial(say_verb, context), verb_infos()))


def _demo(context: Context) -> int:
    from tui.demo import start_demo
    from tui.ui.start import require_terminal

    require_terminal()
    with start_demo() as demo:
        _console(replace(context, settings=replace(context.settings, **demo.settings)))
    return 0


def _flags(args: Namespace) -> dict[str, Any]:
    over_ssh = any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    return {
        "root": args.root,
        "operator": args.operator,
        "read_only": args.read_only,
        "restricted": args.restricted,
        "ssh": (over_ssh or args.ssh) and not args.rich,
        "ascii": _is_ascii(),
    }


def _is_json_asked() -> bool:
    """Whether the command that came over SSH, if any did, wants its errors as JSON."""
    return "--json" in os.environ.get("SSH_ORIGINAL_COMMAND", "").split()


def _is_ascii() -> bool:
    """Whether the locale says that the terminal knows no UTF-8."""
    named = (os.environ.get("LC_ALL"), _given_ctype(), os.environ.get("LANG"))
    locale = next((name for name in named if name), "utf-8")
    return "utf" not in locale.lower()


def _given_ctype() -> str:
    """Return `LC_CTYPE` as it was given: Python puts its own over a locale that is not there."""
    name = os.environ.get("LC_CTYPE", "")
    if name in ("C.UTF-8", "C.utf8", "UTF-8"):
        with suppress(OSError):
            given = Path("/proc/self/environ").read_bytes().split(b"\0")
            return next((os.fsdecode(one[9:]) for one in given if one[:9] == b"LC_CTYPE="), "")
    return name


def _now() -> datetime:
    return datetime.now(UTC)


def _drop_output() -> None:
    """Let the interpreter's last flush of stdout fall into the void."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _never_fail_to_print(*, is_ascii: bool) -> None:
    """Let what a stream cannot encode come out as `?`, or in ASCII where no more is understood."""
    encode_plainly()
    said: dict[str, Any] = {"encoding": "ascii", "errors": ERRORS} if is_ascii else {}
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(**(said or {"errors": "replace"}))


if __name__ == "__main__":
    sys.exit(main())
