"""Which sessions have written something that this operator has not seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from tui.core.errors import ConsoleError
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.sessions.catalog_changes import LastLooked
from tui.core.sessions.rows.finished import NOTHING_UNSEEN
from tui.core.values import replace
from tui.ui.engine.engine import Engine
from tui.ui.threads import in_background

SAVE_EACH = 30.0
_A_LOOK = timedelta(seconds=0.9)  # a clock that ticks each second may be a little early


class UnreadTracker:
    """Keeps when each session was seen; one counts as seen after a second on the screen.

    Somebody must be there: a session that came to the top by itself was seen only when a key is
    pressed. `unseen` is what is known now; sessions that have left the `catalog` are forgotten.
    """

    def __init__(self, engine: Engine, tell_once: Callable[[str], None]) -> None:
        self._engine = engine
        self._tell_once = tell_once
        self._saved: LastLooked | None = None
        self._shown: Session | None = None
        self._since: datetime | None = None
        self.unseen = NOTHING_UNSEEN
        self.catalog: Catalog | None = None

    def is_unseen(self, session: Session) -> bool:
        """Whether a session has unseen output."""
        return self.unseen.is_unseen(session)

    def tick(self, shown: Session | None, now: datetime, *, is_somebody_there: bool = True) -> None:
        """Mark the session whose stream is visible `now`; called each second."""
        if _key(shown) != _key(self._shown) or self._since is None or now < self._since:
            self._since = now
        self._shown = shown
        if is_somebody_there:
            self.pressed(now)

    def pressed(self, now: datetime) -> None:
        """Mark the session that was visible in the last second: somebody is there."""
        shown, since, looks = self._shown, self._since, self.unseen.looks
        if shown is None or since is None or looks is None or now - since < _A_LOOK:
            return
        if looks.is_unseen(shown):
            self.unseen = replace(self.unseen, looks=looks.looked(shown), looked_at=shown.key)
        elif self.unseen.looked_at not in (None, shown.key):
            self.unseen = replace(self.unseen, looked_at=None)

    @property
    def is_known(self) -> bool:
        """Whether the record of what was seen has been read."""
        return self.unseen.looks is not None

    async def run(self, show: Callable[[], None]) -> None:
        """Read the record and `show` it, then save it from time to time."""
        while not self.is_known:
            try:
                self._saved = await in_background(self._engine.read_looks)
                self.unseen = replace(self.unseen, looks=self._saved)
            except OSError as error:
                self._tell_once(f"what is unseen is not known: {error.strerror or error}")
                await asyncio.sleep(SAVE_EACH)
        show()
        while True:
            await asyncio.sleep(SAVE_EACH)
            await in_background(self.save)

    def save(self) -> None:
        """Save the record if it changed; a failing disk is ignored."""
        looks, catalog = self.unseen.looks, self.catalog
        if looks is not None and looks is not self._saved and catalog is not None:
            self._saved = looks
            with suppress(OSError, ConsoleError):
                self._engine.write_looks(looks, [one.key for one in catalog.sessions])


def _key(session: Session | None) -> Key | None:
    return session.key if session is not None else None
