"""A host that is cut off holds nobody up, and whatever the driver says is an error of ours."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.core.errors import ConsoleError
from tui.fleet.store import connection, sessions
from tui.fleet.store.connection import FleetAway, FleetBusy, Store
from tui.fleet.store.sessions import Residence

KEY, HOME = ("hollis_park", "9f2c"), Residence(host="a", fence=1)


def test_a_host_that_is_cut_off_in_a_transaction_lets_go_of_its_locks(
    dsn: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.transaction() as tx:
        sessions.add(tx, KEY, "a")

    def be_cut_off(lost: Store) -> None:
        with lost.transaction() as tx:
            sessions.hold(tx, KEY, HOME)
            wait(is_free)
            sessions.hold(tx, KEY, HOME)

    def is_free() -> bool:
        try:
            with store.transaction() as tx:
                sessions.hold(tx, KEY, HOME)
        except FleetBusy:
            return False
        return True

    assert is_free()
    monkeypatch.setattr(connection, "LOST_S", 1)
    with Store(dsn) as lost, pytest.raises(FleetAway):
        be_cut_off(lost)


def test_a_server_looks_whether_its_hosts_are_there(cluster: Cluster) -> None:
    """A host whose machine died says nothing more, and neither does its network."""
    with Store(cluster.dsn(is_tcp=True)) as store, store.transaction() as tx:
        for name, value in (
            ("tcp_user_timeout", "15000"),
            ("tcp_keepalives_idle", "15"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ):
            assert tx.run("SELECT current_setting(%s)", name).fetchone() == (value,)


REFUSED: tuple[LiteralString, ...] = ("SELECT FROM nothing", "no SQL", "SELECT no_function()")


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_server_refuses_is_an_error_of_ours(store: Store, text: LiteralString) -> None:
    with pytest.raises(ConsoleError, match="refuses that") as caught, store.transaction() as tx:
        tx.run(text)
    assert not isinstance(caught.value, FleetAway)
    with store.transaction() as tx:
        assert tx.version()


def add_read_only(store: Store) -> None:
    with store.transaction() as tx:
        tx.run("SET TRANSACTION READ ONLY")
        sessions.add(tx, KEY, "a")


def test_a_server_that_only_copies_another_is_away(store: Store) -> None:
    with pytest.raises(FleetAway, match="read-only"):
        add_read_only(store)
    with store.transaction() as tx:
        sessions.add(tx, KEY, "a")


def use_closed(store: Store) -> None:
    with store.transaction() as tx:
        store.close()
        tx.run("SELECT 1")


def test_a_connection_that_was_closed_meanwhile_is_away(store: Store) -> None:
    with pytest.raises(FleetAway):
        use_closed(store)
    with store.transaction() as tx:
        assert tx.version()
