"""Prompts that were typed here and are in no file yet, so that they are in sight at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tui.core.models.run import SentCommand
from tui.core.models.session import Key, Session
from tui.ui.engine.engine import Engine

# A prompt to a running agent is in its run's folder by then; a new run is found by a scan.
_POSTED, _FOUND = timedelta(seconds=2), timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Typed:
    sent: SentCommand
    run_id: str  # the session's last run when it was typed
    is_live: bool
    done_at: datetime | None = None


class SentPrompts:
    """What was sent from here, by session; `begun` is a new session until a scan finds it.

    `show` is called at once when something changes.
    """

    def __init__(self, engine: Engine, show: Callable[[], None]) -> None:
        self._engine, self._show = engine, show
        self._typed: dict[Key, _Typed] = {}
        self.begun: Session | None = None

    @contextmanager
    def sending(self, session: Session, text: str) -> Iterator[None]:
        """Show a prompt for a session from now on; an error takes it away again."""
        sent = SentCommand(
            kind="prompt", by=self._engine.operator, at=self._engine.now(), text=text.strip()
        )
        run_id = session.run.run_id if session.run is not None else ""
        typed = _Typed(sent, run_id, session.is_live)
        self._typed[session.key] = typed
        self._show()
        try:
            yield
        except BaseException:
            self.take_back((session.key,))
            raise
        if session.key in self._typed:
            self._typed[session.key] = replace(typed, done_at=self._engine.now())

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
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Show what is selected again: the new session was found, or the operator moved on."""
        if self.begun is not None:
            self.begun = None
            self._show()

    def of(self, session: Session | None) -> SentCommand | None:
        """Return the prompt that was sent to a session, until its run has it."""
        typed = self._typed.get(session.key) if session is not None else None
        if session is None or typed is None:
            return None
        run_id, done_at = session.run.run_id if session.run else "", typed.done_at
        lasts = _POSTED if typed.is_live else _FOUND
        is_late = done_at is not None and self._engine.now() - done_at > lasts
        if run_id != typed.run_id or is_late:
            del self._typed[session.key]
            return None
        return typed.sent
