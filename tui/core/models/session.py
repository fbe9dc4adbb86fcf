"""A session and its parts: transcript, leftover folder, process, acknowledgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.models.run import Run

Key = tuple[str, str]  # listing and session id


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
class Acknowledgement:
    """That an operator has seen what a session needed; `mark` is what it was settled for."""

    by: str
    at: datetime
    mark: str


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
