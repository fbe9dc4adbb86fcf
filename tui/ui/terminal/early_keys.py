"""Keys that are typed while the terminal shows the last picture, before the live one is there.

Those that only move are kept, and handled once it is. All others are dropped, and told: what they
would have acted on may be gone. Many are only counted, for they may be a password.
"""

from __future__ import annotations

from collections.abc import Collection

from textual import events

from tui.core.console.keymap import written
from tui.ui.terminal.keyboard import TypedAhead

_MOST_KEPT = 256
_MOST_NAMED = 4


class EarlyKeys:
    """Sorts what is typed; `moving` are the keys that are kept, by Textual's names."""

    def __init__(self, moving: Collection[str]) -> None:
        self._moving = moving
        self.kept: list[events.Key] = []
        self._dropped: list[str] = []

    def take(self, event: events.Key | events.Paste) -> None:
        """Keep a key that moves, drop any other."""
        if isinstance(event, TypedAhead):
            for key in event.keys:
                self.take(key)
        elif isinstance(event, events.Key) and event.key in self._moving:
            self.kept += [event] if len(self.kept) < _MOST_KEPT else []
        else:
            self._dropped.append(_named(event))

    @property
    def words(self) -> str:
        """What was dropped, as a sentence; empty when nothing was."""
        if not (names := self._dropped):
            return ""
        few = " ".join(dict.fromkeys(names))
        shown = few if len(names) <= _MOST_NAMED else f"{len(names):,} keys"
        return f"typed before this picture was live, so it did nothing: {shown}"


def _named(event: events.Key | events.Paste) -> str:
    if isinstance(event, events.Paste):
        return "a paste"
    character = event.character or ""
    return character if character.isprintable() and character.strip() else written(event.key)
