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
from tui.runs.command import REQUEST_ID, Command, command_names, read_command
from tui.runs.opened import Opened, closing, open_folder, open_inside, write_new
from tui.runs.protocol import CLOSED_INBOX, INBOX, require_sound_prompt
from tui.runs.untrusted import parse, read_inside


def post(folder: Path, command: Command) -> str:
    """Put a command into the inbox of the run in `folder`, whole or not at all; return its id.

    The first answer to a permission request wins. Raises `Refused` when it was answered before,
    or when the run takes no more commands because it is over; `UsageError` for too long a text.
    """
    require_sound_prompt(command.text)
    name = _name(command)
    text = json.dumps(asdict(command) | {"at": command.at.isoformat()})
    try:
        with closing(open_folder(folder)) as opened, closing(open_inside(opened, INBOX)) as inbox:
            _put(inbox, name, text)
            return name
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

    def give_back(self, command: Command) -> None:
        """Take an answer that was refused out of the way of another one."""
        for name in (INBOX, CLOSED_INBOX):
            with (
                suppress(OSError),
                closing(open_inside(self._folder.fd, name)) as inbox,
            ):
                os.unlink(command.id, dir_fd=inbox)
                self._done.discard(command.id)

    def close(self) -> tuple[Command, ...]:
        """Take no more commands; return the last ones, posted since the last `take`."""
        self._rename(INBOX, CLOSED_INBOX)
        return self._take(CLOSED_INBOX)

    def reopen(self) -> None:
        """Take commands again after `close`."""
        self._rename(CLOSED_INBOX, INBOX)

    def _rename(self, was: str, becomes: str) -> None:
        with suppress(OSError):
            os.rename(was, becomes, src_dir_fd=self._folder.fd, dst_dir_fd=self._folder.fd)

    def _take(self, name: str) -> tuple[Command, ...]:
        try:
            with closing(open_inside(self._folder.fd, name)) as inbox:
                found = (one for one in command_names(inbox) if one not in self._done)
                taken = [self._read(inbox, one) for one in found]
        except OSError:
            return ()
        return tuple(command for command in taken if command)

    def _read(self, inbox: int, name: str) -> Command | None:
        """Read one file; an answer's stays, so that nobody can give a second one."""
        command = read_command(inbox, name)
        # Also of what cannot be removed, or it would be obeyed again and again.
        self._done.add(name)
        if not (command and command.kind == "answer" and name == _name(command)):
            with suppress(OSError):
                os.unlink(name, dir_fd=inbox)
                self._done.discard(name)
        return command


def _name(command: Command) -> str:
    if command.kind == "answer":
        if not REQUEST_ID.fullmatch(command.request_id):
            raise UsageError("that is no permission request")
        return f"answer-{command.request_id}.json"
    moment = command.at.astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}-{command.kind}.json"
