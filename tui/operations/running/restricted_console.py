"""What a restricted console may not do through an agent: steering one with Bash is a shell.

What the settings give to a stage is allowed; everything else here is refused.
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

_CLOSED = "closed"  # the spec's key for places that no tool may touch


def require_inner_prompt(context: Context, prompt: str, cwd: Path, config_dir: Path) -> None:
    """Raise `Refused` for a prompt that may mention a file outside its agent's folder.

    The CLI puts such a file into the conversation without asking.
    """
    if context.settings.restricted and (said := stray_mention(prompt, cwd, config_dir)):
        context.require_unrestricted(f"{said!r} would show the agent a file outside its folder")


def agent_folder(run: Run, session: Session) -> Path:
    """Return the folder where the agent of a run works; raises `Refused` when it is unknown."""
    named = _read_or_refuse(run, SPEC).get("cwd")
    path = Path(named) if isinstance(named, str) and named else session.folder
    return path if is_folder(path, unknown=True) else session.folder


def require_no_secret(context: Context, run: Run, cwd: Path, config_dir: Path) -> None:
    """Raise `Refused` when an agent may have read credentials in its folder without permission.

    A pipeline's agent may, until a restricted console prompts it; ours never: its runner denies
    every tool the closed places, and commands need permission.
    """
    if not context.settings.restricted:
        return
    if IN_PIPELINE not in _read_or_refuse(run, OWNER) and _CLOSED in _read_or_refuse(run, SPEC):
        return
    own, named, home = config_dir / CREDENTIALS, context.settings.env_file, _resolved(cwd)
    places = (_resolved(one) for one in (own, named) if one is not None and may_be_there(one))
    if any(one.is_relative_to(home) for one in places):
        context.require_unrestricted(
            "this agent may read the credentials in its folder without asking, so only an "
            "unrestricted operator can prompt it"
        )


def require_asking_agent(context: Context, session: Session, run: Run) -> None:
    """Raise `Refused` if a running agent may do more without permission than the settings give."""
    if not context.settings.restricted:
        return
    spec = _read_or_refuse(run, SPEC)
    recorded, is_hosted = spec.get("agent"), IN_PIPELINE in _read_or_refuse(run, OWNER)
    if spec.get("decides_itself", is_hosted) is not False:
        context.require_unrestricted(
            f"the pipeline of {session.session_id[:8]} decides what its agent may do, so "
            "only an unrestricted operator can prompt it"
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
                f"{session.session_id[:8]} acts without asking ({name} of its own), so only "
                "an unrestricted operator can prompt it"
            )


def _read_or_refuse(run: Run, name: str) -> Mapping[str, Any]:
    """Return a file of a run; raises `Refused` when it cannot be read."""
    try:
        return read_surely(run.folder / name)
    except OSError as error:
        raise Refused(
            f"cannot tell what its agent may do: {name} of its run cannot be read: {error.strerror}"
        ) from error


def _resolved(path: Path) -> Path:
    """Return a path with its links resolved as far as possible; never raises."""
    return Path(os.path.realpath(path))


def require_allowable(context: Context, session: Session, asked: PermissionRequest) -> None:
    """Raise `Refused` for a tool call that a restricted console may only deny."""
    named = context.settings.stages.get(session.stage, {}).get("allowed_tools")
    is_stages = isinstance(named, list) and asked.tool in named
    if not is_stages and not is_harmless(asked.tool, asked.input):
        context.require_unrestricted(
            f"{one_line(asked.tool)[:40]} acts on this machine, so you can only deny it; "
            "an unrestricted operator can allow it"
        )
