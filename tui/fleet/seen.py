"""What an act on a session of another host is bound to: what its operator saw of it.

Its home compares that with what it would show now. What changes later is seen by the operation, as
for an operator there.
"""

from __future__ import annotations

from tui.core.errors import Conflict
from tui.core.models.session import Session
from tui.core.text.digest import sha256_hex
from tui.fleet import bus
from tui.fleet.bus import Command
from tui.fleet.shown_session import decode, encode
from tui.fleet.typed_json import json_text
from tui.operations.formatting import moment

_STEERING = (
    *(bus.Send, bus.Answer, bus.PutOff, bus.Interrupt, bus.Stop),
    *(bus.SetModel, bus.SetMode),
)


def run_seen(session: Session) -> str:
    """Return the run that would be steered; empty without one, as of an orphan."""
    run = session.run
    return run.run_id if run is not None and not run.is_over else ""


def row_seen(session: Session) -> str:
    """Return a digest of a session's row, empty without one."""
    return sha256_hex(json_text(session.row).encode()) if session.row is not None else ""


def require_as_seen(session: Session, command: Command) -> None:
    """Raise `Conflict` unless a session is what the operator saw who asks for that."""
    now = decode(encode(session), session.key, session.host, session.folder)
    if why := _changed(now, command):
        short = session.session_id[:8]
        raise Conflict(f"{short} changed since you looked: {why}", remedy=f"show {short}")


def _changed(now: Session, command: Command) -> str:
    """Say what is not as it was, as shown elsewhere; empty if nothing is that matters."""
    if isinstance(command, _STEERING) and (run := run_seen(now)) != command.run_id:
        return "another run works on it now" if run else "the run that you saw is over"
    if isinstance(command, bus.Extend) and now.expires_at != command.was:
        until = f"expires on {moment(now.expires_at)}" if now.expires_at else "has no expiry"
        return f"it {until} now"
    if isinstance(command, bus.Delete):
        if row_seen(now) != command.row:
            return "its row is another now"
        if now.last_activity_at != command.active_at:
            return "something went on with it"
    if isinstance(command, bus.Rename) and now.title != command.was:
        return f'its title is "{now.title}" now'
    return ""
