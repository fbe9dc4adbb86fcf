"""The files in a run's folder, for all code that starts, steers or follows a run.

`spec.json` (the run's task), `owner.json` (its process), `heartbeat` (its mtime), `events.jsonl`
(append-only), `folded.json` (their sum), `partial.json` (the message being written), `requests/`
(inputs that wait for an answer), `inbox/` (a file per command). All of it is untrusted input.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tui.core.errors import Reason, Refused, RunFailed, UsageError
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import Run, SentCommand
from tui.core.text.bounded_json import parse_json
from tui.core.text.digest import sha256_hex
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.time.zones import read_time
from tui.core.values import dataclass, field, fields, replace
from tui.runs.folder.bounded_reads import MAX_FILE, parse, read_end, read_json, read_surely
from tui.runs.folder.bounded_reads import run_folders as run_folders
from tui.runs.folder.command import untaken
from tui.runs.folder.event_snapshot import EVENTS as EVENTS
from tui.runs.folder.event_snapshot import events_in, read_story
from tui.runs.folder.permission_requests import read_request
from tui.runs.folder.run_progress import answered, prompt_asked, prompt_title
from tui.runs.folder.run_state import RunState, posted
from tui.safe_io.folders import OURS, FileStamp, stamp_of
from tui.safe_io.processes import is_domain_gone, is_gone, own_domain, started, was_before_boot

SPEC, OWNER, HEARTBEAT = "spec.json", "owner.json", "heartbeat"
PARTIAL, LOG, PROBE = "partial.json", "runner.log", ".probe"
INBOX, CLOSED_INBOX = "inbox", "inbox.closed"
# Disk space that is released when the disk is full, so that the run can still report it.
RESERVE, RESERVE_BYTES = "reserve", 32 * 1024

_LAST_EVENT = 4096
_MAX_PID = 2**22  # the kernel's own limit
# In JSON a byte may take six; the rest of the file is far smaller than what is left.
MAX_PROMPT_BYTES = 1_000_000
_LOST = "its runner died without recording how the turn ended"
_UNWRITTEN = "its run ended before that"

AGENT_OPTIONS = (
    *("system_prompt", "allowed_tools", "disallowed_tools", "tools", "permission_mode"),
    *("model", "fallback_model", "max_turns", "max_budget_usd", "mcp_servers", "add_dirs"),
    *("setting_sources", "effort", "thinking", "max_thinking_tokens", "task_budget", "betas"),
    *("agents", "output_format", "strict_mcp_config"),
)

# In `owner.json` of a run inside a pipeline's own process, which must never be killed.
IN_PIPELINE = "in_pipeline"

Mode = Literal["new", "resume", "fork"]
PartialKind = Literal["text", "thinking", "tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """The task of a run; times are aware UTC.

    `agent` holds the recorded options; `expires_at` is of a new session or a fork, `keeps_until` of
    a resumed one; a fork continues `source_id`, to the line `source_at`. `zone` is for
    `zone_named`. At most `max_runs` work at once in a root; 0 does not wait. Secrets are never in
    here, only in `env_file`. `is_restricted`: from a restricted console; `decides_itself`: its
    pipeline allows more than `agent` says. `stage_gives` is what the stage allows without asking;
    no tool may access the paths `closed`. The act `act_id` started it, kept for `audit_days`, as
    one of `together` runs; 0 if it was alone. `metadata` is its pipeline's own. Its success settles
    the failures of the sessions `retried`, until when each was first tried again.
    """

    run_id: str
    session_id: str
    listing_id: str
    stage: str
    mode: Mode
    prompt: str
    db_path: Path
    config_dir: Path
    cwd: Path
    operator: str
    created_at: datetime
    expires_at: datetime | None = None
    keeps_until: datetime | None = None
    agent: Mapping[str, Any] = field(default_factory=dict)
    env_file: Path | None = None
    cli_path: Path | None = None
    zone: str = "local"
    permission_timeout_s: float = 1800.0
    source_id: str = ""
    source_at: str = ""
    max_runs: int = 0
    stall_timeout_s: float = 180.0
    is_restricted: bool = False
    decides_itself: bool = False
    stage_gives: Mapping[str, Any] = field(default_factory=dict)
    closed: tuple[Path, ...] = ()
    act_id: str = ""
    audit_days: int = 0
    together: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    retried: Mapping[str, datetime] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the text of `spec.json`; raises `RunFailed` if it is too large to be read."""
        text = json.dumps({one.name: _plain(getattr(self, one.name)) for one in fields(self)})
        if len(text) > MAX_FILE:
            raise RunFailed(f"the run's options take {size_text(len(text))}, over the limit")
        return text

    def digest(self) -> str:
        """Return the SHA-256 of `to_json`."""
        return sha256_hex(self.to_json().encode())

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        """Return the spec that `to_json` wrote; raises `RunFailed` for anything else."""
        try:
            # An earlier version wrote none of these.
            later: dict[str, Any] = {"source_at": "", "together": 0, "metadata": {}, "retried": {}}
            stored = later | parse_json(text)
            value = {one.name: stored[one.name] for one in fields(cls)}
            for name in ("db_path", "config_dir", "cwd", "env_file", "cli_path"):
                value[name] = None if value[name] is None else Path(value[name])
            value["closed"] = tuple(Path(one) for one in value["closed"])
            for name in ("created_at", "expires_at", "keeps_until"):
                value[name] = None if value[name] is None else _moment(value[name])
            value["retried"] = retried_in(value["retried"], value["created_at"])
            return cls(**value)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunFailed(f"{SPEC} cannot be read: {one_line(error)}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialBlock:
    """The block being written now, its last 32 kB.

    `earlier` are the finished blocks of the same message: the CLI writes a message to the
    transcript only when it is complete. Once an entry with this `message_id` is there, this block
    is outdated.
    """

    message_id: str
    index: int
    kind: PartialKind
    text: str
    tool: str = ""
    at: datetime | None = None
    earlier: tuple[PartialBlock, ...] = ()


def retried_in(stored: object, created_at: datetime | None) -> dict[str, datetime]:
    """Return what a spec says of `retried`; in an earlier version's that was as its run began."""
    times = stored if isinstance(stored, dict) else {}
    named = times or (stored if isinstance(stored, list) else ())
    known = {str(one): _moment(times[one]) if times else created_at for one in named}
    return {one: since for one, since in known.items() if since is not None}


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by time, to the microsecond, and cannot be guessed."""
    at = now.astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%SZ}-{at.microsecond:05x}{os.urandom(3).hex()}"


def require_sound_prompt(prompt: str) -> None:
    """Raise `UsageError` for a prompt that is too long for a run's files."""
    size = len(prompt.encode("utf-8", "surrogatepass"))
    if size > MAX_PROMPT_BYTES:
        raise UsageError(
            f"the prompt has {size_text(size)} and may have {size_text(MAX_PROMPT_BYTES)}: "
            "put it into a file in the listing's folder, and name that file in the prompt"
        )


def runs_folder(listing_path: Path) -> Path:
    """Return the folder with a listing's run folders; it need not exist."""
    return listing_path / OURS / "runs"


def list_runs(listing_path: Path) -> tuple[Run, ...]:
    """Return every run of a listing, oldest first."""
    return tuple(read_run(folder) for folder in run_folders(listing_path))


def stamp(folder: Path) -> tuple[object, ...]:
    """Return a value that changes whenever the result of `read_run` may change."""
    stamps = (_stat(folder / name) for name in (EVENTS, HEARTBEAT, OWNER, INBOX, PARTIAL))
    return (*stamps, is_dead(folder))


def read_run(folder: Path) -> Run:
    """Return the run in a folder; skips garbage, and never raises."""
    spec, owner, story = read_json(folder / SPEC), read_owner(folder), read_story(folder)
    begun = _moment(spec.get("created_at")) or _modified(folder) or datetime.fromtimestamp(0, UTC)
    is_lost = story.ended_at is None and _is_dead(owner, folder)
    is_over = is_lost or story.ended_at is not None
    cli_pid, cli_start = named_process(owner, "cli_pid", "cli_start") or (0, "")
    return Run(
        run_id=one_line(folder.name),
        session_id=one_line(spec.get("session_id", "")),
        listing=one_line(folder.absolute().parent.parent.parent.name),
        folder=folder,
        state="lost" if is_lost else story.state,
        operator=one_line(spec.get("operator", ""))[:64],
        started_at=begun,
        beat_at=_modified(folder / HEARTBEAT) or begun,
        ended_at=story.ended_at,
        error=story.error or (_LOST if is_lost else ""),
        cost_usd=story.cost_usd,
        request=None if is_over else _request(folder, story),
        cli_pid=cli_pid,
        cli_start=cli_start,
        sent=_sent(folder, story),
        model=story.model,
        permission_mode=story.permission_mode,
        queued_for=story.queued_for,
        stalled_since=None if is_lost else story.stalled_since,
        heard_at=(heard_at := _modified(folder / PARTIAL)),
        progress=answered(story.progress, heard_at),
        asked=prompt_asked(story.asked, spec, begun),
        title=prompt_title(spec),
        stage=one_line(spec.get("stage", ""))[:60],
        act_id=one_line(spec.get("act_id", ""))[:64],
        is_turn_open=story.is_turn_open,
        **story.outcome(),
        row_problem=story.row_problem or (_UNWRITTEN if is_over and story.is_due else ""),
    )


def has_ended(folder: Path) -> bool:
    """Whether the last event of a run is its end; cheap."""
    lines = read_end(folder / EVENTS, _LAST_EVENT).rstrip(b"\n").rsplit(b"\n", 1)
    return parse(lines[-1]).get("type") == "ended"


def is_taken(folder: Path, command_id: str, posted_at: datetime) -> bool:
    """Whether the run has taken the command posted under this id at this time.

    Raises `Refused` for an answer that came too late, or that the run refused.
    """
    story = read_story(folder)
    if reason := story.refused.get(posted(command_id, posted_at.astimezone(UTC).isoformat())):
        raise Refused(f"the run refused that: {reason}")
    if command_id in story.late:
        raise Refused("the answer came too late: the request is closed", Reason.TOO_LATE)
    return command_id in story.acked


def _sent(folder: Path, story: RunState) -> tuple[SentCommand, ...]:
    """Return the run's pending commands: those not taken first, then the queued prompts."""
    waiting = untaken(folder, (INBOX, CLOSED_INBOX), story.acked)
    is_over = story.ended_at is not None
    sent = tuple(
        SentCommand(
            kind=one.kind,
            by=one.by,
            at=one.at,
            text=one.text,
            request_id=one.request_id,
            decision=one.decision,
        )
        for one in waiting
        if one.kind != "answer" or is_over or one.request_id in story.requests
    )
    # A late answer is not pending: its sender was told.
    missed = (one for one in story.missed if one.kind != "answer" or story.ended_at)
    return (*missed, *sent, *story.prompts.values())


def read_events(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the events of a run, safe to show; torn or invalid lines are skipped."""
    return events_in(read_end(folder / EVENTS))


def _request(folder: Path, story: RunState) -> PermissionRequest | None:
    """Return the oldest open request, with its input."""
    first = next(iter(story.requests.values()), None)
    return first and read_request(folder, replace(first, waiting=len(story.requests)))


def read_partial(folder: Path) -> PartialBlock | None:
    """Return what the agent is writing now, safe to show; `None` between messages."""
    return _partial(read_json(folder / PARTIAL))


def session_of(folder: Path) -> str:
    """Return the run's session id from its spec; raises `OSError`."""
    return str(read_surely(folder / SPEC).get("session_id", ""))


def read_owner(folder: Path) -> Mapping[str, Any]:
    """Return `pid`, `proc_start`, `pid_domain`, `host` and, once known, `cli_pid`, `cli_start`."""
    return read_json(folder / OWNER)


def describe(pid: int) -> dict[str, Any]:
    """Return the content of `owner.json` for a process here, by which its death can be proven.

    The start of a process that is already dead is `0`, which matches none.
    """
    return {
        "pid": pid,
        "proc_start": started(pid) or "0",
        "pid_domain": own_domain(),
        "host": os.uname().nodename,
    }


def is_dead(folder: Path) -> bool:
    """Whether the runner of this folder is proven dead."""
    return _is_dead(read_owner(folder), folder)


def named_process(owner: Mapping[str, Any], pid: str, start: str) -> tuple[int, str] | None:
    """Return the pid and start time that `owner.json` has under these keys.

    `None` when it has none, or the process is in another pid domain.
    """
    number, ticks = owner.get(pid), owner.get(start)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= _MAX_PID:
        return None
    if not isinstance(ticks, str) or not ticks or owner.get("pid_domain") != own_domain():
        return None
    return number, ticks


def _is_dead(owner: Mapping[str, Any], folder: Path) -> bool:
    runner = named_process(owner, "pid", "proc_start")
    if runner is not None:
        # After a reboot another process may have the same pid, and even the same start time.
        return is_gone(*runner) or was_before_boot(_modified(folder / HEARTBEAT))
    return is_domain_gone(str(owner.get("pid_domain") or ""), _modified(folder / HEARTBEAT))


def _partial(value: Mapping[str, Any]) -> PartialBlock | None:
    last = _block(value)
    before = value.get("earlier")
    blocks = before if isinstance(before, list) else []
    earlier = [_block(block) for block in blocks if isinstance(block, dict)]
    return last and replace(last, earlier=tuple(block for block in earlier if block))


def _block(value: Mapping[str, Any]) -> PartialBlock | None:
    kind, text, index = value.get("kind"), value.get("text"), value.get("index")
    if kind not in get_args(PartialKind) or not isinstance(text, str):
        return None
    return PartialBlock(
        message_id=str(value.get("message_id", "")),
        index=index if isinstance(index, int) else 0,
        kind=cast("PartialKind", kind),
        text=text,
        tool=one_line(value.get("tool", "")),
        at=_moment(value.get("at")),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value


_moment = partial(read_time, zone=UTC)


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def _stat(path: Path) -> FileStamp | None:
    try:
        return stamp_of(path.lstat())
    except OSError:
        return None
