"""Copying, also from behind tmux and SSH."""

from __future__ import annotations

import asyncio
import os

from textual.app import App


async def copy(app: App[None], text: str) -> str:
    """Put `text` on the operator's clipboard and return which way it went.

    Raw OSC 52 reaches nothing from inside tmux; its own buffer does.
    """
    if os.environ.get("TMUX") and await _to_tmux(text):
        return "through tmux"
    app.copy_to_clipboard(text)
    return "by the terminal (OSC 52)"


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
    await process.communicate(text.encode())
    return process.returncode == 0
