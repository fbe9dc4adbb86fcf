"""Interrupted purges: files are erased, but records of them remain; and what ends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tui.core.models.audit import AuditEvent
from tui.core.models.session import Key
from tui.core.text.bounded_json import json_object
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.operations.context import Context
from tui.operations.formatting import moment
from tui.operations.logbook_entry import log_act
from tui.storage.state.logbook import ALL_OF_IT, read_logbook
from tui.storage.trash.erasing import nameless_leftovers, read_half_erased

_DETAIL = '{"is_unfinished": true, "words": "its files alone"}'


@dataclass(frozen=True, slots=True)
class InterruptedPurge:
    """What an interrupted purge left in the trash, and of which session if that is known.

    `command` is the verb that completes it.
    """

    listing: str
    session_id: str
    words: str
    remedy: str
    command: tuple[str, ...]

    @property
    def whole_words(self) -> str:
        """All of it in one sentence."""
        whose = f"{self.listing}/{self.session_id[:8]}: " if self.session_id else ""
        return f"{whose}{self.words}; {self.remedy}"


def log_half_erased(context: Context, listing: str, session_id: str) -> str:
    """Log that a session's files are erased while records of it remain.

    Returns why it could not be logged, else an empty string.
    """
    event = AuditEvent(
        at=context.clock(),
        action="purge",
        listing=listing,
        session_id=session_id,
        detail=_DETAIL,
    )
    return log_act(context, event)


def half_erased(root: Path) -> Mapping[Key, AuditEvent]:
    """Return the purges that no later purge has completed.

    Returns none where the logbook cannot be read: `log` and the doctor report that.
    """
    try:
        events = read_logbook(root, ALL_OF_IT)
    except OSError:
        return {}
    last = {(one.listing, one.session_id): one for one in events if one.action == "purge"}
    return {key: one for key, one in last.items() if json_object(one.detail).get("is_unfinished")}


def half_erased_words(event: AuditEvent) -> str:
    """Say who erased the files of a session and when, and that the rest is still to be done."""
    who = one_line(event.operator)
    return (
        f"{who} erased its files on {moment(event.at)}, but its row and what else was written of "
        "it could not be changed then"
    )


def left_in_trash(root: Path, listing_paths: Iterable[Path]) -> tuple[InterruptedPurge, ...]:
    """Return what interrupted purges left in the trash, and what completes each."""
    paths = tuple(listing_paths)
    found = [
        InterruptedPurge(
            one_line(one.listing),
            one.session_id,
            f"its erasure was interrupted: part of it is still in {one_line(one.batch)}",
            f"`purge {one.session_id[:8]}` again completes it",
            ("purge", f"{one_line(one.listing)}/{one.session_id}"),
        )
        for one in read_half_erased(root, paths)[0]
    ]
    for path in nameless_leftovers((root, *paths)):
        words = f"{one_line(path)} is left over from an interrupted erasure"
        remedy, command = "`cleanup --purge-trash` erases it", ("cleanup", "--purge-trash")
        found.append(InterruptedPurge("", "", words, remedy, command))
    return tuple(found)
