"""Takes the API's stream events out of what the CLI writes, before the SDK parses one by one.

The SDK hands each on through two queues as an object of its own: 0.2 ms of CPU a token.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

TakeChunks = Callable[[Sequence[Mapping[str, Any]]], bool]

_BEGINS = '{"type":"stream_event"'
_WORDS = "content_block_delta"
_LONGEST = 1024 * 1024
# While only stream events come, the pipe is read this often: one waking for many tokens, but for
# the first words. What nobody follows is read more seldom the longer it lasts: its end is up to
# that much later.
_GAP_S, _MAX_GAP_S, _GAP_SHARE = 0.1, 0.25, 0.02


def divert_chunks(client: object, take: TakeChunks) -> bool:
    """Call `take` with the stream events, which the connected SDK `client` then never gets.

    They come in order, as many at once as were read at once; `take` says whether somebody follows
    them. Returns whether they are diverted: in an SDK that is built differently, the client gets
    them.
    """
    stream = getattr(getattr(client, "_transport", None), "_stdout_stream", None)
    receive = getattr(stream, "receive", None)
    if stream is None or receive is None:
        return False
    reader = getattr(getattr(stream, "transport_stream", None), "_stream", None)
    stream.receive = _ChunkLines(receive, getattr(reader, "_transport", None), take).receive
    return True


class _ChunkLines:
    """Reads text from `receive` and returns it without the lines that are stream events."""

    def __init__(self, receive: Callable[[], Awaitable[str]], pipe: Any, take: TakeChunks) -> None:
        self._receive, self._pipe, self._take = receive, pipe, take
        self._begun = ""  # of a line that may become a stream event
        self._is_in_line = self._is_followed = self._has_words = False

    async def receive(self) -> str:
        """Return the next text that the SDK is to see; raises at the end as the stream does."""
        began, self._has_words = time.monotonic(), False
        while True:
            try:
                text = await self._receive()
            except Exception:  # whatever ends the stream, what came before it goes first
                if not self._begun:
                    raise
                rest, self._begun = self._begun, ""
                return rest
            if kept := self._without_chunks(text):
                return kept
            if not self._has_words:
                continue
            lasted = 0.0 if self._is_followed else time.monotonic() - began
            await self._let_more_come(min(_GAP_S + lasted * _GAP_SHARE, _MAX_GAP_S))

    def _without_chunks(self, text: str) -> str:
        kept: list[str] = []
        *lines, rest = (self._begun + text).split("\n")
        self._begun = ""
        if self._is_in_line and lines:
            kept.append(lines.pop(0) + "\n")
            self._is_in_line = False
        taken, others = _parted(lines)
        kept += [line + "\n" for line in others]
        if taken:
            self._is_followed = self._take(taken)
            self._has_words = self._has_words or any(map(_is_words, taken))
        if rest and not self._is_in_line and _may_be_chunk(rest):
            self._begun = rest
        elif rest:
            self._is_in_line = True
            kept.append(rest)
        return "".join(kept)

    async def _let_more_come(self, gap_s: float) -> None:
        """Leave the pipe alone for a moment; what ends the agent meanwhile is not held up."""
        if self._pipe is None:
            return
        try:
            self._pipe.pause_reading()
            await asyncio.sleep(gap_s)
        finally:
            self._pipe.resume_reading()


def _parted(lines: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the stream events of whole lines, and the lines that are something else.

    All events are parsed at once, which takes a third of the CPU; one that is broken, and the
    SDK's to complain of, makes it one by one.
    """
    begun = [line for line in lines if line.startswith(_BEGINS)]
    try:
        events = json.loads(f"[{','.join(begun)}]")
    except (ValueError, RecursionError):
        events = []
    if len(events) == len(begun):
        return events, [line for line in lines if not line.startswith(_BEGINS)]
    events, others = [], []
    for line in lines:
        chunk = _chunk(line)
        if chunk is None:
            others.append(line)
        else:
            events.append(chunk)
    return events, others


def _chunk(line: str) -> dict[str, Any] | None:
    """Return a line's stream event; `None` if it is something else, or the SDK's to complain of."""
    if not line.startswith(_BEGINS):
        return None
    try:
        event: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event


def _is_words(line: Mapping[str, Any]) -> bool:
    event = line.get("event")
    return isinstance(event, dict) and event.get("type") == _WORDS


def _may_be_chunk(begun: str) -> bool:
    """Whether the start of a line may be that of a stream event, which is never very long."""
    known = begun[: len(_BEGINS)]
    return len(begun) <= _LONGEST and _BEGINS.startswith(known)
