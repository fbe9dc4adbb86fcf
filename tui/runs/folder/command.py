"""A command to a run, and the files that hold those which were sent."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tui.core.limits import COMMANDS_S, MOST_COMMANDS, MOST_ENTRIES
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.values import KW_ONLY, dataclass, field
from tui.runs.folder.bounded_reads import parse, read_inside
from tui.runs.folder.open_folder import closing, open_folder, open_inside
from tui.safe_io.walking import Budget

CommandKind = Literal["prompt", "answer", "wait", "interrupt", "stop", "model", "mode"]
Decision = Literal["", "allow", "always", "deny"]

REQUEST_ID = late_pattern(r"[A-Za-z0-9_-]{1,64}")
_NAME = late_pattern(
    r"answer-[A-Za-z0-9_-]{1,64}\.json"
    r"|[0-9]{8}T[0-9]{6}\.[0-9]{6}-[0-9a-f]{8}-(prompt|wait|interrupt|stop|model|mode)\.json"
)
_SECONDS = late_pattern(r"[0-9]{1,9}")
_MOST_ANSWERS = 50


@dataclass(frozen=True, slots=True)
class Command:
    """One thing an operator asks of a run.

    `text` is the prompt, the reason of an answer that denies, how many seconds a request is to
    `wait` at least, or the name of a model or mode; `at` is aware UTC. `answers` are those to an
    agent's questions, one for each, and `digest` is the SHA-256 of the request as whoever grants
    it saw it. `id` is the name that it was posted under. `is_restricted` says that a restricted
    console posted it.
    """

    kind: CommandKind
    _: KW_ONLY
    at: datetime
    by: str
    text: str = ""
    request_id: str = ""
    decision: Decision = ""
    answers: tuple[str, ...] = ()
    is_restricted: bool = False
    digest: str = ""
    id: str = field(default="", compare=False)


def command_names(inbox: int) -> tuple[str, ...]:
    """Return the names in an open folder of commands that may be of one, oldest first.

    Of very many the oldest. Nothing else in it is ever read or removed. Raises `OSError`.
    """
    with os.scandir(inbox) as entries:
        named = (entry.name for entry in islice(entries, MOST_ENTRIES) if _may_hold(entry))
        return tuple(nsmallest(MOST_COMMANDS, named))


def untaken(folder: Path, inboxes: Iterable[str], taken: Collection[str]) -> tuple[Command, ...]:
    """Return the commands in these folders of a run whose ids are not among those `taken`."""
    found: list[Command | None] = []
    budget = Budget(MOST_COMMANDS, COMMANDS_S)
    with suppress(OSError), closing(open_folder(folder)) as opened:
        for name in inboxes:
            with suppress(OSError), closing(open_inside(opened, name)) as inbox:
                named = (one for one in command_names(inbox) if one not in taken)
                found += [read_command(inbox, one) for one in named if budget.spend()]
    return tuple(command for command in found if command)


def read_command(inbox: int, name: str) -> Command | None:
    """Return the command that a file in an open folder holds; `None` for anything else."""
    value = parse(read_inside(inbox, name))
    kind, decision = value.get("kind"), value.get("decision", "")
    if kind not in get_args(CommandKind) or decision not in get_args(Decision):
        return None
    try:
        at = datetime.fromisoformat(str(value.get("at"))).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    text, request_id = str(value.get("text", "")), str(value.get("request_id", ""))
    if kind in ("answer", "wait") and not REQUEST_ID.fullmatch(request_id):
        return None
    if (kind == "answer" and not decision) or (kind == "wait" and not _SECONDS.fullmatch(text)):
        return None
    by, answers = one_line(value.get("by", ""))[:64], _answers(value.get("answers"))
    # Whatever else it is, it must not pass for a word that gives more.
    bound = value.get("is_restricted", False) is not False
    kind = cast("CommandKind", kind)
    digest = str(value.get("digest", ""))
    return Command(
        kind,
        at=at,
        by=by,
        text=text,
        request_id=request_id,
        decision=decision,
        answers=answers,
        is_restricted=bound,
        digest=digest,
        id=name,
    )


def _answers(value: Any) -> tuple[str, ...]:
    given = value if isinstance(value, list) and len(value) <= _MOST_ANSWERS else []
    return tuple(said if isinstance(said, str) else "" for said in given)


def _may_hold(entry: os.DirEntry[str]) -> bool:
    return _NAME.fullmatch(entry.name) is not None and entry.is_file(follow_symlinks=False)
