"""Permission requests: a question is asked each time, and the clock answers for nobody's sake."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.runs.command import Command
from tui.runs.happening import Answer, Ask
from tui.runs.journal import Journal
from tui.runs.permissions import Permissions
from tui.runs.protocol import read_events

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(("tool", "times"), [("Bash", 1), ("AskUserQuestion", 2)])
async def test_always_holds_for_a_tool_and_never_for_a_question(
    tmp_path: Path, tool: str, times: int
) -> None:
    permissions = Permissions(Journal(tmp_path, lambda: NOW), 60)
    for number in range(1, 3):
        asking = asyncio.create_task(permissions.ask(Ask(tool, {"command": "x" * 30_000})))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert permissions.is_waiting == (number <= times)
        answers = {"Which?": "this"}
        given = Command("answer", NOW, "bert", "", f"p{number}", "always", answers)
        permissions.answer(given)
        answer = await asking
        assert answer.decision in ("always", "allow")
        if number <= times:
            assert answer == Answer("always", "", answers)
    asked = [event for event in read_events(tmp_path) if event["type"] == "permission"]
    assert len(asked) == times
    assert len(asked[0]["input"]["command"]) == 30_000
