"""Which sessions have written something that this operator has not seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.sessions.catalog_changes import LastLooked
from tui.ui.engine.engine import Engine
from tui.ui.threads import in_background

SAVE_EACH = 30.0
_A_LOOK = timedelta(seconds=0.9)  # a clock that ticks each second may be a little early


class UnreadTracker:
    """Keeps when each session was seen; one counts as seen after a second on the screen.

    Sessions that have left the `catalog` are forgotten.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._looks: LastLooked | None = None
        self._saved: LastLooked | None = None
        self._shown: Key | None = None
        self._since: datetime | None = None
        self.catalog: Catalog | None = None

    def is_unseen(self, session: Session) -> bool:
        """Whether a session has unseen output."""
        return self._looks is not None and self._looks.is_unseen(session)

    def tick(self, shown: Session | None, now: datetime) -> None:
        """Mark the session whose stream is visible `now`; called each second."""
        key = shown.key if shown is not None else None
        if key != self._shown or self._since is None or now < self._since:
            self._shown, self._since = key, now
        is_looked_at = now - self._since >= _A_LOOK
        looks = self._looks
        if looks is not None and shown is not None and is_looked_at and looks.is_unseen(shown):
            self._looks = looks.looked(shown)

    @property
    def is_known(self) -> bool:
        """Whether the record of what was seen has been read."""
        return self._looks is not None

    async def run(self, show: Callable[[], None]) -> None:
        """Read the record and `show` it, then save it from time to time."""
        while self._looks is None:
            with suppress(OSError):
                self._looks = self._saved = await in_background(self._engine.read_looks)
            if self._looks is None:
                await asyncio.sleep(SAVE_EACH)
        show()
        while True:
            await asyncio.sleep(SAVE_EACH)
            await in_background(self.save)

    def save(self) -> None:
        """Save the record if it changed; a failing disk is ignored."""
        looks, catalog = self._looks, self.catalog
        if looks is not None and looks is not self._saved and catalog is not None:
            self._saved = looks
            with suppress(OSError):
                self._engine.write_looks(looks.only(one.key for one in catalog.sessions))
