"""Listings that are mounts: files are moved within one mount, and impossible moves are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hostile.full_disk import mounted_apart, need_mounts
from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot
from tui.core.errors import ConsoleError
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.doctor.config_findings import of_config_dirs
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import purge
from tui.operations.trash.restore import restore
from tui.safe_io.folders import mount_of
from tui.storage.trash.trash import list_trash


def test_a_listing_that_is_a_mount_has_its_own_trash(
    listing: SampleListing, tmp_path: Path
) -> None:
    """It is on the same disk as the root, so only a rename shows that they are separate mounts."""
    need_mounts(tmp_path)
    before = snapshot(listing.config_dir / "projects" / "-data-outputs")
    with mounted_apart(listing.folder, tmp_path / "a volume"):
        delete(listing.context(), listing.session(FIRST))
        (trashed,) = list_trash(listing.root, [listing.folder])
        assert trashed.batch.is_relative_to(listing.folder)
        assert not listing.transcript_path(FIRST).exists()
        restore(listing.context(), FIRST)
        after = snapshot(listing.config_dir / "projects" / "-data-outputs")
        del before["."], after["."]
        assert after == before


def test_what_is_a_mount_within_a_listing_is_named(listing: SampleListing, tmp_path: Path) -> None:
    need_mounts(tmp_path)
    with mounted_apart(listing.config_dir, tmp_path / "a volume"):
        assert mount_of(listing.transcript_path(FIRST)) == listing.config_dir
        before = snapshot(listing.config_dir)
        catalog = CatalogScanner(listing.context()).look()
        (finding,) = of_config_dirs(listing.context(), catalog)
        assert (finding.code, finding.level) == ("mounted_apart", "warning")
        with pytest.raises(ConsoleError, match=f"from the mount {listing.config_dir} into the"):
            delete(listing.context(), listing.session(FIRST))
        assert snapshot(listing.config_dir) == before
        assert list_trash(listing.root, [listing.folder]) == ()
        purge(listing.context(), FIRST)
        assert not listing.transcript_path(FIRST).exists()


def test_the_mount_of_what_is_nowhere_is_that_above(tmp_path: Path) -> None:
    assert mount_of(tmp_path / "no" / "such") == mount_of(tmp_path / "x")
