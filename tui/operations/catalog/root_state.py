"""The root folder itself: its listings, hold, logbook and free space."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Hold
from tui.safe_io.folder_watch import local_device
from tui.safe_io.folders import FileStamp, Mount, is_settled, mount_table, stamp_of
from tui.storage.index.erasure_marks import UNKNOWN, generation_of
from tui.storage.state.hold import read_hold
from tui.storage.state.logbook import logbook_stamp, read_logbook

_END_OF_LOG = 64 * 1024


class RootState:
    """What is known of a root's own folder; `problem` says why it cannot be read.

    `disks` names the disk of each listing that is a mount of its own or contains one, and `device`
    is that of the root, if it is of this machine. `is_moved` is whether its names or the mounts may
    have changed since the look before.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stamp: FileStamp | None = None
        self.names: tuple[str, ...] = ()
        self.disks: Mapping[str, str] = {}
        self._mounts: tuple[Mount, ...] = ()
        self._real = ""
        self.device: int | None = None
        self.is_moved = True
        self.free_bytes: int | None = None
        self.hold: Hold | None = None
        self.log: tuple[AuditEvent, ...] = ()
        self._log_stamp: FileStamp | None = None
        self.problem = ""
        self.erasure = UNKNOWN

    def look(self) -> None:
        """Look again; the names are read only when the folder changed."""
        self.erasure = generation_of(self._root)
        try:
            stamp, mounts = stamp_of(self._root.stat()), mount_table()
            real = os.path.realpath(self._root)
            self.is_moved = (stamp, mounts, real) != (self._stamp, self._mounts, self._real)
            if stamp != self._stamp:
                self.names = tuple(sorted(listing_names(self._root)))
                self._stamp = stamp if is_settled([stamp]) else None
            if self.is_moved:
                self._mounts, self._real = mounts, real
                self.disks = _disks(real, self.names, mounts)
                self.device = local_device(self._root)
            self.free_bytes = _free_bytes(self._root)
            self.hold = read_hold(self._root)
            self._look_at_log()
            self.problem = ""
        except OSError as error:
            self._stamp, self.is_moved = None, True
            self.problem = _problem(self._root, error)

    def _look_at_log(self) -> None:
        """Read the end of the logbook when it changed; it only grows.

        If it cannot be read, the last known entries stay.
        """
        with suppress(OSError):
            stamp = logbook_stamp(self._root)
            if stamp != self._log_stamp:
                self.log = read_logbook(self._root, _END_OF_LOG)
                self._log_stamp = stamp


def _disks(base: str, names: Iterable[str], mounts: Iterable[Mount]) -> dict[str, str]:
    """Return the disks of the listings that are not on the root's disk; touches none of them."""
    disks = {one.place: one.device for one in mounts}
    places = ((name, (f"{base}/{name}", f"{base}/{name}/{CONFIG_DIR}")) for name in names)
    found = (
        (name, next((disks[one] for one in many if one in disks), "")) for name, many in places
    )
    return {name: disk for name, disk in found if disk}


def _free_bytes(root: Path) -> int | None:
    """Return the free space in bytes, `None` if unknown."""
    try:
        status = os.statvfs(root)
        return status.f_bavail * status.f_frsize
    except OSError:
        return None


def listing_names(root: Path) -> list[str]:
    """Return the names of the listings: real folders, not links; raises `OSError`."""
    with os.scandir(root) as entries:
        return [
            entry.name
            for entry in entries
            if is_listing_id(entry.name) and entry.is_dir(follow_symlinks=False)
        ]


def _problem(root: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no folder {root}: name the root with --root DIR"
    return f"{root}: {error.strerror or error}"
