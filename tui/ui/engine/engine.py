"""What the console asks of the engine. Tests pass a fake, the program the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from tui.core.console.cut_off_deed import CutOffDeed
from tui.core.console.keymap import Keymap
from tui.core.console.named_view import NamedView
from tui.core.console.own_command import OwnCommand
from tui.core.console.saved_view import SavedView
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Key, Session
from tui.core.models.verdict import Verdict
from tui.core.sessions.catalog_changes import LastLooked
from tui.core.sessions.cleanup_selection import CleanupCriteria
from tui.operations.context import ActionResult, VerbInfo, VerbOutput
from tui.operations.own_command import CommandOutput, CommandPlan
from tui.operations.running.resume import RunPlan
from tui.operations.search.transcript_search import SearchHits
from tui.operations.sessions.extend import Extension
from tui.operations.stream.follow import StreamPage, StreamUpdate
from tui.operations.trash.bulk import BulkResult, OnProgress, Stop
from tui.operations.trash.cleanup import CleanupPlan
from tui.storage.state.deeds import DeedRecord


class Follower(Protocol):
    """Follows one session's stream; its pages and searches may be read from other threads."""

    def poll(self, session: Session) -> StreamUpdate:
        """Return what is new. Blocks."""
        ...

    def before(self, place: int, until: datetime | None) -> StreamPage: ...
    def after(self, place: int, stop: int, since: datetime | None) -> StreamPage: ...
    def seek(
        self,
        sought: str,
        told: Callable[[float], None],
        is_stopped: Callable[[], bool],
        known: SearchHits | None,
    ) -> SearchHits: ...


class Engine(Protocol):
    """The use cases. All but `now`, `is_quiet`, `follow` and `with_prompt_line` may block.

    `rings` is whether the terminal bell rings for a waiting request; `is_root_configured` whether
    each console of this login opens this root by default; `verbs` are those of the command line,
    which `say_verb` runs; `notifies` is whether `notify` has a command to run. Failures are
    `ConsoleError`s whose message is for the operator.
    """

    root: Path
    is_root_configured: bool
    zone: tzinfo
    operator: str
    verbs: Sequence[VerbInfo]
    notifies: bool
    is_read_only: bool
    is_restricted: bool
    is_ascii: bool
    is_remote: bool
    paints_cells: bool
    theme: str
    keys: Keymap
    columns: tuple[str, ...]
    quiet_after: timedelta
    trash_days: int
    max_runs: int
    rings: bool

    def now(self) -> datetime: ...

    def at_one_moment(self) -> Engine:
        """Return this engine with its clock stopped: acts of one moment are undone together."""
        ...

    def as_one_act(self) -> Engine:
        """Return this engine with all its acts as one: the runs it starts belong together."""
        ...

    def look(self, in_sight: frozenset[str] | None = None) -> Catalog:
        """Return the catalog as of now.

        In a very large root only the listings `in_sight` are surely checked, without it all are.
        """
        ...

    def is_quiet(self, session: Session) -> bool:
        """Whether the next look would see whatever is written to a session. Does not block."""
        ...

    def forget(self, listing_id: str) -> str: ...
    def read_looks(self) -> LastLooked: ...
    def write_looks(self, looks: LastLooked, keys: Iterable[Key]) -> None: ...
    def read_remembered(self) -> SavedView: ...
    def write_remembered(self, view: SavedView) -> None: ...
    def recorded(self, word: str, keys: Sequence[Key]) -> AbstractContextManager[DeedRecord]:
        """Record a deed on these sessions while the context lasts, for when it is cut off."""
        ...

    def take_cut_off(self) -> tuple[CutOffDeed, ...]:
        """Return this operator's deeds that were cut off here, each only once."""
        ...

    def named_views(self) -> tuple[tuple[NamedView, ...], str]: ...
    def note_fault(self, where: str, trace: str) -> None:
        """Log an exception of the console itself. Raises `OSError`."""
        ...

    def verdict(self, catalog: Catalog) -> Verdict: ...
    def notify(self, catalog: Catalog) -> str: ...
    def follow(self, session: Session) -> Follower: ...
    def plan_extension(self, session: Session, typed: str) -> Extension: ...
    def extend(self, extension: Extension) -> ActionResult: ...
    def delete(self, session: Session) -> ActionResult: ...
    def delete_many(
        self, sessions: Sequence[Session], progress: OnProgress, stop: Stop
    ) -> BulkResult: ...
    def acknowledge(self, session: Session) -> ActionResult: ...
    def rename(self, session: Session, title: str) -> ActionResult: ...
    def note(self, session: Session, text: str) -> ActionResult: ...
    def restore(self, address: str) -> ActionResult: ...
    def undo(self, act: ActionResult) -> ActionResult: ...
    def undo_many(
        self, acts: Sequence[ActionResult], progress: OnProgress, stop: Stop
    ) -> BulkResult: ...
    def last_batch(self) -> tuple[ActionResult, ...]:
        """Return the operator's last acts in this root that can be undone, from any console."""
        ...

    def undo_last(self, batch: Sequence[ActionResult]) -> tuple[tuple[ActionResult, ...], str]:
        """Undo such a batch; return the result of each act, and a summary."""
        ...

    def plan_cleanup(
        self, catalog: Catalog, wanted: CleanupCriteria, listing: str
    ) -> CleanupPlan: ...
    def clean_up(self, plan: CleanupPlan, progress: OnProgress, stop: Stop) -> BulkResult: ...
    def plan_resume(self, session: Session, *, is_fork: bool = False, at: str = "") -> RunPlan: ...
    def plan_new(self, listing_id: str, stage: str, days: int | None) -> RunPlan: ...
    def with_prompt_line(self, plan: RunPlan, line: str) -> tuple[RunPlan, str]: ...
    def runner_expected(self) -> AbstractContextManager[None]:
        """Have a runner ready for `start` while the context lasts, where that may be. No blocking.

        It knows nothing of any run until then.
        """
        ...

    def start(self, plan: RunPlan, prompt: str) -> str: ...
    def send(self, session: Session, prompt: str) -> ActionResult: ...
    def why_not_grant(self, session: Session, request: PermissionRequest) -> str: ...
    def answer(self, session: Session, decision: str, reason: str, shown: str) -> ActionResult: ...
    def answer_questions(
        self, session: Session, said: Sequence[str], shown: str
    ) -> ActionResult: ...
    def answer_to(self, session: Session, request_id: str) -> AuditEvent | None:
        """Return how a request was answered, if its session's last acts say so."""
        ...

    def put_off(self, session: Session, typed: str) -> ActionResult: ...
    def interrupt(self, session: Session) -> ActionResult: ...
    def stop(self, session: Session) -> ActionResult: ...
    def plan_command(
        self, command: OwnCommand, session: Session | None, listing: str
    ) -> CommandPlan: ...
    def run_command(self, plan: CommandPlan) -> CommandOutput: ...
    def say_verb(self, argv: Sequence[str], width: int | None = None) -> VerbOutput: ...
