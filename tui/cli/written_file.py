"""The file that a verb writes for its operator, where `-o` names one."""

from __future__ import annotations

import os
from pathlib import Path

from tui.core.errors import ConsoleError, Refused
from tui.operations.context import Context
from tui.safe_io.replacing import write_new


def require_may_write(context: Context, path: Path, otherwise: str) -> None:
    """Raise `Refused` if this console may not write the file; `otherwise` says what it can do."""
    context.require_unrestricted(f"it writes no file; {otherwise}")
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(context.root)):
        context.require_writable()


def existing(path: Path) -> Refused:
    """Return the refusal to overwrite a file."""
    return Refused(f"{path} already exists and is not overwritten")


def write_whole(path: Path, text: str) -> int:
    """Write a new file that only this login may read, all of it or nothing; return its size."""
    try:
        write_new(path, text, mode=0o600)
    except FileExistsError:
        raise existing(path) from None
    except OSError as error:
        raise ConsoleError(f"{path} cannot be written: {error.strerror or error}") from error
    return len(text.encode("utf-8", "replace"))
