"""Runs an operator's own command on a session: no shell, no secrets, bounded in time and output."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from tui.claude.session_id import is_session_id
from tui.core.console.own_command import OwnCommand
from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.limits import COMMAND_BYTES
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line, safe_text
from tui.core.values import dataclass
from tui.operations.child_process import ended
from tui.operations.context import Context
from tui.operations.formatting import span
from tui.operations.logbook_entry import log_act
from tui.safe_io.folders import is_folder
from tui.safe_io.opening import regular

_KEPT = {
    *("PATH", "HOME", "LANG", "LANGUAGE", "TERM", "TZ", "USER", "LOGNAME", "SHELL", "TMPDIR"),
    *("TMUX", "TMUX_PANE", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"),
}
_KEPT_PREFIX = "LC_"
_GRACE_S = 0.5  # for output that is still in the pipe when the program has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPlan:
    """A command with its arguments, and what it is about; `listing` is the shown name.

    `session` and `chosen` are what it was planned for.
    """

    command: OwnCommand
    argv: tuple[str, ...]
    listing: str = ""
    session_id: str = ""
    session: Session | None = None
    chosen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutput:
    """How a command ended, in words, and its output line by line, both safe to show."""

    words: str
    lines: tuple[str, ...]
    is_good: bool


def plan_command(
    context: Context, command: OwnCommand, session: Session | None, listing: str
) -> CommandPlan:
    """Return a command with its placeholders replaced, for a session or for a listing.

    Raises `Refused` in a console that is read-only or restricted, when others could have written
    the settings, for a session of another host, and for an id, a name or a transcript that is not
    what it must be.
    """
    _require_allowed(context)
    if session is not None and session.host and command.places:
        words = f"{session.session_id[:8]} lives on {session.host}: a command of yours runs here"
        raise Refused(words, Reason.ELSEWHERE)
    values = {one: _value(context, one, session, listing) for one in command.places}
    is_about = bool(command.places)
    return CommandPlan(
        command=command,
        argv=command.words(values),
        listing=(session.listing if session else listing) if is_about else "",
        session_id=session.session_id if session and command.places - {"listing"} else "",
        session=session,
        chosen=listing,
    )


def run_command(context: Context, plan: CommandPlan) -> CommandOutput:
    """Run a planned command until it ends, and log that; blocking.

    Raises as `plan_command`, whose checks are made again: a question may have stood open for long.
    """
    if plan_command(context, plan.command, plan.session, plan.chosen).argv != plan.argv:
        raise Refused(f"{plan.command.name}: its arguments have changed", Reason.CHANGED)
    command, now = plan.command, context.clock()
    event = AuditEvent(
        at=now,
        action="command",
        listing=plan.listing,
        session_id=plan.session_id,
        note=command.name,
    )
    not_logged = log_act(context, event)
    patience_s = command.timeout.total_seconds()
    try:
        code, output, is_cut = _run(plan.argv, command_environment(os.environ), patience_s)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise ConsoleError(f"{command.name}: {one_line(plan.argv[0])}: {why or error}") from error
    lines = safe_text(output.decode("utf-8", "replace")).expandtabs().split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    said = f"ended after {span(command.timeout)}" if code is None else _exit_words(code)
    cut = ", its output was cut" if is_cut else ""
    words = f"{command.name}: {said}{cut}{not_logged}"
    return CommandOutput(words=words, lines=tuple(lines), is_good=code == 0)


def command_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that a command gets: no credentials, known names alone."""
    return {
        name: value
        for name, value in environment.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIX)
    }


def _require_allowed(context: Context) -> None:
    context.require_writable()
    context.require_unrestricted("it runs no commands")
    if why := context.settings.keymap.no_commands:
        raise Refused(f"no command is run: {why}", Reason.FORBIDDEN)


def _value(context: Context, name: str, session: Session | None, listing: str) -> str:
    if name == "listing":
        return _listing(context, session.folder.name if session else listing)
    if session is None:
        raise Refused("no session is selected")
    if name == "transcript":
        return _transcript(context, session)
    if not is_session_id(session.session_id):
        raise Refused(f"{one_line(session.session_id)[:40]!r} is not a session id")
    return session.session_id


def _listing(context: Context, name: str) -> str:
    is_plain = is_listing_id(name) and one_line(name) == name
    if not is_plain or not is_folder(context.root / name, unknown=False):
        raise Refused(f"{one_line(name)[:40]!r} is no listing's folder here")
    return name


def _transcript(context: Context, session: Session) -> str:
    """Return the path of a session's transcript: a file in the root, and behind no link."""
    if session.transcript is None:
        raise Refused("it has no transcript", Reason.NO_TRANSCRIPT)
    path, root = session.transcript.path.absolute(), Path(os.path.realpath(context.root))
    if session.is_stray or not Path(os.path.realpath(path)).is_relative_to(root):
        raise Refused("its transcript is outside the root", Reason.STRAY)
    if one_line(path) != str(path):
        raise Refused("its transcript's path cannot be shown")
    try:
        with regular(path):
            return str(path)
    except OSError as error:
        words = f"its transcript cannot be read: {error.strerror or error}"
        raise Refused(words, Reason.of(error)) from error


def _exit_words(code: int) -> str:
    return "done" if code == 0 else f"exit {code}" if code > 0 else f"ended by signal {-code}"


def _run(
    argv: tuple[str, ...], environment: Mapping[str, str], patience_s: float
) -> tuple[int | None, bytes, bool]:
    """Return a program's exit code, `None` if it took too long, its output, and whether it is cut.

    What it leaves in the background goes on, and its output is read and dropped, so that no write
    of it fails.
    """
    home = environment.get("HOME", "/")
    process = subprocess.Popen(  # noqa: S603 (the operator's own command, without a shell)
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=home if Path(home).is_dir() else "/",
        start_new_session=True,
    )
    reader = _OutputReader(process)
    reader.start()
    code = ended(process, patience_s)
    reader.join(_GRACE_S)
    output = bytes(reader.output)
    return code, output[:COMMAND_BYTES], len(output) > COMMAND_BYTES


class _OutputReader(threading.Thread):
    """Reads a program's output to its end, and keeps the first part, and one byte more."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(name="command output", daemon=True)
        self._pipe = process.stdout
        self.output = bytearray()

    def run(self) -> None:
        if self._pipe is None:
            return
        with self._pipe as pipe:
            while piece := os.read(pipe.fileno(), 65536):
                self.output += piece[: COMMAND_BYTES + 1 - len(self.output)]
