"""Start the console with what Textual reads from the environment when it is imported."""

from __future__ import annotations

import gc
import os
import select
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from tui.core.errors import UsageError
from tui.core.limits import LINE_GONE_S
from tui.ui.port import Engine

_FRUGAL = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_FPS": "15", "ESCDELAY": "400"}
_MANY = 256
_ARENA_MAX = -8
_HUNG_UP = 129  # as a shell says that SIGHUP ended it


def run_console(engine: Engine) -> int:
    """Show the console until the operator leaves it; over SSH frugal, and without a mouse.

    Returns how many agents of ours go on. Raises `UsageError` when there is no terminal for it.
    """
    require_terminal()
    if engine.is_remote:
        for name, value in _FRUGAL.items():
            os.environ.setdefault(name, value)
    count = colours(os.environ)
    os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", color_system(count, is_remote=engine.is_remote))
    if not os.environ.get("NO_COLOR") and count != 0:
        os.environ.pop("NO_COLOR", None)  # set to nothing it says nothing
    else:
        os.environ["NO_COLOR"] = "1"
    for name in ("COLUMNS", "LINES"):  # exported by some shells, they would outlast every resize
        os.environ.pop(name, None)
    _share_memory()
    gc.disable()  # until the engine has looked once: what is imported and made for that stays
    from tui.ui.app import ConsoleApp

    is_frugal = engine.is_remote or count < _MANY or "NO_COLOR" in os.environ
    app = ConsoleApp(engine, is_frugal=is_frugal)
    threading.Thread(target=_leave_with_line, name="line", daemon=True).start()
    going_on = app.run(mouse=not engine.is_remote)
    if app.return_code:
        raise SystemExit(app.return_code)  # a fault, and it has been said
    return going_on or 0


def _share_memory() -> None:
    """Let threads use what others gave back: apart, each keeps as much as it ever needed.

    As `MALLOC_ARENA_MAX=1` does, which is only read before Python starts; glibc alone knows it.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def _leave_with_line() -> None:
    """End this process when its terminal is gone and whatever it is at has kept it from leaving."""
    if sys.__stdin__ is None:
        return
    terminal = select.poll()
    terminal.register(sys.__stdin__.fileno(), 0)
    while not any(event & select.POLLHUP for _, event in terminal.poll(1000)):
        continue
    time.sleep(LINE_GONE_S)
    os._exit(_HUNG_UP)


def colours(environment: Mapping[str, str]) -> int:
    """Return how many colours the terminal has: by its entry in terminfo, else by its name.

    `COLORTERM` is believed only of a terminal that has 256 of them: it comes along into a `screen`
    or to a console that never heard of it.
    """
    name = environment.get("TERM", "")
    is_true = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    count = _declared(name)
    if count is None:
        count = _MANY if is_true or "256" in name else 0 if name.startswith("vt") else 8
    return 2**24 if is_true and count >= _MANY else count


def _declared(name: str) -> int | None:
    with suppress(ImportError):
        import curses

        with suppress(curses.error, ValueError):
            curses.setupterm(name, 1)
            return max(0, curses.tigetnum("colors"))
    return None


def color_system(count: int, *, is_remote: bool) -> str:
    """Return what Textual calls so many colours; over SSH more than 256 cost too many bytes."""
    if count < _MANY:
        return "standard"
    return "truecolor" if count > _MANY and not is_remote else "256"


def require_terminal() -> None:
    """Raise `UsageError` when there is no terminal that the console could draw on."""
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise UsageError("the console needs a terminal: without one use a verb, such as `ls`")
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        raise UsageError("TERM says this terminal can draw nothing: use a verb, such as `ls`")
