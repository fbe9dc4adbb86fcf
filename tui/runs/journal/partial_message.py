"""Assembles the message being written from the API's stream events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

_KINDS = {
    "text": "text",
    "thinking": "thinking",
    "redacted_thinking": "thinking",
    "tool_use": "tool",
    "server_tool_use": "tool",
}
_PIECES = ("text", "thinking", "partial_json")
_MAX_TEXT = 32 * 1024
_MAX_EARLIER_TEXT = 8 * 1024
_MAX_EARLIER = 8
# The CLI writes a message to the transcript a moment after its end; without this, its words would
# be gone from the screen for that moment.
_LINGERS = timedelta(milliseconds=400)


class PartialMessage:
    """Collects a message block by block; `shown` is what `partial.json` should hold.

    `begun` counts the messages that have begun to have words.
    """

    def __init__(self) -> None:
        self.begun = 0
        self._has_words = False
        self._message_id = ""
        self._blocks: list[dict[str, Any]] = []
        # What the last block has grown by: put to it when it is shown, and not for every token.
        self._pieces: list[str] = []
        self._pieces_size = 0
        self._grown_at: datetime | None = None
        self._gone_at: datetime | None = None

    def add(self, event: Mapping[str, Any], now: datetime) -> None:
        """Add one raw stream event of the API."""
        kind = event.get("type")
        if kind == "content_block_delta":
            self._grow(event.get("delta"), now)
        elif kind == "content_block_start":
            self._begin(event, now)
        elif kind == "message_start":
            self.clear()
            self._message_id = str(_mapping(event.get("message")).get("id", ""))
        elif kind == "message_stop":
            self._gone_at = now + _LINGERS

    def clear(self) -> None:
        """Forget the message: it is finished, or will never be."""
        self._message_id, self._blocks, self._gone_at = "", [], None
        self._pieces, self._pieces_size = [], 0
        self._has_words = False

    def shown(self, now: datetime) -> Mapping[str, Any] | None:
        """Return the block being written, with the finished ones before it, or `None`."""
        if self._gone_at is not None and now >= self._gone_at:
            self.clear()
        if not self._blocks:
            return None
        self._join_pieces()
        *earlier, last = self._blocks
        return last | {"earlier": earlier}

    def _begin(self, event: Mapping[str, Any], now: datetime) -> None:
        block = _mapping(event.get("content_block"))
        kind = _KINDS.get(str(block.get("type")))
        if kind is None:
            return
        self._join_pieces()
        for done in self._blocks:
            done["text"] = done["text"][-_MAX_EARLIER_TEXT:]
        begun = {
            "message_id": self._message_id,
            "index": event.get("index", 0),
            "kind": kind,
            "text": str(block.get("text") or block.get("thinking") or ""),
            "tool": str(block.get("name", "")),
            "at": now.isoformat(),
        }
        self._blocks = [*self._blocks, begun][-_MAX_EARLIER - 1 :]
        if begun["text"]:
            self._note_words()

    def _note_words(self) -> None:
        if not self._has_words:
            self._has_words = True
            self.begun += 1

    def _grow(self, delta: object, now: datetime) -> None:
        if not self._blocks or not isinstance(delta, dict):
            return
        for name in _PIECES:
            piece = delta.get(name)
            if isinstance(piece, str):
                self._pieces.append(piece)
                self._pieces_size += 1 + len(piece)
                self._grown_at = now
                if piece:
                    self._note_words()
                if self._pieces_size > _MAX_TEXT:
                    self._join_pieces()
                return

    def _join_pieces(self) -> None:
        if self._pieces:
            last = self._blocks[-1]
            last["text"] = (last["text"] + "".join(self._pieces))[-_MAX_TEXT:]
            if self._grown_at is not None:
                last["at"] = self._grown_at.isoformat()
            self._pieces, self._pieces_size = [], 0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
