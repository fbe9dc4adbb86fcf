"""Copying to the operator's clipboard, also through tmux and SSH."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any

from textual.app import App

MOST_BY_TERMINAL = 56 * 1024  # in bytes: what xterm takes of one sequence, before base64
_PATIENCE = 2.0
_PIECE = 250  # characters: older versions of GNU screen drop longer strings


async def copy(app: App[Any], text: str, *, may_run: bool = True) -> str:
    """Put `text` on the clipboard and return how it was sent.

    tmux drops raw OSC 52, but takes `load-buffer -w` where a program may be run.
    """
    if may_run and os.environ.get("TMUX") and await _to_tmux(text):
        return "copied through tmux"
    begun = text.encode("utf-8", "replace")[:MOST_BY_TERMINAL].decode("utf-8", "ignore")
    app.copy_to_clipboard(begun)
    cut = "" if begun == text else f", the first {len(begun):,} characters only"
    return f"sent to the terminal (OSC 52, which it may ignore){cut}"


def through_screen(sequence: str) -> str:
    """Return a sequence wrapped for GNU screen, in pieces that it has room for."""
    pieces = (sequence[at : at + _PIECE] for at in range(0, len(sequence), _PIECE))
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


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
        async with asyncio.timeout(_PATIENCE):
            await process.communicate(text.encode("utf-8", "replace"))
    except (TimeoutError, OSError):  # a server that hangs, or one that is gone
        with suppress(ProcessLookupError):
            process.kill()
        return False
    return process.returncode == 0
