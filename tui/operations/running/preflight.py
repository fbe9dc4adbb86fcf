"""Checks before a run starts: what could go wrong."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from tui.claude.layout import CREDENTIALS
from tui.core.errors import Reason, Refused, RunFailed
from tui.core.explanation import Explanation
from tui.core.models.session import Session
from tui.core.text.sizes import size_text
from tui.operations.target import Target
from tui.safe_io.folders import is_link
from tui.settings import Settings

_MEMORY_FACTOR = 14
_AGENT_BYTES = 200 * 1024 * 1024
KEY_NAMES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")


def require_startable(settings: Settings, target: Target) -> None:
    """Raise `Refused` for a mistake in the setup that would only fail the session."""
    cli = cli_path(settings)
    if cli is None:
        missing = settings.cli_path or "the SDK has none for this machine"
        words = f"the CLI is missing: {missing}; set cli_path in the settings"
        raise Refused(words, Reason.NOT_SET_UP)
    if not os.access(cli, os.X_OK):
        words = f"the CLI {cli} is not executable"
        raise Refused(words, Reason.NOT_SET_UP, remedy=f"chmod +x {shlex.quote(str(cli))}")
    if is_link(target.config_dir):
        raise Refused(
            f"{target.config_dir} is a link, and links are not followed: put a folder in its place",
            Reason.LINKED,
        )
    if settings.env_file:
        from tui.runs.agent.environment import read_env_file

        try:
            read_env_file(settings.env_file)
        except RunFailed as error:
            raise Refused(error.message, Reason.NOT_SET_UP, remedy=error.remedy) from error


def warnings(
    settings: Settings, target: Target, session: Session | None
) -> tuple[Explanation, ...]:
    """Return what the operator should know before Enter: no sign-in, too little memory."""
    found = (
        env_file_rights(settings.env_file),
        _sign_in_warning(settings, target),
        too_large(session, available_bytes()),
    )
    return tuple(one for one in found if one.words)


def cli_path(settings: Settings) -> Path | None:
    """Return the CLI that a run will use: the configured one, else the SDK's."""
    if settings.cli_path:
        return settings.cli_path if settings.cli_path.is_file() else None
    import importlib.util

    spec = importlib.util.find_spec("claude_agent_sdk")
    folders = spec.submodule_search_locations if spec else None
    bundled = (Path(folder) / "_bundled" / "claude" for folder in folders or ())
    return next((path for path in bundled if path.is_file()), None)


def sign_in(settings: Settings, config_dir: Path) -> str:
    """Say where the agents' credentials come from; empty when none were found.

    Looks only for names; no value is kept or shown.
    """
    if settings.env_file and _names_key(settings.env_file):
        return f"key in {settings.env_file}"
    named = next((key for key in KEY_NAMES if os.environ.get(key)), None)
    if named:
        return f"{named} of this environment"
    if os.path.isfile(config_dir / CREDENTIALS):  # noqa: PTH113 (it never raises)
        return f"signed in: {config_dir / CREDENTIALS}"
    return ""


def _names_key(env_file: Path) -> bool:
    from tui.runs.agent.environment import read_env_file

    try:
        return not read_env_file(env_file).keys().isdisjoint(KEY_NAMES)
    except RunFailed:
        return False


def env_file_rights(env_file: Path | None) -> Explanation:
    """Say what is wrong with the permissions of a secrets file that can still be used."""
    if env_file is None:
        return Explanation("")
    try:
        mode = env_file.stat().st_mode
    except OSError as error:
        return Explanation(f"env_file {env_file}: {error.strerror}")
    if mode & stat.S_IRWXG:
        remedy = f"`chmod 600 {shlex.quote(str(env_file))}`"
        return Explanation(f"env_file {env_file} can be read by its group", remedy)
    return Explanation("")


def _sign_in_warning(settings: Settings, target: Target) -> Explanation:
    if sign_in(settings, target.config_dir):
        return Explanation("")
    remedy = "set env_file in the settings, or ANTHROPIC_API_KEY"
    return Explanation("no sign-in was found", remedy)


def too_large(session: Session | None, free: int | None) -> Explanation:
    """Say how much memory a resume may take, if that is more than is `free`; else empty."""
    transcript = session.transcript if session else None
    if session is None or transcript is None or not transcript.resumable:
        return Explanation("")
    likely = likely_memory(transcript.bytes)
    if free is None or likely < free * 0.8:
        return Explanation("")
    listing, stage = shlex.quote(session.listing), shlex.quote(session.stage or "STAGE")
    return Explanation(
        f"a resume may need {size_text(likely)} of memory and {size_text(free)} are free",
        f"a fresh session (`new {listing} PROMPT --stage {stage}`) needs "
        f"{size_text(_AGENT_BYTES)}; a fork reads as much, but leaves this one as it is",
    )


def likely_memory(transcript_bytes: int) -> int:
    """Return the bytes of memory that an agent takes to resume a transcript of that size."""
    return transcript_bytes * _MEMORY_FACTOR + _AGENT_BYTES


def available_bytes() -> int | None:
    """Return the bytes that this machine could give to a new process; `None` if unknown."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None
