"""Tells whether the program on disk is still the one that a process was started from."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import tui
from tui.safe_io.folders import FileStamp, stamps_of

_SDK = "claude_agent_sdk"


def program_stamp() -> Mapping[str, FileStamp]:
    """Return the stamps of what a runner is made of: this program, the SDK, Python and its paths.

    An installer replaces files, and whatever it installs changes the folder that it is put in.
    """
    return stamps_of(_parts())


def _parts() -> Iterator[str]:
    yield os.path.realpath(sys.executable)
    yield from filter(None, sys.path)
    yield from _sources(Path(tui.__file__).parent)
    found = importlib.util.find_spec(_SDK)
    for folder in (found.submodule_search_locations or ()) if found else ():
        yield from _sources(Path(folder))


def _sources(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one != "__pycache__"]
        yield from (f"{place}/{one}" for one in names if one.endswith(".py"))
