"""A fake engine: shows the fixed catalog and records what it is asked to do."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from tests.support.console import fixed_catalog
from tui.claude.transcript.usage.usage_meter import SessionUsage
from tui.cli.verb_info import verb_infos
from tui.core.console.cut_off_deed import CutOffDeed
from tui.core.console.keymap import Keymap
from tui.core.console.named_view import NamedView, joined
from tui.core.console.own_command import OwnCommand
from tui.core.console.saved_view import SavedView
from tui.core.errors import ConfirmationRequired, ConsoleError, Refused, UsageError
from tui.core.explanation import Explanation
from tui.core.limits import LONGEST_WAIT_S
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.entry import Entry
from tui.core.models.line_target import LineTarget
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.row import Row
from tui.core.models.session import Key, Session
from tui.core.models.verdict import Verdict
from tui.core.sessions.catalog_changes import LastLooked
from tui.core.sessions.cleanup_selection import CleanupCriteria, select
from tui.core.time.expiry import parse_duration
from tui.operations.context import ActionResult, Context, VerbInfo, VerbOutput
from tui.operations.own_command import CommandOutput, CommandPlan
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import RunPlan
from tui.operations.search.transcript_search import SearchHits
from tui.operations.sessions.extend import Extension, plan_extension
from tui.operations.stream.follow import StreamPage, StreamUpdate
from tui.operations.target import target_of
from tui.operations.trash.bulk import BulkProgress, BulkResult, OnProgress, Stop
from tui.operations.trash.cleanup import CleanupPlan
from tui.settings import Settings
from tui.storage.state.deeds import DeedRecord, deed_recorded, take_cut_off

TURN_FROM = fixed_catalog.NOW - timedelta(minutes=6)
SPENT = SessionUsage(
    model="claude-sonnet-4-5", context=122_000, window=200_000, written=3400, turn_from=TURN_FROM
)


@dataclass
class FixedFollow:
    """Returns everything at the first poll, and nothing after."""

    entries: tuple[Entry, ...]
    is_told: bool = False

    def poll(self, session: Session) -> StreamUpdate:
        said = () if self.is_told else self._placed(0, len(self.entries))
        self.is_told = True
        return StreamUpdate(entries=said, end=len(self.entries), spent=SPENT)

    def before(self, place: int, until: datetime | None) -> StreamPage:
        return StreamPage(self._placed(0, place), 0, place)

    def after(self, place: int, stop: int, since: datetime | None) -> StreamPage:
        return StreamPage(self._placed(place, stop), place, stop)

    def seek(
        self,
        sought: str,
        told: Callable[[float], None],
        is_stopped: Callable[[], bool],
        known: SearchHits | None,
    ) -> SearchHits:
        texts = (f"{one.text} {one.detail}".casefold() for one in self.entries)
        found = [number for number, text in enumerate(texts) if sought.casefold() in text]
        return SearchHits(sought=sought, places=array("Q", found), size=len(self.entries))

    def _placed(self, start: int, stop: int) -> tuple[Entry, ...]:
        there = enumerate(self.entries[start:stop], start)
        return tuple(replace(entry, place=number) for number, entry in there)


@dataclass(kw_only=True)
class FixedEngine:
    """A fake engine; `asked` records what it was asked to do, ids in `refusing` are refused.

    `denies` is why nothing can be allowed; `shown` collects the digests of answered requests.
    `batch` is the last act of another console; `sayings` is the output of verbs, `line_targets` are
    where its lines lead; `needs_yes` are those that ask for confirmation; a verb in `slow` ends
    only when `goes_on` is set. With `tells_changes` a look sees all that is written to a session.
    Every session has the `stream`, or what the `follower` returns.
    """

    catalog: Catalog = field(default_factory=fixed_catalog.catalog)
    stream: tuple[Entry, ...] = field(default_factory=fixed_catalog.stream)
    moment: datetime = fixed_catalog.NOW
    is_read_only: bool = False
    is_restricted: bool = False
    is_ascii: bool = False
    is_remote: bool = False
    paints_cells: bool = True
    theme: str = ""
    keys: Keymap = field(default_factory=Keymap)
    columns: tuple[str, ...] = ()
    root: Path = fixed_catalog.ROOT
    is_root_configured: bool = False
    batch: tuple[ActionResult, ...] = ()
    zone: tzinfo = UTC
    quiet_after: timedelta = timedelta(minutes=10)
    trash_days: int = 7
    max_runs: int = 4
    rings: bool = True
    problem: str = ""
    refusing: set[str] = field(default_factory=set)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    operator: str = "anna"
    verbs: Sequence[VerbInfo] = field(default_factory=verb_infos)
    sayings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    line_targets: dict[str, dict[int, LineTarget]] = field(default_factory=dict)
    needs_yes: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)
    goes_on: threading.Event = field(default_factory=threading.Event)
    diagnosis: Verdict | None = None
    looks: LastLooked | None = None
    views: tuple[NamedView, ...] = ()
    views_problem: str = ""
    view: SavedView = field(default_factory=SavedView)
    disk_error: OSError | None = None
    notifies: bool = False
    trouble: str = ""
    joined: int = 0
    expected: int = 0
    warnings: tuple[Explanation, ...] = ()
    denies: str = ""
    shown: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    follower: FixedFollow | None = None
    tells_changes: bool = False
    state_dir: Path | None = None
    answered: dict[str, AuditEvent] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.moment

    def at_one_moment(self) -> FixedEngine:
        return self

    def as_one_act(self) -> FixedEngine:
        self.joined += 1
        return self

    def is_quiet(self, session: Session) -> bool:
        return self.tells_changes

    def look(self, in_sight: frozenset[str] | None = None) -> Catalog:
        if self.problem:
            raise ConsoleError(self.problem)
        return self.catalog

    def forget(self, listing_id: str) -> str:
        self.asked.append(("forget", listing_id))
        return ""

    def read_looks(self) -> LastLooked:
        return self.looks or LastLooked(self.moment - timedelta(minutes=3))

    def write_looks(self, looks: LastLooked, keys: Iterable[Key]) -> None:
        self.looks = replace(looks, at={key: looks.at[key] for key in keys if key in looks.at})

    def read_remembered(self) -> SavedView:
        return self.view

    def write_remembered(self, view: SavedView) -> None:
        if self.disk_error is not None:
            raise self.disk_error
        self.view = view

    def recorded(self, word: str, keys: Sequence[Key]) -> AbstractContextManager[DeedRecord]:
        if self.state_dir is None:
            return nullcontext(DeedRecord())
        return deed_recorded(self.state_dir, self.root, self.operator, word, keys)

    def take_cut_off(self) -> tuple[CutOffDeed, ...]:
        folder = self.state_dir
        return take_cut_off(folder, self.root, self.operator) if folder else ()

    def named_views(self) -> tuple[tuple[NamedView, ...], str]:
        return joined(self.views, ()), self.views_problem

    def note_fault(self, where: str, trace: str) -> None:
        self.faults.append((where, trace))

    def verdict(self, catalog: Catalog) -> Verdict:
        if self.diagnosis is None:
            raise ConsoleError("nothing was examined")
        return self.diagnosis

    def notify(self, catalog: Catalog) -> str:
        self.asked.append(("notify",))
        return self.trouble

    def acknowledge(self, session: Session) -> ActionResult:
        return self._act("ack", session)

    def follow(self, session: Session) -> FixedFollow:
        follower = self.follower or FixedFollow(self.stream)
        follower.is_told = False
        return follower

    def plan_extension(self, session: Session, typed: str) -> Extension:
        return plan_extension(session, typed, self.moment)

    def extend(self, extension: Extension) -> ActionResult:
        act = self._act("extend", extension.session, extension.until.isoformat())
        row = Row(act.session_id, "", "", "", "", "active")
        after = row if extension.is_needless else replace(row, expires_at="later")
        return replace(act, before=row, after=after, is_needless=extension.is_needless)

    def delete(self, session: Session) -> ActionResult:
        return self._act("delete", session)

    def delete_many(
        self, sessions: Sequence[Session], progress: OnProgress, stop: Stop
    ) -> BulkResult:
        return self._many("delete", sessions, progress, stop)

    def plan_cleanup(self, catalog: Catalog, wanted: CleanupCriteria, listing: str) -> CleanupPlan:
        inside = [one for one in catalog.sessions if listing in ("", one.listing)]
        asked = wanted.free_bytes
        selected = select(
            inside, wanted if asked is None else CleanupCriteria(is_expired=True), self.moment
        )
        return CleanupPlan(taken=selected.taken, skipped=selected.skipped, asked=asked)

    def clean_up(self, plan: CleanupPlan, progress: OnProgress, stop: Stop) -> BulkResult:
        return self._many("clean-up", plan.sessions, progress, stop)

    def undo_many(
        self, acts: Sequence[ActionResult], progress: OnProgress, stop: Stop
    ) -> BulkResult:
        return BulkResult(participle="undone", acts=tuple(self.undo(act) for act in acts))

    def rename(self, session: Session, title: str) -> ActionResult:
        return self._act("rename", session, title)

    def note(self, session: Session, text: str) -> ActionResult:
        return self._act("note", session, text)

    def restore(self, address: str) -> ActionResult:
        self.asked.append(("restore", address))
        return ActionResult(
            kind="restore", session_id=address, at=self.moment, words=f"restored {address}"
        )

    def undo(self, act: ActionResult) -> ActionResult:
        self.asked.append(("undo", act.kind, act.session_id))
        return ActionResult(
            kind="undo",
            listing=act.listing,
            session_id=act.session_id,
            at=self.moment,
            words=f"undone: {act.words}",
        )

    def last_batch(self) -> tuple[ActionResult, ...]:
        if not self.batch:
            raise Refused("nothing can be undone")
        return self.batch

    def undo_last(self, batch: Sequence[ActionResult]) -> tuple[tuple[ActionResult, ...], str]:
        self.asked.append(("undo_last", *(act.session_id for act in batch)))
        return tuple(batch), "took it back"

    def plan_resume(self, session: Session, *, is_fork: bool = False, at: str = "") -> RunPlan:
        if session.is_live and not is_fork:
            raise Refused(f"{session.session_id[:8]} is running: interrupt it first")
        return self._plan("fork" if is_fork else "resume", session)

    def plan_new(self, listing_id: str, stage: str, days: int | None) -> RunPlan:
        return self._plan("new", fixed_catalog.session(listing_id, stage, "new"))

    @contextmanager
    def runner_expected(self) -> Iterator[None]:
        self.expected += 1
        try:
            yield
        finally:
            self.expected -= 1

    def with_prompt_line(self, plan: RunPlan, line: str) -> tuple[RunPlan, str]:
        asked, prompt = parse_prompt_line(line)
        return with_options(Context(Settings(), self.now), plan, asked), prompt

    def start(self, plan: RunPlan, prompt: str) -> str:
        self._take_time("start")
        if plan.target.session_id in self.refusing:
            raise Refused(f"{plan.target.short} is locked")
        self.asked.append(("start", plan.mode, plan.listing, plan.stage, prompt))
        return "20261120T143000Z-0001"

    def send(self, session: Session, prompt: str) -> ActionResult:
        self._take_time("send")
        return self._act("send", session, prompt)

    def why_not_grant(self, session: Session, request: PermissionRequest) -> str:
        return request.problem or self.denies

    def answer(self, session: Session, decision: str, reason: str, shown: str) -> ActionResult:
        self.shown.append(shown)
        return self._act("answer", session, decision, reason)

    def answer_questions(self, session: Session, said: Sequence[str], shown: str) -> ActionResult:
        self.shown.append(shown)
        return self._act("answer", session, *said)

    def answer_to(self, session: Session, request_id: str) -> AuditEvent | None:
        return self.answered.get(request_id)

    def put_off(self, session: Session, typed: str) -> ActionResult:
        if not timedelta() < parse_duration(typed) <= timedelta(seconds=LONGEST_WAIT_S):
            raise UsageError(f"{typed}: a request can wait 7 days at most")
        return self._act("wait", session, typed)

    def interrupt(self, session: Session) -> ActionResult:
        return self._act("interrupt", session)

    def stop(self, session: Session) -> ActionResult:
        return self._act("stop", session)

    def _plan(self, mode: str, session: Session) -> RunPlan:
        words = "claude-sonnet-4-5 · mode default · 40 turns · tools WebSearch, Bash"
        return RunPlan(
            mode="fork" if mode == "fork" else "new" if mode == "new" else "resume",
            target=target_of(session),
            listing=session.listing,
            stage=session.stage,
            agent={},
            cwd=session.folder,
            zone=session.zone,
            words=words,
            notes=self.warnings,
        )

    def _take_time(self, verb: str) -> None:
        if verb in self.slow:
            self.goes_on.wait(60)

    def _act(self, kind: str, session: Session, *words: str) -> ActionResult:
        if session.session_id in self.refusing:
            raise Refused(f"{session.session_id[:8]} is locked")
        self.asked.append((kind, session.session_id, *words))
        said = f"{kind} {session.session_id[:8]}"
        return ActionResult(
            kind=kind,
            listing=session.listing,
            session_id=session.session_id,
            at=self.moment,
            words=said,
        )

    def say_verb(self, argv: Sequence[str], width: int | None = None) -> VerbOutput:
        verb, *rest = argv
        if verb in self.needs_yes and "--yes" not in rest:
            error = ConfirmationRequired(f"would {verb} {rest[0]}")
            error.add_note("the first\nthe second")
            raise error
        self._take_time(verb)
        if self.refusing & {word.rpartition("/")[2] for word in rest}:
            raise Refused(f"{verb} is refused")
        self.asked.append(("say_verb", *argv))
        said = self.sayings.get(verb, (f"said {' '.join(argv)}",))
        return VerbOutput(0, said, self.line_targets.get(verb, {}))

    def plan_command(
        self, command: OwnCommand, session: Session | None, listing: str
    ) -> CommandPlan:
        own = session.session_id if session else ""
        values = {"session": own, "listing": listing, "transcript": "/there"}
        return CommandPlan(command=command, argv=command.words(values), session_id=own)

    def run_command(self, plan: CommandPlan) -> CommandOutput:
        self._take_time(plan.command.name)
        self.asked.append(("run_command", *plan.argv))
        lines = self.sayings.get(plan.command.name, ())
        return CommandOutput(words=f"{plan.command.name}: done", lines=lines, is_good=True)

    def _many(
        self, kind: str, sessions: Sequence[Session], progress: OnProgress, stop: Stop
    ) -> BulkResult:
        acts, refused = [], []
        for number, one in enumerate(sessions, 1):
            self._take_time(kind)
            if stop():
                break
            try:
                acts.append(self._act(kind, one))
            except Refused as error:
                refused.append((one.key, error))
            progress(BulkProgress(one.listing, number, len(sessions), 1024 * number))
        done = "cleaned up" if kind == "clean-up" else "deleted"
        is_cut = len(acts) + len(refused) < len(sessions)
        return BulkResult(
            participle=done, acts=tuple(acts), refused=tuple(refused), is_cut_short=is_cut
        )
