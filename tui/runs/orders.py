"""Takes the commands in a run's inbox to whoever obeys them, each once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox
from tui.runs.folder.inbox_watch import InboxWatch

_LOOKS_EVERY_S = 0.1  # while something may have come


class Orders:
    """The commands of an inbox, read in threads; a cancellation waits for those that were taken."""

    def __init__(self, inbox: Inbox, obey: Callable[[Command], None]) -> None:
        self._inbox, self._obey = inbox, obey
        self._reading = asyncio.Lock()
        self._watch = InboxWatch(inbox.stamp, self._tell)
        self._may_have_come = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to watch the inbox, until `end`."""
        self._loop = asyncio.get_running_loop()
        self._watch.start()

    def end(self) -> None:
        """Watch no longer."""
        self._watch.end()

    async def take(self, *, surely: bool) -> None:
        """Obey the commands that came since the last call, or only if some may have come."""
        if surely or self._watch.may_have_mail():
            await self._obey_all(self._inbox.take)

    async def wait(self, within_s: float) -> None:
        """Wait until something may have come, but no longer than that."""
        within_s = min(within_s, _LOOKS_EVERY_S) if self._watch.is_alert else within_s
        due = asyncio.get_running_loop().call_later(within_s, self._may_have_come.set)
        try:
            await self._may_have_come.wait()
        finally:
            due.cancel()
            self._may_have_come.clear()

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: the run has ended
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._may_have_come.set)

    async def close(self) -> None:
        """Take no more; obey those that came since the last `take`."""
        await self._obey_all(self._inbox.close)

    async def reopen(self) -> None:
        """Take commands again after `close`."""
        await asyncio.to_thread(self._inbox.reopen)

    async def left(self) -> Iterable[Command]:
        """Take no more; return those that nobody obeys."""
        return await asyncio.to_thread(self._inbox.close)

    async def _obey_all(self, read: Callable[[], Iterable[Command]]) -> None:
        async with self._reading:
            taken = asyncio.ensure_future(asyncio.to_thread(read))
            try:
                await asyncio.shield(taken)
            finally:
                for command in await taken:
                    self._obey(command)
