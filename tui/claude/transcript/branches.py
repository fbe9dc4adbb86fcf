"""The branches of a transcript, and the one that a resume follows.

Each line names its parent. Two resumes at once, or one at an earlier message, make branches; the
CLI continues one of them, and the others are lost to the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tui.claude.transcript.line_parser import prompt_text
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import cut, one_line
from tui.core.values import dataclass, replace

MOST_NODES = 100_000
_UUID = late_pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WORDS = 40


@dataclass(frozen=True, slots=True)
class _Node:
    parent: str
    message_id: str
    words: str
    is_prompt: bool
    is_link: bool
    is_boundary: bool

    @property
    def is_spoken(self) -> bool:
        """Whether it is a prompt or a message of the agent."""
        return self.is_prompt or bool(self.message_id)

    def below(self, parent: str) -> _Node:
        return replace(self, parent=parent)


class BranchTracker:
    """Learns, line by line, which line continues which.

    `marks` has, by offset, the notice for a line whose parent is not the line before it; `copies`
    are the records that repeat an earlier one, as (offset of the line, number in it); `spliced`
    are the offsets of lines with a record after another, or after half of one. `is_cut` when the
    transcript is so long that only its first lines are known. `doubtful_at` is the offset of the
    last line that has no mark only because its parent is not known.
    """

    def __init__(self) -> None:
        self.marks: dict[int, str] = {}
        self.copies: set[tuple[int, int]] = set()
        self.spliced: set[int] = set()
        self.is_cut = False
        self.doubtful_at = -1
        self._nodes: dict[str, _Node] = {}
        self._aside: set[str] = set()
        self._strangers: dict[str, str] = {}
        self._before: set[str] = set()
        self._message_id = ""
        self._last = self._leaf = ""

    def note(self, record: Mapping[str, Any], place: int, number: int = 0) -> None:
        """Add the next record: `place` is the offset of its line, `number` its index in it."""
        uuid = _id(record.get("uuid"))
        if number:
            self.spliced.add(place)
        if record.get("type") == "last-prompt":
            self._leaf = _id(record.get("leafUuid"))
        elif uuid in self._nodes or uuid in self._aside:
            self.copies.add((place, number))
        elif uuid and len(self._nodes) + len(self._aside) >= MOST_NODES:
            self.is_cut = True
        elif uuid and record.get("isSidechain"):
            self._aside.add(uuid)
        elif uuid:
            node = _node(record, self._last, self._message_id)
            if "parentUuid" not in record and not node.is_boundary:
                self._before.add(self._last)
                node = node.below(self._last)
            self._place(uuid, node, place)

    def has(self, record: Mapping[str, Any]) -> bool:
        """Whether a record of another file repeats one of this file."""
        uuid = _id(record.get("uuid"))
        return uuid in self._nodes or uuid in self._aside

    def is_copy(self, _: Mapping[str, Any], place: int, number: int) -> bool:
        """Whether a record repeats an earlier one."""
        return (place, number) in self.copies

    def _place(self, uuid: str, node: _Node, place: int) -> None:
        goes_on = node.parent in self._before or node.is_boundary or not self._nodes
        if node.is_spoken and not goes_on:
            node = self._branched(node, place)
        elif node.parent not in self._nodes:  # its parent is not written down
            node, goes_on = node.below(self._last), True
        is_next = node.message_id != self._message_id or not node.message_id
        if (node.is_spoken and is_next) or node.is_boundary:
            self._before, self._message_id = {uuid}, node.message_id
        elif goes_on or node.is_spoken:
            self._before.add(uuid)
        self._nodes[uuid] = node
        if node.is_link:
            self._last = uuid

    def _branched(self, node: _Node, place: int) -> _Node:
        """Mark a line that does not continue the one before it, as far as is known."""
        if node.parent in self._nodes:
            self._mark(place, self._quoted(node.parent))
            return node
        if not node.is_prompt or (node.parent and node.parent not in self._strangers):
            self._strangers[node.parent], self.doubtful_at = self._last, place
            return node.below(self._last)
        above = self._strangers.get(node.parent, "")
        self._mark(place, self._quoted(above) if above else "the very beginning")
        return node.below(above)

    def _mark(self, place: int, source: str) -> None:
        self.marks[place] = f"a branch: this goes on from {source}, not from what stands above"

    def _quoted(self, uuid: str) -> str:
        said = (self._nodes[one].words for one in self._above(uuid))
        words = next((one for one in said if one), "")
        return f"“{words}”" if words else "an earlier message"

    def _above(self, uuid: str) -> Iterator[str]:
        """Yield a line, its parent, and so on, each once even in a circle."""
        seen = set[str]()
        while uuid in self._nodes and uuid not in seen:
            seen.add(uuid)
            yield uuid
            uuid = self._nodes[uuid].parent

    @property
    def leaf(self) -> str:
        """The line that the next resume continues.

        It is the last one, unless the last `last-prompt` names a line of another branch.
        """
        if self._leaf in self._nodes and self._leaf not in set(self._above(self._last)):
            return self._leaf
        return self._last

    @property
    def is_leaf_known(self) -> bool:
        """Whether the line that the last `last-prompt` names is known, if there is one."""
        return not self._leaf or self._leaf in self._nodes

    @property
    def tells_lines_apart(self) -> bool:
        """Whether any line is marked, repeated or spliced."""
        return bool(self.marks or self.copies or self.spliced)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The first words of each branch that the next resume leaves out, oldest first.

        A branch begins at a line whose parent is followed, or unknown.
        """
        if not self.marks:
            return ()
        followed = set(self._above(self.leaf))
        spoken = {self._nodes[one].message_id for one in followed} - {""}
        lost, inside = list[str](), set[str]()
        for uuid, node in self._nodes.items():
            if uuid in followed:
                continue
            is_said = bool(node.words) and node.message_id not in spoken
            if is_said and node.parent not in inside:
                lost.append(node.words)
            if is_said or node.parent in inside:
                inside.add(uuid)
        return tuple(lost)

    @property
    def words(self) -> str:
        """The warning before the next resume; empty when there is only one branch."""
        lost = self.left_out
        if not lost:
            return ""
        others = ", ".join(f"“{one}”" for one in lost[:3])
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        return (
            f"the next resume goes on from {self._quoted(self.leaf)} and knows nothing of the "
            f"branch{'' if len(lost) == 1 else 'es'} {others}{more}"
        )


