"""What an agent's own call says: heard, kept with its request, and granted as it was shown."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import AssistantMessage, ToolResultBlock, ToolUseBlock, UserMessage

from tui.core.limits import MOST_CALLS, REQUEST
from tui.core.models.permission_request import PermissionRequest
from tui.runs.agent.tool_calls import ToolCalls, granted_input
from tui.runs.folder.agent_events import PermissionAnswer, PermissionAsk
from tui.runs.folder.permission_requests import REQUESTS, file_name, read_request, request_file

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLAN = {"plan": "# Do it"}


def call(number: int, given: dict[str, Any]) -> AssistantMessage:
    return AssistantMessage([ToolUseBlock(f"t{number}", "ExitPlanMode", given)], "any")


async def test_a_call_is_known_until_its_result_is() -> None:
    calls = ToolCalls()
    waiting = asyncio.create_task(calls.made("t1"))
    calls.hear(UserMessage("a prompt"))
    calls.hear(call(1, PLAN))
    assert await waiting == PLAN
    assert await calls.made("t1") == PLAN
    calls.hear(UserMessage([ToolResultBlock("t1", "done")]))
    assert await calls.made(None) is None


async def test_a_call_that_nobody_heard_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.runs.agent.tool_calls._HEARD_WITHIN_S", 0.01)
    calls = ToolCalls()
    for number in range(MOST_CALLS + 1):
        calls.hear(call(number, PLAN))
    assert await calls.made("t0") is None
    assert await calls.made(f"t{MOST_CALLS}") == PLAN


@pytest.mark.parametrize(
    ("ask", "goes_on_with"),
    [
        (PermissionAsk("ExitPlanMode", {}, call=PLAN), PLAN),
        (PermissionAsk("ExitPlanMode", PLAN), {"plan": "# Do it\n"}),
        (PermissionAsk("ExitPlanMode", PLAN, call={"plan": "# Other"}), {"plan": "# Do it\n"}),
        (PermissionAsk("Write", {"file_path": "/a"}, call={"file_path": "~"}), None),
    ],
)
def test_the_cli_goes_on_with_what_was_shown(ask: PermissionAsk, goes_on_with: object) -> None:
    assert granted_input(ask, PermissionAnswer("allow")) == goes_on_with


def read(folder: Path, ask: PermissionAsk, change: Any = None) -> PermissionRequest:
    """Return a request as it is read from its file, which `change` may have changed."""
    (folder / REQUESTS).mkdir()
    file = request_file("p1", ask)
    text = json.dumps(json.loads(file.text) | change) if change else file.text
    (folder / REQUESTS / file_name("p1")).write_text(text)
    told = PermissionRequest(request_id="p1", tool=ask.tool, input={}, at=NOW, digest=file.digest)
    return read_request(folder, told)


def test_the_call_is_kept_with_its_request_and_part_of_what_is_granted(tmp_path: Path) -> None:
    with_call, without = (
        PermissionAsk("ExitPlanMode", PLAN, call={"plan": "x"}),
        PermissionAsk("ExitPlanMode", PLAN),
    )
    assert request_file("p1", with_call).digest != request_file("p1", without).digest
    shown = read(tmp_path, with_call)
    assert (shown.input, shown.call, shown.problem) == (PLAN, {"plan": "x"}, "")


@pytest.mark.parametrize("given", [{}, {"plan": " "}, {"plan": 7}])
def test_without_a_plan_it_can_only_be_denied(tmp_path: Path, given: dict[str, Any]) -> None:
    for number, said in enumerate((None, {}, {"plan": "\n"})):
        folder = tmp_path / str(number)
        folder.mkdir()
        shown = read(folder, PermissionAsk("ExitPlanMode", given, call=said))
        assert shown.problem == "its plan is not available: it can only be denied"


def test_a_call_that_is_too_long_can_only_be_denied(tmp_path: Path) -> None:
    shown = read(tmp_path, PermissionAsk("ExitPlanMode", {}, call={"plan": "x" * REQUEST}))
    assert shown.missing > 0
    assert "can only be denied" in shown.problem


def test_a_call_that_makes_no_sense_is_a_problem(tmp_path: Path) -> None:
    shown = read(tmp_path, PermissionAsk("ExitPlanMode", PLAN), {"call": ["x"]})
    assert shown.call is None
    assert "can only be denied" in shown.problem
