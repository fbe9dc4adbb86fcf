"""A catalog of hundreds of sessions with plain titles, and random changes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from tests.support.console.catalog_edits import each_session
from tests.support.console.fixed_catalog import NOW, ROOT, session
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.row import Status
from tui.core.models.session import Liveness, Session

LISTINGS = ("alder", "beacon", "cranbury")


def numbered(number: int) -> Session:
    """Return an idle session with a title of its own; the next ones end later."""
    ends = NOW + timedelta(days=2, minutes=number)
    name = LISTINGS[number % len(LISTINGS)]
    return session(name, "stage_1", f"row {number:04}", expires_at=ends)


def catalog_of(count: int) -> Catalog:
    """Return a catalog of so many sessions, in the order of their titles."""
    every = [numbered(number) for number in range(count)]
    return replace(_with(Catalog(ROOT, NOW), every), at=NOW)


def sessions_of(catalog: Catalog) -> dict[str, Session]:
    """Return the sessions by title."""
    return {one.title: one for one in catalog.sessions}


def with_more(catalog: Catalog, *more: Session) -> Catalog:
    """Return the catalog with more sessions."""
    return _with(catalog, [*catalog.sessions, *more])


def changed(catalog: Catalog, dice: Random) -> Catalog:
    """Return the catalog after something happened to some of its sessions; none goes."""

    def change(one: Session) -> Session:
        if dice.random() > 0.1:
            return one
        return replace(one, **dice.choice(_HAPPENINGS))

    more = [numbered(dice.randrange(5000, 10**6)) for _ in range(dice.randrange(3))]
    return with_more(each_session(catalog, change), *more)


def _with(catalog: Catalog, sessions: list[Session]) -> Catalog:
    known = {one.key: one for one in sessions}.values()
    listings = (
        Listing(name, ROOT / name, sessions=tuple(one for one in known if one.listing == name))
        for name in LISTINGS
    )
    return replace(catalog, listings=tuple(listings))


_HAPPENINGS = (
    {"liveness": Liveness.WAITING},
    {"liveness": Liveness.BUSY, "last_activity_at": NOW},
    {"liveness": Liveness.NONE, "status": Status.ACTIVE, "last_activity_at": NOW},
    {"status": Status.FAILED, "reason": "API Error: 529 overloaded"},
    {"status": Status.FAILED, "reason": "no such tool"},
    {"expires_at": NOW + timedelta(minutes=20)},
    {"expires_at": NOW + timedelta(days=90)},
    {"expires_at": NOW - timedelta(minutes=20)},
)
