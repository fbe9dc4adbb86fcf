"""What a pipeline does for sessions that run elsewhere, or that a crash has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.claude.session_id import require_session_id
from tui.operations.target import Target
from tui.pipeline.arguments import checked
from tui.pipeline.listing_part import ListingPart, in_thread

if TYPE_CHECKING:
    from tui.core.models.cut_off import CutOffSession


class SessionCare(ListingPart):
    """The part of `SessionManager` that stops, recovers and acknowledges sessions.

    A pipeline that only runs agents shall not pay for the imports of these: each makes its own, in
    its thread.
    """

    @checked
    async def stop_session(self, session_id: str, within_s: float = 60) -> bool:
        """End the run of a session wherever it is hosted, or its orphaned CLI; whether any ran.

        Returns once nothing runs it. Raises `Refused` when it still runs after that many seconds,
        or is run by a program that takes no commands.
        """
        target = Target(require_session_id(session_id), self._folder)
        return await in_thread(self._end_run, target, within_s)

    async def recover(self) -> tuple[CutOffSession, ...]:
        """Return the sessions that were left in the middle of a turn, oldest first.

        Such as by a crash, also once a stop has ended the CLI that outlived it. Not those whose run
        somebody stopped, nor what somebody acknowledged or went on with: resume them, retry them
        with `retry_of`, or `acknowledge` them. Nothing is changed, but rows that runs could not
        write, to a busy database or by a crash, are written now; one that the table does not take
        is logged as an error, and `check` tells of it. Raises `ConsoleError` when the runs or the
        transcripts cannot be read.
        """
        return await in_thread(self._cut_off_sessions)

    @checked
    async def acknowledge(self, session_id: str) -> None:
        """Record that what a session needs is known: it no longer alerts operators.

        Something new that happens to it does. Raises `Refused` when it needs nothing; what it needs
        is not known while its database is busy, which is waited for.
        """
        await in_thread(self._acknowledge, session_id)

    def _end_run(self, target: Target, within_s: float) -> bool:
        from tui.operations.running.ending import end_run

        return end_run(self._context(), target, within_s)

    def _cut_off_sessions(self) -> tuple[CutOffSession, ...]:
        from tui.operations.sessions.recovery import cut_off_sessions

        return cut_off_sessions(self._context(), self._folder)

    def _acknowledge(self, session_id: str) -> None:
        from tui.operations.running.ending import session_of
        from tui.operations.sessions.acknowledge import acknowledge

        context = self._context()
        session = session_of(context, self._folder, session_id, needs_row=True)
        acknowledge(context, session)
