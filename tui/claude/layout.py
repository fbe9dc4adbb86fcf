"""Names of the files and folders that the CLI keeps in a config dir, and where each lies."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from tui.core.text.late_pattern import late_pattern

DEFAULT_CONFIG_DIR = ".claude"
PROJECTS = "projects"
REGISTRY = "sessions"
PLANS = "plans"
SUBAGENTS = "subagents"
WORKFLOWS = "workflows"
TOOL_RESULTS = "tool-results"
TRANSCRIPT_ENDING = ".jsonl"
SETTINGS = "settings.json"
LOCAL_SETTINGS = "settings.local.json"
STATE = ".claude.json"
CREDENTIALS = ".credentials.json"
LAST_SWEEP = ".last-cleanup"
HISTORY = "history.jsonl"
DEBUG_LOGS = "debug"
TODOS = "todos"
# Folders with one entry for each session, named by its id.
SESSION_FOLDERS = ("file-history", "tasks", "session-env")
# All folders that a CLI of 2.1.332 or before may make in a config dir or in a session's folder.
ALL_FOLDERS = frozenset(
    {
        "agent-memory", "agents", "backups", "cache", "ccr", "chrome", "commands",
        "cowork_plugins", "daemon", DEBUG_LOGS, "dev-mods", "dump-prompts", "feedback",
        "feedback-bundles", "files", "hooks", "ide", "jobs", "local", "mcp-discovery-cache",
        "memory", "output-styles", "paste-cache", PLANS, "plugins", PROJECTS, REGISTRY,
        "remote-control", "rules", "seed-admin", "shares", "shell-snapshots", "skills",
        "startup-perf", "state", "statsig", SUBAGENTS, "teams", "telemetry", "themes", TODOS,
        TOOL_RESULTS, "traces", "uploads", "usage-data", WORKFLOWS, *SESSION_FOLDERS,
    }
)  # fmt: skip
_NOT_IN_A_SLUG = late_pattern(r"[^a-zA-Z0-9]")
LONGEST_SLUG = 200  # the CLI cuts longer ones and adds a hash


def project_slug(cwd: str | os.PathLike[str]) -> str:
    """Return the name of the project folder for a working directory, cut at `LONGEST_SLUG`."""
    return _NOT_IN_A_SLUG.sub("-", os.fspath(cwd))[:LONGEST_SLUG]


def projects_folder(config_dir: Path) -> Path:
    """Return the folder that holds a folder of transcripts for each working directory."""
    return config_dir / PROJECTS


def transcript_name(session_id: str) -> str:
    """Return the file name of a session's transcript."""
    return f"{session_id}{TRANSCRIPT_ENDING}"


def transcript_path(config_dir: Path, cwd: str | os.PathLike[str], session_id: str) -> Path:
    """Return where the CLI writes the transcript of a session that was started in `cwd`."""
    return projects_folder(config_dir) / project_slug(cwd) / transcript_name(session_id)


def is_transcript(path: str | os.PathLike[str]) -> bool:
    """Whether a path is named like a transcript."""
    return PurePath(path).suffix == TRANSCRIPT_ENDING


def session_of(name: str) -> str:
    """Return the session id in the file name or path of a transcript; other names unchanged."""
    return name.removesuffix(TRANSCRIPT_ENDING)


def transcript_of(session_folder: Path) -> Path:
    """Return the transcript that a session's own folder lies beside."""
    return session_folder.with_suffix(TRANSCRIPT_ENDING)


def registry_folder(config_dir: Path) -> Path:
    """Return the folder of the live registry."""
    return config_dir / REGISTRY


def registry_entry(config_dir: Path, pid: int) -> Path:
    """Return the registry file of the process `pid`."""
    return registry_folder(config_dir) / f"{pid}.json"


def default_config_dir(home: Path) -> Path:
    """Return the config dir that the CLI uses when no variable names one."""
    return home / DEFAULT_CONFIG_DIR


def secret_places(config_dir: Path) -> tuple[Path, ...]:
    """Return a config dir and, each by itself, the files in it that hold credentials."""
    return (config_dir, config_dir / CREDENTIALS, config_dir / STATE)
