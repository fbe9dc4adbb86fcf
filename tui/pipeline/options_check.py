"""Checks options of the SDK of which the CLI would make something else, or nothing."""

from __future__ import annotations

import math
import os
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

_MOST = 2**63
_MAY_BE_NONE = frozenset({"max_thinking_tokens", "load_timeout_ms"})  # 0 is a value of theirs
# Which session it is, or how the CLI is talked to: two of them contradict each other.
_OUR_FLAGS = frozenset(
    {
        *("resume", "r", "continue", "c", "session-id", "fork-session", "resume-session-at"),
        *("resume-drops-turn", "from-pr", "teleport", "cloud", "bg", "background", "print", "p"),
        *("input-format", "output-format"),
    }
)
_FLAG = late_pattern(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_UUIDS = frozenset({"session_id", "resume_session_at", "resume_drops_turn"})


def unusable_option(name: str, value: Any) -> str:
    """Return what is wrong with an option of the right type, empty if it can be used."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        is_usable = 0 < value < _MOST or (value == 0 and name in _MAY_BE_NONE)
        return "" if is_usable else "must be a number above 0, and below 2**63"
    if name == "env":
        return _unusable_environment(value)
    if name == "extra_args":
        return _unusable_flags(value)
    if name == "output_format" and value is not None and not _is_form(value):
        return 'must be {"type": "json_schema", "schema": {...}}'
    if name in _UUIDS and value is not None and not _is_uuid(value):
        return "must be a UUID, as the CLI takes them"
    hooks = value if name == "hooks" and value else {}
    sent = [one.timeout for matchers in hooks.values() for one in matchers]
    if not all(map(math.isfinite, _floats(sent or value))):
        return "has a number that JSON cannot hold: the CLI would not understand it"
    return ""


def _floats(value: Any) -> Iterator[float]:
    """Yield the floats in a plain value."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, Mapping):
        yield from (one for part in value.values() for one in _floats(part))
    elif isinstance(value, list):
        yield from (one for part in value for one in _floats(part))


def unusable_together(options: Any) -> str:
    """Return which of the SDK's options cannot be used with another, empty if all can."""
    return next(_contradictions(options), "")


def _contradictions(options: Any) -> Iterator[str]:
    """Yield what the SDK, or the CLI, would only say once the run has begun."""
    if options.can_use_tool is not None and options.permission_prompt_tool_name:
        yield "permission_prompt_tool_name cannot go with can_use_tool: one of them answers"
    if options.session_store is not None and options.enable_file_checkpointing:
        yield "session_store cannot go with enable_file_checkpointing: the SDK refuses both"
    if options.resume_drops_turn is not None and options.resume_session_at is None:
        yield "resume_drops_turn goes with resume_session_at: name the last entry that stays"


def _unusable_flags(flags: Mapping[str, str | None]) -> str:
    """Return which flag says what is not a pipeline's to say, or would be none: `--` ends them."""
    for flag in flags:
        shown = one_line(flag)[:40]
        if flag.strip().lstrip("-").partition("=")[0] in _OUR_FLAGS:
            return (
                f"cannot have {shown}: which session it is, and how the CLI is talked to, is for "
                "the manager to say (resume=ID, options.fork_session)"
            )
        if not _FLAG.fullmatch(flag):
            return f"cannot have {shown!r}: name a flag without its dashes, and its value apart"
    return ""


def _is_form(value: Mapping[str, Any]) -> bool:
    return value.get("type") == "json_schema" and isinstance(value.get("schema"), Mapping)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _unusable_environment(variables: Mapping[str, str]) -> str:
    """Return which variable no process can be given; its value may be a secret."""
    for name, value in variables.items():
        try:
            is_sound = b"\0" not in os.fsencode(name) + os.fsencode(value)
        except UnicodeEncodeError:
            is_sound = False
        if not (name and is_sound) or "=" in name:
            return f"cannot have {one_line(name)[:40]!r}: no process can be given that"
    return ""
