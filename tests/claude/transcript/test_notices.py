"""Each note of the CLI about hooks and MCP servers becomes one notice in plain words."""

from __future__ import annotations

from json import dumps
from typing import Any

import pytest

from tui.claude.transcript.line_parser import parse_line


def told(line: dict[str, Any]) -> list[str]:
    return [f"{one.kind} {one.text}" for one in parse_line(dumps(line).encode())]


@pytest.mark.parametrize(
    ("attached", "shown"),
    [
        ({"type": "hook_blocking_error", "hookName": "PostToolUse:Bash",
          "blockingError": {"blockingError": "[./a.sh]: not sorted\n", "command": "./a.sh"}},
         "notice hook PostToolUse:Bash blocked: [./a.sh]: not sorted"),
        ({"type": "hook_non_blocking_error", "hookName": "PreToolUse:Bash", "exitCode": 1,
          "stderr": "no such file", "stdout": ""},
         "notice hook PreToolUse:Bash failed (exit 1): no such file"),
        ({"type": "hook_error_during_execution", "hookName": "Stop", "content": "it threw"},
         "notice hook Stop failed: it threw"),
        ({"type": "hook_cancelled", "hookName": "Stop"}, "notice hook Stop was cancelled"),
        ({"type": "hook_stopped_continuation", "hookName": "Stop", "message": "enough"},
         "notice hook Stop ended the turn: enough"),
        ({"type": "hook_system_message", "hookName": "Stop", "content": "take care"},
         "notice hook Stop: take care"),
        ({"type": "hook_permission_decision", "hookEvent": "PermissionRequest",
          "decision": "deny"}, "notice hook PermissionRequest denied the call"),
        ({"type": "hook_permission_decision", "decision": "allow"}, ""),
        ({"type": "hook_success", "hookName": "Stop", "content": "fine"}, ""),
        ({"type": "hook_additional_context", "content": ["x"]}, ""),
        ({"type": "deferred_tools_delta", "failedMcpServers": [
            {"name": "dead", "errorCode": "CONNECTION_CLOSED", "error": "Connection closed"},
            {"name": "gone", "errorCode": "ECONNREFUSED"}, "odd"]},
         "notice MCP server failed: dead (Connection closed), gone (ECONNREFUSED), odd"),
        ({"type": "deferred_tools_delta", "failedMcpServers": []}, ""),
        ({"type": "deferred_tools_delta", "failedMcpServers": ["x"] * 25},
         f"notice MCP server failed: {', '.join(['x'] * 20)}, and 5 more"),
        ({"type": "deferred_tools_delta", "failedMcpServers": {"crm": "boom", "erp": ""}},
         "notice MCP server failed: crm (boom), erp"),
        ({"type": "hook_blocking_error"}, "notice hook blocked: no reason given"),
        ({"type": "hook_non_blocking_error", "exitCode": 0},
         "notice hook failed (exit 0): no reason given"),
        ({"type": "hook_non_blocking_error"}, "notice hook failed (exit ?): no reason given"),
        ({"type": "hook_stopped_continuation", "hookName": "Stop"},
         "notice hook Stop ended the turn: no reason given"),
        ({"type": "hook_blocking_error", "blockingError": ["x"], "hookName": 7},
         "notice hook 7 blocked: ['x']"),
    ],
)  # fmt: skip
def test_an_attachment_that_says_something_is_a_notice(attached: Any, shown: str) -> None:
    assert told({"type": "attachment", "attachment": attached}) == [shown] * bool(shown)


@pytest.mark.parametrize(
    ("summary", "shown"),
    [
        ({"hookErrors": [], "preventedContinuation": False}, ""),
        ({"hookErrors": ["a", "b"], "failedHookErrorIndexes": [1]}, "hook Stop failed: b"),
        ({"hookErrors": ["a"], "failedHookErrorIndexes": []}, ""),
        ({"preventedContinuation": True, "stopReason": "enough"},
         "hook Stop ended the turn: enough"),
        ({"hookErrors": 7, "failedHookErrorIndexes": {"a": 1}}, ""),
        ({"hookErrors": ["lint failed", "x"]}, "hook Stop failed: lint failed; x"),
        ({"subtype": "init", "mcp_servers": [
            {"name": "crm", "status": "failed"}, {"name": "ok", "status": "connected"}]},
         "MCP server failed: crm"),
        ({"subtype": "mcp", "failedMcpServers": ["crm"]}, "MCP server failed: crm"),
    ],
)  # fmt: skip
def test_a_summary_of_stop_hooks_tells_what_no_other_line_does(summary: Any, shown: str) -> None:
    line = {"type": "system", "subtype": "stop_hook_summary"} | summary
    assert told(line) == [f"notice {shown}"] * bool(shown)
