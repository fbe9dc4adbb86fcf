"""Prompts that were typed here and are in no file yet, so that they are in sight at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tui.core.models.run import SentCommand
from tui.core.models.session import Key, Session
from tui.core.sessions.batches import SentToMany
from tui.core.values import dataclass, replace
from tui.ui.engine.engine import Engine
from tui.ui.leaving import LeftRunning, has_failed

# A prompt to a running agent is in its run's folder by then; a new run is found by a scan.
_POSTED, _FOUND = timedelta(seconds=2), timedelta(seconds=30)
_MOST, _OLDEST = 200, timedelta(hours=1)  # of those that a disk never takes


@dataclass(frozen=True, slots=True)
class _Typed:
    sent: SentCommand
    run_id: str  # the session's last run when it was typed
    is_live: bool
    done_at: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether its run should have it by now."""
        if self.done_at is None:
            return now - (self.sent.at or now) > _OLDEST
        return now - self.done_at > (_POSTED if self.is_live else _FOUND)


class SentPrompts:
    """What was sent from here, by session; `begun` is a new session until a scan finds it.

    `show` is called at once when something changes. `many` is the last prompt that went to several.
    """

    def __init__(self, engine: Engine, show: Callable[[], None]) -> None:
        self._engine, self._show = engine, show
        self._typed: dict[Key, _Typed] = {}
        self.begun: Session | None = None
        self.many: SentToMany | None = None

    @contextmanager
    def sending(self, session: Session, text: str) -> Iterator[None]:
        """Show a prompt for a session from now on; an error takes it away again.

        Where its operator leaves while it is still being sent, that is so once it was not.
        """
        sent = SentCommand(
            kind="prompt", by=self._engine.operator, at=self._engine.now(), text=text.strip()
        )
        run_id = session.run.run_id if session.run is not None else ""
        typed = _Typed(sent, run_id, session.is_live)
        self._typed.pop(session.key, None)
        self._typed[session.key] = typed
        self._drop_late()
        self._show()
        try:
            yield
        except LeftRunning as left:
            left.work.add_done_callback(partial(self._ended, session.key, typed))
            raise
        except BaseException:
            self.take_back((session.key,))
            raise
        self._done(session.key, typed)

    def _ended(self, key: Key, typed: _Typed, work: asyncio.Future[Any]) -> None:
        if not has_failed(work):
            self._done(key, typed)
        elif self._typed.get(key) is typed:
            self.take_back((key,))

    def _done(self, key: Key, typed: _Typed) -> None:
        if self._typed.get(key) is typed:
            self._typed[key] = replace(typed, done_at=self._engine.now())

    def _drop_late(self) -> None:
        """Drop what nobody looked at in time, and the oldest of too many."""
        now = self._engine.now()
        for key in [key for key, one in self._typed.items() if one.is_late(now)]:
            del self._typed[key]
        while len(self._typed) > _MOST:
            del self._typed[next(iter(self._typed))]

    def take_back(self, keys: Iterable[Key]) -> None:
        """Show no longer what was not sent after all."""
        for key in keys:
            self._typed.pop(key, None)
        self._show()

    @contextmanager
    def beginning(self, session: Session) -> Iterator[None]:
        """Show a new session, of which there is no file yet; an error takes it away again."""
        self.begun = session
        self._show()
        try:
            yield
        except LeftRunning as left:
            left.work.add_done_callback(partial(self._found, session))
            raise
        except BaseException:
            self.leave()
            raise

    def _found(self, session: Session, work: asyncio.Future[Any]) -> None:
        if self.begun is session:
            self.leave()

    def leave(self) -> None:
        """Show what is selected again: the new session was found, or the operator moved on."""
        if self.begun is not None:
            self.begun = None
            self._show()

    def of(self, session: Session | None) -> SentCommand | None:
        """Return the prompt that was sent to a session, until its run has it."""
        self._drop_late()
        typed = self._typed.get(session.key) if session is not None else None
        if session is None or typed is None:
            return None
        run_id = session.run.run_id if session.run else ""
        if run_id != typed.run_id:
            del self._typed[session.key]
            return None
        return typed.sent
