"""What an agent may do unasked for an operator who has no shell here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ASKING_MODES = frozenset({"default", "plan", "dontAsk"})
# They neither run a command nor reach a file, and what a sub-agent does is asked for itself.
HARMLESS_TOOLS = frozenset({"WebSearch", "WebFetch", "TodoWrite", "AskUserQuestion", "Task"})
# The CLI then only names to the agent the files that a prompt mentions.
RESTRICTED_ENVIRONMENT = {"CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1"}


def restricted_settings(agent: Mapping[str, Any], config_dir: Path) -> str | None:
    """Return the CLI's settings for a run that a restricted console starts, as JSON.

    Else it runs, unasked, commands that it knows to only read, and reads the agent's credentials.
    `None` where the settings give the agent more than that in any case.
    """
    if (agent.get("permission_mode") or "default") not in ASKING_MODES:
        return None
    ask = [f"Read(**/{config_dir.name}/**)"]
    if not any(str(tool).startswith("Bash") for tool in agent.get("allowed_tools") or ()):
        ask.append("Bash")
    return json.dumps({"permissions": {"ask": ask}})
