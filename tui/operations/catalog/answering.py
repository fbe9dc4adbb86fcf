"""Asks whether a root and its listings answer, before a verb waits for them without end."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tui.core.errors import ConsoleError, Reason
from tui.core.text.safe_text import one_line
from tui.operations.catalog.worker_pool import Job, WorkerPool
from tui.safe_io.folders import OURS, mount_table

NO_ANSWER = "does not answer: its disk or its database is slow, or hangs"
_PATIENCE_S = 4.0


def require_answer(root: Path, words: Iterable[str], *, needs_all: bool) -> None:
    """Raise `ConsoleError` if the root hangs, or a listing that a word names; or, if it
    `needs_all`, any listing.

    Listings on the root's own disk are not asked: they answer if it does.
    """
    inside = dict[str, str]()  # the mounts in the root, each with the name that it is below

    def ask_root(place: str) -> None:
        _ask(place)
        within = os.path.realpath(place).rstrip("/") + "/"
        below = (one.place for one in mount_table() if one.place.startswith(within))
        inside.update((one, one[len(within) :].partition("/")[0]) for one in below)

    if _silent([str(root)], ask_root):
        raise ConsoleError(f"{root} {NO_ANSWER}", Reason.SLOW)
    named = {name for word in words for name in (word, word.partition("/")[0])} | {OURS}
    asked = [place for place, name in inside.items() if needs_all or name in named]
    if silent := _silent(asked, _ask):
        named_so = one_line(inside[silent[0]])
        raise ConsoleError(f"{named_so} {NO_ANSWER}: nothing was done", Reason.SLOW)


def _silent(places: list[str], ask: Job) -> list[str]:
    return sorted(WorkerPool().do(places, ask, _PATIENCE_S, at_most_s=_PATIENCE_S))


def _ask(place: str) -> None:
    """Return once a folder answers, be it with an error."""
    with suppress(OSError):
        os.scandir(place).close()
