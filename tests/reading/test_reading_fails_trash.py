"""A trash that cannot be read is not empty, and what lies in it was neither erased nor put back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tui.core.errors import ConsoleError, Refused
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.doctor.trash_findings import of_trash
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.trash.cleanup import plan_cleanup
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import purge
from tui.operations.trash.restore import restore
from tui.operations.trash.undo import undo_last
from tui.storage.trash.trash import list_trash, read_trash


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """Two sessions: one was extended, and then the other was deleted."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    context = listing.context()
    extend(context, plan_extension(listing.session(SECOND), "30d", context.clock()))
    delete(context, listing.session(FIRST))
    return listing


def row_of(listing: SampleListing, session_id: str) -> tuple[str, str]:
    with closing(sqlite3.connect(listing.db_path)) as pipeline:
        status, expires_at = pipeline.execute(
            "SELECT status, expires_at FROM claude_sessions WHERE session_id = ?", (session_id,)
        ).fetchone()
        return status, expires_at


def swapped(folder: Path, *, for_link: bool) -> None:
    """Put a link to what was there, or a file, in the place of a folder."""
    aside = folder.with_name(f"{folder.name}-aside")
    folder.rename(aside)
    if for_link:
        folder.symlink_to(aside)
    else:
        folder.touch()


ACTS: dict[str, Callable[[Context], object]] = {
    "purge": lambda context: purge(context, FIRST),
    "restore": lambda context: restore(context, FIRST),
    "undo": undo_last,
}


@pytest.mark.parametrize("for_link", [True, False], ids=["link", "file"])
@pytest.mark.parametrize("place", [".session_console", ".session_console/trash"])
def test_a_trash_behind_a_link_is_not_empty(
    listing: SampleListing, place: str, *, for_link: bool
) -> None:
    swapped(listing.root / place, for_link=for_link)
    context, rows = listing.context(), [row_of(listing, one) for one in (FIRST, SECOND)]
    why = "behind a symbolic link" if for_link else "Not a directory"
    for name, act in ACTS.items():
        with pytest.raises(ConsoleError, match=f"not all of the trash of outputs .*{why}"):
            act(context)
        assert [row_of(listing, one) for one in (FIRST, SECOND)] == rows, name
    (found,) = of_trash(CatalogScanner(context).look(), ())
    assert (found.code, why in found.words) == ("unreadable_trash", True)
    for words in (["trash"], ["trash", "--json"]):
        done = run_cli(listing.root, *words)
        assert (done.returncode, why in done.stderr) == (1, True)
        assert "empty" not in done.stdout + done.stderr
    plan = plan_cleanup(context, CatalogScanner(context).look(), purges_trash=True)
    assert why in plan.unreadable[0]
    done = run_cli(listing.root, "cleanup", "--purge-trash", "--yes")
    may_hold = for_link and place == ".session_console"  # so may who holds the root
    assert (done.returncode, why in done.stderr) == (4 if may_hold else 1, True)


@ERRORS
def test_no_row_is_restored_whose_files_nobody_could_look_at(
    listing: SampleListing, number: int
) -> None:
    (trashed,) = list_trash(listing.root)
    before = snapshot(trashed.batch)

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *given: Any, **named: Any) -> Any:
            moved = trashed.moved(0)
            wanted = moved.name if named.get("dir_fd") is not None else str(moved)
            if not isinstance(path, int) and os.fspath(path) == wanted:
                raise OSError(number, os.strerror(number), path)
            return real(path, *given, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("lstat", "stat"):
            patch.setattr(os, name, failing(getattr(os, name)))
        with pytest.raises(ConsoleError, match=os.strerror(number)):
            restore(listing.context(), FIRST)
    assert row_of(listing, FIRST)[0] == "deleted"
    assert snapshot(trashed.batch) == before
    restore(listing.context(), FIRST)
    assert row_of(listing, FIRST)[0] == "active"
    assert listing.transcript_path(FIRST).exists()


@ERRORS
def test_nothing_is_restored_over_what_nobody_could_look_at(
    listing: SampleListing, number: int
) -> None:
    with (
        reads_fail(listing.transcript_path(FIRST).parent, number),
        pytest.raises(ConsoleError, match=os.strerror(number)) as raised,
    ):
        restore(listing.context(), FIRST)
    assert not isinstance(raised.value, Refused)
    assert row_of(listing, FIRST)[0] == "deleted"
    assert len(read_trash(listing.root)[0]) == 1
