"""The inbox of a run, through which operators steer it from any console."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from tui.core.errors import Reason, Refused, UsageError
from tui.core.values import asdict
from tui.runs.folder.command import REQUEST_ID, Command, command_names, read_command
from tui.runs.folder.open_folder import RunFolder, closing, open_folder, open_inside, write_new
from tui.runs.folder.protocol import CLOSED_INBOX, INBOX, require_sound_prompt

_SOMEBODY = "somebody"


def post(folder: Path, command: Command) -> str:
    """Put a command into the inbox of the run in `folder`, atomically; return its id.

    The first answer to a permission request wins. Raises `Refused` when it was answered before or
    the run is over, `UsageError` when the text is too long.
    """
    require_sound_prompt(command.text)
    name = _name(command)
    text = json.dumps(asdict(command) | {"at": command.at.isoformat()})
    try:
        with closing(open_folder(folder)) as opened, closing(open_inside(opened, INBOX)) as inbox:
            _put(inbox, name, text)
            return name
    except FileNotFoundError:
        raise Refused("the run is over: resume the session instead", Reason.NOT_RUNNING) from None
    except OSError as error:
        raise Refused(f"the run's inbox cannot be written: {error.strerror}") from error


def _put(inbox: int, name: str, text: str) -> None:
    temporary = f".{os.urandom(8).hex()}"
    try:
        write_new(inbox, temporary, text)
        try:
            _link(inbox, temporary, name)
        except FileExistsError:
            _put_in_place(inbox, temporary, name)
    finally:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=inbox)


def _link(inbox: int, temporary: str, name: str) -> None:
    os.link(temporary, name, src_dir_fd=inbox, dst_dir_fd=inbox, follow_symlinks=False)


def _put_in_place(inbox: int, temporary: str, name: str) -> None:
    """Put an answer in the place of something else; raises `Refused` if that is an answer.

    Holds a lock, so that an answer that came meanwhile is not moved away.
    """
    _require_unanswered(inbox, name)
    fcntl.flock(inbox, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        _require_unanswered(inbox, name)
        with suppress(FileNotFoundError):  # the run has removed it
            os.rename(name, f".{os.urandom(8).hex()}", src_dir_fd=inbox, dst_dir_fd=inbox)
        _link(inbox, temporary, name)
    except FileExistsError:
        first = _answered_by(inbox, name) or _SOMEBODY
        raise Refused(f"{first} has already answered this", Reason.TOO_LATE) from None
    finally:
        fcntl.flock(inbox, fcntl.LOCK_UN)


def _require_unanswered(inbox: int, name: str) -> None:
    if first := _answered_by(inbox, name):
        raise Refused(f"{first} has already answered this", Reason.TOO_LATE)


def _answered_by(inbox: int, name: str) -> str:
    """Return who gave the answer in this place, empty when there certainly is none."""
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=inbox, follow_symlinks=False).st_mode):
            return ""
        os.close(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=inbox))
    except FileNotFoundError:
        return ""
    except OSError:  # it may be an answer
        return _SOMEBODY
    command = read_command(inbox, name)
    is_answer = command is not None and command.kind == "answer" and _name(command) == name
    return (command.by or _SOMEBODY) if command and is_answer else ""


class Inbox:
    """The runner's side: takes each command once, in the order they were posted."""

    def __init__(self, folder: Path) -> None:
        self._folder = RunFolder(folder)
        self._done: set[str] = set()

    def take(self) -> tuple[Command, ...]:
        """Return the commands posted since the last call."""
        return self._take(INBOX)

    def stamp(self) -> object:
        """Return a value that changes whenever something is posted; raises `OSError`."""
        # Opened, not only looked at: on NFS that asks the server.
        with closing(open_inside(self._folder.fd, INBOX)) as inbox:
            found = os.fstat(inbox)
            return found.st_ino, found.st_mtime_ns

    def give_back(self, command: Command) -> None:
        """Remove a refused answer, so that another one can be given."""
        for name in (INBOX, CLOSED_INBOX):
            with (
                suppress(OSError),
                closing(open_inside(self._folder.fd, name)) as inbox,
            ):
                os.unlink(command.id, dir_fd=inbox)
                self._done.discard(command.id)

    def close(self) -> tuple[Command, ...]:
        """Stop taking commands; return those posted since the last `take`."""
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
        # Also if it cannot be removed, or it would be executed again and again.
        self._done.add(name)
        if not (command and command.kind == "answer" and name == _name(command)):
            with suppress(OSError):
                os.unlink(name, dir_fd=inbox)
                self._done.discard(name)
        return command


def _name(command: Command) -> str:
    if command.kind == "answer":
        if not REQUEST_ID.fullmatch(command.request_id):
            raise UsageError("that is not a permission request")
        return f"answer-{command.request_id}.json"
    moment = command.at.astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S.%f}-{os.urandom(4).hex()}-{command.kind}.json"
