"""The real engine: the operations, with the settings and the clock they need."""

from __future__ import annotations

import copy
import gc
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from tui.core.console.cut_off_deed import CutOffDeed
from tui.core.console.named_view import NamedView
from tui.core.console.own_command import OwnCommand
from tui.core.console.saved_view import SavedView
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Key, Session
from tui.core.models.verdict import Verdict
from tui.core.sessions.catalog_changes import LastLooked
from tui.core.sessions.cleanup_selection import CleanupCriteria
from tui.core.time.zones import LOCAL, zone_named
from tui.operations import named_views, own_command
from tui.operations.catalog.late_rows import with_late_rows, write_late_rows_soon
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import ActionResult, Context, VerbInfo, VerbOutput
from tui.operations.doctor import doctor
from tui.operations.monitor import alerts, history
from tui.operations.own_command import CommandOutput, CommandPlan
from tui.operations.running import resume, steer
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import RunPlan
from tui.operations.sessions import acknowledge, annotate, extend, rename
from tui.operations.sessions.extend import Extension
from tui.operations.stream.brought import BroughtStream
from tui.operations.trash import cleanup, delete, restore, undo, undoable_acts
from tui.operations.trash.bulk import BulkResult, OnProgress, Stop
from tui.operations.trash.cleanup import CleanupPlan
from tui.runs.starting.spare import SpareRunner
from tui.safe_io.folder_watch import FolderWatch
from tui.storage.state.deeds import DeedRecord, deed_recorded, take_cut_off
from tui.storage.state.fault_log import write_fault
from tui.storage.state.last_looked import read_looks, write_looks
from tui.storage.state.saved_views import read_remembered, write_remembered
from tui.ui.engine.engine import Engine


