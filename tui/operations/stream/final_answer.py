"""The final answer of an agent, for whoever waits for its run."""

from __future__ import annotations

from pathlib import Path

from tui.claude.config_dir import footprint
from tui.claude.layout import is_transcript
from tui.claude.transcript.line_parser import begins_turn
from tui.core.models.entry import Entry, EntryKind
from tui.operations.transcripts.last_line import end_of

_WINDOW = 4 * 1024 * 1024


def final_answer(config_dir: Path, session_id: str) -> str:
    """Return the text of the last message of a session's last turn; empty when there is none."""
    paths = [path for path in footprint(config_dir, session_id) if is_transcript(path)]
    entries = tuple(
        entry for path in paths[:1] for line in end_of(path, _WINDOW) for entry in line.entries()
    )
    return _answer([entry for entry in entries if not entry.is_sidechain])


def _answer(entries: list[Entry]) -> str:
    said: list[Entry] = []
    for entry in entries:
        if begins_turn(entry):
            said = []
        elif entry.kind is EntryKind.TEXT:
            said = [*(one for one in said if one.message_id == entry.message_id), entry]
    return "\n\n".join(entry.text for entry in said)
