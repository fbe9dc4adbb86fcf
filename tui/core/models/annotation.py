"""What operators wrote about a session: its tags and its note."""

from __future__ import annotations

from datetime import datetime

from tui.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag, who set it and when."""

    name: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note on one line, who wrote it and when."""

    content: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """The tags of a session by name, and its note."""

    tags: tuple[Tag, ...] = ()
    note: Note | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tags."""
        return tuple(one.name for one in self.tags)


NO_ANNOTATION = Annotation()
