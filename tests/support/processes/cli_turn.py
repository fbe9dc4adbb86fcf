"""One turn of the real CLI in a folder of its own, against a loopback API."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tui.demo.api import LoopbackApi
from tui.operations.running.preflight import cli_path
from tui.settings import Settings


@dataclass(frozen=True)
class Answer:
    """What the CLI printed, and its exit code."""

    text: str
    code: int


def take_turn(api: LoopbackApi, config_dir: Path, cwd: Path, prompt: str, *more: str) -> Answer:
    """Let the CLI answer `prompt`; `more` are flags such as `--resume ID`."""
    cli = cli_path(Settings())
    assert cli is not None, "the SDK brings no CLI for this machine"
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    scratch = {"CLAUDE_CONFIG_DIR": str(config_dir), "CLAUDE_CODE_TMPDIR": str(config_dir)}
    done = subprocess.run(
        [str(cli), "-p", "--allowedTools", "WebSearch", *more, "--", prompt],
        cwd=cwd,
        env=own | api.env() | scratch,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Answer(done.stdout, done.returncode)
