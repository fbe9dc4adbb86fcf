"""What stdout and stderr can encode: UTF-8 or ASCII, by the locale."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui.view.text.ascii import ERRORS, encode_plainly


def is_ascii_locale() -> bool:
    """Whether the locale says that the terminal does not know UTF-8."""
    named = (os.environ.get("LC_ALL"), _original_ctype(), os.environ.get("LANG"))
    locale = next((name for name in named if name), "utf-8")
    return "utf" not in locale.lower()


def _original_ctype() -> str:
    """Return `LC_CTYPE` as the process was started with it.

    Python overwrites it where the locale is missing (PEP 538).
    """
    name = os.environ.get("LC_CTYPE", "")
    if name in ("C.UTF-8", "C.utf8", "UTF-8"):
        with suppress(OSError):
            given = Path("/proc/self/environ").read_bytes().split(b"\0")
            return next((os.fsdecode(one[9:]) for one in given if one[:9] == b"LC_CTYPE="), "")
    return name


def never_fail_to_print(*, is_ascii: bool) -> None:
    """Print `?` for what a stream cannot encode; with `is_ascii` print ASCII only."""
    encode_plainly()
    options: dict[str, Any] = {"encoding": "ascii", "errors": ERRORS} if is_ascii else {}
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(**(options or {"errors": "replace"}))


def discard_output() -> None:
    """Send stdout to /dev/null, so that the interpreter's last flush cannot fail."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
