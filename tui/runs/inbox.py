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
from tui.runs.protocol import INBOX, require_sound_prompt
from tui.runs.untrusted import read_json
from tui.storage.folders import inherit_rights

CommandKind = Literal["prompt", "answer", "interrupt", "stop"]
Decision = Literal["", "allow", "always", "deny"]

_CLOSED = "inbox.closed"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


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
    inbox = folder / INBOX
    target = inbox / _name(command)
    temporary = inbox / f".{secrets.token_hex(8)}"
    try:
        temporary.write_text(json.dumps(asdict(command) | {"at": command.at.isoformat()}), "utf-8")
        inherit_rights(temporary, inbox)
        os.link(temporary, target)
    except FileNotFoundError:
        raise Refused("the run is over: resume the session instead") from None
    except FileExistsError:
        first = one_line(read_json(target).get("by", "")) or "somebody"
        raise Refused(f"{first} has answered that already") from None
    except OSError as error:
        raise Refused(f"the run's inbox cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


class Inbox:
    """The runner's end: takes each command once, in the order they were posted."""

    def __init__(self, folder: Path) -> None:
        self._open, self._closed = folder / INBOX, folder / _CLOSED
        self._done: set[str] = set()

    def take(self) -> tuple[Command, ...]:
        """Return what was posted since the last call."""
        return self._take(self._open)

    def close(self) -> tuple[Command, ...]:
        """Take no more commands; return the last ones, posted since the last `take`."""
        with suppress(OSError):
            self._open.rename(self._closed)
        return self._take(self._closed)

    def reopen(self) -> None:
        """Take commands again after `close`."""
        with suppress(OSError):
            self._closed.rename(self._open)

    def _take(self, inbox: Path) -> tuple[Command, ...]:
        try:
            with os.scandir(inbox) as entries:
                found = sorted(Path(entry.path) for entry in entries if self._is_new(entry))
        except OSError:
            return ()
        taken = (self._read(path) for path in found)
        return tuple(command for command in taken if command)

    def _is_new(self, entry: os.DirEntry[str]) -> bool:
        is_file = entry.is_file(follow_symlinks=False)
        return is_file and not entry.name.startswith(".") and entry.name not in self._done

    def _read(self, path: Path) -> Command | None:
        """Read one file; an answer's stays, so that nobody can give a second one."""
        command = _command(read_json(path))
        # Also of what cannot be removed, or it would be obeyed again and again.
        self._done.add(path.name)
        if not (command and command.kind == "answer" and path.name == _name(command)):
            with suppress(OSError):
                path.unlink()
                self._done.discard(path.name)
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
