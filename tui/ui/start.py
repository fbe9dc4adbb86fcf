"""Start the console with what Textual reads from the environment when it is imported."""

from __future__ import annotations

import os
import sys

from tui.core.errors import UsageError
from tui.ui.port import Engine

_FRUGAL = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_FPS": "15", "ESCDELAY": "400"}


def run_console(engine: Engine) -> int:
    """Show the console until the operator leaves it; over SSH frugal, and without a mouse.

    Returns how many agents of ours go on. Raises `UsageError` when there is no terminal for it.
    """
    require_terminal()
    if engine.is_remote:
        for name, value in _FRUGAL.items():
            os.environ.setdefault(name, value)
    for name in ("COLUMNS", "LINES"):  # exported by some shells, they would outlast every resize
        os.environ.pop(name, None)
    from tui.ui.app import ConsoleApp

    return ConsoleApp(engine).run(mouse=not engine.is_remote) or 0


def require_terminal() -> None:
    """Raise `UsageError` when there is no terminal that the console could draw on."""
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise UsageError("the console needs a terminal: without one use a verb, such as `ls`")
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        raise UsageError("TERM says this terminal can draw nothing: use a verb, such as `ls`")
