"""The events of a run, added up to its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.core.limits import MOST_MISSED, MOST_REQUESTS, MOST_TOLD
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import Progress, SentCommand
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.core.values import asdict, replace
from tui.runs.folder.bounded_reads import amount
from tui.runs.folder.command import REQUEST_ID
from tui.runs.folder.permission_requests import asker_of
from tui.runs.folder.run_progress import after_event, progress_from, progress_json

_MAX_WORDS = 4000
_LONGEST_S = 1e7
_NEVER = datetime.fromtimestamp(0, UTC)
_WORDS = ("error", "model", "permission_mode", "queued_for")
_PLAIN = (
    *("has_begun", "is_turn_open", "is_left", "is_resting", "cost_usd", "refused"),
    *("is_row_due", "row_problem", "failed_by", "error_kind", "has_answered", "left_run"),
)
_MOMENTS = ("ended_at", "stalled_since", "unmarked_since", "left_at")
_FIRST = SentCommand(kind="prompt", by="", at=_NEVER)


class RunState:
    """What the events of a run say so far; total: what makes no sense is passed over.

    `requests` are those that wait, without their inputs. `refused` has the reasons why answers
    were, by the name and the time that they were posted with. `asked` is the prompt that the API
    has not answered; the text of the run's first one is in its spec. `is_turn_open`: something is
    to be done whose end is not told; so it is before the first turn. `is_left`: it was ended then,
    by no operator, or the run before was, then `left_run` at `left_at`, and the model has not
    answered since. `is_resting`:
    between two turns, a pipeline has not said yet what comes next. `is_row_due`: its session's row
    is to be written, and is not as far as is told; `row_problem` says why. `failed_by`: the
    operator whose follow-up to a pipeline's run failed; any other failure is in the row, too, which
    is not told to say so `unmarked_since` then.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self.requests: dict[str, PermissionRequest] = {}
        self.error = ""
        self.cost_usd: float | None = None
        self.ended_at: datetime | None = None
        self.acked: dict[str, None] = {}
        self.late: dict[str, None] = {}
        self.refused: dict[str, str] = {}
        self.prompts: dict[str, SentCommand] = {}
        self.missed: list[SentCommand] = []
        self.model = self.permission_mode = self.queued_for = ""
        self.stalled_since: datetime | None = None
        self.progress = Progress()
        self.asked: SentCommand | None = _FIRST
        self.is_turn_open, self.is_left, self.is_resting = True, False, False
        self.is_row_due, self.row_problem, self.failed_by, self.error_kind = False, "", "", ""
        self.unmarked_since: datetime | None = None
        self.has_answered = False
        self.left_run = ""
        self.left_at: datetime | None = None

    @classmethod
    def after(cls, events: Iterable[Mapping[str, Any]], base: RunState | None = None) -> RunState:
        """Return the state after these events, starting from `base`."""
        state = base or cls()
        for event in events:
            state.add(event, read_time(event.get("at"), UTC) or _NEVER)
        return state

    @property
    def state(self) -> str:
        """The run's state while its runner is alive."""
        if self.ended_at is not None:
            return "failed" if self.error else "done"
        if self.queued_for:
            return "queued"
        if self.requests:
            return "waiting"
        if self.is_resting:
            return "idle"
        return "busy" if self.has_begun else "starting"

    def outcome(self) -> dict[str, Any]:
        """Return how its last turn ended, as a run has it."""
        names = ("failed_by", "error_kind", "unmarked_since", "has_answered", "left_run", "left_at")
        return {name: getattr(self, name) for name in names}

    @property
    def is_due(self) -> bool:
        """Whether its session's row does not say all that it should, as far as is told."""
        return self.is_row_due or self.unmarked_since is not None

    def add(self, event: Mapping[str, Any], at: datetime) -> None:
        """Apply one event, which happened `at`."""
        self.progress = after_event(self.progress, event, at)
        match event.get("type"):
            case "queued":
                self.queued_for = one_line(event.get("reason", ""))[:200] or "a free run slot"
            case "admitted":
                self.queued_for = ""
            case "init" | "changed" | "stalled" | "moving" | "tracked":
                self._add_state(event, at)
            case "resting" | "woken":
                self.is_resting = event.get("type") == "resting"
            case "turn":
                self.error, self.failed_by, self.is_turn_open, self.is_resting = "", "", True, False
                self.unmarked_since, self.left_run, self.left_at = None, "", None
                self._add_turn(event, at)
            case "heard":
                self.asked = None
            case "permission" | "answered" | "put_off" | "refused":
                self._add_request(event, at)
            case "ack" | "missed" | "notice":
                self._add_command(event, at)
            case "result":
                cost = amount(event.get("cost_usd"))
                self.cost_usd = self.cost_usd if cost is None else cost
                self.is_turn_open = self.is_left = event.get("is_left") is True
                self.left_run = one_line(event.get("left_run", ""))[:64]
                self.left_at = read_time(event.get("left_at"), UTC)
                self.has_answered = self.has_answered or is_answer(event)
                # One that the CLI did not even begin with is in no transcript.
                self.asked = None if self.has_begun else self.asked
            case "left":
                self.is_left = True
            case "failed":
                self._add_failure(event, at)
            case "ended":
                self.ended_at, self.is_turn_open = at, self.is_left
                self.stalled_since = None
                self.unmarked_since = self.unmarked_since if self.is_row_due else None

    def _add_failure(self, event: Mapping[str, Any], at: datetime) -> None:
        self.is_turn_open = False
        self.error = str(event.get("reason") or "failed without a reason")[:_MAX_WORDS]
        self.failed_by = one_line(event.get("by", ""))[:64]
        self.error_kind = one_line(event.get("kind", ""))[:40]
        self.unmarked_since = None if self.failed_by else at

    def _add_turn(self, event: Mapping[str, Any], at: datetime) -> None:
        """Apply that the CLI was handed a prompt."""
        key, by = str(event.get("id") or ""), one_line(event.get("by", ""))[:64]
        own = replace(_FIRST, by=by, at=at, text=str(event.get("words") or "")[:_MAX_WORDS])
        sent = self.prompts.pop(key, None) if key else own
        self.asked = replace(sent, is_taken=True) if sent is not None else None

    def _add_state(self, event: Mapping[str, Any], at: datetime) -> None:
        """Apply an event about the agent: its model, mode and row, and whether it is stalled."""
        match event.get("type"):
            case "stalled":
                quiet_s = amount(event.get("quiet_s"), _LONGEST_S) or 0.0
                self.stalled_since = at - timedelta(seconds=quiet_s)
            case "moving":
                self.stalled_since = None
            case "tracked":
                self.row_problem = one_line(event.get("problem", ""))[:_MAX_WORDS]
                self.is_row_due = bool(self.row_problem)
                self.unmarked_since = self.unmarked_since if self.is_row_due else None
            case _:
                self.is_row_due = self.is_row_due or event.get("type") == "init"
                self.has_begun = self.has_begun or event.get("type") == "init"
                self.model = one_line(event.get("model", ""))[:60] or self.model
                mode = one_line(event.get("permission_mode", ""))[:40]
                self.permission_mode = mode or self.permission_mode

    def _add_request(self, event: Mapping[str, Any], at: datetime) -> None:
        try:
            request_id = _id(event.get("request_id"))
        except ValueError:
            request_id = ""
        known = self.requests.get(request_id)
        match event.get("type"):
            case "answered":
                self.requests.pop(request_id, None)
            case "refused":
                reason = one_line(event.get("reason", ""))[:_MAX_WORDS]
                self.refused[posted(event.get("id"), event.get("posted_at"))] = reason
                _keep_last(self.refused, MOST_MISSED)
            case "put_off" if known is not None:
                self.requests[request_id] = replace(known, until=_moment(event.get("until")))
            case "permission" if request_id and not known and len(self.requests) < MOST_REQUESTS:
                self.requests[request_id] = _request(request_id, event, at)

    def _add_command(self, event: Mapping[str, Any], at: datetime) -> None:
        """Apply an event about a command: taken, missed, or its prompt dropped."""
        key, kind = str(event.get("id", "")), one_line(event.get("command", ""))[:40]
        sent = SentCommand(
            kind=kind,
            by=one_line(event.get("by", ""))[:64],
            at=at,
            text=str(event.get("words", "")),
        )
        match event.get("type"), kind:
            case "ack", "prompt":
                self.prompts[key] = replace(sent, is_taken=True)
            case "missed", _:
                self.missed = [*self.missed, sent][-MOST_MISSED:]
                self.late |= {key: None} if kind in ("answer", "wait") else {}
            case "notice", _ if event.get("kind") == "dropped" and self.prompts.pop(key, None):
                self.missed = [*self.missed, replace(sent, kind="prompt")][-MOST_MISSED:]
        if key:
            self.acked[key] = None
        _keep_last(self.acked, MOST_TOLD)
        _keep_last(self.late, MOST_MISSED)
        _keep_last(self.prompts, MOST_MISSED)

    # As JSON ---------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain values for JSON; `from_json` reads them."""
        moments = {name: _iso(getattr(self, name)) for name in _MOMENTS}
        return {
            **{name: getattr(self, name) for name in (*_WORDS, *_PLAIN)},
            **moments,
            "acked": list(self.acked),
            "late": list(self.late),
            "requests": [_request_json(one) for one in self.requests.values()],
            "prompts": [[key, _sent_json(one)] for key, one in self.prompts.items()],
            "missed": [_sent_json(one) for one in self.missed],
            "progress": progress_json(self.progress),
            "asked": _sent_json(self.asked) if self.asked else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RunState:
        """Return the state that `to_json` wrote; raises `ValueError` if it is invalid."""
        state = cls()
        try:
            for name in _WORDS:
                setattr(state, name, one_line(value[name])[:_MAX_WORDS])
            for name in _MOMENTS:
                setattr(state, name, _moment(value.get(name)))
            state.error = str(value["error"])[:_MAX_WORDS]
            state.has_begun = value["has_begun"] is True
            state.cost_usd = amount(value["cost_usd"])
            state.acked = {str(key): None for key in value["acked"]}
            state.late = {str(key): None for key in value["late"]}
            state.refused = {str(key): one_line(why) for key, why in value["refused"].items()}
            for one in value["requests"]:
                at = _moment(one["at"]) or _NEVER
                state.requests[_id(one["request_id"])] = _request(one["request_id"], one, at)
            state.prompts = {str(key): _sent(one) for key, one in value["prompts"]}
            state.missed = [_sent(one) for one in value["missed"]]
            # A runner of an earlier version writes none of these.
            state.is_turn_open = value.get("is_turn_open") is not False
            state.is_left = value.get("is_left") is True
            state.has_answered = value.get("has_answered") is not False
            state.is_resting = value.get("is_resting") is True
            state.is_row_due = value.get("is_row_due") is True
            state.row_problem = one_line(value.get("row_problem", ""))[:_MAX_WORDS]
            state.failed_by = one_line(value.get("failed_by", ""))[:64]
            state.error_kind = one_line(value.get("error_kind", ""))[:40]
            state.left_run = one_line(value.get("left_run", ""))[:64]
            state.progress = progress_from(value.get("progress"))
            state.asked = _sent(asked) if (asked := value.get("asked")) else None
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a run's state: {error}") from error
        return state


def is_answer(result: Mapping[str, Any]) -> bool:
    """Whether the model has answered; a runner of an earlier version does not tell."""
    is_failed = result.get("is_error") is True or result.get("is_interrupted") is True
    return not is_failed and result.get("is_answer") is not False


def posted(command_id: object, at: object) -> str:
    """Return a key that tells apart answers posted under the same name."""
    return f"{command_id} {at}"


def _id(value: object) -> str:
    """Return a valid request id; raises `ValueError` for anything else."""
    if not isinstance(value, str) or not REQUEST_ID.fullmatch(value):
        raise ValueError("not a request's id")
    return value


def _request(request_id: str, stored: Mapping[str, Any], at: datetime) -> PermissionRequest:
    tool, digest = one_line(stored.get("tool", ""))[:200], str(stored.get("digest", ""))[:64]
    until, asker = _moment(stored.get("until")), asker_of(stored.get("asker"))
    return PermissionRequest(
        request_id=request_id, tool=tool, input={}, at=at, digest=digest, until=until, asker=asker
    )


def _request_json(one: PermissionRequest) -> dict[str, Any]:
    return {
        "request_id": one.request_id,
        "tool": one.tool,
        "digest": one.digest,
        "at": _iso(one.at),
        "until": _iso(one.until),
        "asker": asdict(one.asker),
    }


def _sent_json(one: SentCommand) -> dict[str, Any]:
    return asdict(one) | {"at": _iso(one.at)}


def _sent(stored: Mapping[str, Any]) -> SentCommand:
    kind, by = one_line(stored["kind"])[:40], one_line(stored["by"])[:64]
    at = _moment(stored["at"]) or _NEVER
    return SentCommand(
        kind=kind, by=by, at=at, text=str(stored["text"]), is_taken=stored["is_taken"] is True
    )


def _keep_last(values: dict[str, Any], most: int) -> None:
    while len(values) > most:
        del values[next(iter(values))]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(stored: object) -> datetime | None:
    return read_time(stored, UTC)