NO_LINEAGE = BranchTracker()


class RepeatedRecords:
    """Tells repeated records, among those that it was asked about."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def is_copy(self, record: Mapping[str, Any], *_: int) -> bool:
        """Whether a record repeats one before it."""
        uuid = _id(record.get("uuid"))
        is_known = uuid in self._seen
        self._seen |= {uuid} - {""}
        return is_known


def _node(record: Mapping[str, Any], last: str, last_message: str) -> _Node:
    """Return what is kept of a line, with the ids of the line before it in no memory of their own.

    A long transcript has a hundred thousand lines, and nearly all go on from the one before.
    """
    given, kind = record.get("message"), record.get("type")
    message = given if isinstance(given, dict) else {}
    prompt, message_id = prompt_text(record), message.get("id")
    words = _answer(message) if kind == "assistant" else prompt
    is_boundary = kind == "system" and record.get("subtype") == "compact_boundary"
    parent = _id(record.get("parentUuid")) or _id(record.get("logicalParentUuid"))
    said_in = message_id if kind == "assistant" and isinstance(message_id, str) else ""
    return _Node(
        last if parent == last else parent,
        last_message if said_in == last_message else said_in,
        cut(one_line(words[:400]), _WORDS),
        bool(prompt),
        kind in ("user", "assistant", "attachment", "system"),
        is_boundary,
    )


def _answer(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    texts = (one.get("text") for one in blocks if isinstance(one, dict))
    return next((one for one in texts if isinstance(one, str) and one.strip()), "")


def _id(value: object) -> str:
    return value.lower() if isinstance(value, str) and _UUID.fullmatch(value) else ""
