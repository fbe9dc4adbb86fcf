"""How a pipeline cleans up after its sessions, and counts them."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from tui.core.errors import DatabaseProblem, NotTracked
from tui.core.models.catalog import Catalog
from tui.core.models.row import Status
from tui.core.time.expiry import length_of
from tui.operations.context import Context
from tui.pipeline.arguments import checked
from tui.pipeline.listing_part import ListingPart, in_thread
from tui.storage.state.hold import read_hold
from tui.storage.table.tracking import all_rows

logger = logging.getLogger(__name__)


class SessionCleanup(ListingPart):
    """The part of `SessionManager` that moves sessions to the trash, and counts them.

    What that needs is imported when it is done, in its thread.
    """

    async def cleanup_expired(self) -> int:
        """Move the expired sessions that are not running to the trash; return how many.

        Includes leftovers of earlier clean-ups. Does nothing, and logs a warning, while an operator
        holds the root. Raises `DatabaseProblem` when the table kept it from taking one.
        """
        return await in_thread(self._clean_up, is_expired=True)

    @checked
    async def cleanup_by_age(self, max_age_days: float) -> int:
        """Move the sessions inactive for that long to the trash; return how many."""
        return await in_thread(self._clean_up, older_than=length_of(max_age_days, "max_age_days"))

    @checked
    async def cleanup_by_size(self, max_bytes: int) -> int:
        """Move the least recently active sessions to the trash until the rest fits; as above."""
        return await in_thread(self._clean_up, max_bytes=max_bytes)

    async def get_session_stats(self) -> dict[str, int]:
        """Return how many sessions have each status in the table, and two numbers beside these.

        `failed` are all that the table calls so, whatever was done about them, as in the guide;
        `failed_acknowledged`, where there are any, how many of them no longer alert operators:
        somebody acknowledged or snoozed them, or their retry succeeded. `expired_pending_cleanup`
        is how many `cleanup_expired` would take now.
        """
        try:
            rows = await self._read(all_rows())
        except NotTracked:
            rows = ()
        return dict(Counter(row.status for row in rows)) | await in_thread(self._further)

    def _clean_up(self, **selection: Any) -> int:
        from tui.operations.trash.cleanup import clean_up, plan_cleanup

        context = self._context()
        hold = read_hold(context.root)
        if hold is not None:
            logger.warning("Nothing is cleaned up: %s holds %s", hold.by, context.root)
            return 0
        plan = plan_cleanup(context, self._catalog(context), **selection)
        cleaned = clean_up(context, plan)
        for reason, times in cleaned.failures.items():
            logger.warning("Not cleaned up: %s (%d times)", reason, times)
        logger.info("%s", cleaned.words)
        for _, error in cleaned.refused:
            if isinstance(error, DatabaseProblem):
                raise error
        return len(cleaned.acts)

    def _further(self) -> dict[str, int]:
        from tui.core.sessions.attention import Need, is_settled
        from tui.operations.trash.cleanup import plan_cleanup

        context = self._context()
        catalog, now = self._catalog(context), context.clock()
        failed = (one for one in catalog.sessions if one.status == Status.FAILED)
        settled = sum(is_settled(one, Need.FAILED, now) for one in failed)
        pending = len(plan_cleanup(context, catalog, is_expired=True).sessions)
        known = {"failed_acknowledged": settled} if settled else {}
        return known | {"expired_pending_cleanup": pending}

    def _catalog(self, context: Context) -> Catalog:
        """Return what there is of the listing; raises `DatabaseProblem` if it cannot be read."""
        from tui.operations.catalog.patient_look import look_patiently

        found = look_patiently(context, self._folder)
        listings = () if found is None else (found,)
        return Catalog(context.root, context.clock(), listings=listings)
