"""A session and its parts: transcript, leftover folder, process, acknowledgement."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from tui.core.errors import Reason
from tui.core.models.annotation import NO_ANNOTATION, Annotation
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row, Status
from tui.core.models.run import OUTLIVES, Phase, Run, SentCommand
from tui.core.values import KW_ONLY, dataclass

Key = tuple[str, str]  # listing and session id


class Liveness(StrEnum):
    """Whether a process runs a session now, as far as it can be proven."""

    BUSY = "busy"
    WAITING = "waiting"
    IDLE = "idle"
    QUEUED = "queued"
    ORPHAN = "orphan"
    NONE = "none"
    UNKNOWN = "unknown"


class State(StrEnum):
    """How a row and its transcript fit together."""

    OK = "ok"
    GHOST = "ghost"
    UNTRACKED = "untracked"
    LEFTOVER = "leftover"


@dataclass(frozen=True, slots=True)
class Transcript:
    """One transcript file, at `place`, with facts from its head and tail.

    `stray_in` is the config dir outside the listing that a stray is in, and `sweep_days` that
    config dir's setting; both are `None` inside the listing. `bytes` includes the session's own
    folder, `size` does not; `uncounted` says why `bytes` is too low. `active_at` is when anything
    in that folder (by a sub-agent) was last written, if later than the file. `origin` identifies
    the first line, which a fork shares with its parent; `inherited_usd` is the parent's cost at
    the fork, `None` if unknown.
    """

    session_id: str
    _: KW_ONLY
    place: str | Path
    bytes: int
    modified_at: datetime
    title: str = ""
    model: str = ""
    cost_usd: float | None = None
    first_at: datetime | None = None
    resumable: bool = True
    stray_in: Path | None = None
    sweep_days: int | None = None
    uncounted: str = ""
    origin: str = ""
    inherited_usd: float | None = 0.0
    size: int = 0
    active_at: datetime | None = None
    turn_error: str = ""  # the API error that ended the last turn
    context: int = 0  # tokens in the context at the end, 0 if unknown
    tag: str = ""  # the CLI's own, of which a session has one at most

    @property
    def own_cost_usd(self) -> float | None:
        """Its cost without its parent's, `None` if unknown."""
        if self.cost_usd is None or self.inherited_usd is None:
            return None
        return round(max(0.0, self.cost_usd - self.inherited_usd), 9)

    @property
    def path(self) -> Path:
        """The file's path, made on demand: thousands of `Path`s would take megabytes."""
        return Path(self.place)

    @property
    def own_folder(self) -> Path:
        """The folder for the session's sub-agents and for results too long for a line."""
        return self.path.with_suffix("")


@dataclass(frozen=True, slots=True)
class Remains:
    """A session's own folder (sub-agents, long results) whose transcript is gone."""

    session_id: str
    place: str
    bytes: int
    active_at: datetime
    uncounted: str = ""

    @property
    def path(self) -> Path:
        """The folder's path."""
        return Path(self.place)


