"""The message that a run is writing, without what its transcript already has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tui.core.models.entry import EntryKind
from tui.core.values import replace
from tui.runs.folder.protocol import PartialBlock

KINDS = {"text": EntryKind.TEXT, "thinking": EntryKind.THINKING, "tool": EntryKind.TOOL}


def without_shown(
    partial: PartialBlock, messages: Mapping[str, Mapping[EntryKind, int]]
) -> PartialBlock | None:
    """Return the partial message without the entries of each message that were shown already."""
    if partial.message_id not in messages:
        # Finished thinking without text is not written to the transcript.
        told_of = (one for one in partial.earlier if one.text or one.kind == "tool")
        return replace(partial, earlier=tuple(told_of))
    told, left = Counter(messages[partial.message_id]), []
    for block in (*partial.earlier, partial):
        kind = KINDS[block.kind]
        if told[kind] > 0:
            told[kind] -= 1
        elif block.text or block.kind == "tool" or _is_thinking(block, partial):
            left.append(block)
    return replace(left[-1], earlier=tuple(left[:-1])) if left else None


def _is_thinking(block: PartialBlock, partial: PartialBlock) -> bool:
    return block is partial and block.kind == "thinking"
