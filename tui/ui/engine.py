"""The real engine: the operations, with the settings and the clock they need."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from tui.core.models import Catalog, Session
from tui.core.zones import LOCAL, zone_named
from tui.operations import delete, extend, resume, steer, undo
from tui.operations.context import Act, Context
from tui.operations.extend import Extension
from tui.operations.follow import Follow
from tui.operations.refresh import Watch
from tui.operations.resume import Plan


class RealEngine:
    """Passes every question of the console on to the operation of that name."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._watch = Watch(context)
        settings = context.settings
        self.root: Path = settings.root
        zone = settings.time_zone
        self.zone: tzinfo = LOCAL if zone == "auto" else zone_named(zone)
        self.is_read_only: bool = settings.read_only
        self.is_ascii: bool = settings.ascii
        self.is_remote: bool = settings.ssh
        self.theme: str = settings.theme
        self.quiet_after: timedelta = settings.quiet_after
        self.trash_days: int = settings.trash_days

    def now(self) -> datetime:
        return self._context.clock()

    def look(self) -> Catalog:
        return self._watch.look()

    def follow(self, session: Session) -> Follow:
        return Follow(session)

    def plan_extension(self, session: Session, words: str) -> Extension:
        return extend.plan_extension(session, words, self.now())

    def extend(self, extension: Extension) -> Act:
        return extend.extend(self._context, extension)

    def delete(self, session: Session) -> Act:
        return delete.delete(self._context, session)

    def restore(self, words: str) -> Act:
        return delete.restore(self._context, words)

    def undo(self, act: Act) -> Act:
        return undo.undo(self._context, act)

    def plan_resume(self, session: Session, *, is_fork: bool = False) -> Plan:
        return resume.plan_resume(self._context, session, fork=is_fork)

    def plan_new(self, listing_id: str, stage: str, days: int | None) -> Plan:
        return resume.plan_new(self._context, listing_id, stage, days=days)

    def start(self, plan: Plan, prompt: str) -> str:
        return resume.start(self._context, plan, prompt)

    def send(self, session: Session, prompt: str) -> Act:
        return steer.send(self._context, session, prompt)

    def answer(self, session: Session, decision: str, reason: str) -> Act:
        return steer.answer(self._context, session, decision, reason)

    def interrupt(self, session: Session) -> Act:
        return steer.interrupt(self._context, session)

    def stop(self, session: Session) -> Act:
        return steer.stop(self._context, session)
