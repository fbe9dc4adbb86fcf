"""What a pipeline writes about its sessions into the listing's table."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.claude.config_dir import footprint, postpone_sweep, refresh_children
from tui.claude.layout import is_transcript
from tui.claude.session_id import is_beginning, is_cli_id, not_whole, require_session_id
from tui.core.errors import ConsoleError, NotTracked
from tui.core.models.row import Row, Status
from tui.core.sessions.row_transitions import FAILURE, OF_RUNS
from tui.core.sessions.rows.row_arguments import require_json, require_short, require_stage
from tui.core.time.expiry import length_of
from tui.core.time.zones import LOCAL, read_time
from tui.operations.running.pipeline_query import OPERATOR
from tui.operations.target import require_usable
from tui.pipeline.arguments import checked
from tui.pipeline.listing_part import ListingPart, in_thread
from tui.safe_io.folders import is_link
from tui.storage.table.tracking import Transactions, active_rows, all_rows

logger = logging.getLogger(__name__)

_TRANSACTIONS = Transactions(LOCAL, OPERATOR)


class SessionTracking(ListingPart):
    """The part of `SessionManager` that tracks, extends, marks and lists sessions."""

    async def init_table(self) -> None:
        """Make the table of sessions, and the listing's folder, if they do not exist."""
        await self._write_first(_TRANSACTIONS.init_table())

    @checked
    async def track_session(
        self,
        session_id: str,
        stage: str,
        listing_id: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Track a session for `max_age_days` from now, and protect it from the CLI's own sweep.

        A session that is already tracked keeps its creation time, a later expiry, and its metadata
        unless new is given. What its runs recorded always stays: metadata under their names,
        `agent` and `operator`, is then left out, with a warning. So is always what only a failure
        records: `last_error`, `failed_at` and `last_error_kind`. Raises `UnknownId` for the
        beginning of an id that is tracked.
        """
        require_stage(stage)
        require_short("listing_id", listing_id)
        require_json(metadata)
        now, session_id = self._clock(), require_session_id(session_id)
        until = now + length_of(self.max_age_days, "max_age_days")
        await self._require_whole(session_id)
        given = {name: one for name, one in (metadata or {}).items() if name not in FAILURE}
        steps = _TRANSACTIONS.track(
            session_id,
            listing_id=listing_id,
            stage=stage,
            now=now,
            expires_at=until,
            metadata=given,
        )
        row = await self._write_first(steps)
        try:
            await in_thread(
                self._postpone_sweep, session_id, now, read_time(row.expires_at, LOCAL) or until
            )
        except ConsoleError as problem:
            logger.warning("%s: %s", session_id, problem)
        _tell_left_out(row, given, (metadata or {}).keys() - given.keys())
        logger.info("Tracked session: %s (until %s)", session_id, row.expires_at)

    @checked
    async def extend_session(self, session_id: str, additional_days: float = 7) -> None:
        """Extend a session's expiry, and the CLI's sweep, to that many days from now.

        Raises `ConsoleError` when the CLI's sweep cannot be postponed, and `UnknownId` for the
        beginning of an id. Logs a warning for an id that is not tracked.
        """
        now, session_id = self._clock(), require_session_id(session_id)
        until = now + length_of(additional_days, "additional_days")
        has_transcript = await in_thread(self._postpone_sweep, session_id, now, until)
        steps = _TRANSACTIONS.mark_extended(
            session_id, now=now, until=until, has_transcript=has_transcript
        )
        row = await self._write(steps)
        if row is None:
            await self._warn_untracked(session_id, "nothing was extended")
            return
        logger.info("Extended session %s (until %s)", session_id, row.expires_at)

    @checked
    async def mark_session_failed(self, session_id: str, reason: str | None = None) -> None:
        """Mark a session failed; without a reason, an earlier one stays.

        Raises `UnknownId` for the beginning of an id. Logs a warning for one that is not tracked.
        """
        require_session_id(session_id)
        if reason is None and await self._has_reason(session_id):
            return
        words = reason or "the pipeline gave no reason"
        steps = _TRANSACTIONS.mark_failed(session_id, now=self._clock(), reason=words)
        row = await self._write(steps)
        if row is None:
            await self._warn_untracked(session_id, "it cannot be marked failed")

    async def list_active_sessions(self) -> list[dict[str, Any]]:
        """Return the active sessions, newest first, each with all columns of its row as stored."""
        try:
            return await self._read(active_rows())
        except NotTracked:
            return []

    async def _warn_untracked(self, session_id: str, so: str) -> None:
        await self._require_whole(session_id)
        logger.warning("Session %s is not tracked: %s", session_id, so)

    async def _require_whole(self, session_id: str) -> None:
        """Raise `UnknownId` for what is no session's id, but begins one's of the CLI."""
        if is_cli_id(session_id) and session_id == session_id.lower():
            return
        try:
            known = [one.session_id for one in await self._read(all_rows())]
        except NotTracked:
            return
        meant = (one for one in known if is_cli_id(one) and is_beginning(session_id, one))
        if session_id not in known and (one := next(meant, "")):
            raise not_whole(session_id, one)

    async def _has_reason(self, session_id: str) -> bool:
        rows = await self._read(all_rows())
        row = next((one for one in rows if one.session_id == session_id), None)
        return row is not None and row.status == Status.FAILED

    def _postpone_sweep(self, session_id: str, now: datetime, until: datetime) -> bool:
        """Postpone the CLI's sweep and the guide's clean-up by age; whether it has a transcript.

        Raises `ConsoleError`.
        """
        require_usable(self._folder)
        places = footprint(self._config_dir, session_id)
        written = [_modified_at(place) for place in places if is_transcript(place)]
        if self._config_dir.is_dir() and not is_link(self._config_dir):
            postpone_sweep(self._config_dir, max(written, default=now), until)
            refresh_children(self._config_dir, now)
        return bool(written)


def _tell_left_out(row: Row, given: Mapping[str, Any], of_failures: Set[str]) -> None:
    for name in _left_out(given, row):
        logger.warning("%s keeps its own %s: the name is taken", row.session_id, name)
    for name in sorted(of_failures):
        logger.warning("%s gets no %s: only a failure records that", row.session_id, name)


def _left_out(metadata: Mapping[str, Any], row: Row) -> Iterator[str]:
    """Yield the names of metadata that the row has otherwise: a run had recorded them."""
    kept, given = row.details(), json.loads(json.dumps(dict(metadata)))
    return (one for one in OF_RUNS if one in given and kept.get(one) != given[one])


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
