"""What a run writes about its session outside its folder: the row, and the config dir's age."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tui.core.errors import ConsoleError
from tui.core.models import Row
from tui.core.text import one_line
from tui.core.zones import zone_named
from tui.runs.protocol import AGENT_OPTIONS, RunSpec
from tui.storage.config_dir import raise_sweep, refresh_children
from tui.storage.tracking import Tracking

_FALLBACK = timedelta(days=1)
_TRIES, _PAUSE_S = 3, 1.0


class Bookkeeper:
    """Writes the row of a run's session; what a busy or full disk refuses is tried again later.

    `given` are the options that a pipeline gave its own run: a resume then adds them to those
    recorded, and tracks what was not tracked before.
    """

    def __init__(
        self,
        spec: RunSpec,
        clock: Callable[[], datetime],
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self._spec, self._clock, self._given = spec, clock, given
        self._tracking = Tracking(spec.db_path, zone_named(spec.zone), spec.operator)
        self._waiting: list[Callable[[], object]] = []
        self._has_row = spec.mode == "resume"
        self.trouble = ""
        self.sweep_trouble = ""

    async def begun(self) -> None:
        """The agent is there: its row is active, and lasts."""
        self._has_row = True
        await self._do(self._resumed if self._spec.mode == "resume" else self._tracked)
        await self._keep()

    async def failed(self, reason: str) -> None:
        """A turn failed for `reason`; a session that never began has no row to say so."""
        if not self._has_row:
            return
        now = self._clock()
        await self._do(
            lambda: self._tracking.mark_failed(self._spec.session_id, now=now, reason=reason)
        )

    async def succeeded(self) -> None:
        """A turn succeeded."""
        now = self._clock()
        await self._do(lambda: self._tracking.mark_succeeded(self._spec.session_id, now=now))

    async def settle(self) -> None:
        """Write what still waits, patiently; keep the config dir young."""
        for attempt in range(_TRIES):
            await self._try()
            if not self._waiting:
                break
            if attempt < _TRIES - 1:
                await asyncio.sleep(_PAUSE_S)
        await asyncio.to_thread(refresh_children, self._spec.config_dir, self._clock())

    async def _do(self, write: Callable[[], object]) -> None:
        self._waiting.append(write)
        await self._try()

    async def _try(self) -> None:
        """Write what waits, oldest first, up to the first that is refused."""
        try:
            while self._waiting:
                await asyncio.to_thread(self._waiting[0])
                self._waiting.pop(0)
            self.trouble = ""
        except (ConsoleError, OSError) as error:
            self.trouble = one_line(error)

    async def _keep(self) -> None:
        """Keep the CLI's own sweep and the guide's clean-up off; the row never waits for this."""
        spec, now = self._spec, self._clock()
        try:
            if spec.mode != "resume" or self._given is not None:
                until = spec.expires_at or now + _FALLBACK
                await asyncio.to_thread(raise_sweep, spec.config_dir, now, until)
        except (ConsoleError, OSError) as error:
            self.sweep_trouble = one_line(error)
        await asyncio.to_thread(refresh_children, spec.config_dir, now)

    def _tracked(self) -> None:
        spec, now = self._spec, self._clock()
        self._tracking.track(
            spec.session_id,
            listing_id=spec.listing_id,
            stage=spec.stage,
            now=now,
            expires_at=spec.expires_at or now + _FALLBACK,
            metadata={"agent": recorded_agent(spec), "operator": spec.operator},
        )

    def _resumed(self) -> None:
        spec, now = self._spec, self._clock()
        keeps_until = spec.keeps_until or now + _FALLBACK
        row = self._tracking.mark_resumed(spec.session_id, now=now, keeps_until=keeps_until)
        if self._given is None:
            return
        if row is None:
            self._tracked()
        elif self._given:
            self._record(row, self._given)

    def _record(self, row: Row, given: Mapping[str, Any]) -> None:
        """Add the options given now to those recorded, so that the next resume has them too."""
        details = dict(row.details())
        recorded = details.get("agent")
        agent = {**(recorded if isinstance(recorded, dict) else {}), **given}
        if agent != recorded:
            after = replace(row, metadata=json.dumps(details | {"agent": agent}))
            self._tracking.change(row, after, action="resume", now=self._clock())


def recorded_agent(spec: RunSpec) -> dict[str, Any]:
    """Return the options that a later resume replays; MCP servers may hold secrets and stay out."""
    kept = (name for name in AGENT_OPTIONS if name != "mcp_servers")
    known = {name: spec.agent[name] for name in kept if spec.agent.get(name) is not None}
    return known | {"cwd": str(spec.cwd)}
