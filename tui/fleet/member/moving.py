"""Hands sessions over to other hosts, takes in those that come, and puts aside what is stale."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tui.claude.config_dir import footprint
from tui.claude.layout import is_transcript, transcript_name, transcript_path
from tui.claude.session_id import require_session_id
from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.models.session import Key, Liveness, Session
from tui.core.values import replace
from tui.fleet.fetching import fetch
from tui.fleet.member.carrier import Carrier
from tui.fleet.residence import hand_over, residence
from tui.fleet.shown_session import decode, encode
from tui.fleet.store import sessions, shown
from tui.fleet.store.connection import FleetAway, NotHome, Store
from tui.fleet.store.sessions import Residence
from tui.operations.context import Context
from tui.operations.logbook_entry import log_act
from tui.operations.target import (
    Target,
    has_transcript,
    hold_lock,
    make_listing,
    require_no_orphan,
    require_not_stray,
    require_row_known,
    require_transcript,
    require_transcript_known,
    target_of,
    tracking_of,
)
from tui.safe_io.folders import console_folder
from tui.safe_io.moving import move
from tui.storage.state.annotations import change_annotation
from tui.storage.state.elsewhere import Elsewhere, note_elsewhere, read_elsewhere
from tui.storage.table.tracking import is_tracked, read_rows

MOVED, DIVERGED, ARRIVING = "moved", "diverged", "arriving"


def release(
    context: Context,
    store: Store,
    carrier: Carrier,
    look: Callable[[], Session],
    *,
    home: Residence,
    to: str,
) -> str:
    """Make another host the home of a session that lives here; return what was done, in words.

    Its lock is held meanwhile: nothing runs it, and no process of it is left. What goes is what
    `look` finds then. Until the fleet says that it has moved its files stay; then they are put
    aside. Raises `ConsoleError`, `FleetAway`.
    """
    context.require_writable()
    target = _movable(look())
    if to == home.host:
        raise Refused(f"{target.short} lives there already", Reason.NOTHING_TO_DO)
    went = Elsewhere(host=to, at=context.clock(), fence=home.fence + 1)
    with hold_lock(target):
        session = replace(look(), liveness=Liveness.NONE)  # this move has its lock, and no run
        _movable(session)
        text = encode(session)
        if decode(text, session.key, home.host, session.folder).row != session.row:
            raise Refused(f"the row of {target.short} is too large to go with it")
        carrier.ship_all(session, home)
        with store.transaction() as tx:
            shown.publish(tx, session.key, home, text)
        _noted(target, went)
        _hand_over_as_told(store, target, session, home, to)
        put_aside(target, MOVED, home.fence)
    words = f"{target.short} moved from {home.host} to {to}"
    event = AuditEvent(
        at=context.clock(), action="move", listing=session.listing,
        session_id=target.session_id, note=f"to {to}",
    )  # fmt: skip
    return log_act(context, event, words)


def _movable(session: Session) -> Target:
    """Return the target of a session all of which is known; raises `Refused` for another."""
    target = target_of(session)
    require_no_orphan(session)
    require_not_stray(session)
    require_row_known(session, "moved")
    require_transcript_known(session)
    if session.transcript is None:
        raise Refused(f"{target.short} has no transcript that could move", Reason.NO_TRANSCRIPT)
    return target


def _hand_over_as_told(
    store: Store, target: Target, session: Session, home: Residence, to: str
) -> None:
    try:
        _require_as_told(target, session.row)
        hand_over(store, session.key, home, to)
    except FleetAway:  # it may have moved: whoever knows clears or keeps the note
        raise
    except ConsoleError:
        note_elsewhere(target.folder, target.session_id, None)
        raise


def _require_as_told(target: Target, row: Row | None) -> None:
    """Raise `Refused` unless its transcript is here, and its row what was told: no lock keeps it.

    The pipeline writes rows, and the CLI sweeps transcripts.
    """
    require_transcript(target)
    if row is not None:
        found = (one for one in read_rows(target.db_path) if one.session_id == target.session_id)
        is_same = next(found, None) == row
    else:
        is_same = not is_tracked(target.db_path, target.session_id)
    if not is_same:
        raise Refused(f"the row of {target.short} changed meanwhile: try again", Reason.CHANGED)


def take_in(context: Context, store: Store, key: Key, home: Residence) -> None:
    """Fetch the files of a session that was given to this host, and track it here.

    Until the fleet knows that they are here nobody goes on with it, so that it can be repeated
    after an interruption: what is here by then is nobody's work. Raises `ConsoleError`,
    `FleetAway`, `OSError`.
    """
    context.require_writable()
    require_session_id(key[1])
    if not is_listing_id(key[0]):
        raise Refused("it comes from a listing whose name no folder may have")
    with store.transaction() as tx:
        text = shown.told(tx, key)
    told = decode(text, key, home.host, context.root / key[0])
    target = Target(key[1], context.root / key[0])
    make_listing(target.folder)
    came = console_folder(target.folder, ARRIVING) / f"{key[1]}-{home.fence}"
    shutil.rmtree(came, ignore_errors=True)
    free = shutil.disk_usage(target.folder).free
    fetch(store, key, came, most_bytes=free // 2)
    if residence(store, key) != home:
        raise NotHome(f"{key[1]} went on to another host meanwhile")
    with hold_lock(target, any_home=True):
        _noted(target, Elsewhere(host=home.host, at=context.clock(), fence=home.fence))
        if has_transcript(target):
            put_aside(target, DIVERGED, home.fence)
        place = transcript_path(target.config_dir, target.folder, key[1])
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            move(came / key[1], place.with_suffix(""))
        if told.row is not None:
            _track(context, target, told, told.row)
        move(came / transcript_name(key[1]), place)
        change_annotation(target.folder, key[1], lambda _: told.annotation)
        with store.transaction() as tx:
            sessions.note_arrival(tx, key, home)
        note_elsewhere(target.folder, key[1], None)
    shutil.rmtree(came, ignore_errors=True)


def _track(context: Context, target: Target, told: Session, row: Row) -> None:
    """Write the row as it was at its last home."""
    tracking = tracking_of(context, target.folder, told.zone)
    tracking.init_table()
    own = next((one for one in read_rows(target.db_path) if one.session_id == row.session_id), None)
    if own is None:
        now = context.clock()
        own = tracking.track(
            row.session_id, listing_id=row.listing_id, stage=row.stage, now=now, expires_at=now
        )
    if own != row:
        tracking.change(own, row, action="move", now=context.clock(), is_partial=True)


def disown(context: Context, session: Session, home: Residence) -> bool:
    """Note that a session lives on another host, and put aside what is still here of it.

    Returns whether that is done: not as long as something still writes them here.
    """
    target = target_of(session)
    if _fence_noted(target) != home.fence:
        _noted(target, Elsewhere(host=home.host, at=context.clock(), fence=home.fence))
    if not (session.is_live or footprint(target.config_dir, target.session_id)):
        return True
    try:
        with hold_lock(target, any_home=True):
            put_aside(target, DIVERGED, home.fence)
    except Refused:
        return False
    event = AuditEvent(
        at=context.clock(), action="move", listing=session.listing,
        session_id=target.session_id,
        note=f"it lives on {home.host}; what was here is in {DIVERGED}",
    )  # fmt: skip
    log_act(context, event)
    return True


def _fence_noted(target: Target) -> int | None:
    noted = read_elsewhere(target.folder).get(target.session_id)
    return noted.fence if noted is not None else None


def put_aside(target: Target, where: str, fence: int) -> None:
    """Move a session's transcripts out of the CLI's reach; every byte is kept."""
    aside = console_folder(target.folder, where, f"{target.session_id}-{fence}")
    places = sorted(footprint(target.config_dir, target.session_id), key=is_transcript)
    for number, place in enumerate(places):
        move(place, _free(aside / place.name, number))


def _free(place: Path, number: int) -> Path:
    return place if not place.exists() else place.with_name(f"{number}-{place.name}")


def _noted(target: Target, went: Elsewhere) -> None:
    try:
        note_elsewhere(target.folder, target.session_id, went)
    except OSError as error:
        words = f"where {target.short} goes cannot be written: {error.strerror or error}"
        raise ConsoleError(words, Reason.of(error)) from error
