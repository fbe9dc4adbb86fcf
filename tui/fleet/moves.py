"""Moves a session to another host: asked of its home, or taken over from one that is silent."""

from __future__ import annotations

import time

from tui.core.errors import AmbiguousId, ConsoleError, Reason, Refused, UnknownId
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Key
from tui.core.text.safe_text import one_line
from tui.fleet import bus
from tui.fleet.presence import open_store
from tui.fleet.residence import residence, take_over
from tui.fleet.store import commands, hosts, sessions, shown
from tui.fleet.store.connection import Store
from tui.operations.context import Context
from tui.operations.logbook_entry import log_act

_ANSWERED_S, _THERE_S, _EACH_S = 120.0, 600.0, 0.05


def move(context: Context, address: str, to: str, *, takes_over: bool = False) -> str:
    """Make `to` the home of a session, and wait until its files are there; say what was done.

    With `takes_over` a home that has been silent for its lease is not asked: what it did not ship
    stays on its disk. Raises `Refused` with the reason, `UnknownId`, `FleetAway`.
    """
    context.require_writable()
    with open_store(context) as store:
        store.check()
        key = _key_named(store, address)
        home = residence(store, key)
        if home is None:
            raise UnknownId(f"the fleet knows no session {key[1][:8]} any more")
        _require_there(store, to)
        if home.host == to:
            raise Refused(f"{key[1][:8]} lives on {to} already", Reason.NOTHING_TO_DO)
        if not takes_over:
            if home.is_silent:
                raise Refused(
                    f"{home.host} is silent, so it cannot hand {key[1][:8]} over: what it did not "
                    "ship would be left behind; if you know that it is dead",
                    Reason.ELSEWHERE,
                    remedy=f"move {key[1][:8]} {to} --take-over",
                )
            words = _ask(context, store, key, to)
        else:
            take_over(store, key, home, to, context.settings.operator)
            words = f"{key[1][:8]} was taken over from {home.host} by {to}"
            event = AuditEvent(
                at=context.clock(), action="take over", listing=key[0], session_id=key[1],
                note=f"from {home.host} by {to}",
            )  # fmt: skip
            words = log_act(context, event, words)
        return words + _arrival(store, key, to)


def _key_named(store: Store, address: str) -> Key:
    listing, _, wanted = address.rpartition("/")
    with store.transaction() as tx:
        rows, _ = shown.look(tx, None, is_read=False)
    found = [
        (one.listing, one.session_id)
        for one in rows
        if not one.is_gone and one.session_id.startswith(wanted) and listing in ("", one.listing)
    ]
    if not wanted or not found:
        raise UnknownId(f"the fleet knows no session {one_line(address)[:80]!r}")
    if len(found) > 1:
        names = tuple(f"{one[0]}/{one[1]}" for one in found[:10])
        raise AmbiguousId(f"{one_line(address)[:80]!r} could be {', '.join(names)[:200]}", names)
    return found[0]


def _require_there(store: Store, host: str) -> None:
    with store.transaction() as tx:
        known = {one.host: one for one in hosts.beats(tx)}
    if host not in known:
        raise UnknownId(f"no host of the fleet is called {one_line(host)[:63]!r}: `hosts`")
    with store.transaction() as tx:
        hosts.require_taking(tx, host)
    if known[host].is_silent:
        raise Refused(f"{host} is silent: nothing can move there", Reason.ELSEWHERE, remedy="hosts")


def _ask(context: Context, store: Store, key: Key, to: str) -> str:
    asked = bus.encode(bus.Release(host=to), is_restricted=context.settings.restricted)
    with store.transaction() as tx:
        nonce = commands.post(tx, key, asked.kind, asked.payload, context.settings.operator)
    until = time.monotonic() + _ANSWERED_S
    while time.monotonic() < until:
        with store.transaction() as tx:
            state = commands.state(tx, nonce)
        if state is None:
            break
        if state.outcome is not None:
            return bus.require_done(bus.decode_outcome(state.outcome)).words
        time.sleep(_EACH_S)
    with store.transaction() as tx:
        if commands.withdraw(tx, nonce):
            raise Refused("its home does not answer: nothing was done", Reason.ELSEWHERE)
    raise ConsoleError("whether it moved is not known: its home has not said", remedy="hosts")


def _arrival(store: Store, key: Key, to: str) -> str:
    """Wait until the files of a session are on its new home; say when they are not as yet."""
    until = time.monotonic() + _THERE_S
    while time.monotonic() < until:
        with store.transaction() as tx:
            home = sessions.homes(tx, to).get(key)
        if home is None or home.is_fetched:
            return ""
        time.sleep(_EACH_S)
    return f"; {to} has not fetched its files yet"
