"""The inbox of a run: how an operator steers it, from any console that sees the volume."""

from __future__ import annotations

import json
import os
import re
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tui.core.errors import Refused, UsageError
from tui.core.text import one_line
from tui.runs.opened import Opened, closing, open_folder, open_inside, write_new
from tui.runs.protocol import INBOX, require_sound_prompt
from tui.runs.untrusted import parse, read_inside

CommandKind = Literal["prompt", "answer", "interrupt", "stop"]
Decision = Literal["", "allow", "always", "deny"]

_CLOSED = "inbox.closed"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(
    r"answer-[A-Za-z0-9_-]{1,64}\.json"
    r"|[0-9]{8}T[0-9]{6}\.[0-9]{6}-[0-9a-f]{8}-(prompt|interrupt|stop)\.json"
)


@dataclass(frozen=True, slots=True)
class Command:
    """One thing an operator asks of a run.

    `text` is the prompt, or the reason of an answer that denies; `at` is aware UTC.
    """

    kind: CommandKind
    at: datetime
    by: str
    text: str = ""
    request_id: str = ""
    decision: Decision = ""


def post(folder: Path, command: Command) -> None:
    """Put a command into the inbox of the run in `folder`, whole or not at all.

    The first answer to a permission request wins. Raises `Refused` when it was answered before,
    or when the run takes no more commands because it is over; `UsageError` for too long a text.
    """
    require_sound_prompt(command.text)
    name = _name(command)
    text = json.dumps(asdict(command) | {"at": command.at.isoformat()})
    try:
        with closing(open_folder(folder)) as opened, closing(open_inside(opened, INBOX)) as inbox:
            _put(inbox, name, text)
    except FileNotFoundError:
        raise Refused("the run is over: resume the session instead") from None
    except OSError as error:
        raise Refused(f"the run's inbox cannot be written: {error.strerror}") from error


def _put(inbox: int, name: str, text: str) -> None:
    temporary = f".{secrets.token_hex(8)}"
    try:
        write_new(inbox, temporary, text)
        os.link(temporary, name, src_dir_fd=inbox, dst_dir_fd=inbox, follow_symlinks=False)
    except FileExistsError:
        first = one_line(parse(read_inside(inbox, name)).get("by", "")) or "somebody"
        raise Refused(f"{first} has answered that already") from None
    finally:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=inbox)


class Inbox:
    """The runner's end: takes each command once, in the order they were posted."""

    def __init__(self, folder: Path) -> None:
        self._folder = Opened(folder)
        self._done: set[str] = set()

    def take(self) -> tuple[Command, ...]:
        """Return what was posted since the last call."""
        return self._take(INBOX)

    def close(self) -> tuple[Command, ...]:
        """Take no more commands; return the last ones, posted since the last `take`."""
        self._rename(INBOX, _CLOSED)
        return self._take(_CLOSED)

    def reopen(self) -> None:
        """Take commands again after `close`."""
        self._rename(_CLOSED, INBOX)

    def _rename(self, was: str, becomes: str) -> None:
        with suppress(OSError):
            os.rename(was, becomes, src_dir_fd=self._folder.fd, dst_dir_fd=self._folder.fd)

    def _take(self, name: str) -> tuple[Command, ...]:
        try:
            with closing(open_inside(self._folder.fd, name)) as inbox:
                with os.scandir(inbox) as entries:
                    found = sorted(entry.name for entry in entries if self._is_new(entry))
                taken = [self._read(inbox, one) for one in found]
        except OSError:
            return ()
        return tuple(command for command in taken if command)

    def _is_new(self, entry: os.DirEntry[str]) -> bool:
        """Whether it may be a command: nothing else is ever read or removed."""
        is_named = _NAME.fullmatch(entry.name) is not None and entry.name not in self._done
        return is_named and entry.is_file(follow_symlinks=False)

    def _read(self, inbox: int, name: str) -> Command | None:
        """Read one file; an answer's stays, so that nobody can give a second one."""
        command = _command(parse(read_inside(inbox, name)))
        # Also of what cannot be removed, or it would be obeyed again and again.
        self._done.add(name)
        if not (command and command.kind == "answer" and name == _name(command)):
            with suppress(OSError):
                os.unlink(name, dir_fd=inbox)
                self._done.discard(name)
        return command


def _name(command: Command) -> str:
    if command.kind == "answer":
        if not _REQUEST_ID.fullmatch(command.request_id):
            raise UsageError("that is no permission request")
        return f"answer-{command.request_id}.json"
    moment = command.at.astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}-{command.kind}.json"


def _command(value: Any) -> Command | None:
    kind, decision = value.get("kind"), value.get("decision", "")
    if kind not in get_args(CommandKind) or decision not in get_args(Decision):
        return None
    try:
        at = datetime.fromisoformat(str(value.get("at"))).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    text, request_id = str(value.get("text", "")), str(value.get("request_id", ""))
    if kind == "answer" and not (decision and _REQUEST_ID.fullmatch(request_id)):
        return None
    by = one_line(value.get("by", ""))
    return Command(cast("CommandKind", kind), at, by, text, request_id, decision)
