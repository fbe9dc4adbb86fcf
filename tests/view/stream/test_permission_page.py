"""Plans and calls as lines: a plan formatted and as written, and a call that differs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.listings.painted_request import read_back, read_both
from tui.core.models.permission_request import PermissionRequest
from tui.view.stream import permission_page

PLAN = "# Clear up\n\n1. Read\n2. **Delete**\u200b the rest\n\n| a | b |\n|---|---|\n| c | d |\n"


def drawn(tool: str, given: dict[str, Any], call: dict[str, Any] | None) -> list[str]:
    request = PermissionRequest(request_id="p1", tool=tool, input=given, at=NOW, call=call)
    lines = permission_page.request_lines(request, 78)
    return ["".join(cell.text for cell in line) for line in lines]


def test_a_plan_is_drawn_as_it_reads_and_as_it_was_written() -> None:
    given = {"plan": PLAN, "planFilePath": "/srv/plans/a.md"}
    rows = drawn("ExitPlanMode", given, None)
    source = rows.index("the plan, as written")
    assert rows[0] == "the plan, formatted"
    assert any("Delete the rest" in row and "**" not in row for row in rows[:source])
    assert r"| 2. **Delete**\u200b the rest" in rows[source:]
    assert read_back(rows[source + 1 :]) == given


def test_the_plan_of_a_call_is_drawn_where_the_cli_asks_without_it() -> None:
    rows = drawn("ExitPlanMode", {}, {"plan": PLAN})
    assert rows[0] == "the plan, formatted"
    assert "what the CLI asks for, without the plan" in rows
    assert read_both(rows) == ({}, {"plan": PLAN})


def test_of_two_plans_the_one_that_is_approved_is_drawn_as_it_reads_and_both_as_written() -> None:
    rows = drawn("ExitPlanMode", {"plan": "# This"}, {"plan": "# That"})
    assert "This" in rows[1]
    assert rows[2:] == [
        "what the CLI asks for, and would run",
        "plan: # This",
        "what the agent's own call says, which differs",
        "plan: # That",
    ]


@pytest.mark.parametrize("plan", ["", " \n", None, ["a"]])
def test_what_is_no_plan_is_drawn_as_the_input_that_it_is(plan: object) -> None:
    rows = drawn("ExitPlanMode", {"plan": plan}, None)
    assert read_back(rows) == {"plan": plan}


def test_the_same_word_of_another_tool_is_no_plan() -> None:
    assert read_back(drawn("Write", {"plan": PLAN}, None)) == {"plan": PLAN}
