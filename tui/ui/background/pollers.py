"""The polling loops: the catalog about once a second, the stream more often while it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from tui.core.errors import ConsoleError
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.models.verdict import Verdict
from tui.operations.stream.follow import StreamUpdate
from tui.ui.background.word_watch import WordWatch
from tui.ui.engine.engine import Engine, Follower
from tui.ui.state.notifications import Notifications
from tui.ui.state.view_model import ViewModel
from tui.ui.threads import in_background

LOOK_EACH = 0.95  # what others do is seen by the second look: within 2 s
NOTIFY_EACH = 10.0
POLL_LIVE = 0.15
POLL_STILL = 1.0
POLL_QUIET = 10.0  # where the catalog tells of each change
DEBOUNCE = 0.3
READING_AFTER = 0.2  # a stream that comes before needs no word that it is read


class CatalogPoller:
    """Reads the root in a thread, never twice at once; `wake` makes it read all of it now.

    `arrange` sorts the result in that thread as well, before it is shown. The listings `in_sight`
    are read at each look, also in the largest root.
    """

    def __init__(
        self,
        engine: Engine,
        arrange: Callable[[Catalog], ViewModel],
        show: Callable[[ViewModel], None],
        trouble: Callable[[str], None],
        in_sight: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._engine = engine
        self._arrange = arrange
        self._in_sight = in_sight
        self._show = show
        self._trouble = trouble
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Read again at once."""
        self._wanted.set()

    async def run(self) -> None:
        """Poll for ever."""
        is_asked = False
        while True:
            self._wanted.clear()
            look = partial(self._look, None if is_asked else self._in_sight())
            try:
                found = await in_background(look)
            except (ConsoleError, OSError) as error:
                self._trouble(str(error))
            else:
                self._show(found)
            is_asked = await _either(self._wanted, LOOK_EACH)

    def _look(self, in_sight: frozenset[str] | None) -> ViewModel:
        return self._arrange(self._engine.look(in_sight))


async def verdict(engine: Engine, catalog: Catalog, tell: Callable[[Verdict], None]) -> None:
    """Show the doctor's summary; the screen does not wait for it."""
    with suppress(ConsoleError, OSError):
        tell(await in_background(partial(engine.verdict, catalog)))


async def notify(
    engine: Engine, catalog: Callable[[], Catalog | None], news: Notifications
) -> None:
    """Run the operator's own notify command for what is new, for ever; report a failure once."""
    while engine.notifies:
        found = catalog()
        if found is not None:
            news.tell_once(await in_background(partial(engine.notify, found)))
        await asyncio.sleep(NOTIFY_EACH if found else LOOK_EACH)


class StreamPoller:
    """Polls the stream of one session: the one that was followed last."""

    def __init__(
        self,
        engine: Engine,
        begin: Callable[[Session | None, str], None],
        add: Callable[[StreamUpdate], None],
    ) -> None:
        self._engine = engine
        self._begin = begin
        self._add = add
        self._session: Session | None = None
        self._follower: Follower | None = None
        self._changed, self._woken = asyncio.Event(), asyncio.Event()
        self._is_begun = self._has_more = self._is_new = False
        self._words = WordWatch()
        self._awaited: Path | None = None

    @property
    def session(self) -> Session | None:
        """The session that was followed last."""
        return self._session

    @property
    def follower(self) -> Follower | None:
        """The follower of the stream that is shown, once it has returned something."""
        return self._follower

    @property
    def is_read(self) -> bool:
        """Whether something of the stream is shown, or there is none."""
        return self._session is None or self._follower is not None

    def follow(self, session: Session | None) -> None:
        """Follow this session from now on; what is shown stays until the selection rests."""
        is_other = _key(session) != _key(self._session)
        if session is not self._session:
            self._woken.set()
        self._session = session
        if is_other:
            self._follower = None
            self._changed.set()

    async def run(self) -> None:
        """Poll for ever; a selection that still moves is not followed yet."""
        while True:
            self._woken.clear()
            if self._changed.is_set():
                self._changed.clear()
                if self._is_begun and await _either(self._changed, DEBOUNCE):
                    continue
                self._is_begun = True
                self._follower, self._is_new = None, True
            session = self._session
            self._has_more, self._awaited = False, None
            if session is not None:
                await self._poll(session)
            else:
                self._begin_once(None, "")
            await self._rest(self._pause(session))

    async def _rest(self, seconds: float) -> None:
        """Wait until the next poll is due, or the words that are awaited have begun."""
        watching = None
        if self._awaited is not None:
            watch = self._words.wait(self._awaited, seconds, self._woken.set)
            watching = asyncio.create_task(watch, name="words")
        try:
            await _either(self._woken, seconds)
        finally:
            if watching is not None:
                watching.cancel()

    def _pause(self, session: Session | None) -> float:
        if self._has_more:
            return 0.0
        if session is None:
            return POLL_QUIET
        is_quiet = self._follower is not None and self._engine.is_quiet(session)
        return POLL_LIVE if session.is_live else POLL_QUIET if is_quiet else POLL_STILL

    async def _poll(self, session: Session) -> None:
        follower = self._follower or self._engine.follow(session)
        reading = asyncio.ensure_future(in_background(partial(follower.poll, session)))
        try:
            if self._is_new and not (await asyncio.wait({reading}, timeout=READING_AFTER))[0]:
                self._begin_once(session, "reading...")
            update = await reading
        except (ConsoleError, OSError) as error:
            if _key(session) == _key(self._session):
                self._is_new = False
                self._begin(session, str(error))
            return
        finally:
            reading.cancel()
        if _key(session) == _key(self._session):
            self._begin_once(session, "")
            self._follower = follower
            self._has_more, self._awaited = update.has_more, update.awaited
            self._add(update)

    def _begin_once(self, session: Session | None, says: str) -> None:
        """Empty the pane for a session; what it showed stays until there is something."""
        if self._is_new and _key(session) == _key(self._session):
            self._is_new = False
            self._begin(session, says)


def _key(session: Session | None) -> Key | None:
    return session.key if session else None


async def _either(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event or the timeout; return whether it was the event."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
