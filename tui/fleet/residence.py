"""Where a session lives: how a host gets it from another, alive or silent."""

from __future__ import annotations

from tui.fleet import bus
from tui.fleet.store import history, hosts, runs, sessions
from tui.fleet.store.connection import NotHome, Store
from tui.fleet.store.sessions import Key, Residence


def residence(store: Store, key: Key) -> Residence | None:
    """Return where a session lives; `None` if it is not known, or gone. Raises `FleetAway`."""
    with store.transaction() as tx:
        return sessions.residence(tx, key)


def take_over(store: Store, key: Key, home: Residence, host: str, by_whom: str = "") -> Residence:
    """Make `host` the home of a session whose home has been silent for its lease.

    A run that it had there counts as failed. Of several that try, one succeeds. Raises `NotHome`
    when `home` is heard of again, or is not its home any more, and `Refused` when nothing of it was
    shipped, or `host` takes nothing in.
    """
    return _moved(store, key, home, host, is_taken_over=True, by_whom=by_whom)


def hand_over(store: Store, key: Key, home: Residence, host: str) -> Residence:
    """Make `host` the home of a session: called by the present one, which ended all work on it.

    Raises `NotHome` when it has lost the session meanwhile, `Refused` when `host` takes nothing in.
    """
    return _moved(store, key, home, host, is_taken_over=False)


def _moved(
    store: Store,
    key: Key,
    home: Residence,
    host: str,
    *,
    is_taken_over: bool,
    by_whom: str = "",
) -> Residence:
    with store.transaction() as tx:
        hosts.require_taking(tx, host)
        if is_taken_over:
            sessions.require_shipped(tx, key, home)
        if not sessions.move(tx, key, home, host, is_taken_over=is_taken_over):
            raise NotHome(f"{key[1]} is not {home.host}'s to give away, or that host is alive")
        if is_taken_over:
            runs.give_up(tx, key, home.host, f"{home.host} was lost while it ran")
            said = bus.Outcome(words=f"taken over from {home.host}", is_done=True)
            outcome = bus.encode_outcome(said)
            history.note(tx, key, "take-over", by_whom, on_host=host, outcome=outcome)
    return Residence(host=host, fence=home.fence + 1)
