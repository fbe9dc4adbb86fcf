"""Starts the console or runs a verb: the only file that knows every layer."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, NoReturn

from tui.cli.declarations.table import BY_NAME
from tui.cli.encoding import discard_output, is_ascii_locale, never_fail_to_print
from tui.cli.output import as_console_error, captured, put_error, say
from tui.cli.parser import build_parser
from tui.cli.ssh_command import ssh_arguments, ssh_words
from tui.core.errors import ConsoleError, UsageError
from tui.core.values import replace
from tui.operations.context import Context, VerbOutput
from tui.settings import Settings, load_settings

_FEW = 100_000  # objects made between two collections of garbage: most verbs end before
_USUAL = gc.get_threshold()


def run() -> NoReturn:
    """Run the command line as a process of its own."""
    gc.set_threshold(_FEW)
    codes: list[int] = []
    atexit.register(_leave, codes)  # as the first of all, hence called as the last
    codes.append(main())
    sys.exit(codes[0])


def _leave(codes: Sequence[int]) -> None:
    """End the process at once: taking the modules apart takes longer than many verbs."""
    if codes:
        with suppress(OSError, ValueError):  # the interpreter tells of it
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
            os._exit(codes[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; 130 after Ctrl-C."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    never_fail_to_print(is_ascii=is_ascii_locale())
    try:
        return _run(build_parser().read(argv))
    except ConsoleError as error:
        put_error(error, as_json="--json" in argv or _is_json_asked())
        return error.exit_code
    except BrokenPipeError:
        discard_output()
        return 0
    except OSError as error:
        discard_output()
        put_error(as_console_error(error), as_json="--json" in argv or _is_json_asked())
        return 1
    except KeyboardInterrupt:
        return 130


def _run(args: Namespace) -> int:
    context = Context(_settings(args), _now)
    if context.settings.restricted and args.verb is None and (argv := ssh_words(os.environ)):
        args = ssh_arguments(args, argv, build_parser())
        context = Context(_settings(args), _now)
    never_fail_to_print(is_ascii=context.settings.ascii)
    if args.demo:
        return _demo(context)
    with _in_fleet(context, is_patient=args.verb is not None) as context:
        code = _show(context, as_json=args.json) if args.verb is None else _do(context, args)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _settings(args: Namespace) -> Settings:
    settings = load_settings(os.environ, _flags(args), (*BY_NAME, "columns", "wide"))
    if not settings.root.is_absolute():
        try:
            settings.root.absolute()
        except OSError as error:
            why = f"the folder that this shell is in cannot be used: {error.strerror or error}"
            raise ConsoleError(f"{why}: go to another, or name an absolute --root") from error
    return settings


@contextmanager
def _in_fleet(context: Context, *, is_patient: bool) -> Iterator[Context]:
    """Give the context in which the sessions of other hosts are seen, if this one is in a fleet."""
    if context.settings.fleet is None:
        yield context
        return
    from tui.fleet.console.wiring import fleet_of_console

    with fleet_of_console(context.settings, is_patient=is_patient) as elsewhere:
        yield replace(context, elsewhere=elsewhere)


def _do(context: Context, args: Namespace) -> int:
    """Run a verb; raises `Refused` for a call that would change a read-only root."""
    verb = BY_NAME[args.verb]
    if verb.acts_on(args):
        context.require_writable()
    if verb.needs_root:
        from tui.operations.catalog.answering import require_answer

        require_answer(context.root, _words(args), needs_all=verb.needs_all)
    module = importlib.import_module(f"tui.cli.verbs.{verb.module}")
    code: int = getattr(module, verb.name)(context.as_one_act(), args)
    return code


def _words(args: Namespace) -> list[str]:
    """Return the words of a call that may name a listing."""
    given = [many if isinstance(many, list) else [many] for many in vars(args).values()]
    return [word for many in given for word in many if isinstance(word, str)]


def say_verb(context: Context, argv: Sequence[str], width: int | None = None) -> VerbOutput:
    """Run a verb inside the console and return its output, with tables fitted to `width` cells.

    An error gets what was printed before it as a note.
    """
    if not argv or argv[0] not in BY_NAME:
        raise UsageError("there is no such verb")
    with captured(width) as printed:
        try:
            args = build_parser().read(argv)
            _require_in_console(args)
            return VerbOutput(_do(context, args), printed.lines, printed.targets, printed.markdown)
        except ConsoleError as error:
            error.add_note("\n".join(printed.lines))
            raise
        except SystemExit:  # after `--help`
            return VerbOutput(0, printed.lines)


def _require_in_console(args: Namespace) -> None:
    if args.root or args.operator or args.read_only or args.restricted:
        raise UsageError(
            "--root, --operator, --read-only and --restricted are the console's own: "
            "give them when you start it"
        )


def _show(context: Context, *, as_json: bool) -> int:
    if as_json:
        raise UsageError("--json goes with a verb, such as `ls --json`")
    if running := _console(context):
        say(f"the runs go on: {running}; `session-console ls --view running` lists them")
    return 0


def _console(context: Context) -> str:
    from tui.ui.terminal.first_picture import first_picture

    with first_picture(context.settings, context.clock()) as first:  # before the rest is imported
        from tui.cli.verb_info import verb_infos
        from tui.ui.engine.real_engine import RealEngine
        from tui.ui.start import run_console

        gc.set_threshold(*_USUAL)
        return run_console(RealEngine(context, partial(say_verb, context), verb_infos()), first)


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
        "ascii": is_ascii_locale(),
    }


def _is_json_asked() -> bool:
    """Whether a command that came over SSH asks for JSON errors."""
    return "--json" in os.environ.get("SSH_ORIGINAL_COMMAND", "").split()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    run()
