"""What messages of the CLI mean to a run."""

from __future__ import annotations

import pytest

from tui.runs.agent.sdk_messages import told_of
from tui.runs.folder.agent_events import AgentMessage, StreamChunks

EVENT = {"type": "content_block_delta"}
OWN = {"type": "stream_event", "event": EVENT, "parent_tool_use_id": None}


@pytest.mark.parametrize(
    "other",
    [
        OWN | {"parent_tool_use_id": "toolu_1"},
        OWN | {"event": "no event"},
        OWN | {"event": None},
        {"type": "stream_event"},
    ],
)
def test_only_the_agents_own_stream_events_are_written_for_its_followers(
    other: dict[str, object],
) -> None:
    assert told_of([OWN, other, OWN]) == AgentMessage(StreamChunks([EVENT] * 2), None, True)
    assert told_of([other]) == AgentMessage(None, None, is_answer=True)
