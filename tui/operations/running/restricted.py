"""What a restricted console may not do through an agent: whoever steers one with Bash has a shell.

What the settings give to a stage is theirs to give; everything else here is refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tui.claude.layout import CREDENTIALS
from tui.core.errors import Refused
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import Run
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.operations.context import Context
from tui.operations.running.agent_options import is_wider
from tui.operations.running.mentions import stray_mention
from tui.runs.agent.tool_policy import is_harmless
from tui.runs.folder.bounded_reads import read_surely
from tui.runs.folder.protocol import IN_PIPELINE, OWNER, SPEC
from tui.safe_io.folders import is_folder, may_be_there

_CLOSED = "closed"  # what a spec calls the places that no tool of its agent may touch


def require_inner_prompt(context: Context, prompt: str, cwd: Path, config_dir: Path) -> None:
    """Raise `Refused` for a prompt that may mention a file outside the folder of its agent.

    The CLI puts such a file into the conversation, without asking anybody.
    """
    if context.settings.restricted and (said := stray_mention(prompt, cwd, config_dir)):
        context.require_unrestricted(f"{said!r} would show the agent a file outside its folder")


def agent_folder(run: Run, session: Session) -> Path:
    """Return the folder that the agent of a run works in; raises `Refused` when it is unknown."""
    named = _surely(run, SPEC).get("cwd")
    path = Path(named) if isinstance(named, str) and named else session.folder
    return path if is_folder(path, unknown=True) else session.folder


def require_no_secret(context: Context, run: Run, cwd: Path, config_dir: Path) -> None:
    """Raise `Refused` when an agent may have read credentials unasked, as in its folder it may.

    The agent of a pipeline may, until a restricted console prompts it; one of ours never: closed
    places are denied to every tool of it, and commands are asked for, as its runner knows.
    """
    if not context.settings.restricted:
        return
    if IN_PIPELINE not in _surely(run, OWNER) and _CLOSED in _surely(run, SPEC):
        return
    own, named, home = config_dir / CREDENTIALS, context.settings.env_file, _real(cwd)
    places = (_real(one) for one in (own, named) if one is not None and may_be_there(one))
    if any(one.is_relative_to(home) for one in places):
        context.require_unrestricted(
            "this agent may read the credentials in its folder without asking, so that somebody "
            "with all rights has to prompt it"
        )


def require_asking_agent(context: Context, session: Session, run: Run) -> None:
    """Raise `Refused` when an agent at work may do, unasked, more than the settings give it."""
    if not context.settings.restricted:
        return
    spec = _surely(run, SPEC)
    recorded, is_hosted = spec.get("agent"), IN_PIPELINE in _surely(run, OWNER)
    if spec.get("decides_itself", is_hosted) is not False:
        context.require_unrestricted(
            f"the pipeline of {session.session_id[:8]} decides itself what its agent may do, so "
            "that somebody with all rights has to prompt it"
        )
    agent = recorded if isinstance(recorded, dict) else {}
    tools = agent.get("allowed_tools")
    given: Sequence[tuple[str, Any]] = (
        ("permission_mode", agent.get("permission_mode") or "default"),
        ("permission_mode", run.permission_mode or "default"),
        ("allowed_tools", [str(one) for one in tools] if isinstance(tools, list) else []),
    )
    for name, value in given:
        if is_wider(context.settings, session.stage, name, value):
            context.require_unrestricted(
                f"{session.session_id[:8]} acts without asking ({name} of its own), so that "
                "somebody with all rights has to prompt it"
            )


def _surely(run: Run, name: str) -> Mapping[str, Any]:
    """Return what a file of a run says; raises `Refused` when it cannot be read."""
    try:
        return read_surely(run.folder / name)
    except OSError as error:
        raise Refused(
            f"what its agent may do is not known: {name} of its run cannot be read: "
            f"{error.strerror}"
        ) from error


def _real(path: Path) -> Path:
    """Return a path without links, as far as they can be followed: it never raises."""
    return Path(os.path.realpath(path))


def require_allowable(context: Context, session: Session, asked: PermissionRequest) -> None:
    """Raise `Refused` for a call that a restricted console may not allow: it can only deny it."""
    named = context.settings.stages.get(session.stage, {}).get("allowed_tools")
    is_stages = isinstance(named, list) and asked.tool in named
    if not is_stages and not is_harmless(asked.tool, asked.input):
        context.require_unrestricted(
            f"{one_line(asked.tool)[:40]} acts on this machine, so that you can only deny it; "
            "somebody with all rights can allow it"
        )
