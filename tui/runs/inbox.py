"""The inbox of a run: how an operator steers it, from any console that sees the volume."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC
from pathlib import Path

from tui.core.errors import Refused, UsageError
from tui.core.text import one_line
from tui.runs.command import REQUEST_ID, Command, command_files, read_command
from tui.runs.protocol import CLOSED_INBOX, INBOX, require_sound_prompt
from tui.runs.untrusted import read_json
from tui.storage.folders import inherit_rights


def post(folder: Path, command: Command) -> str:
    """Put a command into the inbox of the run in `folder`, whole or not at all; return its id.

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
    return target.name


class Inbox:
    """The runner's end: takes each command once, in the order they were posted."""

    def __init__(self, folder: Path) -> None:
        self._open, self._closed = folder / INBOX, folder / CLOSED_INBOX
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
        found = (path for path in command_files(inbox) if path.name not in self._done)
        taken = (self._read(path) for path in found)
        return tuple(command for command in taken if command)

    def _read(self, path: Path) -> Command | None:
        """Read one file; an answer's stays, so that nobody can give a second one."""
        command = read_command(path)
        # Also of what cannot be removed, or it would be obeyed again and again.
        self._done.add(path.name)
        if not (command and command.kind == "answer" and path.name == _name(command)):
            with suppress(OSError):
                path.unlink()
                self._done.discard(path.name)
        return command


def _name(command: Command) -> str:
    if command.kind == "answer":
        if not REQUEST_ID.fullmatch(command.request_id):
            raise UsageError("that is no permission request")
        return f"answer-{command.request_id}.json"
    moment = command.at.astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}-{command.kind}.json"
