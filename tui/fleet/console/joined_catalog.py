"""Joins the sessions of other hosts into the catalog of this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from tui.core.errors import Reason
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Key, Session
from tui.core.values import replace
from tui.fleet.console.known_sessions import Known


class JoinedCatalogs:
    """Joins one catalog after the other; what did not change is the same object in the next."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._of: tuple[object, ...] = ()
        self._listings: tuple[Listing, ...] = ()
        self._one: dict[str, tuple[Listing | None, tuple[Session, ...], bool, Listing]] = {}

    def joined(self, catalog: Catalog, known: Known, only: str | None = None) -> Catalog:
        """Return the catalog with the sessions elsewhere, perhaps those of one listing alone.

        A session that lives elsewhere is shown as its home tells of it, whatever it left here; but
        what still runs here is shown as it is here, where alone it can be stopped.
        """
        of = (catalog.listings, known.sessions, bool(known.unheard), only)
        if not _is_same(of, self._of):
            self._listings, self._of = self._join(catalog, known, only), of
        return replace(
            catalog,
            listings=self._listings,
            hosts=dict(known.hosts),
            unheard=known.unheard,
            silent=known.silent,
            kept=known.kept,
        )

    def _join(self, catalog: Catalog, known: Known, only: str | None) -> tuple[Listing, ...]:
        elsewhere: dict[str, list[Session]] = defaultdict(list)
        for session in known.sessions.values():
            if only is None or session.listing == only:
                elsewhere[session.listing].append(session)
        here: dict[str, Listing | None] = {one.listing_id: one for one in catalog.listings}
        more = elsewhere.keys() - here.keys()
        if not elsewhere:
            return catalog.listings
        one, problem = self._one, known.unheard
        names = (*here, *sorted(more)) if not more else sorted(here.keys() | more)
        self._one = {
            name: self._joined_one(one.get(name), name, here.get(name), elsewhere, problem)
            for name in names
        }
        return tuple(self._one[name][3] for name in names)

    def _joined_one(
        self,
        last: tuple[Listing | None, tuple[Session, ...], bool, Listing] | None,
        name: str,
        here: Listing | None,
        elsewhere: Mapping[str, list[Session]],
        problem: str,
    ) -> tuple[Listing | None, tuple[Session, ...], bool, Listing]:
        there, is_stale = tuple(elsewhere.get(name, ())), bool(problem)
        if last is not None and last[0] is here and last[2] is is_stale and last[1] == there:
            return last
        if here is None:
            trouble = Reason.SLOW if problem else Reason.NONE
            path = there[0].folder if there else self._place
            made = Listing(
                name, path, sessions=there, problem=problem, is_stale=is_stale, trouble=trouble
            )
        elif there:
            running: set[Key] = {one.key for one in here.sessions if one.is_live}
            moved = tuple(one for one in there if one.key not in running)
            gone: set[Key] = {one.key for one in moved}
            mine = tuple(one for one in here.sessions if one.key not in gone)
            made = replace(here, sessions=(*mine, *moved))
        else:
            made = here
        return (here, there, is_stale, made)


def _is_same(now: tuple[object, ...], last: tuple[object, ...]) -> bool:
    """Whether a catalog is joined of the same objects, and in the same way."""
    if len(now) != len(last):
        return False
    return now[0] is last[0] and now[1] is last[1] and now[2:] == last[2:]
