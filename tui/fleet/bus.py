"""What hosts may ask of each other: a closed set of commands, each with typed fields.

None has a path or a setting: the home of a session bounds whatever is asked by its own settings.
What acts on what an operator saw says what that was, such as the run; its home refuses it when that
is not so any more.
Who asks, and whether that console was restricted, are claims of a host.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.models.annotation import Note
from tui.core.text.bounded_json import parse_json
from tui.core.text.safe_text import safe_text
from tui.core.values import dataclass
from tui.fleet.typed_json import Most, Reader, json_text

_LONGEST = 2_000_000  # characters, that the tables take
_T = TypeVar("_T")
Word = Annotated[str, Most(200)]
Prompt = Annotated[str, Most(1_000_000)]
Digest = Annotated[str, Most(64)]
_MOST_DAYS = 100 * 366  # a moment so far from now is still a moment
Days = Annotated[int, Most(_MOST_DAYS)]
Seconds = Annotated[int, Most(_MOST_DAYS * 24 * 3600)]
Bytes = Annotated[int, Most(10**15)]


class BadCommand(Refused):
    """What was asked of a host, or what it said of it, is nothing that this program knows."""

    usual = Reason.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Queue a follow-up prompt for the session's run."""

    run_id: Word
    prompt: Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer a request of the session's agent: the first answer to `request_id` wins.

    `digest` is that of the request as the operator saw it; all but `deny` needs it. `answers` are
    those to an agent's questions, one for each.
    """

    run_id: Word
    request_id: Word
    decision: Literal["allow", "always", "deny"]
    digest: Digest = ""
    reason: Annotated[str, Most(10_000)] = ""
    answers: Annotated[tuple[Annotated[str, Most(10_000)], ...], Most(50)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """Let a request wait for so long from now, such as `30m`."""

    run_id: Word
    request_id: Word
    duration: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupt:
    """End the session's turn; with `is_sure` also that of another program."""

    run_id: Word
    is_sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End the session's run, or its orphaned CLI."""

    run_id: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class SetModel:
    """Switch the agent to another model for the rest of its run."""

    run_id: Word
    name: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode:
    """Switch the agent to another permission mode for the rest of its run."""

    run_id: Word
    name: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Extend the session's expiry, which `was` that: `until` as an operator types it, as `7d`."""

    until: Word
    was: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Move the session to the trash, with that `row` (a digest) and last active then."""

    row: Digest
    active_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Restore the session from the trash: its newest delete, or the one of that id."""

    trash_id: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Undo this operator's last act at that home, if that is `act_id`."""

    act_id: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Record that this operator has seen what the session needs; until then, such as `4h`."""

    until: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Give the session another title than it `was`."""

    title: Annotated[str, Most(1_000)]
    was: Annotated[str, Most(2_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTags:
    """Add tags to the session, and remove others."""

    added: Annotated[tuple[Word, ...], Most(50)] = ()
    removed: Annotated[tuple[Word, ...], Most(50)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNote:
    """Replace the session's note, which `was` that; an empty one clears it."""

    content: Annotated[str, Most(2_000)]
    was: Note | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """Move those of `sessions`, which the operator saw, to the trash that the criteria still take.

    They are ids in the listing of the session that the command is posted to.
    """

    sessions: Annotated[tuple[Word, ...], Most(1_000)]
    is_expired: bool = False
    older_than_s: Seconds | None = None
    max_bytes: Bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Make `host` the home of the session, once nothing runs it here."""

    host: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Start a run: go on with a session, fork it (from the entry `at`), or begin it as a `stage`.

    What is not said is as recorded, or as the settings of the host that runs it say. `tools` are
    names; `without` is what the operator says may be left out.
    """

    mode: Literal["resume", "fork", "new"]
    prompt: Prompt = ""
    at: Word = ""
    stage: Word = ""
    days: Days | None = None
    model: Word = ""
    permission_mode: Word = ""
    tools: Annotated[tuple[Word, ...], Most(200)] = ()
    max_turns: int | None = None
    max_budget_usd: float | None = None
    without: Annotated[tuple[Word, ...], Most(50)] = ()
    is_restricted: bool = False


Command = (
    Send
    | Answer
    | PutOff
    | Interrupt
    | Stop
    | SetModel
    | SetMode
    | Extend
    | Delete
    | Restore
    | Undo
    | Acknowledge
    | Rename
    | SetTags
    | SetNote
    | CleanUp
    | Release
)
RELEASE = "release"
_KINDS: dict[str, type[Command]] = {
    "send": Send,
    "answer": Answer,
    "put_off": PutOff,
    "interrupt": Interrupt,
    "stop": Stop,
    "model": SetModel,
    "mode": SetMode,
    "extend": Extend,
    "delete": Delete,
    "restore": Restore,
    "undo": Undo,
    "acknowledge": Acknowledge,
    "rename": Rename,
    "tag": SetTags,
    "note": SetNote,
    "clean_up": CleanUp,
    RELEASE: Release,
}
_NAMES = {one: name for name, one in _KINDS.items()}
_RESTRICTED = "restricted/"  # before the kind: what a restricted console asks for
_EXACT, _TOLD = Reader(is_strict=True), Reader(is_strict=False, text=safe_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A command as it is posted; `request_id` names the request that it answers, if it does."""

    kind: str
    payload: str
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a home says of a command: what was done, or why it was not, and the remedy.

    It `is_needless` when nothing had to change.
    """

    words: Annotated[str, Most(100_000)]
    is_done: bool = False
    is_needless: bool = False
    reason: Reason = Reason.NONE
    remedy: Annotated[str, Most(2_000)] = ""
    act_id: Word = ""


def encode(command: Command, *, is_restricted: bool = False) -> Encoded:
    """Return a command as it is posted; raises `BadCommand` when a field is beyond its bound."""
    kind = (_RESTRICTED if is_restricted else "") + _NAMES[type(command)]
    encoded = Encoded(
        kind=kind,
        payload=json_text(command),
        request_id=command.request_id if isinstance(command, Answer) else "",
    )
    decode(kind, encoded.payload)
    return encoded


def decode(kind: str, payload: str) -> tuple[Command, bool]:
    """Return a posted command, and whether a restricted console posted it.

    Raises `BadCommand` for whatever this program does not know: nothing of it is carried out.
    """
    name = kind.removeprefix(_RESTRICTED)
    if (found := _KINDS.get(name)) is None:
        raise BadCommand(f"no command of the fleet is called {_shown(name)!r}")
    return _read(_EXACT, found, payload, name), name != kind


def encode_run(request: RunRequest) -> str:
    """Return a run as it is queued; raises `BadCommand` when a field is beyond its bound."""
    text = json_text(request)
    decode_run(text)
    return text


def decode_run(text: str) -> RunRequest:
    """Return a run that was queued; raises `BadCommand` for whatever this program does not know."""
    return _read(_EXACT, RunRequest, text, "run")


def outcome_of(error: ConsoleError) -> Outcome:
    """Return the outcome of a command that was not carried out."""
    return Outcome(words=error.message[:100_000], reason=error.reason, remedy=error.remedy[:2_000])


def encode_outcome(outcome: Outcome) -> str:
    """Return an outcome as its home writes it."""
    return json_text(outcome)


def decode_outcome(text: str) -> Outcome:
    """Return what a home said of a command, safe to show; raises `BadCommand`."""
    return _read(_TOLD, Outcome, text, "outcome")


def require_done(outcome: Outcome) -> Outcome:
    """Return the outcome of a command that was carried out; raises `ConsoleError` for another."""
    if not outcome.is_done:
        raise ConsoleError(outcome.words, outcome.reason, remedy=outcome.remedy)
    return outcome


def _read(reader: Reader, kind: type[_T], text: str, name: str) -> _T:
    try:
        if len(text) > _LONGEST:
            raise ValueError("it is too long")
        return reader.read(kind, parse_json(text))
    except ValueError as error:
        raise BadCommand(f"the fleet's {_shown(name)} is not understood: {error}"[:300]) from error


def _shown(name: str) -> str:
    return safe_text(name)[:40]
