"""What others did between two pictures, and what an operator has not looked at yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session

_NOTHING: Mapping[Key, datetime] = MappingProxyType({})
_HOLDS = ("hold", "lift")


@dataclass(frozen=True, slots=True)
class CatalogChanges:
    """What is new in a picture: the acts of others, what the pipeline overwrote, what vanished.

    `hold` says whether somebody began (True) or lifted (False) one, `None` when neither;
    `lifted_by` is who, where the logbook says so. `log` are the other acts that only it tells of.
    """

    events: tuple[tuple[Session, AuditEvent], ...] = ()
    overwritten: tuple[Session, ...] = ()
    vanished: tuple[str, ...] = ()
    hold: bool | None = None
    lifted_by: str = ""
    log: tuple[AuditEvent, ...] = ()


def changes(before: Catalog, after: Catalog, operator: str) -> CatalogChanges:
    """Return what is new in `after`; what `operator` did is no news."""
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
    """Yield the sessions that were there before, each as it was and as it is."""
    listings = {one.listing_id: one for one in before.listings}
    for listing in after.listings:
        old = listings.get(listing.listing_id)
        if old is not None and old is not listing:
            known = {one.session_id: one for one in old.sessions}
            for one in listing.sessions:
                if one.session_id in known and known[one.session_id] is not one:
                    yield known[one.session_id], one


def _written(before: Catalog, after: Catalog) -> Iterator[AuditEvent]:
    """Yield what was written into the logbook since; what a first look finds there is not new."""
    if after.log is not before.log and not before.problem:
        known = frozenset(before.log)
        yield from (one for one in after.log if one not in known and one.action not in _HOLDS)


def _held(before: Catalog, after: Catalog, operator: str) -> tuple[bool | None, str]:
    """Return whether a hold began or was lifted, unless by `operator`, and who lifted it."""
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
    """When an operator looked at the sessions of a root: `since` for those never looked at.

    `at` holds the last activity that was seen of a session, by its key.
    """

    since: datetime
    at: Mapping[Key, datetime] = field(default_factory=lambda: _NOTHING)

    def is_unseen(self, session: Session) -> bool:
        """Whether something was written since it was looked at."""
        last = session.last_activity_at
        return last is not None and last > self.at.get(session.key, self.since)

    def looked(self, session: Session) -> LastLooked:
        """Return the looks with what is written of a session now seen."""
        last = session.last_activity_at
        return self if last is None else replace(self, at={**self.at, session.key: last})

    def only(self, keys: Iterable[Key]) -> LastLooked:
        """Return the looks at these sessions alone: what is gone needs no memory."""
        return replace(self, at={key: self.at[key] for key in keys if key in self.at})
