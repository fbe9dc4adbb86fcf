"""What a restricted console may not do through an agent: whoever steers one with Bash has a shell.

What the settings give to a stage is theirs to give; everything else here is refused.
"""

from __future__ import annotations

import re

from tui.core.models import Run, Session
from tui.core.text import one_line
from tui.operations.agent_options import HARMLESS_TOOLS, is_wider
from tui.operations.context import Context
from tui.runs.protocol import SPEC
from tui.runs.untrusted import read_json

# The CLI puts a file that a prompt mentions into the conversation, without asking anybody.
_MENTION = re.compile(r"""@["']?(?:[/~\\]|[^\s"']*\.\.)|@"[^"]*\.\.""")


def require_inner_prompt(context: Context, prompt: str) -> None:
    """Raise `Refused` for a prompt that mentions a file outside the folder of its agent."""
    found = _MENTION.search(prompt)
    if found is not None:
        words = one_line(prompt[found.start() :])[:40]
        context.require_unrestricted(f"{words!r} would show the agent a file outside its folder")


def require_asking_agent(context: Context, session: Session, run: Run) -> None:
    """Raise `Refused` when an agent at work may do, unasked, more than the settings give it."""
    if not context.settings.restricted:
        return
    recorded = read_json(run.folder / SPEC).get("agent")
    agent = recorded if isinstance(recorded, dict) else {}
    tools = agent.get("allowed_tools")
    given = {
        "permission_mode": run.permission_mode or agent.get("permission_mode") or "default",
        "allowed_tools": [str(one) for one in tools] if isinstance(tools, list) else [],
    }
    for name, value in given.items():
        if is_wider(context.settings, session.stage, name, value):
            context.require_unrestricted(
                f"{session.session_id[:8]} acts without asking ({name} of its own), so that "
                "somebody with all rights has to prompt it"
            )


def require_allowable(context: Context, session: Session, tool: str) -> None:
    """Raise `Refused` for a tool that a restricted console may not allow: it can only deny it."""
    named = context.settings.stages.get(session.stage, {}).get("allowed_tools")
    if tool not in HARMLESS_TOOLS and not (isinstance(named, list) and tool in named):
        context.require_unrestricted(
            f"{one_line(tool)[:40]} acts on this machine, so that you can only deny it; somebody "
            "with all rights can allow it"
        )
