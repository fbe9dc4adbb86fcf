"""Set the environment that Textual reads when it is imported, then start the console."""

from __future__ import annotations

import gc
import os
import select
import sys
import threading
import time
from contextlib import suppress
from functools import partial

from tui.core.errors import UsageError
from tui.core.limits import LINE_GONE_S
from tui.ui.engine.engine import Engine
from tui.ui.terminal.first_picture import FirstPicture
from tui.ui.threads import detached
from tui.view.text.colours import colours_of, draws_nothing

_FRUGAL = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_FPS": "15", "ESCDELAY": "400"}
_ARENA_MAX = -8
_KEEPING_S = 0.5
_HUNG_UP = 129  # as a shell says that SIGHUP ended it


def run_console(engine: Engine, first: FirstPicture | None = None) -> str:
    """Show the console until the operator leaves. Over SSH it paints less and ignores the mouse.

    It begins with the `first` picture, and leaves another. Returns how many of our runs go on.
    Raises `UsageError` without a usable terminal.
    """
    require_terminal()
    if engine.is_remote:
        for name, value in _FRUGAL.items():
            os.environ.setdefault(name, value)
    colours = colours_of(os.environ, is_remote=engine.is_remote)
    os.environ["TEXTUAL_COLOR_SYSTEM"] = colours.system
    os.environ.pop("NO_COLOR", None)
    if not colours.count:
        os.environ["NO_COLOR"] = "1"
    for name in ("COLUMNS", "LINES"):  # exported by some shells, they would outlast every resize
        os.environ.pop(name, None)
    _share_memory()
    gc.disable()  # until the engine has looked once: what is imported and made for that stays
    from tui.ui.app import ConsoleApp

    app = ConsoleApp(engine, is_frugal=engine.is_remote or colours.is_few, first=first)
    threading.Thread(target=_leave_with_line, name="line", daemon=True).start()
    going_on = app.run(mouse=not engine.is_remote)
    if app.return_code:
        raise SystemExit(app.return_code)  # a fault, and it has been said
    if (picture := app.taker.picture) is not None:
        detached(partial(app.first_picture.keep, picture)).join(_KEEPING_S)
    return going_on or ""


def _share_memory() -> None:
    """Let all threads share one malloc arena; with one each, freed memory is never reused.

    Has the effect of `MALLOC_ARENA_MAX=1`, which is read only before Python starts. glibc only.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def _leave_with_line() -> None:
    """Force this process to exit if it still runs a while after its terminal hung up."""
    if sys.__stdin__ is None:
        return
    terminal = select.poll()
    terminal.register(sys.__stdin__.fileno(), 0)
    while not any(event & select.POLLHUP for _, event in terminal.poll(1000)):
        continue
    time.sleep(LINE_GONE_S)
    os._exit(_HUNG_UP)


def require_terminal() -> None:
    """Raise `UsageError` when there is no terminal to draw on."""
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise UsageError("the console needs a terminal: use a verb instead, such as `ls`")
    if draws_nothing(os.environ):
        raise UsageError(
            "TERM says that this terminal cannot draw: use a verb instead, such as `ls`"
        )