class RealEngine(Engine):
    """Passes each call of the console on to the operation of that name."""

    def __init__(
        self,
        context: Context,
        say_verb: Callable[[Sequence[str], int | None], VerbOutput],
        verbs: Sequence[VerbInfo],
    ) -> None:
        self._context = context
        self._say_verb = say_verb
        self._watch = CatalogScanner(context, watch=FolderWatch())
        self._looking = threading.Lock()
        self._has_looked = False
        self._listings: tuple[Listing, ...] = ()
        self._due: tuple[Session, ...] = ()
        self._lasting = alerts.LastingAlerts()
        settings = context.settings
        self.verbs = verbs
        self.root = settings.root
        self.is_root_configured = context.is_root_configured
        self.operator = settings.operator
        self._own = settings.login or settings.operator
        may_act = not (settings.read_only or settings.restricted)
        self.notifies = bool(settings.notify_command) and may_act
        zone = settings.time_zone
        self.zone = LOCAL if zone == "auto" else zone_named(zone)
        self.is_read_only = settings.read_only
        self.is_restricted = settings.restricted
        self.is_ascii = settings.ascii
        self.is_remote = settings.ssh
        self.paints_cells = settings.cell_diff
        self.theme = settings.theme
        self.keys = settings.keymap
        self.columns = settings.columns
        self.quiet_after = settings.quiet_after
        self.trash_days = settings.trash_days
        self.max_runs = settings.max_runs
        self.rings = settings.bell and not settings.read_only
        self.spare = SpareRunner() if may_act else None

    def now(self) -> datetime:
        return self._context.clock()

    def at_one_moment(self) -> RealEngine:
        stopped = copy.copy(self)
        stopped._context = self._context.at_one_moment()
        return stopped

    def as_one_act(self) -> RealEngine:
        joined = copy.copy(self)
        joined._context = self._context.as_one_act()
        return joined

    def look(self, in_sight: frozenset[str] | None = None) -> Catalog:
        sight, is_asked = in_sight or frozenset(), in_sight is None
        with self._looking:
            if not self._has_looked:
                catalog = self._first_look()
            else:
                catalog = self._watch.look(in_sight=sight, is_asked=is_asked)
            catalog = self._context.elsewhere.joined(catalog)
        if catalog.listings is not self._listings:  # to go over all sessions takes its time
            self._listings, self._due = catalog.listings, with_late_rows(catalog.sessions)
        write_late_rows_soon(self._context, self._due)
        return catalog

    def is_quiet(self, session: Session) -> bool:
        is_watched = not (session.is_stray or session.host)
        return is_watched and self._watch.is_quiet(session.folder.name)

    def _first_look(self) -> Catalog:
        """Read the first catalog and freeze it out of garbage collection, which would pause us."""
        gc.disable()
        try:
            return self._watch.look()
        finally:
            gc.freeze()
            gc.enable()
            self._has_looked = True

    def forget(self, listing_id: str) -> str:
        with self._looking:
            return self._watch.forget(listing_id)

    def read_looks(self) -> LastLooked:
        folder, now = self._context.settings.state_dir, self.now()
        return read_looks(folder, self.root, self._own, now) if folder else LastLooked(now)

    def write_looks(self, looks: LastLooked, keys: Iterable[Key]) -> None:
        if (folder := self._context.settings.state_dir) is not None:
            write_looks(folder, self.root, self._own, looks, keys)

    def read_remembered(self) -> SavedView:
        folder = self._context.settings.state_dir
        return read_remembered(folder, self.root, self._own) if folder else SavedView()

    def write_remembered(self, view: SavedView) -> None:
        if (folder := self._context.settings.state_dir) is not None:
            write_remembered(folder, self.root, self._own, view)

    def recorded(self, word: str, keys: Sequence[Key]) -> AbstractContextManager[DeedRecord]:
        folder = self._context.settings.state_dir
        if folder is None:
            return nullcontext(DeedRecord())
        return deed_recorded(folder, self.root, self._own, word, keys)

    def take_cut_off(self) -> tuple[CutOffDeed, ...]:
        folder = self._context.settings.state_dir
        return take_cut_off(folder, self.root, self._own) if folder else ()

    def named_views(self) -> tuple[tuple[NamedView, ...], str]:
        return named_views.views_and_problem(self._context)

    def note_fault(self, where: str, trace: str) -> None:
        if (folder := self._context.settings.state_dir) is not None:
            write_fault(folder, self.now(), where, trace)

    def verdict(self, catalog: Catalog) -> Verdict:
        return doctor.verdict(doctor.examine(self._context, catalog))

    def notify(self, catalog: Catalog) -> str:
        return alerts.notify(self._context, catalog, lasting=self._lasting)

    def follow(self, session: Session) -> BroughtStream:
        return BroughtStream(self._context.elsewhere, session)

    def plan_extension(self, session: Session, typed: str) -> Extension:
        return extend.plan_extension(session, typed, self.now())

    def extend(self, extension: Extension) -> ActionResult:
        return extend.extend(self._context, extension)

    def delete(self, session: Session) -> ActionResult:
        return delete.delete(self._context, session)

    def delete_many(
        self, sessions: Sequence[Session], progress: OnProgress, stop: Stop
    ) -> BulkResult:
        return delete.delete_many(self._context, sessions, progress, stop)

    def plan_cleanup(self, catalog: Catalog, wanted: CleanupCriteria, listing: str) -> CleanupPlan:
        return cleanup.plan_cleanup(
            self._context,
            catalog,
            listing=listing,
            is_expired=wanted.is_expired,
            older_than=wanted.older_than,
            max_bytes=wanted.max_bytes,
            free_bytes=wanted.free_bytes,
        )

    def clean_up(self, plan: CleanupPlan, progress: OnProgress, stop: Stop) -> BulkResult:
        return cleanup.clean_up(self._context, plan, progress, stop)

    def acknowledge(self, session: Session) -> ActionResult:
        return acknowledge.acknowledge(self._context, session)

    def rename(self, session: Session, title: str) -> ActionResult:
        return rename.rename(self._context, session, title)

    def note(self, session: Session, text: str) -> ActionResult:
        return annotate.note(self._context, session, text)

    def restore(self, address: str) -> ActionResult:
        return restore.restore(self._context, address)

    def undo(self, act: ActionResult) -> ActionResult:
        return undo.undo(self._context, act)

    def undo_many(
        self, acts: Sequence[ActionResult], progress: OnProgress, stop: Stop
    ) -> BulkResult:
        return undo.undo_many(self._context, acts, progress, stop)

    def last_batch(self) -> tuple[ActionResult, ...]:
        return undoable_acts.last_batch(self._context)

    def undo_last(self, batch: Sequence[ActionResult]) -> tuple[tuple[ActionResult, ...], str]:
        told: list[str] = []
        acts = undo.undo_last(self._context, told.append, batch)
        return acts, "; ".join(told)

    def plan_resume(self, session: Session, *, is_fork: bool = False, at: str = "") -> RunPlan:
        plan = resume.plan_resume(self._context, session, fork=is_fork)
        return resume.fork_at(plan, session, at) if at else plan

    def plan_new(self, listing_id: str, stage: str, days: int | None) -> RunPlan:
        return resume.plan_new(self._context, listing_id, stage, days=days)

    def with_prompt_line(self, plan: RunPlan, line: str) -> tuple[RunPlan, str]:
        asked, prompt = parse_prompt_line(line)
        return with_options(self._context, plan, asked), prompt

    def runner_expected(self) -> AbstractContextManager[None]:
        return self.spare.expected() if self.spare is not None else nullcontext()

    def start(self, plan: RunPlan, prompt: str) -> str:
        return resume.start(self._context, plan, prompt, self.spare)

    def send(self, session: Session, prompt: str) -> ActionResult:
        return steer.send(self._context, session, prompt)

    def why_not_grant(self, session: Session, request: PermissionRequest) -> str:
        return steer.why_not_grant(self._context, session, request)

    def answer(self, session: Session, decision: str, reason: str, shown: str) -> ActionResult:
        return steer.answer(self._context, session, decision, reason, shown=shown)

    def answer_questions(self, session: Session, said: Sequence[str], shown: str) -> ActionResult:
        return steer.answer_questions(self._context, session, said, shown=shown)

    def answer_to(self, session: Session, request_id: str) -> AuditEvent | None:
        return history.answer_to(self._context, session, request_id)

    def put_off(self, session: Session, typed: str) -> ActionResult:
        return steer.put_off(self._context, session, typed)

    def interrupt(self, session: Session) -> ActionResult:
        return steer.interrupt(self._context, session, is_sure=True)

    def stop(self, session: Session) -> ActionResult:
        return steer.stop(self._context, session)

    def plan_command(
        self, command: OwnCommand, session: Session | None, listing: str
    ) -> CommandPlan:
        return own_command.plan_command(self._context, command, session, listing)

    def run_command(self, plan: CommandPlan) -> CommandOutput:
        return own_command.run_command(self._context, plan)

    def say_verb(self, argv: Sequence[str], width: int | None = None) -> VerbOutput:
        return self._say_verb(argv, width)
