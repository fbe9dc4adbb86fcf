"""Start the console with what Textual reads from the environment when it is imported."""

from __future__ import annotations

import os

from tui.ui.port import Engine

_FRUGAL = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_FPS": "15", "ESCDELAY": "400"}


def run_console(engine: Engine) -> None:
    """Show the console until the operator leaves it; over SSH frugal, and without a mouse."""
    if engine.is_remote:
        for name, value in _FRUGAL.items():
            os.environ.setdefault(name, value)
    from tui.ui.app import ConsoleApp

    ConsoleApp(engine).run(mouse=not engine.is_remote)
