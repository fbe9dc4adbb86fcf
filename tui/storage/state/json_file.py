"""Small JSON files, read whole within a bound and replaced atomically; no link is followed.

What is there and cannot be read is not empty: reading it raises, so that nobody writes over it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tui.core.limits import SMALL
from tui.core.text.digest import sha256_hex
from tui.core.values import dataclass
from tui.safe_io.file_lock import file_lock, folder_lock
from tui.safe_io.folders import OURS, console_folder, damaged, our_folder, read_ours, read_whole
from tui.safe_io.replacing import write_atomically

_PRIVATE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A JSON object in our folder of a root or listing, which all operators read and write.

    If it `may_be_lost`, one that is damaged counts as none, and is written over.
    """

    name: str
    most_bytes: int = SMALL
    may_be_lost: bool = False

    def read(self, base: Path) -> dict[str, Any]:
        """Return the object, empty when there is none; raises `OSError` when it is not read."""
        folder = our_folder(base)
        if self.may_be_lost:
            return read_ours(folder / self.name, self.most_bytes) if folder is not None else {}
        if folder is None:
            raise OSError(errno.ELOOP, f"{OURS} is a link, which is not followed", str(base))
        return read_whole(folder / self.name, self.most_bytes, shown=self.name)

    def write(self, base: Path, facts: Mapping[str, Any]) -> None:
        """Replace the file; raises `OSError`."""
        write_atomically(console_folder(base) / self.name, json.dumps(facts))

    def fits(self, facts: Mapping[str, Any]) -> bool:
        """Whether the file could be read again with these facts."""
        return len(json.dumps(facts)) <= self.most_bytes

    def locked(self, base: Path) -> AbstractContextManager[None]:
        """Keep other writers out between reading and writing; raises as `folder_lock`."""
        return folder_lock(base, f".{self.name.removesuffix('.json')}")

    def damaged(self, base: Path) -> OSError:
        """Return the error for an object that is not what we write."""
        return damaged(base / OURS / self.name, self.name)


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """A JSON object in an operator's state folder, which nobody else reads."""

    path: Path

    def read(self) -> dict[str, Any]:
        """Return the object, empty when there is none; raises `OSError` when it is not read."""
        return read_whole(self.path, _PRIVATE_BYTES, shown=str(self.path))

    def write(self, facts: Mapping[str, Any]) -> None:
        """Replace the file, and make its folder if need be; raises `OSError`."""
        content = json.dumps(facts)
        if len(content) > _PRIVATE_BYTES:
            raise OSError(errno.EFBIG, "it is too large to be read again", str(self.path))
        self._make_folder()
        write_atomically(self.path, content, mode=0o600)

    def locked(self) -> AbstractContextManager[None]:
        """Keep this operator's other consoles out; raises as `file_lock`."""
        self._make_folder()
        return file_lock(self.path.with_suffix(".lock"), "this file")

    def damaged(self) -> OSError:
        """Return the error for an object that is not what we write."""
        return damaged(self.path, str(self.path))

    def _make_folder(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def operator_file(state_dir: Path, kind: str, root: Path, operator: str) -> PrivateFile:
    """Return an operator's file of this kind about one root."""
    who = f"{os.path.realpath(root)}\n{operator}".encode("utf-8", "surrogatepass")
    return PrivateFile(state_dir / f"{kind}-{sha256_hex(who)[:16]}.json")
