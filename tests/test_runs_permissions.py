"""Permission requests: a question is asked each time, and the clock answers for nobody's sake."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.runs.command import REQUEST_ID, Command
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
        given = Command("answer", NOW, "bert", "", _last_id(tmp_path), "always", answers)
        permissions.answer(given)
        answer = await asking
        assert answer.decision in ("always", "allow")
        if number <= times:
            assert answer == Answer("always", "", answers)
    asked = [event for event in read_events(tmp_path) if event["type"] == "permission"]
    assert len(asked) == times
    assert len(asked[0]["input"]["command"]) == 30_000


async def test_a_restricted_prompt_ends_what_was_allowed_for_always(tmp_path: Path) -> None:
    permissions = Permissions(Journal(tmp_path, lambda: NOW), 60)

    async def is_asked(tool: str) -> bool:
        given = {"isolation": "worktree"} if tool == "Agent" else {}
        asking = asyncio.create_task(permissions.ask(Ask(tool, given)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        is_waiting = permissions.is_waiting
        permissions.answer(Command("answer", NOW, "bert", "", _last_id(tmp_path), "always"))
        assert (await asking).decision in ("always", "allow")
        return is_waiting

    tools = ("Bash", "WebFetch", "Agent")
    permissions.begin_turn(is_restricted=False)
    assert [await is_asked(tool) for tool in (*tools, *tools)] == [True] * 3 + [False] * 3
    permissions.begin_turn(is_restricted=True)
    assert [await is_asked(tool) for tool in (*tools, *tools)] == [True, False, True] * 2
    permissions.begin_turn(is_restricted=False)
    again = [True, False, True, False, False, False]
    assert [await is_asked(tool) for tool in (*tools, *tools)] == again


async def test_an_answer_reaches_the_question_as_the_agent_worded_it(tmp_path: Path) -> None:
    permissions = Permissions(Journal(tmp_path, lambda: NOW), 60)
    worded = ["Which\u200b region\ufe0f?", "x" * 60_001, "Plain?"]
    asked = [{"question": one, "options": []} for one in worded]
    asking = asyncio.create_task(permissions.ask(Ask("AskUserQuestion", {"questions": asked})))
    await asyncio.sleep(0)
    shown = read_events(tmp_path)[-1]["input"]["questions"]
    answers = {one["question"]: str(number) for number, one in enumerate(shown)}
    assert not set(answers) & set(worded[:2])
    permissions.answer(Command("answer", NOW, "bert", "", _last_id(tmp_path), "allow", answers))
    assert (await asking).answers == {one: str(number) for number, one in enumerate(worded)}


async def test_no_answer_can_be_posted_before_its_request(tmp_path: Path) -> None:
    asked = []
    for _ in range(2):
        permissions = Permissions(Journal(tmp_path, lambda: NOW), 0.01)
        assert (await permissions.ask(Ask("Bash", {}))).decision == "deny"
        asked.append(_last_id(tmp_path))
        assert not permissions.answer(Command("answer", NOW, "bert", "", asked[-1], "allow"))
    assert all(REQUEST_ID.fullmatch(one) for one in asked)
    assert asked[0] != asked[1]


def _last_id(folder: Path) -> str:
    return str(read_events(folder)[-1]["request_id"])
