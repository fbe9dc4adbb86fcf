"""Copying, also from behind tmux and SSH."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any

from textual.app import App

MOST_BY_TERMINAL = 56 * 1024  # in bytes: what xterm takes of one sequence, before base64
_PATIENCE = 2.0


async def copy(app: App[Any], text: str, *, may_run: bool = True) -> str:
    """Put `text` on the operator's clipboard and return which way it went.

    Raw OSC 52 reaches nothing from inside tmux; its own buffer does, if a program may be run.
    """
    if may_run and os.environ.get("TMUX") and await _to_tmux(text):
        return "through tmux"
    begun = text.encode("utf-8", "replace")[:MOST_BY_TERMINAL].decode("utf-8", "ignore")
    app.copy_to_clipboard(begun)
    cut = "" if begun == text else f", the first {len(begun):,} characters alone"
    return f"by the terminal (OSC 52){cut}"


async def _to_tmux(text: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "load-buffer",
            "-w",
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), _PATIENCE)
    except (TimeoutError, OSError):  # a server that hangs, or one that is gone
        with suppress(ProcessLookupError):
            process.kill()
        return False
    return process.returncode == 0
