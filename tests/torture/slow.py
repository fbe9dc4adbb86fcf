"""300 listings on a mount where each operation takes 2 ms, beside 700 on this disk.

Needs the right to mount, and `/dev/fuse`.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.catalog import build_root
from tests.support.slow_mount import bind, slow_mount, unmount
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.safe_io.folder_watch import FolderWatch
from tui.settings import Settings

_NEAR, _FAR, _SESSIONS = 700, 300, 10
_OPERATION_S, _SECONDS = 0.002, 60.0
_MORE_S = 0.5  # what the slow mount may add to a look, and to how late a change is seen


def run(scale: float) -> Mapping[str, Any]:
    """Look for a minute; assert that what happens on this disk is seen as if it were alone."""
    near, far = max(1, round(_NEAR * scale)), max(1, round(_FAR * scale))
    seconds = max(10.0, _SECONDS * scale)
    with _root(near, 0) as root:
        alone = _followed(root, near, seconds)
    with _root(near, far) as root:
        told = {"alone": alone, "beside": _followed(root, near, seconds)}
    assert told["beside"]["seen_late_s"] <= alone["seen_late_s"] + _MORE_S, told
    assert told["beside"]["look_p95_s"] <= alone["look_p95_s"] + _MORE_S, told
    assert told["beside"]["all_read_after_s"], told
    return told


def _followed(root: Path, near: int, seconds: float) -> dict[str, float]:
    """Change one listing after the other on this disk, and look until each change is seen."""
    settings = Settings(root=root, operator="torture", cache_dir=root.parent / "cache")
    scanner = CatalogScanner(Context(settings, lambda: datetime.now(UTC)), watch=FolderWatch())
    began = time.monotonic()
    first = scanner.look()
    first_s = time.monotonic() - began
    late, looks, read_s = list[float](), list[float](), 0.0
    while time.monotonic() - began < seconds:
        place = root / f"near_{len(late) % near:04}"
        title = f"stage_{len(late)}"
        _write(place / "buyers.db", title)
        written = time.monotonic()
        seen = False
        while not seen:
            time.sleep(0.5)
            looking = time.monotonic()
            catalog = scanner.look()
            looks.append(time.monotonic() - looking)
            seen = any(
                one.row is not None and one.row.stage == title
                for listing in catalog.listings
                if listing.listing_id == place.name
                for one in listing.sessions
            )
            if not read_s and not any(one.problem for one in catalog.listings):
                read_s = time.monotonic() - began
        late.append(time.monotonic() - written)
    looks.sort()
    return {
        "listings": len(first.listings),
        "first_look_s": round(first_s, 2),
        "unread_after_it": sum(bool(one.problem) for one in first.listings),
        "all_read_after_s": round(read_s, 1),
        "look_p95_s": round(looks[int(len(looks) * 0.95)], 3),
        "seen_late_s": round(max(late), 2),
    }


def _write(path: Path, stage: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE claude_sessions SET stage = ? WHERE rowid = 1", (stage,))
        connection.commit()


@contextmanager
def _root(near: int, far: int) -> Iterator[Path]:
    """Make a root whose listings called `far_...` are on the slow mount."""
    with tempfile.TemporaryDirectory(prefix="session-console-slow-") as made, ExitStack() as mounts:
        top = Path(made)
        for side, count in (("near", near), ("far", far)):
            (top / side / "outputs").mkdir(parents=True)
            if count:
                build_root(top / side / "outputs", count, _SESSIONS)
            for one in sorted((top / side / "outputs").iterdir()):
                one.rename(one.with_name(one.name.replace("listing", side)))
        root, mount = top / "near" / "outputs", top / "mount"
        mount.mkdir()
        mounts.enter_context(slow_mount(top / "far" / "outputs", mount, _OPERATION_S))
        for name in sorted(one.name for one in (top / "far" / "outputs").iterdir()):
            (root / name).mkdir()
            bind(mount / name, root / name)
            mounts.callback(unmount, root / name)
        yield root