@dataclass(frozen=True, slots=True)
class Process:
    """One CLI process in the live registry, with its proven liveness."""

    pid: int
    session_id: str
    _: KW_ONLY
    proc_start: str
    liveness: Liveness
    waiting_for: str = ""
    started_at: datetime | None = None
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An operator's acknowledgement of a session's need; see `attention.mark_of` for `mark`.

    With `until` the session is snoozed: the need counts again from then on.
    """

    by: str
    at: datetime
    mark: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation: its row, transcript, process and run, joined.

    `folder` is its listing's, `zone` that of its row's times. `row_problem` says why it is unknown
    whether it has a row, as `row_trouble` does, and `transcript_problem` whether it has a
    transcript. `overwritten` is the mended row when the pipeline wiped an act's change,
    `last_event` the last act on it, `remains` the leftover folder when the transcript is gone.
    """

    session_id: str
    listing: str
    _: KW_ONLY
    stage: str
    status: str
    liveness: Liveness
    state: State
    created_at: datetime | None = None
    expires_at: datetime | None = None
    sweep_at: datetime | None = None
    last_activity_at: datetime | None = None
    title: str = ""
    model: str = ""
    cost_usd: float | None = None
    bytes: int = 0
    waiting_for: str = ""
    reason: str = ""
    expiry_is_unreadable: bool = False
    folder: Path = Path()
    zone: str = "UTC"
    row_problem: str = ""
    row_trouble: Reason = Reason.NONE
    transcript_problem: str = ""
    row: Row | None = None
    transcript: Transcript | None = None
    process: Process | None = None
    run: Run | None = None
    ack: Acknowledgement | None = None
    annotation: Annotation = NO_ANNOTATION
    overwritten: Row | None = None
    last_event: AuditEvent | None = None
    is_zone_doubted: bool = False  # its times may be read in the wrong zone
    remains: Remains | None = None
    turn_error: str = ""  # why the last turn failed, if the row does not say so
    is_vanished: bool = False  # its listing is gone, and it is shown as last seen
    host: str = ""  # its home in the fleet, empty when that is here

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that operators set, and the CLI's own."""
        own = self.transcript.tag if self.transcript is not None else ""
        names = self.annotation.names
        return names if not own or own in names else (*names, own)

    @property
    def note(self) -> str:
        """The note that operators keep, empty for none."""
        return self.annotation.note.content if self.annotation.note is not None else ""

    @property
    def own_folder(self) -> Path | None:
        """The folder for sub-agents and long results, `None` if it has none."""
        if self.transcript is not None:
            return self.transcript.own_folder if self.transcript.resumable else None
        return self.remains.path if self.remains is not None else None

    @property
    def inherited_usd(self) -> float | None:
        """The parent's cost at the fork, which `cost_usd` excludes; `None` if unknown."""
        return self.transcript.inherited_usd if self.transcript is not None else 0.0

    @property
    def is_stray(self) -> bool:
        """Whether its transcript is outside its listing."""
        return self.transcript is not None and self.transcript.stray_in is not None

    @property
    def ends_at(self) -> datetime | None:
        """The earlier of expiry and sweep; `None` when neither is known."""
        expires_at, sweep_at = self.expires_at, self.sweep_at
        if expires_at is None or sweep_at is None:
            return expires_at or sweep_at
        return expires_at if expires_at <= sweep_at else sweep_at

    @property
    def is_swept_first(self) -> bool:
        """Whether the CLI's own sweep comes before our expiry."""
        return self.sweep_at is not None and self.sweep_at == self.ends_at != self.expires_at

    @property
    def is_orphan(self) -> bool:
        """Whether its runner died while its CLI still runs."""
        return self.liveness is Liveness.ORPHAN

    @property
    def never_began(self) -> bool:
        """Whether its run is over before its agent began, so that nothing was written."""
        has_files = self.transcript is not None or self.remains is not None
        run = self.run
        return not has_files and run is not None and run.is_over and not run.model

    @property
    def cut_off_at(self) -> datetime | None:
        """When its last run was left in the middle of a turn, and nothing went on with it since.

        Without a transcript that run is all there is of it; if its agent had begun, it is a ghost.
        """
        at = self.run.cut_off_at if self.run is not None and not self.is_live else None
        if at is None or self.run is None or self.status not in ("", Status.ACTIVE):
            return None
        return at if self._is_left_since(self.run.ended_at or self.run.beat_at) else None

    @property
    def undated_failure_at(self) -> datetime | None:
        """When it last wrote, unless its row says when it failed: then only that can be new."""
        run = self.run
        is_unmarked = run is not None and run.unmarked_since is not None
        details = self.row.details() if self.row is not None else {}
        is_dated = self.status == Status.FAILED and bool(details.get("failed_at"))
        return None if is_dated and not is_unmarked else self.last_activity_at

    @property
    def unsent(self) -> tuple[SentCommand, ...]:
        """The prompts that never reached the agent of its last run, if nothing went on since."""
        run = self.run
        if run is None or self.is_live or not run.unsent:
            return ()
        return run.unsent if self._is_left_since(run.ended_at or run.beat_at) else ()

    def _is_left_since(self, at: datetime) -> bool:
        """Whether nothing went on with it since its last run ended then."""
        if (file := self.transcript) is None:
            return self.never_began or (self.row is None and self.remains is None)
        return file.modified_at - at <= OUTLIVES

    @property
    def is_live(self) -> bool:
        """Whether a process runs it, or might."""
        return self.liveness is not Liveness.NONE

    @property
    def is_attached(self) -> bool:
        """Whether a process, or its pipeline, has it open between two turns."""
        return self.liveness is Liveness.IDLE

    @property
    def is_starting(self) -> bool:
        """Whether its run has begun, and its CLI is not there yet."""
        run = self.run if self.liveness is Liveness.BUSY else None
        return run is not None and not run.is_over and run.progress.phase is Phase.CLI

    @property
    def is_at_work(self) -> bool:
        """Whether it is `live`: it works or waits for an answer; not one that starts or queues."""
        return self.is_in_a_turn and not self.is_starting

    @property
    def is_in_a_turn(self) -> bool:
        """Whether a turn runs now; its cost is not in `cost_usd` before it ends."""
        return self.liveness in (Liveness.BUSY, Liveness.WAITING, Liveness.ORPHAN)

    @property
    def address(self) -> str:
        """`LISTING/ID`, unique in the root."""
        return f"{self.listing}/{self.session_id}"

    @property
    def key(self) -> Key:
        """Listing and id, unique in the root."""
        return (self.listing, self.session_id)
