"""What the CLI is told so that a run enters no closed place and takes no orders from a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tui.claude.config_dir import DEFAULT_SWEEP_DAYS, SWEEP_SETTING, sweep_days
from tui.runs.agent.closed_place_rules import deny_rules
from tui.runs.folder.protocol import RunSpec

# Notes of an agent to its next run lie in the config dir, which is closed, and act like a prompt.
_ENVIRONMENT = {"CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1"}
# The CLI then only names to the agent the files that a prompt mentions.
_RESTRICTED_ENVIRONMENT = {"CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1"}
_MOST_DAYS = 36500


def confining_options(spec: RunSpec) -> dict[str, Any]:
    """Return the SDK options that confine a run of ours.

    A restricted console's takes settings, rules, skills, agents and MCP servers from no folder,
    the config dir included, unless the settings of its stage give it that source.
    """
    sources = spec.agent.get("setting_sources")
    if spec.is_restricted:
        sources = sources or []
    settings: dict[str, Any] = {"permissions": {"deny": deny_rules(spec)}}
    if sources is not None and "user" not in sources:
        # The CLI does not read it from the config dir then.
        settings[SWEEP_SETTING] = _sweep(sweep_days(spec.config_dir))
    options: dict[str, Any] = {"settings": json.dumps(settings)}
    if spec.is_restricted:
        options |= {"setting_sources": sources, "strict_mcp_config": True}
    return options


def confining_environment(spec: RunSpec) -> Mapping[str, str]:
    """Return the environment of the CLI that goes with `confining_options`."""
    return _ENVIRONMENT | (_RESTRICTED_ENVIRONMENT if spec.is_restricted else {})


def _sweep(days: int) -> int:
    return min(days, _MOST_DAYS) or DEFAULT_SWEEP_DAYS
