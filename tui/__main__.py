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
from typing import Any

from tui.cli.output import captured, put_error, say
from tui.cli.parser import build_parser
from tui.cli.words import declare
from tui.core.errors import ConsoleError, UsageError
from tui.operations.context import Context, Said
from tui.settings import load_settings

_VERBS = {
    verb: module
    for module, verbs in {
        "read": "ls show info",
        "tail": "tail",
        "search": "grep export",
        "run": "new resume send answer interrupt stop model mode",
        "write": "extend delete restore",
        "rows": "fail activate reapply undo",
        "marks": "ack rename",
        "upkeep": "cleanup hold trash purge",
        "doctor": "doctor check adopt",
        "accounts": "log stats",
    }.items()
    for verb in verbs.split()
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; 130 after Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _never_fail_to_print()
    try:
        return _run(build_parser(declare).read(words))
    except ConsoleError as error:
        put_error(error, as_json="--json" in words)
        return error.exit_code
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        put_error(ConsoleError(f"{error.filename or 'stdout'}: {error.strerror}"), as_json=False)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(args: Namespace) -> int:
    context = Context(load_settings(os.environ, _flags(args)), _now)
    if args.demo:
        return _demo(context)
    if args.verb is None:
        return _show(context, as_json=args.json)
    code = _do(context, args)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _do(context: Context, args: Namespace) -> int:
    module = importlib.import_module(f"tui.cli.{_VERBS[args.verb]}")
    code: int = getattr(module, args.verb)(context, args)
    return code


def say_verb(context: Context, words: Sequence[str]) -> Said:
    """Do what a verb's words ask for, inside the console, and return what it had to say.

    What it had said before it raised is a note of the error.
    """
    if not words or words[0] not in _VERBS:
        raise UsageError("that is no verb")
    with captured() as lines:
        try:
            args = build_parser(declare).read(words)
            _require_in_console(args)
            return Said(_do(context, args), lines)
        except ConsoleError as error:
            error.add_note("\n".join(lines))
            raise
        except SystemExit:  # `--help` has said all there is
            return Said(0, lines)


def _require_in_console(args: Namespace) -> None:
    if args.root or args.operator or args.read_only:
        raise UsageError("--root, --operator and --read-only are the console's own: start it so")


def _show(context: Context, *, as_json: bool) -> int:
    if as_json:
        raise UsageError("--json goes with a verb, such as `ls --json`")
    if going_on := _console(context):
        say(f"{going_on} running: `session-console ls --live` lists them")
    return 0


def _console(context: Context) -> int:
    from tui.cli.taken import verb_infos
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
        "ssh": (over_ssh or args.ssh) and not args.rich,
        "ascii": _is_ascii(),
    }


def _is_ascii() -> bool:
    """Whether the locale says that the terminal knows no UTF-8."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in named if name), "utf-8")
    return "utf" not in locale.lower()


def _now() -> datetime:
    return datetime.now(UTC)


def _drop_output() -> None:
    """Let the interpreter's last flush of stdout fall into the void."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _never_fail_to_print() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
