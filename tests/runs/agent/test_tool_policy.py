"""What a run that a restricted console starts, or prompts, is bounded by."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.runs_site import Site
from tui.demo.api import LoopbackApi
from tui.runs.agent.client import AgentClient
from tui.runs.folder.agent_events import AgentMessage, PermissionAnswer, PermissionAsk
from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox, post
from tui.runs.folder.protocol import INBOX, read_events
from tui.runs.journal.run_journal import Journal
from tui.runs.model_changes import ModelChanges
from tui.runs.prompt_queue import Prompt, PromptQueue

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "is_restricted"),
    [
        ({}, True),
        ({"is_restricted": False}, False),
        ({"is_restricted": 0}, True),
        ({"is_restricted": "false"}, True),
        ({"is_restricted": None}, True),
    ],
)
def test_only_a_plain_no_takes_the_bounds_off_a_command(
    tmp_path: Path, changes: dict[str, Any], is_restricted: bool
) -> None:
    (tmp_path / INBOX).mkdir()
    name = post(tmp_path, Command("prompt", at=NOW, by="eve", text="go", is_restricted=True))
    path = tmp_path / INBOX / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    (command,) = Inbox(tmp_path).take()
    assert Prompt.of(command) == Prompt("go", "eve", name, is_restricted)


@pytest.mark.parametrize(
    ("changes", "now", "is_asking"),
    [
        ({}, "default", True),
        ({}, "acceptEdits", False),
        ({"agent": {"permission_mode": "acceptEdits"}}, "acceptEdits", False),
        ({"stage_gives": {"permission_mode": "acceptEdits"}}, "acceptEdits", True),
        ({"decides_itself": True}, "default", False),
    ],
)
def test_a_runner_knows_itself_whether_its_agent_asks(
    tmp_path: Path, api: LoopbackApi, changes: dict[str, Any], now: str, is_asking: bool
) -> None:
    """Without it whoever writes to the run folder could say that a pipeline's agent asks."""
    spec = Site(tmp_path, tmp_path / "env", api).spec("go", **changes)
    journal = Journal(tmp_path, lambda: NOW)
    alterations = ModelChanges(AgentClient(spec, tmp_path, _nobody, _unheard), journal, spec)
    alterations.begun(now)
    assert alterations.is_asking == is_asking


def _unheard(_: AgentMessage) -> bool:
    return False


async def _nobody(ask: PermissionAsk) -> PermissionAnswer:
    return PermissionAnswer("deny")


@pytest.mark.parametrize(
    ("is_restricted", "is_asking", "may"),
    [(True, True, True), (True, False, False), (False, False, True)],
)
def test_a_restricted_prompt_begins_no_turn_of_an_agent_that_does_not_ask(
    tmp_path: Path, is_restricted: bool, is_asking: bool, may: bool
) -> None:
    prompt = Prompt("go", "eve", "one", is_restricted)
    prompts = PromptQueue(Journal(tmp_path, lambda: NOW), prompt)
    assert prompts.may_begin(prompt, is_asking=is_asking) == may
    assert [event["kind"] for event in read_events(tmp_path)] == ([] if may else ["dropped"])
