"""Reading far from the end of a stream: its pages, and a search through all of it; in threads."""

from __future__ import annotations

import asyncio
import threading

from tui.core.errors import ConsoleError
from tui.core.models.session import Key
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.operations.search.transcript_search import SearchHits
from tui.operations.stream.follow import StreamPage, StreamUpdate
from tui.ui.background.pollers import StreamPoller
from tui.ui.engine.engine import Follower
from tui.ui.leaving import StoppedWaiting
from tui.ui.threads import in_background
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.page_request import PageRequest
from tui.ui.widgets.prompt import PromptBar


@dataclass(frozen=True, slots=True)
class _Expected:
    """A place in the stream of a session, and what stands there."""

    key: Key
    place: int
    sought: str


class PageReader:
    """Fetches the pages that the Live pane lacks, and takes it to search hits."""

    def __init__(self, following: StreamPoller, live: LivePane, question: PromptBar) -> None:
        self._following = following
        self._live = live
        self._question = question
        self._hits: SearchHits | None = None
        self._searched: Follower | None = None
        self._at: int | None = None
        self._expected: _Expected | None = None

    def note(self, update: StreamUpdate) -> None:
        """Drop the hits where the stream begins anew; if it is the same, go on where one reads."""
        if update.was_reset or update.is_restated:
            self._hits = None
        followed, live = self._following.session, self._live
        if update.is_restated and followed and not (live.is_following or self._expected):
            place, (aimed_at, sought) = max(0, live.place), live.aim
            self.expect(followed.key, place, sought if place == aimed_at else "")

    async def fetch(self, wish: PageRequest) -> None:
        """Read the page the pane lacks; drop it if it is no longer needed."""
        follower = self._following.follower
        if follower is None:
            self._live.wish = None
            return
        try:
            pages = await in_background(lambda: _pages(follower, wish))
        except BaseException:
            self._live.wish = None  # or nothing would ever be wished for again
            raise
        if self._live.wish is wish:
            self._live.put(wish, *pages)

    async def search(self, sought: str, step: int) -> None:
        """Go to the next (or previous) hit of `sought`, anywhere in the transcript.

        The whole transcript is searched once; Esc stops that. Raises `ConsoleError`.
        """
        follower, live = self._following.follower, self._live
        if not sought:
            return
        if follower is None:
            raise ConsoleError("nothing was searched: no stream is read yet")
        is_new = self._searched is not follower or self._hits is None or self._hits.sought != sought
        if is_new or live.has_asides or (self._hits and self._hits.size < live.known_end):
            self._hits = await self._sought(follower, sought, None if is_new else self._hits)
            self._searched = follower
        hits = self._hits
        before = live.place
        number = hits.next(before, step) if hits else None
        if hits is None or number is None:
            where = "in what could be read" if hits and hits.not_searched else "there"
            said = f"{sought} is not {where}{_not_searched(hits)}"
            self._question.say(said, "bad", is_brief=True)
            return
        await self._go_to(hits.places[number], sought)
        again = _again(before, hits.places[number], step) if before in hits.places else ""
        said = f"{number + 1} of {len(hits.places)}{again}{_not_searched(hits)}"
        self._question.say(said, is_brief=True)

    def expect(self, key: Key, place: int, sought: str = "") -> None:
        """Let `go_on` go to a place of this session, once its stream is read."""
        self._expected = _Expected(key, place, sought)

    @property
    def is_expecting(self) -> bool:
        """Whether `go_on` has somewhere to go."""
        return self._expected is not None

    async def go_on(self) -> None:
        """Go to the expected place, if its stream was read by now; say so if it is not there."""
        expected, followed, live = self._expected, self._following.session, self._live
        if expected is None or followed is None or followed.key != expected.key:
            self._expected = None  # another session was selected meanwhile
            return
        is_shown = live.session is not None and live.session.key == expected.key
        if self._following.follower is None or not is_shown:
            return
        self._expected = None
        try:
            await self._go_to(expected.place, expected.sought)
        except (ConsoleError, OSError) as error:
            if expected.sought:
                self._question.say(str(error), "bad")

    async def _sought(
        self, follower: Follower, sought: str, known: SearchHits | None
    ) -> SearchHits:
        share, is_over = [0.0], threading.Event()

        def told(done: float) -> None:
            share[0] = done

        def says() -> str:
            return f"searching {share[0]:.0%} of {size_text(self._live.known_end)}"

        def later(task: asyncio.Future[SearchHits]) -> None:
            task.exception()

        work = in_background(lambda: follower.seek(sought, told, is_over.is_set, known))
        try:
            return await self._question.wait_for(work, says, later, "stop searching")
        except StoppedWaiting:
            is_over.set()
            raise StoppedWaiting(f"search stopped at {share[0]:.0%}") from None

    async def _go_to(self, place: int, sought: str) -> None:
        live = self._live
        if live.go_to(place, sought):
            return
        await self.fetch(live.wish_around(place))
        if not live.go_to(place, sought):
            self._hits = None
            raise ConsoleError(f"{sought} was there a moment ago, but the transcript has changed")


def _again(before: int, place: int, step: int) -> str:
    """Return that a search went on from the other side, as the end of a message."""
    side = "start" if step > 0 else "end"
    return f", on from the {side}" if (place - before) * step < 0 else ""


def _not_searched(hits: SearchHits | None) -> str:
    """Return what could not be searched, as the end of a message."""
    missed = hits.not_searched if hits is not None else ()
    more = f", and {len(missed) - 1} more" if len(missed) > 1 else ""
    return f"; not searched: {missed[0]}{more}" if missed else ""


def _pages(follower: Follower, wish: PageRequest) -> tuple[StreamPage, ...]:
    match wish.side:
        case "before" | "end":
            return (follower.before(wish.place, wish.at),)
        case "after" | "start":
            return (follower.after(wish.place, wish.stop, wish.at),)
        case _:
            around = follower.after(wish.place, wish.stop, None)
            until = next((one.at for one in around.entries if one.at), None)
            return follower.before(wish.place, until), around
