"""How a pipeline cleans up after its sessions, and counts them."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.core.errors import DatabaseProblem, NotTracked
from tui.core.time.expiry import length_of
from tui.operations.context import Context
from tui.pipeline.listing_part import ListingPart, in_thread
from tui.storage.sqlite import async_transactions
from tui.storage.state.hold import read_hold
from tui.storage.table.tracking import all_rows

if TYPE_CHECKING:
    from tui.operations.trash.cleanup import CleanupPlan

logger = logging.getLogger(__name__)


class SessionCleanup(ListingPart):
    """The part of `SessionManager` that moves sessions to the trash, and counts them.

    What that needs is imported when it is done, in its thread.
    """

    async def cleanup_expired(self) -> int:
        """Move the expired sessions that are not running to the trash; return how many.

        Includes leftovers of earlier clean-ups. Does nothing, and logs a warning, while an operator
        holds the root.
        """
        return await in_thread(self._clean_up, is_expired=True)

    async def cleanup_by_age(self, max_age_days: float) -> int:
        """Move the sessions inactive for that long to the trash; return how many."""
        return await in_thread(self._clean_up, older_than=length_of(max_age_days, "max_age_days"))

    async def cleanup_by_size(self, max_bytes: int) -> int:
        """Move the least recently active sessions to the trash until the rest fits; as above."""
        return await in_thread(self._clean_up, max_bytes=max_bytes)

    async def get_session_stats(self) -> dict[str, int]:
        """Return how many sessions have each status, and as `expired_pending_cleanup` how many
        `cleanup_expired` would take now."""
        try:
            rows = await async_transactions.read(self._database, all_rows())
        except NotTracked:
            rows = ()
        pending = await in_thread(self._pending)
        return dict(Counter(row.status for row in rows)) | {"expired_pending_cleanup": pending}

    def _clean_up(self, **selection: Any) -> int:
        from tui.operations.trash.cleanup import clean_up

        context = self._context()
        hold = read_hold(context.root)
        if hold is not None:
            logger.warning("Nothing is cleaned up: %s holds %s", hold.by, context.root)
            return 0
        cleaned = clean_up(context, self._plan(context, **selection))
        for reason, times in cleaned.failures.items():
            logger.warning("Not cleaned up: %s (%d times)", reason, times)
        logger.info("%s", cleaned.words)
        return len(cleaned.acts)

    def _pending(self) -> int:
        return len(self._plan(self._context(), is_expired=True).sessions)

    def _plan(self, context: Context, **selection: Any) -> CleanupPlan:
        from tui.operations.catalog.scanner import CatalogScanner
        from tui.operations.trash.cleanup import plan_cleanup

        catalog = CatalogScanner(context).look(only=self._folder.name)
        listing = catalog.listing(self._folder.name)
        if listing is not None and not listing.has_rows:
            raise DatabaseProblem(listing.problem)
        return plan_cleanup(
            context, replace(catalog, listings=tuple(filter(None, [listing]))), **selection
        )
