"""Posts a command to the home of a session, and waits for what that says of it.

What is not known to be done is never said to be done, nor said to be undone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from tui.core.errors import ConsoleError, Kind, Reason, Refused
from tui.fleet import bus
from tui.fleet.bus import Command, Encoded, Outcome
from tui.fleet.console.trouble import trouble
from tui.fleet.store import commands
from tui.fleet.store.connection import FleetAway, Store, Transaction
from tui.fleet.store.sessions import Key

PATIENCE_S = 10.0  # for a home to take a command, and again for it to be done with it
_EACH_S = 0.03


class OutcomeUnknown(ConsoleError):
    """Whether another host has done what was asked of it is not known."""

    usual = Reason.UNSURE
    usual_kind = Kind.NETWORK


def carried_out(
    open_store: Callable[[], Store],
    key: Key,
    host: str,
    command: Command,
    by_whom: str,
    *,
    is_restricted: bool,
    nonce: str = "",
    patience_s: float = PATIENCE_S,
) -> Outcome:
    """Have a session's home carry out a command, and return what it says when it has.

    A `nonce` names it, and what its home does for it.
    Raises what kept the home from it, `FleetAway` and `Refused` when nothing was done, and
    `OutcomeUnknown`.
    """
    encoded = bus.encode(command, is_restricted=is_restricted)
    broke = list[str]()
    posted = ""
    with open_store() as store:
        store.check()
        try:
            with store.transaction() as tx:
                posted = _posted(tx, key, encoded, by_whom, nonce)
            said = _awaited(store, posted, patience_s, broke)
            if said is None:
                said = _given_up(store, posted, host, patience_s, broke)
        except Exception as error:  # it is posted: whatever breaks off, it may be done
            if not posted:  # it was not posted
                raise
            raise _unknown(key, host, trouble(error)) from error
        except BaseException:  # nobody waits any more
            _withdraw(store, posted)
            raise
    if not said:
        words = f"{host} does not answer: nothing was done with {key[1][:8]}"
        raise Refused(f"{words}; see to it there, or try again when it is back", Reason.ELSEWHERE)
    return bus.require_done(bus.decode_outcome(said))


def _posted(tx: Transaction, key: Key, encoded: Encoded, by_whom: str, nonce: str) -> str:
    return commands.post(
        tx,
        key,
        encoded.kind,
        encoded.payload,
        by_whom,
        request_id=encoded.request_id,
        nonce=nonce,
    )


def _withdraw(store: Store, nonce: str) -> None:
    """Take a command back, if that can be; over a new connection, as this one was broken off."""
    store.close()
    if nonce:
        with suppress(Exception), store.transaction() as tx:
            commands.withdraw(tx, nonce)


def _awaited(
    store: Store, nonce: str, patience_s: float, broke: list[str], *, is_taken: bool = False
) -> str | None:
    """Return what the home says of a command; `None` once patience is over.

    It has that long to take it, and that long again to do it. Why the connection `broke` is noted.
    """
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            with store.transaction() as tx:
                state = commands.state(tx, nonce)
        except FleetAway as error:
            broke[:] = [trouble(error)]
            time.sleep(_EACH_S)
            continue
        if state is None:
            return None
        if state.outcome is not None:
            return state.outcome
        if state.is_taken and not is_taken:
            is_taken, until = True, time.monotonic() + patience_s
        time.sleep(_EACH_S)
    return None


def _given_up(store: Store, nonce: str, host: str, patience_s: float, broke: Sequence[str]) -> str:
    """Take a command back; return what became of it if somebody just took it, else nothing.

    After the connection `broke`, that nobody has taken it proves nothing: the database may be one
    that took over, and does not know of it.
    """
    with store.transaction() as tx:
        is_withdrawn = commands.withdraw(tx, nonce)
    if is_withdrawn and broke:
        raise ConsoleError(broke[-1])
    if is_withdrawn:
        return ""
    said = _awaited(store, nonce, patience_s, [], is_taken=True)
    if said is None:
        raise ConsoleError(f"{host} has taken it and not said what became of it")
    return said


def _unknown(key: Key, host: str, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"whether {host} has done that to {key[1][:8]} is not known: {why}"[:300],
        remedy=f"show {key[1][:8]}",
    )
