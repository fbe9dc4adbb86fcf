"""A listing's problem is a reason value: neither its name nor its message decides."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import reads_fail
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.core.errors import DatabaseProblem, Reason
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key
from tui.core.sessions.attention import LAST_HOUR
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.doctor.machine_findings import MachineFacts, of_machine
from tui.operations.listing_health import trouble_of
from tui.operations.monitor.alerts import needs
from tui.operations.trash.bulk import BulkResult
from tui.storage.sqlite.transactions import problems
from tui.view.panes import top_line

NAMES = ("blocked_assets", "does not answer", "may not be", "locked")


def trouble(listing: SampleListing) -> Reason:
    found = CatalogScanner(listing.context()).look().listing(listing.listing_id)
    assert found is not None
    return trouble_of(found)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_listing_does_not_say_what_is_wrong_with_it(
    tmp_path: Path, name: str
) -> None:
    """By words, `blocked_assets cannot be read by this login` was a locked one, and would pass."""
    listing = SampleListing(tmp_path / "outputs", name)
    listing.add(FIRST)
    assert trouble(listing) is Reason.NONE
    for number, expected in (
        (errno.EACCES, Reason.FORBIDDEN),
        (errno.EIO, Reason.UNREAD),
    ):
        with reads_fail(listing.folder, number):
            assert trouble(listing) is expected


@pytest.mark.parametrize(
    ("name", "expected"), [("locked", "unreadable"), ("disk is full", "unreadable")]
)
def test_the_names_in_a_database_do_not_say_what_is_wrong_with_it(
    tmp_path: Path, name: str, expected: str
) -> None:
    path = tmp_path / "buyers.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f'CREATE TABLE claude_sessions ("{name}" TEXT)')
        with pytest.raises(DatabaseProblem, match="buyers") as raised, problems(path):
            connection.execute(f'SELECT a FROM claude_sessions WHERE "{name}".b = 1')  # noqa: S608
    assert raised.value.reason == expected


def test_only_a_lock_is_counted_as_locked() -> None:

    def counted(problem: DatabaseProblem) -> list[str]:
        refused: tuple[tuple[Key, DatabaseProblem], ...] = ((("a", "b"), problem),)
        return list(BulkResult(participle="moved", refused=refused).failures)

    assert counted(DatabaseProblem("is locked", Reason.LOCKED)) == ["locked"]
    assert counted(DatabaseProblem("blocked_assets is damaged")) == [
        "left: blocked_assets is damaged"
    ]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    return CatalogScanner(listing.context()).look()


@pytest.mark.parametrize(
    ("free", "what", "level", "words"),
    [
        (0, "disk_full", "error", "0 free"),
        (1, "disk_full", "error", "1 free"),
        (None, "disk_unknown", "warning", "? free"),
        (64 * 1024**3, "", "", "64G free"),
    ],
)
def test_a_full_disk_is_no_less_full_for_having_nothing_left(
    catalog: Catalog, free: int | None, what: str, level: str, words: str
) -> None:
    """Zero free bytes is a number, and an unknown number is not fine."""
    catalog = replace(catalog, free_bytes=free)
    found = needs(catalog, catalog.at, LAST_HOUR)
    assert [(one.what, one.level) for one in found] == ([(what, level)] if what else [])
    facts = top_line.facts(catalog, catalog.at, {}, catalog.at.tzinfo)  # type: ignore[arg-type]
    assert words in [one.text.replace("B ", " ") for one in facts]
    narrow = "".join(one.text for one in top_line.line(catalog, facts, 60)).replace("B ", " ")
    assert words in narrow or not what
    listing = SampleListing(catalog.root)
    codes = {one.code for one in of_machine(listing.context(), catalog, MachineFacts())}
    assert (what in codes) is bool(what)


def test_check_ends_with_1_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.__main__ import say_verb

    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    usage = list(os.statvfs(tmp_path))
    usage[4] = 0  # f_bavail
    monkeypatch.setattr("os.statvfs", lambda path: os.statvfs_result(usage))
    done = say_verb(listing.context(), ["check"])
    assert (done.code, "disk_full" in "".join(map(str, done.lines))) == (1, True)
