"""The examples of every verb's declaration, as lines that tests run."""

from __future__ import annotations

import shlex
from pathlib import Path

from tui.cli.declarations.table import VERBS
from tui.cli.parser import build_parser

_SESSION, _LISTING, _FILE = "9f2c", "hollis_park", "pumps.md"  # as the examples name them

# What is there for a fleet alone needs the driver of its database, which imports much.
OF_FLEETS = {one.name for one in VERBS if one.module.startswith("fleet.")}


def verb_lines(
    *, acting: bool, session: str = _SESSION, listing: str = _LISTING, file: Path | None = None
) -> list[list[str]]:
    """Return the examples that change something, or those that do not, as lists of words.

    They name this session and listing; an empty `listing` leaves that word out. Examples that
    write a file are left out without a `file`, and `tail --follow`, which does not end, always.
    """
    named = {_SESSION: session, _LISTING: listing, _FILE: str(file)}
    found = []
    for verb in VERBS:
        for example in verb.examples:
            words = shlex.split(example)
            args = build_parser().read(words)
            if getattr(args, "follow", False) or (_FILE in words and file is None):
                continue
            if verb.acts_on(args) is acting:
                found.append([named.get(word, word) for word in words if named.get(word, word)])
    return found
