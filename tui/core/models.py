"""The frozen values that every layer speaks of. Times are aware UTC; sizes are bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from tui.core.entry import Entry as Entry
from tui.core.entry import EntryKind as EntryKind
from tui.core.entry import Usage as Usage
from tui.core.permission_request import PermissionRequest
from tui.core.problem_reasons import ProblemReason

Key = tuple[str, str]  # a session's: its listing and its id


class Status(StrEnum):
    """The word in a row's `status` column that we know the meaning of."""

    ACTIVE = "active"
    EXPIRED = "expired"
    FAILED = "failed"
    DELETED = "deleted"


class Liveness(StrEnum):
    """What runs a session now, as far as it can be proven."""

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
class Row:
    """One row of `claude_sessions`, as stored: what compare-and-set compares with.

    `created_at` and `expires_at` are the stored strings; `metadata` is the stored JSON text.
    """

    session_id: str
    listing_id: str
    stage: str
    created_at: str
    expires_at: str
    status: str
    metadata: str | None = None

    def details(self) -> Mapping[str, Any]:
        """Return the metadata as a mapping; an empty one when it is not a JSON object."""
        from tui.core.bounded_json import json_object

        return json_object(self.metadata)


@dataclass(frozen=True, slots=True)
class Transcript:
    """One transcript file, at `place`, and what its head and tail say.

    `stray_in` is the config dir outside the listing that a stray lies in, and `sweep_days` that
    config dir's own; `None` for what lies where it belongs. `uncounted` says why `bytes` is too
    few. `active_at` is when it or anything in the session's own folder (by a sub-agent) was last
    written to. `origin` names its first line, as a fork's does, `inherited_usd` its parent's cost,
    `None` when nobody knows. `size` is its own, without what lies beside it.
    """

    session_id: str
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
    turn_error: str = ""  # what the API said when it ended the last turn

    @property
    def own_cost_usd(self) -> float | None:
        """What it has cost by itself, as far as that is known."""
        if self.cost_usd is None or self.inherited_usd is None:
            return None
        return round(max(0.0, self.cost_usd - self.inherited_usd), 9)

    @property
    def path(self) -> Path:
        """Where it is: made anew each time, since thousands of paths would take megabytes."""
        return Path(self.place)

    @property
    def own_folder(self) -> Path:
        """Where the CLI keeps more of the session: its sub-agents, results too long for lines."""
        return self.path.with_suffix("")


@dataclass(frozen=True, slots=True)
class Remains:
    """A session's own folder whose transcript is gone: its sub-agents, results kept beside."""

    session_id: str
    place: str
    bytes: int
    active_at: datetime
    uncounted: str = ""

    @property
    def path(self) -> Path:
        """Where the folder is."""
        return Path(self.place)


@dataclass(frozen=True, slots=True)
class Process:
    """The live registry's word on one CLI process, and what could be proven of it."""

    pid: int
    session_id: str
    proc_start: str
    liveness: Liveness
    waiting_for: str = ""
    started_at: datetime | None = None
    domain: str = ""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act that the audit keeps: who did what to which session, its row before and after.

    An event of a whole root (a hold, a purge) has no rows; `note` says what it was about. What one
    operator does at once to many has one `act_id`; `request_id` is the permission request that it
    answers, `cost_usd` what a turn cost, `detail` a JSON object with more facts, or empty.
    """

    at: datetime
    operator: str
    action: str
    listing: str = ""
    session_id: str = ""
    before: Row | None = None
    after: Row | None = None
    note: str = ""
    act_id: str = field(default="", compare=False)
    request_id: str = field(default="", compare=False)
    cost_usd: float | None = field(default=None, compare=False)
    detail: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That an operator has seen what a session needed; `mark` is what it was settled for."""

    by: str
    at: datetime
    mark: str


