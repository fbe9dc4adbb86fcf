"""Takes the commands in a run's inbox to whoever obeys them, each once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox
from tui.runs.folder.inbox_watch import InboxWatch


class Orders:
    """The commands of an inbox, read in threads; a cancellation waits for those that were taken."""

    def __init__(self, inbox: Inbox, obey: Callable[[Command], None]) -> None:
        self._inbox, self._obey = inbox, obey
        self._reading = asyncio.Lock()
        self._watch = InboxWatch(inbox.stamp)

    def start(self) -> None:
        """Begin to watch the inbox, until `end`."""
        self._watch.start()

    def end(self) -> None:
        """Watch no longer."""
        self._watch.end()

    async def take(self, *, surely: bool) -> None:
        """Obey the commands that came since the last call, or only if some may have come."""
        if surely or self._watch.may_have_mail():
            await self._obey_all(self._inbox.take)

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
