"""Which line continues which: branches are marked, and nothing else is."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tui.claude.transcript import branches as module
from tui.claude.transcript.branches import BranchTracker


def name(word: str) -> str:
    """Return the id of the line with that label."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, word)) if word else ""


def line(kind: str, word: str, parent: str, **more: Any) -> dict[str, Any]:
    above = name(parent) or None
    return {"type": kind, "uuid": name(word), "parentUuid": above} | more


def user(word: str, parent: str, text: str = "") -> dict[str, Any]:
    return line("user", word, parent, message={"content": text or f"say {word}"})


def says(word: str, parent: str, message: str = "") -> dict[str, Any]:
    content = [{"type": "text", "text": f"said {word}"}]
    return line("assistant", word, parent, message={"id": message or word, "content": content})


def calls(word: str, parent: str, message: str) -> dict[str, Any]:
    content = [{"type": "tool_use", "id": word, "name": "Bash", "input": {}}]
    return line("assistant", word, parent, message={"id": message, "content": content})


def result(word: str, parent: str) -> dict[str, Any]:
    content = [{"type": "tool_result", "tool_use_id": parent, "content": "x"}]
    return line("user", word, parent, message={"content": content})


def beside(word: str, parent: str) -> dict[str, Any]:
    return line("attachment", word, parent, attachment={"type": "date"})


def leaf(word: str) -> dict[str, Any]:
    return {"type": "last-prompt", "leafUuid": name(word)}


def learnt(*records: dict[str, Any]) -> BranchTracker:
    found = BranchTracker()
    for place, record in enumerate(records):
        found.note(record, place)
    return found


ROOT = (user("q0", ""), beside("b0", "q0"), says("a0", "b0"))
LEFT = (user("q1", "a0"), beside("b1", "q1"), says("a1", "b1"))
RIGHT = (user("q2", "a0"), beside("b2", "q2"), says("a2", "b2"))

STRAIGHT = {
    "turns": (*ROOT, *LEFT, user("q3", "a1"), says("a3", "q3")),
    "tools at once": (
        *ROOT,
        calls("c1", "a0", "m"),
        calls("c2", "c1", "m"),
        result("r2", "c2"),
        result("r1", "c1"),
        says("a9", "r1"),
    ),
    "a result before the next call of its message": (
        *ROOT,
        calls("c1", "a0", "m"),
        result("r1", "c1"),
        calls("c2", "c1", "m"),
        result("r2", "c2"),
        says("a9", "r2"),
    ),
    "compacted": (
        *ROOT,
        line("system", "s", "", subtype="compact_boundary", logicalParentUuid=name("a0")),
        user("sum", "s", "what was said") | {"isCompactSummary": True},
        beside("b3", "sum"),
        user("q3", "b3"),
        says("a3", "q3"),
    ),
    "bookkeeping that was cut out": (ROOT[0], says("a0", "gone1"), user("q1", "gone2")),
    "no parents at all": tuple({"type": "user", "uuid": name(w), "message": {}} for w in "abc"),
    "a sub-agent in between": (*ROOT, user("x", "y") | {"isSidechain": True}, *LEFT),
    "ids that are none": (*ROOT, {"type": "user", "uuid": "u1", "parentUuid": 7, "message": 3}),
}


@pytest.mark.parametrize("records", STRAIGHT.values(), ids=STRAIGHT.keys())
def test_what_only_goes_on_has_no_mark(records: tuple[dict[str, Any], ...]) -> None:
    """Parallel tools and summaries are not branches: false marks would make all marks worthless."""
    found = learnt(*records)
    assert (found.marks, found.words) == ({}, "")


def test_an_earlier_message_that_was_resumed_is_marked_where_it_goes_on() -> None:
    found = learnt(*ROOT, *LEFT, *RIGHT)
    assert found.marks == {
        6: "a branch: this goes on from “said a0”, not from what stands above",
    }
    assert found.words == (
        "the next resume goes on from “said a2” and knows nothing of the branch “say q1”"
    )


def test_two_that_write_at_once_are_marked_at_each_change() -> None:
    found = learnt(*ROOT, LEFT[0], RIGHT[0], LEFT[1], RIGHT[1], LEFT[2], RIGHT[2])
    assert list(found.marks) == [4, 7, 8]
    assert "“say q1”" in found.marks[7]
    assert "“say q2”" in found.marks[8]


def test_two_prompts_below_one_line_that_was_cut_out_are_branches() -> None:
    found = learnt(ROOT[0], says("a0", "x"), user("q1", "cut"), says("a1", "y"), user("q2", "cut"))
    assert list(found.marks) == [4]
    assert "“said a0”" in found.marks[4]


def test_a_second_beginning_is_a_branch() -> None:
    found = learnt(*ROOT, user("q1", ""), says("a1", "q1"))
    assert found.marks == {
        3: "a branch: this goes on from the very beginning, not from what stands above"
    }
    assert "“say q0”" in found.words


def test_lines_that_repeat_earlier_ones_are_copies() -> None:
    found = learnt(*ROOT, *LEFT, *ROOT, user("q3", "a1"))
    assert found.copies == {(6, 0), (7, 0), (8, 0)}
    assert found.marks == {}


def test_parents_that_go_round_come_to_an_end() -> None:
    found = learnt(user("q0", "a1"), says("a0", "q0"), user("q1", "a0"), says("a1", "q1"), *RIGHT)
    assert found.words


def test_of_very_many_lines_the_first_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NODES", 4)
    assert learnt(*ROOT, *LEFT).is_cut
