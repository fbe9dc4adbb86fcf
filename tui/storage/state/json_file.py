"""Small JSON files, read whole within a bound and replaced atomically; symlinks are ignored."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.core.limits import SMALL
from tui.safe_io.file_lock import folder_lock
from tui.safe_io.folders import console_folder, our_folder, read_ours
from tui.safe_io.replacing import write_atomically

_PRIVATE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A JSON object in our folder of a root or listing, which all operators read and write."""

    name: str
    most_bytes: int = SMALL
    is_strict: bool = False  # a damaged file is an error, not an empty one

    def read(self, base: Path) -> dict[str, Any]:
        """Return the object, empty when there is none; raises as `read_ours`."""
        folder = our_folder(base)
        if folder is None:
            return {}
        return read_ours(folder / self.name, self.most_bytes, is_strict=self.is_strict)

    def write(self, base: Path, facts: Mapping[str, Any]) -> None:
        """Replace the file; raises `OSError`."""
        write_atomically(console_folder(base) / self.name, json.dumps(facts))

    def fits(self, facts: Mapping[str, Any]) -> bool:
        """Whether the file could be read again with these facts."""
        return len(json.dumps(facts)) <= self.most_bytes

    def locked(self, base: Path) -> AbstractContextManager[None]:
        """Keep other writers out between reading and writing; raises as `folder_lock`."""
        return folder_lock(base, f".{self.name.removesuffix('.json')}")


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """A JSON object in an operator's state folder, which nobody else reads."""

    path: Path

    def read(self) -> dict[str, Any]:
        """Return the object, empty when there is none; raises as `read_ours`."""
        return read_ours(self.path, _PRIVATE_BYTES)

    def write(self, facts: Mapping[str, Any]) -> None:
        """Replace the file, and make its folder if need be; raises `OSError`."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(self.path, json.dumps(facts), mode=0o600)


def operator_file(state_dir: Path, kind: str, root: Path, operator: str) -> PrivateFile:
    """Return an operator's file of this kind about one root."""
    who = f"{os.path.realpath(root)}\n{operator}".encode("utf-8", "surrogatepass")
    return PrivateFile(state_dir / f"{kind}-{hashlib.sha256(who).hexdigest()[:16]}.json")
