"""The terminal bell: rings once for each request that begins to wait for somebody."""

from __future__ import annotations

from collections.abc import Callable

from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Liveness, Session


class Bell:
    """Rings for each request it has not seen before; `ring` sounds the bell."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._known: frozenset[tuple[str, ...]] = frozenset()
        self._heard: tuple[Listing, ...] = ()

    def look(self, catalog: Catalog) -> None:
        """Ring once if any request is new."""
        if catalog.listings is self._heard:
            return
        self._heard = catalog.listings
        waiting = frozenset(_what(one) for one in catalog.sessions if _waits(one))
        if waiting - self._known:
            self._ring()
        self._known |= waiting


def _waits(session: Session) -> bool:
    return session.liveness is Liveness.WAITING


def _what(session: Session) -> tuple[str, ...]:
    run = session.run
    request = run.request.request_id if run is not None and run.request is not None else ""
    return (*session.key, run.run_id if run is not None else "", request)
