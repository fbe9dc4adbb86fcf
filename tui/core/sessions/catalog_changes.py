"""What changed between two catalogs, and which sessions an operator has not looked at yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.values import dataclass, field, replace

_NOTHING: Mapping[Key, datetime] = MappingProxyType({})
_HOLDS = ("hold", "lift")


@dataclass(frozen=True, slots=True)
class CatalogChanges:
    """What is new in a catalog: others' acts, overwritten rows, vanished listings.

    `hold` is `True` when a hold was set, `False` when it was lifted, else `None`; `lifted_by` is
    who did, if the logbook says. `log` are the other new events of the logbook.
    """

    events: tuple[tuple[Session, AuditEvent], ...] = ()
    overwritten: tuple[Session, ...] = ()
    vanished: tuple[str, ...] = ()
    hold: bool | None = None
    lifted_by: str = ""
    log: tuple[AuditEvent, ...] = ()


def changes(before: Catalog, after: Catalog, operator: str) -> CatalogChanges:
    """Return what is new in `after`, without the acts of `operator`."""
    both = tuple(_both(before, after))
    gone = {one.listing_id for one in before.listings if one.is_vanished}
    hold, lifted_by = _held(before, after, operator)
    return CatalogChanges(
        tuple(
            (new, new.last_event)
            for old, new in both
            if new.last_event is not None
            and new.last_event != old.last_event
            and new.last_event.operator != operator
        ),
        tuple(new for old, new in both if new.overwritten is not None and old.overwritten is None),
        tuple(
            one.listing_id
            for one in after.listings
            if one.is_vanished and one.listing_id not in gone
        ),
        hold,
        lifted_by,
        tuple(one for one in _written(before, after) if one.operator != operator),
    )


def _both(before: Catalog, after: Catalog) -> Iterator[tuple[Session, Session]]:
    """Yield the changed sessions that are in both, as they were and as they are."""
    listings = {one.listing_id: one for one in before.listings}
    for listing in after.listings:
        old = listings.get(listing.listing_id)
        if old is not None and old is not listing:
            known = {one.session_id: one for one in old.sessions}
            for one in listing.sessions:
                if one.session_id in known and known[one.session_id] is not one:
                    yield known[one.session_id], one


def _written(before: Catalog, after: Catalog) -> Iterator[AuditEvent]:
    """Yield the new logbook events; those of the first scan are not new."""
    if after.log is not before.log and not before.problem:
        known = frozenset(before.log)
        yield from (one for one in after.log if one not in known and one.action not in _HOLDS)


def _held(before: Catalog, after: Catalog, operator: str) -> tuple[bool | None, str]:
    """Return whether a hold was set or lifted, unless by `operator`, and who lifted it."""
    if (before.hold is None) == (after.hold is None):
        return None, ""
    if after.hold is not None:
        return (None if after.hold.by == operator else True), ""
    lifts = (one for one in reversed(after.log) if one.action in _HOLDS)
    last = next(lifts, None)
    by = last.operator if last is not None and last.action == "lift" else ""
    return (None, "") if by == operator else (False, by)


@dataclass(frozen=True, slots=True)
class LastLooked:
    """The last activity that an operator has seen of each session of a root, by its key.

    `since` applies to sessions that were never looked at.
    """

    since: datetime
    at: Mapping[Key, datetime] = field(default_factory=lambda: _NOTHING)

    def is_unseen(self, session: Session) -> bool:
        """Whether the session was written to since it was looked at."""
        last = session.last_activity_at
        return last is not None and last > self.at.get(session.key, self.since)

    def looked(self, session: Session) -> LastLooked:
        """Return a copy with all of the session's activity seen."""
        last = session.last_activity_at
        return self if last is None else replace(self, at={**self.at, session.key: last})
