"""What a follower of a stream returns: what is new, and pages of what was before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tui.claude.transcript.usage.usage_meter import NOTHING_SPENT, SessionUsage
from tui.core.models.entry import Entry
from tui.core.models.run import Phase, Run
from tui.core.values import dataclass, field
from tui.runs.folder.protocol import PARTIAL, PartialBlock

_BEFORE_WORDS = (Phase.CLI, Phase.API)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamUpdate:
    """What is new since the last poll.

    `was_reset` means that the transcript is another one now, so what was shown is void. `partial`
    is the message being written, token by token, not in the transcript yet. `has_more` means that
    the next poll finds more at once. Everything between the places `start` and `end` has been
    returned by now; `asides` is what sub-agents said, by the id of their call, and `ended` the
    notices of those that ended without a word in the transcript. `branches` says which of several
    the next resume follows; they are marked from `branches_from` on, `None` while they are read.
    `is_restated` means that they changed what was shown: the entries stand for all of it.
    """

    entries: tuple[Entry, ...] = ()
    was_reset: bool = False
    is_restated: bool = False
    partial: PartialBlock | None = None
    notices: tuple[str, ...] = ()
    has_more: bool = False
    start: int = 0
    end: int = 0
    asides: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    ended: tuple[Entry, ...] = ()
    spent: SessionUsage = NOTHING_SPENT
    branches: str = ""
    branches_from: int | None = 0
    run: Run | None = None

    @property
    def is_news(self) -> bool:
        """Whether it has more than how things stand."""
        is_anew = self.was_reset or self.is_restated
        return bool(self.entries or self.notices or self.asides or self.ended or is_anew)

    @property
    def awaited(self) -> Path | None:
        """The file in which the first words of an answer will be; `None` if none is awaited."""
        run = self.run
        if run is None or run.is_over or self._words:
            return None
        is_due = self.partial is not None or run.progress.phase in _BEFORE_WORDS
        return run.folder / PARTIAL if is_due else None

    def begins_words(self, before: StreamUpdate) -> bool:
        """Whether the first words of a message are being written, of which `before` had none."""
        return bool(self._words) and before._words[:1] != self._words[:1]

    @property
    def _words(self) -> tuple[str, ...]:
        """The message that is being written and its words; empty before there are any."""
        block = self.partial
        texts = (one.text for one in (*block.earlier, block) if one.text) if block else ()
        words = tuple(texts)
        return (block.message_id, *words) if block and words else ()


@dataclass(frozen=True, slots=True)
class StreamPage:
    """A piece of the stream from `start` to `stop`; `is_void` when the file is another one now.

    `problems` say what of it could not be read.
    """

    entries: tuple[Entry, ...] = ()
    start: int = 0
    stop: int = 0
    is_void: bool = False
    problems: tuple[str, ...] = ()
