"""Whatever a notice shows is found, although its line does not contain those words literally."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.claude.transcript.test_line_reader import queue, says, user
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript.search_prefilter import told_in


def attached(**facts: Any) -> dict[str, Any]:
    return {"type": "attachment", "attachment": facts}


def system(subtype: str, **facts: Any) -> dict[str, Any]:
    return {"type": "system", "subtype": subtype, **facts}


NOTICES = [
    attached(type="hook_blocking_error", hookName="Stop", blockingError="tests fail"),
    attached(type="hook_non_blocking_error", hookName="Lint", stderr="no file", exitCode=2),
    attached(type="hook_error_during_execution", hookName="Lint", content="broken"),
    attached(type="hook_cancelled", hookName="Lint"),
    attached(type="hook_stopped_continuation", hookName="Lint", message="enough"),
    attached(type="hook_system_message", hookName="Lint", content="noted"),
    attached(type="hook_permission_decision", hookName="Lint", decision="deny"),
    attached(type="x", failedMcpServers=[{"name": "crm", "error": "ECONN"}] * 20),
    system("stop_hook_summary", hookErrors=["late"], failedHookErrorIndexes=[0]),
    system("stop_hook_summary", preventedContinuation=True),
    system("model_refusal_no_fallback", apiRefusalCategory="cyber"),
    system("compact_boundary"),
    system("api_error", error="slow", retryAttempt=3),
    system("api_error"),
    user('<teammate-message teammate_id="bob" summary="hi there">all</teammate-message>'),
    user("<agent-message>Hello</agent-message>"),
    user('<channel source="chat">Hello</channel>'),
    user("<task-notification><summary>Done</summary></task-notification>"),
    user("<system-reminder>The date</system-reminder>"),
    user("<user-prompt-submit-hook>say please</user-prompt-submit-hook>"),
    user("<bash-input>ls</bash-input>"),
    user("<command-name>profile</command-name><command-args>Acme</command-args>"),
    user("<command-message>profile</command-message>"),
    user("Stop hook feedback:\nnot sorted", isMeta=True),
    user("Look", origin={"kind": "task-notification"}),
    user("What it was", isCompactSummary=True),
    {"type": "user", "message": {"content": [{"type": "image"}, {"type": "document"}]}},
    user([{"type": "image", "source": {"media_type": "image/png", "data": "A" * 32_000}}]),
    user([{"type": "document", "title": "report.pdf", "source": {"data": "A" * 1_600_000}}]),
    user([{"type": "document", "source": {"type": "text", "data": "A" * 512}}]),
    user([{"type": "tool_result", "content": [{"type": "image", "source": {"data": "A" * 48}}]}]),
    says("One", stop_reason="max_tokens"),
    says("One", stop_reason="model_context_window_exceeded"),
    says("One", stop_reason="refusal"),
    {"type": "attachment", "attachment": {"type": "hook_blocking_error"}},
    {"type": "attachment", "attachment": {"type": "hook_non_blocking_error"}},
    {"type": "system", "failedMcpServers": {"crm": "boom"}},
    {"type": "system", "mcp_servers": [{"name": "crm", "status": "failed"}]},
    queue("enqueue", "Why?"),
    queue("remove", "Why?"),
    queue("popAll", "Why?"),
]


@pytest.mark.parametrize("line", NOTICES, ids=range(len(NOTICES)))
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["narrow", "wide"])
def test_any_piece_of_what_is_shown_leads_to_its_line(
    line: dict[str, Any], separators: tuple[str, str]
) -> None:
    raw = json.dumps(line, separators=separators).encode()
    reader = LineReader()
    shown = [one.text for one in (*reader.entries(raw), *reader.rest())]
    assert shown
    pieces = {
        text[start:stop].lower().encode()
        for text in shown
        for start in range(len(text))
        for stop in range(start + 1, min(len(text), start + 40) + 1)
    }
    lost = [one for one in pieces if not any(mark in raw.lower() for mark in told_in((one,)))]
    assert lost == []


def test_what_no_notice_is_made_of_is_all_that_is_sought() -> None:
    """Searching for more words takes longer."""
    for words in (b"pumps", b"industrial pumps", b"dunwell", b"search"):
        assert told_in((words,)) == (words, b"<command-")
