"""The life of sessions: operators, the pipeline and the clean-up at once, against a model.

Each operator acts on what it saw last, which may be old. The model knows what is in the table, on
the disk and in the trash; an act on what changed since must be refused and change nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import SampleListing
from tui.core.errors import Conflict, Refused
from tui.core.models.catalog import Catalog
from tui.core.models.row import Row, Status
from tui.core.models.session import Session
from tui.core.time.zones import read_time, write_time
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.row_edits import activate, fail, reapply
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete
from tui.operations.trash.restore import restore
from tui.operations.trash.undo import undo_last
from tui.storage.table.tracking import read_rows
from tui.storage.trash.trash import list_trash

IDS = ("aa11", "bb22", "cc33")
KEEPS = timedelta(days=1)
SESSIONS, OPERATORS = st.sampled_from(IDS), st.sampled_from(("anna", "ben"))
ACTS = st.tuples(OPERATORS, SESSIONS, st.booleans())
Whose = tuple[str, str, bool]
STEPS = st.sampled_from((timedelta(minutes=1), timedelta(hours=5), timedelta(days=2)))


def run(scale: float) -> dict[str, object]:
    """Run 200 lives of 40 steps at scale 1."""
    live(lives := max(1, round(200 * scale)), 40)
    return {"examples": lives, "steps": 40}


def live(examples: int, steps: int, *, shrinks: bool = True) -> None:
    """Let Hypothesis look for a life that the model does not know; shrinking takes minutes."""
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.generate, *([Phase.shrink] if shrinks else [])],
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@dataclass
class Trashed:
    """One delete: who did it when, the file (`None` without one) and the row, as they were."""

    session_id: str
    operator: str
    at: datetime
    content: bytes | None
    row: Row | None
    left: str


@dataclass
class Deed:
    """One batch that can be undone: deletes, or one extension from one row to another."""

    trashed: list[Trashed]
    before: Row | None = None
    after: Row | None = None


@dataclass(frozen=True)
class Seen:
    """What an operator saw last: the picture, and what was true then."""

    catalog: Catalog
    rows: dict[str, Row]
    versions: dict[str, int]

    def session(self, session_id: str) -> Session | None:
        return self.catalog.session(("hollis_park", session_id))


class Life(RuleBasedStateMachine):
    """Three sessions of one listing, two operators, a pipeline, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp())
        self.listing = SampleListing(self.base / "outputs")
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.rows: dict[str, Row] = {}
        self.files: dict[str, bytes] = {}
        self.versions = dict.fromkeys(IDS, 0)
        self.trash: list[Trashed] = []
        self.deeds: dict[str, list[Deed]] = {"anna": [], "ben": []}
        self.seen: dict[str, Seen] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.base)

    @initialize()
    def begin(self) -> None:
        self.listing.folder.mkdir(parents=True)
        asyncio.run(guide.init_table(self.listing.db_path))
        for session_id, days in zip(IDS, (1, 7, 30), strict=True):
            self.track(session_id, days, None, timedelta(minutes=1))
        self.look("anna")
        self.look("ben")

    # What the pipeline does, by the guide's own statements.

    @rule(session_id=SESSIONS, days=st.integers(1, 30), workers=st.none() | st.just(8), step=STEPS)
    def track(self, session_id: str, days: int, workers: int | None, step: timedelta) -> None:
        naive = self.tick(step)
        metadata = {"workers": workers} if workers else None
        asyncio.run(
            guide.track_session(
                self.listing.db_path, session_id, "3", "x", metadata, now=naive, max_age_days=days
            )
        )
        until = (naive + timedelta(days=days)).isoformat()
        text = json.dumps(metadata) if metadata else None
        self.rows[session_id] = Row(session_id, "x", "3", naive.isoformat(), until, "active", text)
        if session_id not in self.files:
            self.write(session_id)

    @rule(session_id=SESSIONS)
    def write(self, session_id: str) -> None:
        path = self.listing.write_transcript(session_id, f"Words {self.versions[session_id]}")
        self.versions[session_id] += 1
        moment = self.now.timestamp() + self.versions[session_id]
        os.utime(path, (moment, moment))
        self.files[session_id] = path.read_bytes()

    @rule(session_id=SESSIONS, days=st.integers(1, 30), step=STEPS)
    def extend_as_the_guide(self, session_id: str, days: int, step: timedelta) -> None:
        naive = self.tick(step)
        asyncio.run(guide.extend_session(self.listing.db_path, session_id, days, now=naive))
        self.set(session_id, expires_at=(naive + timedelta(days=days)).isoformat())

    @rule(session_id=SESSIONS)
    def fail_as_the_guide(self, session_id: str) -> None:
        asyncio.run(guide.mark_session_failed(self.listing.db_path, session_id))
        self.set(session_id, status="failed")

    @rule(step=STEPS)
    def clean_up_as_the_guide(self, step: timedelta) -> None:
        naive, folder = self.tick(step), self.listing.config_dir
        asyncio.run(guide.cleanup_expired(self.listing.db_path, folder, now=naive))
        for row in tuple(self.rows.values()):
            if row.status == "active" and row.expires_at < naive.isoformat():
                self.set(row.session_id, status="expired")

    # What an operator does, on what it saw.

    @rule(name=OPERATORS)
    def look(self, name: str) -> None:
        catalog = CatalogScanner(self.context(name)).look()
        self.seen[name] = Seen(catalog, dict(self.rows), dict(self.versions))

    @rule(whose=ACTS, words=st.sampled_from(("7d", "+2d", "30d")))
    def extend(self, whose: Whose, words: str) -> None:
        name, session_id, context, session = self.about_to(whose)
        if session is None:
            return
        before = self.rows.get(session_id)
        try:
            act = extend(context, plan_extension(session, words, self.now))
        except Conflict:
            assert self.is_changed(name, session_id)
            return
        except Refused:
            assert session.row is None or session.row.status == "deleted"
            return
        if act.before == act.after:
            return
        assert not self.is_changed(name, session_id)
        assert before is not None
        revived = before.status == "expired" and session.transcript is not None
        was, days = self.until(before), timedelta(days=int(words.strip("+d")))
        until = max(was, self.now) + days if words[0] == "+" else max(was, self.now + days)
        self.set(
            session_id,
            expires_at=write_time(until, UTC) if until > was else before.expires_at,
            status="active" if revived else before.status,
        )
        self.deeds[name].append(Deed([], before, self.rows[session_id]))

    @rule(whose=ACTS)
    def delete(self, whose: Whose) -> None:
        name, session_id, context, session = self.about_to(whose)
        if session is None or (session.row is None and session_id not in self.files):
            return
        is_gone = session.status == "expired" and session.transcript is None
        is_held = is_gone and session_id in {one.session_id for one in self.trash if one.content}
        try:
            delete(context, session)
        except Conflict:
            assert self.is_changed(name, session_id)
            return
        except Refused:
            assert is_held or (session.status, session.transcript) == ("deleted", None)
            return
        assert not any((is_held, self.is_changed(name, session_id)))
        self.deeds[name].append(Deed([self.remove(name, session_id, "deleted")]))

    @rule(whose=ACTS)
    def clean_up(self, whose: Whose) -> None:
        name, _, context, _ = self.about_to(whose)
        seen = self.seen[name]
        plan = plan_cleanup(context, seen.catalog)
        for session in plan.sessions:
            row = seen.rows[session.session_id]
            is_over = row.status == "active" and self.until(row) <= self.now
            assert session.transcript is not None
            assert is_over or row.status in ("expired", "deleted")
        done = clean_up(context, plan)
        refused = {session_id for (_, session_id), _ in done.refused}
        moved = []
        for session in plan.sessions:
            one = session.session_id
            is_written_to = seen.versions[one] != self.versions[one] or one not in self.files
            assert (one in refused) == (self.is_changed(name, one) or is_written_to)
            if one not in refused:
                moved.append(self.remove(name, one, "expired"))
        if moved:
            self.deeds[name].append(Deed(moved))

    @rule(name=OPERATORS, session_id=SESSIONS)
    def restore(self, name: str, session_id: str) -> None:
        context = self.context(name, tick=True)
        there = [one for one in self.trash if one.session_id == session_id]
        if not there:
            return
        latest = max(there, key=lambda one: one.at)
        try:
            restore(context, latest.session_id)
        except Refused:
            assert self.is_in_the_way(latest)
            return
        self.put_back(latest)

    @rule(name=OPERATORS)
    def undo(self, name: str) -> None:
        context = self.context(name, tick=True)
        deeds = self.deeds[name]
        while deeds and deeds[-1].trashed and not self.left_of(deeds[-1]):
            deeds.pop()
        if not deeds:
            with suppress(Refused):
                undo_last(context)
                raise AssertionError("it undid what nobody did")
            return
        deed = deeds.pop()
        expected = self.undone(deed)
        acts = undo_last(context)
        assert {act.session_id: not act.is_needless for act in acts} == expected

    def undone(self, deed: Deed) -> dict[str, bool]:
        """Undo in the model; return what of the batch could be taken back."""
        if deed.before is not None and deed.after is not None:
            session_id = deed.before.session_id
            is_same = self.rows.get(session_id) == deed.after
            if is_same:
                self.rows[session_id] = deed.before
            return {session_id: is_same}
        answers = {}
        for one in self.left_of(deed):
            answers[one.session_id] = not self.is_in_the_way(one)
            if answers[one.session_id]:
                self.put_back(one)
        return answers

    @rule(whose=ACTS, deed=st.sampled_from((fail, activate, reapply)))
    def correct(self, whose: Whose, deed: Any) -> None:
        name, session_id, context, session = self.about_to(whose)
        if session is None:
            return
        try:
            act = deed(context, session)
        except Conflict:
            assert self.is_changed(name, session_id)
            return
        except Refused:
            return
        if act.is_needless:
            return
        assert not self.is_changed(name, session_id)
        before, after = self.rows[session_id], act.after
        assert after.status == {"fail": "failed", "activate": "active"}.get(act.kind, after.status)
        assert self.until(after) >= self.until(before)
        assert after.stage == before.stage
        self.rows[session_id] = after

    # What must hold after each step.

    @invariant()
    def the_table_is_what_the_model_says(self) -> None:
        if self.seen:
            stored = {row.session_id: row for row in read_rows(self.listing.db_path)}
            assert stored == self.rows

    @invariant()
    def nothing_that_was_ever_written_is_lost(self) -> None:
        folder = self.listing.config_dir / "projects"
        on_disk = {path.stem: path.read_bytes() for path in folder.rglob("*.jsonl")}
        assert on_disk == self.files
        in_trash = {
            (one.session_id, one.operator, one.at): [
                path.read_bytes() for path in one.files if path.is_file()
            ]
            for one in list_trash(self.listing.root, [self.listing.folder])
        }
        assert in_trash == {
            (one.session_id, one.operator, one.at): [] if one.content is None else [one.content]
            for one in self.trash
        }

    # The model.

    def tick(self, step: timedelta) -> datetime:
        """Move the clock on, and return it as the pipeline's own."""
        self.now += step
        return self.now.replace(tzinfo=None)

    def context(self, name: str, *, tick: bool = False) -> Context:
        if tick:
            self.tick(timedelta(minutes=1))
        now = self.now
        context = self.listing.context(operator=name, time_zone="UTC", resume_keeps=KEEPS)
        return replace(context, clock=lambda: now)

    def about_to(self, whose: Whose) -> tuple[str, str, Context, Session | None]:
        """Return what an operator acts with, who looks once more before or does not."""
        name, session_id, looks = whose
        context = self.context(name, tick=True)
        if looks:
            self.look(name)
        return name, session_id, context, self.seen[name].session(session_id)

    def set(self, session_id: str, **values: str) -> None:
        if session_id in self.rows:
            self.rows[session_id] = replace(self.rows[session_id], **values)

    def is_changed(self, name: str, session_id: str) -> bool:
        return self.seen[name].rows.get(session_id) != self.rows.get(session_id)

    def until(self, row: Row) -> datetime:
        until = read_time(row.expires_at, UTC)
        assert until is not None
        return until

    def remove(self, name: str, session_id: str, left: str) -> Trashed:
        row, content = self.rows.get(session_id), self.files.pop(session_id, None)
        trashed = Trashed(session_id, name, self.now, content, row, left)
        self.trash.append(trashed)
        self.set(session_id, status=left)
        return trashed

    def left_of(self, deed: Deed) -> list[Trashed]:
        return [one for one in deed.trashed if any(one is other for other in self.trash)]

    def is_in_the_way(self, trashed: Trashed) -> bool:
        return trashed.content is not None and trashed.session_id in self.files

    def put_back(self, trashed: Trashed) -> None:
        self.trash = [one for one in self.trash if one is not trashed]
        if trashed.content is not None:
            self.files[trashed.session_id] = trashed.content
        row = trashed.row
        if row is None or self.rows.get(row.session_id) != replace(row, status=trashed.left):
            return
        if row.status in (Status.ACTIVE, Status.EXPIRED) and self.until(row) <= self.now:
            lasts = write_time(self.now + KEEPS, UTC)
            row = replace(row, status="active", expires_at=lasts)
        self.rows[row.session_id] = row
