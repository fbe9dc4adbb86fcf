"""The end of sub-agents' output is drawn, and what is left out is mentioned."""

from __future__ import annotations

from tui.core.models.entry import Entry, EntryKind
from tui.view.stream.subagent_lines import SubagentLines
from tui.view.text.lines import Cell, Line


def draw(entry: Entry, _: Entry | None, __: int) -> list[Line]:
    return [(Cell(part),) for part in entry.text.split("\n")]


def drawn(asides: SubagentLines) -> list[str]:
    return ["".join(cell.text for cell in line) for line in asides.lines("t", draw, 80)]


def test_of_a_long_sub_agent_the_newest_steps_are_drawn_under_a_notice() -> None:
    asides = SubagentLines()
    steps = [f"step {number}\n" + "more\n" * 8 for number in range(900)]
    asides.add({"t": [Entry(EntryKind.TEXT, step) for step in steps]})
    lines = drawn(asides)
    assert lines[0] == "│ earlier steps are not shown here: `export` has them"
    assert "│ step 899" in lines[-10:]
    assert len(lines) <= 5001


def test_a_short_one_is_drawn_whole() -> None:
    asides = SubagentLines()
    asides.add({"t": [Entry(EntryKind.TEXT, "one"), Entry(EntryKind.TEXT, "two")]})
    assert drawn(asides) == ["│ one", "│ two"]


def test_sub_agents_that_are_too_deep_are_told_to_be_there() -> None:
    asides = SubagentLines()
    for depth in range(9):
        name = f"t{depth}" if depth else "t"
        asides.add({name: [Entry(EntryKind.TOOL, f"level {depth}", tool_id=f"t{depth + 1}")]})
    lines = drawn(asides)
    assert lines[-2].endswith("level 5")
    assert lines[-1].endswith("the sub-agents below are not shown here: `export` has them")
