"""What is erased is nobody's at once, and its bytes go bit by bit, also after an interruption."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fleet.test_residence import KEY, home
from tests.support.listings.sample_listing import FIRST, change_row, of_three
from tui.core.models.audit import AuditEvent
from tui.fleet.fetching import fetch
from tui.fleet.member.publisher import Publisher
from tui.fleet.residence import residence
from tui.fleet.store import erasures, hosts, sessions
from tui.fleet.store import files as stored_files
from tui.fleet.store.connection import Store
from tui.fleet.store.files import CHUNK_BYTES
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import erase_many
from tui.storage.state.logbook import write_event
from tui.storage.trash.trash import list_trash

CHUNKS = 150
TABLES = ("file", "chunk", "run", "command", "live")


@pytest.fixture
def large(store: Store) -> None:
    """A session whose file takes several transactions to be erased."""
    home(store, content=b"")
    with store.transaction() as tx:
        file = stored_files.add_file(tx, KEY, f"{KEY[1]}.jsonl".encode())
        stored_files.append(tx, file, [b"x" * CHUNK_BYTES] * CHUNKS)


def chunks_of(store: Store) -> int:
    with store.transaction() as tx:
        return tx.run("SELECT FROM chunk").rowcount


def erase_once(store: Store) -> bool:
    with store.transaction() as tx:
        return erasures.erase_some(tx)


@pytest.mark.usefixtures("large")
def test_what_is_purged_is_nobodys_before_its_bytes_are_gone(store: Store, tmp_path: Path) -> None:
    with store.transaction() as tx:
        (file,) = stored_files.files(tx, KEY)
        erasures.bury(tx, KEY)
    assert chunks_of(store) == CHUNKS
    assert erase_once(store)
    assert 0 < chunks_of(store) < CHUNKS
    with store.transaction() as tx:  # somebody was reading it
        assert stored_files.bodies(tx, file, CHUNK_BYTES) == ()
        assert stored_files.files(tx, KEY) == ()
        assert tx.run_binary("SELECT path FROM file").fetchall() == [(b"\0",)]
    while erase_once(store):
        pass
    with store.transaction() as tx:
        for table in TABLES:
            assert tx.run_binary(f"SELECT FROM {table}").fetchall() == []
    assert fetch(store, KEY, tmp_path / "there", most_bytes=1).files == 0


@pytest.mark.usefixtures("large")
def test_what_joins_again_in_between_has_nothing_of_what_is_half_erased(store: Store) -> None:
    with store.transaction() as tx:
        hosts.leave(tx, "a")
        assert erasures.bury_some(tx, "a") == 1
    assert erase_once(store)
    with store.transaction() as tx:
        sessions.beat(tx, "a", "/data/a", "1", max_runs=4, lease_s=15)
        sessions.join(tx, [KEY], "a")
        assert stored_files.files(tx, KEY) == ()
        stored_files.add_file(tx, KEY, f"{KEY[1]}.jsonl".encode())
    while erase_once(store):
        pass
    with store.transaction() as tx:
        assert len(stored_files.files(tx, KEY)) == 1


@pytest.mark.usefixtures("large")
def test_two_that_erase_at_once_do_not_wait_for_each_other(dsn: str, store: Store) -> None:
    with store.transaction() as tx:
        erasures.bury(tx, KEY)
    with Store(dsn) as other, store.transaction() as tx:
        assert erasures.erase_some(tx)
        assert not erase_once(other)


@pytest.mark.parametrize("others", [0, 600])
def test_what_is_purged_from_the_trash_goes_with_the_next_look(
    store: Store, tmp_path: Path, others: int
) -> None:
    """One clean-up may log more than what a look reads of the logbook."""
    listing = of_three(tmp_path / "outputs")
    change_row(listing, "DELETE FROM claude_sessions")
    context, scanner = listing.context(), CatalogScanner(listing.context())
    telling = Publisher(store, "a")
    telling.publish(scanner.look())
    delete(context, listing.session(FIRST))
    for _ in range(2):
        telling.publish(scanner.look())
    erase_many(context, list_trash(listing.root, [listing.folder]))
    for number in range(others):
        note = f"from the trash, {number:100} B"
        write_event(listing.root, AuditEvent(at=context.clock(), action="purge", note=note))
    telling.publish(scanner.look())
    assert residence(store, ("hollis_park", FIRST)) is None
