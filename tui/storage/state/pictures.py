"""The pictures that an operator's consoles left, for the next start: private files, one a size.

They are a cache: nothing in them is trusted or acted on, and losing one costs nothing. A picture is
valid until something in its root is erased.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.core.console.picture import Picture, from_json, to_json
from tui.core.limits import MOST_PICTURES, SMALL
from tui.core.text.digest import sha256_hex
from tui.core.values import dataclass
from tui.storage.index.erasure_marks import UNKNOWN, generation_of

_KIND = "picture"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITABLE_BY_OTHERS, _OPEN_TO_OTHERS = 0o022, 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFiles:
    """An operator's pictures of a root, in the login's own cache folder."""

    folder: Path
    root: Path
    operator: str
    drawn_for: str

    def read(self, size: tuple[int, int]) -> Picture | None:
        """Return the last picture of this size, `None` if there is none that may be shown.

        Where there is none, those from before the last erasure are removed.
        """
        erasure = generation_of(self.root)
        if erasure == UNKNOWN:
            return None
        try:
            picture = from_json(_content(self.folder, self._name(size, erasure)), size)
        except (OSError, ValueError):
            with suppress(OSError):
                erase_pictures(self.folder, self.root, but=erasure)
            return None
        is_same = (picture.erasure, picture.drawn_for) == (erasure, self.drawn_for)
        return picture if is_same else None

    def write(self, picture: Picture) -> None:
        """Store a picture, unless something was erased since it was taken; raises `OSError`.

        Those from before the last erasure are removed, this one too if one overtakes it.
        """
        if picture.erasure == generation_of(self.root) != UNKNOWN:
            self._put(picture)
        self.forget()

    def forget(self) -> None:
        """Remove those from before the last erasure; raises `OSError`."""
        erase_pictures(self.folder, self.root, but=generation_of(self.root))

    def _put(self, picture: Picture) -> None:
        from tui.safe_io.replacing import write_atomically

        content = to_json(picture)
        if len(content.encode()) > SMALL:
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        height, width = len(picture.rows), len(picture.rows[0])
        with _own_folder(self.folder) as folder:
            name = self._name((width, height), picture.erasure)
            write_atomically(self.folder / name, content, mode=0o600)
            _drop_oldest(folder)

    def _name(self, size: tuple[int, int], erasure: str) -> str:
        who = _digits(self.operator.encode("utf-8", "surrogatepass"))
        generation = _digits(erasure.encode())
        return f"{_prefix(self.root)}{generation}-{who}-{size[0]}x{size[1]}.json"


def erase_pictures(folder: Path, root: Path, *, but: str = "") -> None:
    """Remove the pictures of a root that this login has; raises `OSError`.

    All of them, or all `but` those of one erasure generation.
    """
    try:
        with _own_folder(folder) as opened:
            for name in _of_root(opened, root, but):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=opened)
    except FileNotFoundError:
        return


def outdated_pictures(folder: Path, root: Path) -> int:
    """Return how many pictures of this login are from before the root's last erasure.

    Raises `OSError` when that cannot be told, also where others can write to the folder.
    """
    try:
        with _own_folder(folder) as opened:
            return len(_of_root(opened, root, generation_of(root)))
    except FileNotFoundError:
        return 0


def _of_root(folder: int, root: Path, but: str) -> list[str]:
    """Return the names of a root's pictures, and of those that were being written."""
    prefix = _prefix(root)
    kept = f"{prefix}{_digits(but.encode())}-" if but else "/"
    named = (name for name in _names(folder) if name.lstrip(".").startswith(prefix))
    return [name for name in named if not name.startswith(kept)]


def _prefix(root: Path) -> str:
    return f"{_KIND}-{_digits(os.fsencode(os.path.realpath(root)))}-"


def _digits(data: bytes) -> str:
    return sha256_hex(data)[:16]


def _content(path: Path, name: str) -> str:
    """Return a picture file's text; raises `OSError` unless it is this login's alone, and small."""
    with _own_folder(path) as folder:
        fd = os.open(name, _FILE, dir_fd=folder)
        try:
            status = os.fstat(fd)
            is_own = status.st_uid == os.geteuid() and not status.st_mode & _OPEN_TO_OTHERS
            is_plain = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
            if not (is_own and is_plain and status.st_size <= SMALL):
                raise OSError(errno.EPERM, "not a picture that we wrote", name)
            return os.read(fd, SMALL).decode()
        finally:
            os.close(fd)


@contextmanager
def _own_folder(path: Path) -> Iterator[int]:
    """Open our cache folder; raises `OSError` if it is a link, or others can write to it."""
    folder = os.open(path, _FOLDER)
    try:
        status = os.fstat(folder)
        if status.st_uid != os.geteuid() or status.st_mode & _WRITABLE_BY_OTHERS:
            raise OSError(errno.EPERM, "others can write to it", str(path))
        yield folder
    finally:
        os.close(folder)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _drop_oldest(folder: int) -> None:
    """Keep the latest pictures, of whatever root and size."""
    times = {}
    for name in _names(folder):
        if name.lstrip(".").startswith(f"{_KIND}-"):
            with suppress(OSError):
                times[name] = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns
    for name in sorted(times, key=lambda one: times[one])[:-MOST_PICTURES]:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
