"""A regular expression that is matched piece by piece, with a time limit."""

from __future__ import annotations

import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tui.core.errors import ConsoleError, UsageError
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

PATIENCE_S = 3.0
_PATIENCE_PER_CHAR = 1e-6
_PIECE = 16 * 1024
_OVERLAP = 1024
_CLASSES = frozenset("bBdDsSwWAZ")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-;=@#%")
_TOKEN = late_pattern(r"\\(.)|\[\^?\]?(?:\\.|[^\]\\])*\]|(\{[^}]*\}|[*?])|([()])|(.)", re.DOTALL)


class Pattern:
    """One or several regular expressions; every match contains one of its `literals`, if any.

    Case is ignored unless `is_case_sensitive`. `patience_s` is the time limit for matching. Raises
    `UsageError` for an invalid expression.
    """

    def __init__(
        self, *words: str, is_case_sensitive: bool = False, patience_s: float = PATIENCE_S
    ) -> None:
        flags = re.MULTILINE | (0 if is_case_sensitive else re.IGNORECASE)
        self._regexes = tuple(_compiled(one, flags) for one in words)
        literals = [literals_of(one) for one in words]
        self.literals = tuple(sorted({one for some in literals for one in some}))
        if not all(literals):
            self.literals = ()
        self._most_patience = self.patience = patience_s

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Return the first match of each line of `text`, never an empty one.

        Raises `ConsoleError` when the time limit is reached; each million characters add a second.
        Within one piece of text, only the main thread can be interrupted.
        """
        at = 0
        while at < len(text):
            end, next_at = _piece(text, at)
            match = self._first(text, at, end)
            if match is None:
                at = next_at
                continue
            yield match
            newline = text.find("\n", match.end())
            at = newline + 1 if newline >= 0 else len(text)

    def _first(self, text: str, start: int, end: int) -> re.Match[str] | None:
        began = time.monotonic()
        first: re.Match[str] | None = None
        with _alarm(self.patience, self._give_up):
            for regex in self._regexes:
                found = regex.finditer(text, start, end)
                match = next((one for one in found if one.end() > one.start()), None)
                if match is not None and (first is None or match.start() < first.start()):
                    first = match
        earned = (end - start) * _PATIENCE_PER_CHAR
        left = self.patience - (time.monotonic() - began) + earned
        self.patience = min(self._most_patience, left)
        if self.patience <= 0:
            self._give_up()
        return first

    def _give_up(self, number: int = 0, frame: FrameType | None = None) -> None:
        words = ", ".join(repr(one_line(one.pattern)[:80]) for one in self._regexes[:3])
        raise ConsoleError(
            f"{words} takes too long to match: avoid nested repetition, or add a word that must "
            "be there"
        )


def _compiled(words: str, flags: int) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(words, flags)
    except (re.error, RecursionError, OverflowError) as error:
        said = one_line(error)[:200]
        raise UsageError(f"{one_line(words)[:80]!r} is not a pattern: {said}") from error


def literals_of(pattern: str) -> tuple[bytes, ...]:
    """Return lower-case texts of which every match contains one, as JSON writes it; none if unsure.

    Lines without them need not be parsed, unless something in them may hide one.
    """
    if "(?" in pattern:
        return ()
    branches, depth = [[""]], 0
    for escaped, optional, bracket, char in _TOKEN.findall(pattern):
        if escaped.isalnum() and escaped not in _CLASSES:
            return ()
        depth += {"(": 1, ")": -1}.get(bracket, 0)
        runs = branches[-1]
        if optional:
            runs[-1] = runs[-1][:-1]
        if char == "|" and depth == 0:
            branches.append([""])
        elif depth == 0 and (char or escaped) in _PLAIN and not escaped.isalnum():
            runs[-1] += char or escaped
        else:
            runs.append("")
    longest = {max((run.strip(" ") for run in runs), key=len) for runs in branches}
    return () if "" in longest else tuple(sorted(one.lower().encode() for one in longest))


def _piece(text: str, at: int) -> tuple[int, int]:
    """Return where the next piece to match ends, and where the one after it begins.

    A pattern may take time quadratic in a piece's length. Pieces end with a line; those of a line
    that is longer than a piece overlap.
    """
    end = at + _PIECE
    if end >= len(text):
        return len(text), len(text)
    newline = text.rfind("\n", at + _OVERLAP, end)
    return (newline, newline + 1) if newline >= 0 else (end, end - _OVERLAP)


@contextmanager
def _alarm(seconds: float, ring: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Call `ring` from within whatever takes too long; only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