@dataclass(frozen=True, slots=True)
class Hold:
    """That somebody stopped new runs and our clean-up in a root, or may have.

    `is_unread` when that could not be read: nobody knows who holds it, nor `at` at times.
    """

    by: str
    at: datetime | None
    reason: str = ""
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command that an operator sent to a run, and that still waits: a `prompt`, an `answer` ...

    `is_taken` says that the run has it, and that its turn is still to come. An answer's `decision`
    is on the permission request of that id.
    """

    kind: str
    by: str
    at: datetime
    text: str = ""
    is_taken: bool = False
    request_id: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder, as its events tell it.

    `state` is `queued` (for what `queued_for` says), `starting`, `busy`, `waiting`, `done`,
    `failed` or `lost` (its runner is gone and never said how the turn ended). `cli_pid` and
    `cli_start` (clock ticks since boot) name the CLI that it started; 0 while there is none that
    this machine knows. `sent` are the commands that it has not taken, and the prompts whose turn
    is still to come; of a run that is over, those that it never took. `stalled_since` is when the
    agent was last heard of, when that is too long ago; `heard_at` when the last word came of the
    message that it is writing, and that is in no transcript yet.
    """

    run_id: str
    session_id: str
    listing: str
    folder: Path
    state: str
    operator: str
    started_at: datetime
    beat_at: datetime
    ended_at: datetime | None = None
    error: str = ""
    cost_usd: float | None = None
    request: PermissionRequest | None = None
    cli_pid: int = 0
    cli_start: str = ""
    sent: tuple[SentCommand, ...] = ()
    model: str = ""
    permission_mode: str = ""
    queued_for: str = ""
    stalled_since: datetime | None = None
    heard_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run will never write again."""
        return self.state in ("done", "failed", "lost")


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation: its row, its transcript and what runs it, joined.

    `folder` is its listing's, `zone` that of its row's times; `unread` says why nobody knows
    whether it has a row, `unseen` whether it has a transcript. `overwritten` is the row that an act
    left and the pipeline wiped, `last_event` the last act on it; `remains` all left on the disk.
    """

    session_id: str
    listing: str
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
    unread: str = ""
    unseen: str = ""
    row: Row | None = None
    transcript: Transcript | None = None
    process: Process | None = None
    run: Run | None = None
    ack: Acknowledgement | None = None
    overwritten: Row | None = None
    last_event: AuditEvent | None = None
    is_zone_doubted: bool = False  # its times may be read wrongly
    remains: Remains | None = None
    turn_error: str = ""  # why the last turn of one at rest failed, where its row does not say so

    @property
    def own_folder(self) -> Path | None:
        """Where the CLI keeps what does not fit into its transcript, `None` for no such place."""
        if self.transcript is not None:
            return self.transcript.own_folder if self.transcript.resumable else None
        return self.remains.path if self.remains is not None else None

    @property
    def inherited_usd(self) -> float | None:
        """What its parent had cost when it was forked, which `cost_usd` leaves out."""
        return self.transcript.inherited_usd if self.transcript is not None else 0.0

    @property
    def is_stray(self) -> bool:
        """Whether its transcript lies outside its listing, where the pipeline did not mean it."""
        return self.transcript is not None and self.transcript.stray_in is not None

    @property
    def ends_at(self) -> datetime | None:
        """The earlier of the two clocks; `None` when neither is known."""
        expires_at, sweep_at = self.expires_at, self.sweep_at
        if expires_at is None or sweep_at is None:
            return expires_at or sweep_at
        return expires_at if expires_at <= sweep_at else sweep_at

    @property
    def is_swept_first(self) -> bool:
        """Whether the CLI's own sweep comes before our expiry."""
        return self.sweep_at is not None and self.sweep_at == self.ends_at != self.expires_at

    @property
    def is_live(self) -> bool:
        """Whether something runs it, or might."""
        return self.liveness is not Liveness.NONE

    @property
    def address(self) -> str:
        """`LISTING/ID`, which names it among all listings."""
        return f"{self.listing}/{self.session_id}"

    @property
    def key(self) -> Key:
        """What a selection follows."""
        return (self.listing, self.session_id)


@dataclass(frozen=True, slots=True)
class Listing:
    """One client's folder: its sessions, and why its database could not be read, if so.

    `zone` names the time zone its naive times were read in, and `zone_doubts` by how much some
    transcripts say that this is wrong. Without `has_rows` its table could not
    be read at all, and `problem` says why. `is_cut`: it may have more sessions than were found,
    as `problem` says; `trouble` is that problem for code. `is_vanished`: its folder is gone, this
    is the last that was known of it.
    """

    listing_id: str
    path: Path
    sessions: tuple[Session, ...] = ()
    problem: str = ""
    zone: str = "UTC"
    is_stale: bool = False
    has_rows: bool = True
    is_vanished: bool = False
    zone_doubts: tuple[timedelta, ...] = ()
    is_cut: bool = False
    trouble: ProblemReason = ProblemReason.NONE

    @property
    def is_whole(self) -> bool:
        """Whether a session that is not in here is not there."""
        return self.has_rows and not (self.is_stale or self.is_cut)

    @property
    def bytes(self) -> int:
        """The size of all its transcripts."""
        return sum(session.bytes for session in self.sessions)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything at one moment; `log` is the end of the root's logbook, oldest first."""

    root: Path
    at: datetime
    listings: tuple[Listing, ...] = ()
    problem: str = ""
    free_bytes: int | None = None
    runs: tuple[Run, ...] = field(default=())
    hold: Hold | None = None
    log: tuple[AuditEvent, ...] = ()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions of all listings, in the listings' order."""
        return tuple(session for listing in self.listings for session in listing.sessions)

    def listing(self, listing_id: str) -> Listing | None:
        """Return the listing of that name, as shown or as its folder is called, or `None`."""
        named = (one for one in self.listings if listing_id in (one.listing_id, one.path.name))
        return next(named, None)

    def session(self, key: Key) -> Session | None:
        """Return the session of that `(listing, id)`, or `None`."""
        listing = self.listing(key[0])
        if listing is None:
            return None
        return next((one for one in listing.sessions if one.session_id == key[1]), None)
