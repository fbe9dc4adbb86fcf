"""What the CLI notes about a turn: hooks, servers that failed, why an answer ended early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.core.text.safe_text import one_line

_LONGEST = 400
_NO_REASON = "no reason given"
_MOST_SERVERS = 20
_FAILED_WITH = "Failed with non-blocking status code: "
_UNUSABLE = {"failed": "", "needs-auth": "it needs a login"}
_ENDED = {
    "max_tokens": "cut off: the answer reached the most tokens that one may have",
    "model_context_window_exceeded": "cut off: the context window is full",
}


def attached_notice(attached: Mapping[str, Any]) -> str:
    """Return the notice for the attachment of a hook, empty for none."""
    return _hook(str(attached.get("type") or ""), attached)


def failed_servers(given: object) -> str:
    """Return which MCP servers failed and why; empty when none did."""
    if isinstance(given, dict):
        given = [{"name": name, "error": why} for name, why in given.items()]
    servers = given if isinstance(given, list) else []
    said = []
    for server in servers[:_MOST_SERVERS]:
        facts = server if isinstance(server, dict) else {"name": server}
        why = _line(facts.get("error") or facts.get("errorCode") or "")
        said.append(f"{_line(facts.get('name') or '?')}{f' ({why})' if why else ''}")
    more = len(servers) - len(said)
    suffix = f", and {more} more" if more else ""
    return f"MCP server failed: {', '.join(said)}{suffix}" if said else ""


def unusable_servers(given: object) -> str:
    """Return which MCP servers the CLI could not use at its start; empty for none."""
    servers = given if isinstance(given, list) else []
    told = [(one.get("name"), str(one.get("status"))) for one in servers if isinstance(one, dict)]
    return failed_servers(
        [{"name": name, "error": _UNUSABLE[how]} for name, how in told if how in _UNUSABLE]
    )


def _hook(kind: str, hook: Mapping[str, Any]) -> str:
    named = _line(hook.get("hookName") or hook.get("hookEvent") or "")[:80]
    name = f"hook {named}" if named else "hook"
    match kind:
        case "hook_blocking_error":
            error = hook.get("blockingError")
            said = error.get("blockingError") if isinstance(error, dict) else error
            return f"{name} blocked: {_line(said) or _NO_REASON}"
        case "hook_non_blocking_error":
            said = str(hook.get("stderr") or hook.get("stdout") or "").removeprefix(_FAILED_WITH)
            code = _line(str(hook.get("exitCode", "?")))[:8]
            return f"{name} failed (exit {code}): {_line(said) or _NO_REASON}"
        case "hook_error_during_execution":
            return f"{name} failed: {_line(hook.get('content')) or _NO_REASON}"
        case "hook_cancelled":
            return f"{name} was cancelled"
        case "hook_stopped_continuation":
            return f"{name} ended the turn: {_line(hook.get('message')) or _NO_REASON}"
        case "hook_system_message":
            return f"{name}: {_line(hook.get('content'))}"
        case "hook_permission_decision" if hook.get("decision") == "deny":
            return f"{name} denied the call"
    return ""


def stop_hook_notice(line: Mapping[str, Any]) -> str:
    """Return the notice for a `stop_hook_summary`, empty for none."""
    if line.get("subtype") != "stop_hook_summary":
        return ""
    errors, failed = line.get("hookErrors"), line.get("failedHookErrorIndexes")
    said = errors if isinstance(errors, list) else []
    which = failed if isinstance(failed, list) else range(len(said))  # older CLIs name none
    words = [_line(one) for index, one in enumerate(said) if index in which]
    if line.get("preventedContinuation"):
        why = _line(line.get("stopReason") or _NO_REASON)
        return f"hook Stop ended the turn: {why}"
    return f"hook Stop failed: {'; '.join(words)}" if words else ""


def servers_notice(line: Mapping[str, Any]) -> str:
    """Return which MCP servers a `system` line says that failed; empty for none."""
    return failed_servers(line.get("failedMcpServers")) or unusable_servers(line.get("mcp_servers"))


def refusal(line: Mapping[str, Any]) -> str:
    """Return why the model refused, with no fallback; empty for any other line."""
    if line.get("subtype") != "model_refusal_no_fallback":
        return ""
    why = line.get("apiRefusalExplanation") or line.get("apiRefusalCategory")
    return _refused(why or line.get("content"))


def _refused(why: object) -> str:
    return f"refused: {_line(why) or 'the model declined to answer'}"


def early_end(message: Mapping[str, Any]) -> tuple[str, bool]:
    """Return why an answer of the model ended early, and whether it was refused; empty if not."""
    reason = message.get("stop_reason")
    if reason == "refusal":
        details = message.get("stop_details")
        facts = details if isinstance(details, dict) else {}
        return _refused(facts.get("explanation") or facts.get("category")), True
    return _ENDED.get(reason, "") if isinstance(reason, str) else "", False


def _line(value: object) -> str:
    return one_line(str(value or "")[: 5 * _LONGEST])[:_LONGEST]
