"""An engine that shows the fixed catalog and writes down what it is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from tests import fixed_catalog
from tui.core.errors import ConsoleError, Refused
from tui.core.models import Catalog, Entry, Row, Session
from tui.operations.context import Act
from tui.operations.extend import Extension, plan_extension
from tui.operations.follow import Update
from tui.operations.resume import Plan
from tui.operations.target import target_of


@dataclass
class FixedFollow:
    """Says everything at the first poll, and nothing after."""

    entries: tuple[Entry, ...]

    def poll(self, session: Session) -> Update:
        entries, self.entries = self.entries, ()
        return Update(entries)


@dataclass
class FixedEngine:
    """`asked` collects what it was told to do; ids in `refusing` are refused."""

    catalog: Catalog = field(default_factory=fixed_catalog.catalog)
    stream: tuple[Entry, ...] = field(default_factory=fixed_catalog.stream)
    moment: datetime = fixed_catalog.NOW
    is_read_only: bool = False
    is_ascii: bool = False
    is_remote: bool = False
    theme: str = ""
    root: Path = fixed_catalog.ROOT
    zone: tzinfo = UTC
    quiet_after: timedelta = timedelta(minutes=10)
    trash_days: int = 7
    problem: str = ""
    refusing: set[str] = field(default_factory=set)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def look(self) -> Catalog:
        if self.problem:
            raise ConsoleError(self.problem)
        return self.catalog

    def follow(self, session: Session) -> FixedFollow:
        return FixedFollow(self.stream)

    def plan_extension(self, session: Session, words: str) -> Extension:
        return plan_extension(session, words, self.moment)

    def extend(self, extension: Extension) -> Act:
        act = self._act("extend", extension.session, extension.until.isoformat())
        row = Row(act.session_id, "", "", "", "", "active")
        after = row if extension.is_needless else replace(row, expires_at="later")
        return replace(act, before=row, after=after, is_needless=extension.is_needless)

    def delete(self, session: Session) -> Act:
        return self._act("delete", session)

    def restore(self, words: str) -> Act:
        self.asked.append(("restore", words))
        return Act("restore", "", words, self.moment, f"restored {words}")

    def undo(self, act: Act) -> Act:
        self.asked.append(("undo", act.kind, act.session_id))
        return Act("undo", act.listing, act.session_id, self.moment, f"undone: {act.words}")

    def plan_resume(self, session: Session, *, is_fork: bool = False) -> Plan:
        if session.is_live and not is_fork:
            raise Refused(f"{session.session_id[:8]} is running: interrupt it first")
        return self._plan("fork" if is_fork else "resume", session)

    def plan_new(self, listing_id: str, stage: str, days: int | None) -> Plan:
        session = fixed_catalog.session(listing_id, stage, "new")
        return self._plan("new", session)

    def start(self, plan: Plan, prompt: str) -> str:
        self.asked.append(("start", plan.mode, plan.listing, plan.stage, prompt))
        return "20261120T143000Z-0001"

    def send(self, session: Session, prompt: str) -> Act:
        return self._act("send", session, prompt)

    def answer(self, session: Session, decision: str, reason: str) -> Act:
        return self._act("answer", session, decision, reason)

    def interrupt(self, session: Session) -> Act:
        return self._act("interrupt", session)

    def stop(self, session: Session) -> Act:
        return self._act("stop", session)

    def _plan(self, mode: str, session: Session) -> Plan:
        words = "sonnet-4-5, WebSearch Bash, default, 40 turns"
        return Plan(
            "fork" if mode == "fork" else "new" if mode == "new" else "resume",
            target_of(session),
            session.listing,
            session.stage,
            {},
            session.folder,
            session.zone,
            words,
        )

    def _act(self, kind: str, session: Session, *words: str) -> Act:
        if session.session_id in self.refusing:
            raise Refused(f"{session.session_id[:8]} is locked")
        self.asked.append((kind, session.session_id, *words))
        said = f"{kind} {session.session_id[:8]}"
        return Act(kind, session.listing, session.session_id, self.moment, said)
