"""On a full disk nothing is lost, purging is the way out, and a partial purge is reported."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.operations.trash.test_purge import CANARY, DAY, listing, saying
from tests.support.hostile.full_disk import fill, may_mount, small_disk
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tui.core.errors import ConsoleError
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import purge

__all__ = ["listing"]


@contextmanager
def full_disk(listing: SampleListing, tmp_path: Path) -> Iterator[Path]:
    """Put the root on a full disk, or forbid files to grow where mounts are denied."""
    if may_mount(tmp_path):
        with small_disk(tmp_path / "disk") as disk:
            moved = disk / "outputs"
            shutil.move(listing.root, moved)
            fill(disk)
            yield moved
        return
    with no_file_grows():
        yield listing.root


@contextmanager
def no_file_grows() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    was, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # it would be truncated
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = was


def test_on_a_full_disk_nothing_is_lost_and_erasing_is_the_way_out(
    listing: SampleListing, tmp_path: Path
) -> None:
    """A delete needs a few bytes, for its manifest and its row; purging needs none."""
    old = datetime.now(UTC) - 8 * DAY
    listing.add("77ab")
    listing.write_transcript("77ab", "x" * 200_000)
    delete(Context(listing.context().settings, lambda: old), listing.session("77ab"))
    with full_disk(listing, tmp_path) as root:
        there = replace(listing, root=root)
        before = snapshot(there.config_dir)
        with pytest.raises(ConsoleError, match="Erasing needs no space") as raised:
            delete(there.context(), there.session(SECOND))
        assert os.strerror(errno.ENOSPC) in str(raised.value) or "too large" in str(raised.value)
        assert snapshot(there.config_dir) == before
        context = there.context()
        plan = plan_cleanup(context, CatalogScanner(context).look(), purges_trash=True)
        assert clean_up(context, plan).freed > 200_000
        if root != listing.root:
            delete(there.context(), there.session(SECOND))
            assert not there.transcript_path(SECOND).exists()


def test_a_session_is_erased_on_a_full_disk(listing: SampleListing, tmp_path: Path) -> None:
    listing.write_transcript(FIRST, CANARY, "x" * 200_000)
    with full_disk(listing, tmp_path) as root:
        there = replace(listing, root=root)
        if root != listing.root:
            purge(there.context(), FIRST)
            assert saying(root, CANARY) == []
        else:
            with pytest.raises(
                ConsoleError, match="files of 9f2c0000 are erased, but not everything else"
            ):
                purge(there.context(), FIRST)
        assert not there.transcript_path(FIRST).exists()


def test_who_erased_the_files_and_what_ends_it_is_said_where_the_row_could_not_be_written(
    listing: SampleListing,
) -> None:
    with closing(sqlite3.connect(listing.db_path)) as pipeline:
        pipeline.execute(
            "CREATE TRIGGER refuses BEFORE UPDATE ON claude_sessions "
            "BEGIN SELECT RAISE(ABORT, 'not now'); END"
        )
    with pytest.raises(ConsoleError, match="files of 9f2c0000 are erased, but not everything else"):
        purge(listing.context(), FIRST)
    for words in (["doctor"], ["show", FIRST]):
        said = " ".join(run_cli(listing.root, *words).stdout.split())
        assert "anna erased its files on" in said, words
        assert "`purge 9f2c0000` again completes it" in said
        assert "deleted by hand" not in said
    with closing(sqlite3.connect(listing.db_path)) as pipeline:
        pipeline.execute("DROP TRIGGER refuses")
    purge(listing.context(), FIRST)
    assert saying(listing.root, CANARY) == []
    assert "erased its files" not in run_cli(listing.root, "doctor").stdout


def test_where_not_even_that_can_be_written_an_erasure_is_said_to_be_possible(
    listing: SampleListing,
) -> None:
    with no_file_grows(), pytest.raises(ConsoleError, match="are erased, but not everything else"):
        purge(listing.context(), FIRST)
    said = " ".join(run_cli(listing.root, "doctor").stdout.split())
    assert "erased by a purge that was interrupted (then `purge` it again)" in said
