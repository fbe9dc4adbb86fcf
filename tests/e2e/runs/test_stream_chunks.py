"""The SDK that is installed lets its stream events be taken past it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ResultMessage
from claude_agent_sdk.types import StreamEvent

from tests.support.processes.runs_site import SCENES, WORDS
from tui.demo.api import LoopbackApi
from tui.runs.agent.chunk_lines import divert_chunks


async def test_stream_events_are_taken_and_all_other_messages_come(tmp_path: Path) -> None:
    taken: list[Mapping[str, Any]] = []

    def take(chunks: Sequence[Mapping[str, Any]]) -> bool:
        taken.extend(chunks)
        return True

    with LoopbackApi(SCENES, speed=10.0) as api:
        options = ClaudeAgentOptions(
            cwd=tmp_path,
            env=api.env() | {"CLAUDE_CONFIG_DIR": str(tmp_path / "claude")},
            include_partial_messages=True,
        )
        async with ClaudeSDKClient(options) as client:
            assert divert_chunks(client, take)
            await client.query("STREAM")
            messages = [one async for one in client.receive_response()]

    assert not any(isinstance(one, StreamEvent) for one in messages)
    assert isinstance(messages[-1], ResultMessage)
    deltas = (one["event"].get("delta", {}).get("text", "") for one in taken)
    assert "".join(deltas) == "Let me think. " + WORDS
