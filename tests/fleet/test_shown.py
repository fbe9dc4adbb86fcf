"""What every console sees of sessions elsewhere: each change, also one that is committed late."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.fleet.residence import hand_over
from tui.fleet.store import erasures, hosts, sessions, shown
from tui.fleet.store.connection import NotHome, Store
from tui.fleet.store.sessions import Key, Residence
from tui.fleet.store.shown import Horizon, ShownRow

KEY: Key = ("hollis_park", "9f2c")
HOME = Residence(host="a", fence=1)


def add(store: Store, *ids: str) -> None:
    with store.transaction() as tx:
        for one in ids:
            sessions.add(tx, ("hollis_park", one), "a")


def publish(store: Store, session_id: str, words: str, home: Residence = HOME) -> bool:
    with store.transaction() as tx:
        return shown.publish(tx, ("hollis_park", session_id), home, words)


def look(store: Store, since: Horizon | None = None) -> tuple[dict[str, ShownRow], Horizon]:
    with store.transaction() as tx:
        rows, horizon = shown.look(tx, since)
    return {one.session_id: one for one in rows}, horizon


def test_a_look_finds_what_changed_since_the_last(store: Store) -> None:
    add(store, "one", "two")
    rows, horizon = look(store)
    assert rows.keys() == {"one", "two"}
    assert look(store, horizon)[0] == {}
    assert publish(store, "two", '{"title": "pumps"}')
    assert not publish(store, "two", '{"title": "pumps"}')
    rows, horizon = look(store, horizon)
    two = ShownRow(
        listing="hollis_park", session_id="two", host="a", shown='{"title": "pumps"}', is_gone=False
    )
    assert rows == {"two": two}
    assert look(store, horizon)[0] == {}


def test_a_change_that_is_committed_late_is_seen(dsn: str, store: Store) -> None:
    """It has a lower number than those that were seen before it."""
    add(store, "late", "soon")
    _, horizon = look(store)
    with Store(dsn) as slow:
        with slow.transaction() as tx:
            shown.publish(tx, ("hollis_park", "late"), HOME, '{"at": "first"}')
            assert publish(store, "soon", '{"at": "second"}')
            rows, horizon = look(store, horizon)
            assert rows.keys() == {"soon"}
            rows, horizon = look(store, horizon)
        rows, horizon = look(store, horizon)
    assert rows["late"].shown == '{"at": "first"}'
    assert look(store, horizon)[0] == {}


def test_a_move_and_a_purge_are_changes_too(store: Store) -> None:
    add(store, "moved", "purged")
    _, horizon = look(store)
    hand_over(store, ("hollis_park", "moved"), HOME, "b")
    with store.transaction() as tx:
        erasures.bury(tx, ("hollis_park", "purged"))
    rows, _ = look(store, horizon)
    assert rows["moved"].host == "b"
    assert rows["purged"].is_gone
    for session_id in ("moved", "purged"):
        with pytest.raises(NotHome):
            publish(store, session_id, '{"stale": true}')


def test_holding_and_shipping_is_no_change(store: Store, tmp_path: Path) -> None:
    add(store, "9f2c")
    _, horizon = look(store)
    with store.transaction() as tx:
        sessions.hold(tx, KEY, HOME)
    assert look(store, horizon)[0] == {}


def test_another_incarnation_of_the_database_is_looked_at_from_its_beginning(
    store: Store,
) -> None:
    add(store, "one")
    _, horizon = look(store)
    assert horizon.incarnation.partition("/")[2] == "00000001"
    other = Horizon(incarnation="1/00000002", xmin=horizon.xmin + 1000)
    rows, again = look(store, other)
    assert rows.keys() == {"one"}
    assert again.incarnation == horizon.incarnation


def test_a_role_without_special_rights_can_look(cluster: Cluster, dsn: str, store: Store) -> None:
    """Whoever may read the tables needs no monitoring role beside that."""
    add(store, "one")
    with store.transaction() as tx:
        tx.run("CREATE ROLE viewer LOGIN")
        tx.run("GRANT USAGE ON SCHEMA session_console TO viewer")
        tx.run("GRANT SELECT ON ALL TABLES IN SCHEMA session_console TO viewer")
    with Store(dsn.replace("user=postgres", "user=viewer")) as viewer:
        assert look(viewer)[0].keys() == {"one"}


def test_who_only_asks_where_sessions_are_is_not_sent_what_they_look_like(store: Store) -> None:
    add(store, "one")
    publish(store, "one", '{"title": "pumps"}')
    with store.transaction() as tx:
        ((row,), _) = shown.look(tx, None, is_read=False)
    assert (row.session_id, row.host, row.fence, row.shown) == ("one", "a", 1, "")


def test_what_is_told_of_many_sessions_is_told_by_key(dsn: str) -> None:
    """New tables have no statistics: a join of them read all sessions for each that was told of."""
    number, at_once = 4000, 200
    keys = [("hollis_park", f"session-{one}") for one in range(number)]
    with Store(dsn) as telling:
        with telling.transaction() as tx:
            sessions.join(tx, keys, "a")
            (pid,) = tx.run("SELECT pg_backend_pid()").fetchone() or (0,)
        for first in range(0, number, at_once):
            told = [(key, 1, '{"title": "pumps"}') for key in keys[first : first + at_once]]
            with telling.transaction() as tx:
                assert shown.publish_many(tx, "a", told) == frozenset()
    with Store(dsn) as store:
        wait(lambda: not _is_there(store, pid))  # at its end it says how much it has read
        assert number <= _rows_read(store) < 8 * number


def _is_there(store: Store, pid: int) -> bool:
    with store.transaction() as tx:
        return tx.run("SELECT FROM pg_stat_activity WHERE pid = %s", pid).rowcount > 0


def _rows_read(store: Store) -> int:
    with store.transaction() as tx:
        row = tx.run(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'session'"
        ).fetchone()
    return int(row[0]) if row else 0


def test_how_the_hosts_are_needs_no_count(store: Store) -> None:
    add(store, "one")
    with store.transaction() as tx:
        beats, whole = hosts.beats(tx), hosts.hosts(tx)
    assert [(one.host, one.is_silent, one.behind_bytes) for one in beats] == [
        (one.host, one.is_silent, one.behind_bytes) for one in whole
    ]
    assert [one.sessions for one in whole] == [1, 0]
