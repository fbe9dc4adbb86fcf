"""The loopback API's answers: turns as values, and the stream events that they become."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tui.core.text.late_pattern import late_pattern
from tui.core.values import dataclass

Event = dict[str, Any]
_TOKENS = late_pattern(r"\s*\S{1,7}|\s+")


@dataclass(frozen=True, slots=True)
class Text:
    """Text of the assistant, written at `rate` tokens a second (0: at once)."""

    text: str
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Thinking:
    """Thinking before the text, written at `rate` tokens a second (0: at once)."""

    text: str
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of one of the client's own tools, such as Bash."""

    name: str
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One page that a search found."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Search:
    """A search that the server itself ran, and its hits."""

    query: str
    hits: tuple[SearchHit, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence for this many seconds: a slow model, or with a large number a hang."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Cuts the connection in the middle of the stream."""


Block = Text | Thinking | ToolUse | Search | Pause | Disconnect


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model, block by block."""

    blocks: tuple[Block, ...]

    @property
    def stop_reason(self) -> str:
        """`tool_use` when the client has to run a tool before the model continues."""
        calls = any(isinstance(block, ToolUse) for block in self.blocks)
        return "tool_use" if calls else "end_turn"


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an HTTP error, such as 401, 429 or 529.

    `retry_after` is in seconds; `resets_at`, in seconds since 1970, is when a limit that a 429
    tells of is over, which the CLI believes for a login alone, not for a key.
    """

    status: int
    type: str
    message: str
    retry_after: int | None = None
    resets_at: int | None = None

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers of the error."""
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.resets_at is not None:
            limit = "anthropic-ratelimit-unified-"
            headers |= {
                f"{limit}status": "rejected",
                f"{limit}reset": str(self.resets_at),
                f"{limit}representative-claim": "five_hour",
            }
        return headers

    def body(self) -> Event:
        """Return the error as the API's JSON."""
        return {"type": "error", "error": {"type": self.type, "message": self.message}}


@dataclass(frozen=True, slots=True)
class StreamStep:
    """One event of a stream, and the seconds to wait before it; `None` cuts the connection."""

    delay: float
    event: Event | None


def say(*blocks: Block | str, rate: float = 0.0) -> Turn:
    """Return a turn of these blocks; a plain string is text written at `rate`."""
    return Turn(tuple(Text(one, rate) if isinstance(one, str) else one for one in blocks))


def tokens(text: str) -> list[str]:
    """Split `text` into pieces of about one token each, which join to `text` again."""
    return _TOKENS.findall(text)


def count_tokens(text: str) -> int:
    """Return about how many tokens `text` has."""
    return max(1, len(text) // 4)


def stream(turn: Turn, *, message_id: str, model: str, input_tokens: int) -> Iterator[StreamStep]:
    """Return the events of `turn` in the API's order and at its pace."""
    message = _envelope(message_id, model, input_tokens)
    yield StreamStep(0.0, {"type": "message_start", "message": message})
    index, written = 0, 0
    for place, block in enumerate(turn.blocks):
        if isinstance(block, Pause):
            yield StreamStep(block.seconds, {"type": "ping"})
        elif isinstance(block, Disconnect):
            yield StreamStep(0.0, None)
        else:
            for content, deltas in _contents(block, f"{message_id}{place}"):
                yield from _block(index, content, deltas)
                index += 1
            written += count_tokens(str(block))
    yield StreamStep(0.0, _message_delta(turn, written))
    yield StreamStep(0.0, {"type": "message_stop"})


def whole(turn: Turn, *, message_id: str, model: str, input_tokens: int) -> Event:
    """Return `turn` as one JSON message, for a request without a stream."""
    content: list[Event] = []
    written = 0
    for place, block in enumerate(turn.blocks):
        for start, deltas in _contents(block, f"{message_id}{place}"):
            content.append(_filled(start, deltas))
        written += count_tokens(str(block))
    message = _envelope(message_id, model, input_tokens)
    message["usage"]["output_tokens"] = written
    return message | {"content": content, "stop_reason": turn.stop_reason}


def _envelope(message_id: str, model: str, input_tokens: int) -> Event:
    cached = input_tokens * 9 // 10
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": input_tokens - cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached,
            "output_tokens": 1,
        },
    }


def _message_delta(turn: Turn, written: int) -> Event:
    searches = sum(isinstance(block, Search) for block in turn.blocks)
    usage: Event = {"output_tokens": written}
    if searches:
        usage["server_tool_use"] = {"web_search_requests": searches}
    return {
        "type": "message_delta",
        "delta": {"stop_reason": turn.stop_reason, "stop_sequence": None},
        "usage": usage,
    }


def _block(index: int, content: Event, deltas: list[tuple[float, Event]]) -> Iterator[StreamStep]:
    yield StreamStep(0.0, {"type": "content_block_start", "index": index, "content_block": content})
    for delay, delta in deltas:
        yield StreamStep(delay, {"type": "content_block_delta", "index": index, "delta": delta})
    yield StreamStep(0.0, {"type": "content_block_stop", "index": index})


def _contents(block: Block, seed: str) -> list[tuple[Event, list[tuple[float, Event]]]]:
    """Return the content blocks of `block`, each with its deltas and their delays."""
    match block:
        case Text(text, rate):
            return [({"type": "text", "text": ""}, _typed("text_delta", "text", text, rate))]
        case Thinking(text, rate):
            deltas = _typed("thinking_delta", "thinking", text, rate)
            deltas.append((0.0, {"type": "signature_delta", "signature": _token("sig", text)}))
            return [({"type": "thinking", "thinking": "", "signature": ""}, deltas)]
        case ToolUse(name, arguments):
            start = {
                "type": "tool_use",
                "id": _token("toolu_", seed),
                "name": name,
                "input": {},
            }
            return [(start, _json_deltas(arguments))]
        case Search(query, hits):
            return _searched(query, hits, _token("srvtoolu_", seed))
        case Pause() | Disconnect():
            return []
    raise TypeError(f"a turn has blocks, such as Text or ToolUse, not {type(block).__name__}")


def _typed(kind: str, field: str, text: str, rate: float) -> list[tuple[float, Event]]:
    delay = 1 / rate if rate > 0 else 0.0
    pieces = tokens(text) if rate > 0 else [text]
    return [(delay, {"type": kind, field: piece}) for piece in pieces]


def _json_deltas(arguments: Mapping[str, Any]) -> list[tuple[float, Event]]:
    raw = json.dumps(dict(arguments))
    middle = len(raw) // 2
    pieces = (raw[:middle], raw[middle:])
    return [(0.0, {"type": "input_json_delta", "partial_json": piece}) for piece in pieces]


def _searched(
    query: str, hits: tuple[SearchHit, ...], call: str
) -> list[tuple[Event, list[tuple[float, Event]]]]:
    use = {"type": "server_tool_use", "id": call, "name": "web_search", "input": {}}
    found = [
        {
            "type": "web_search_result",
            "title": hit.title,
            "url": hit.url,
            "encrypted_content": _token("enc", hit.url),
            "page_age": None,
        }
        for hit in hits
    ]
    result = {"type": "web_search_tool_result", "tool_use_id": call, "content": found}
    return [(use, _json_deltas({"query": query})), (result, [])]


def _filled(start: Event, deltas: list[tuple[float, Event]]) -> Event:
    """Return the content block `start` with all its deltas applied."""
    block = dict(start)
    raw = ""
    for _, delta in deltas:
        match delta["type"]:
            case "text_delta":
                block["text"] += delta["text"]
            case "thinking_delta":
                block["thinking"] += delta["thinking"]
            case "signature_delta":
                block["signature"] = delta["signature"]
            case "input_json_delta":
                raw += delta["partial_json"]
    return block | {"input": json.loads(raw)} if raw else block


def _token(prefix: str, seed: str) -> str:
    return prefix + hashlib.sha256(seed.encode()).hexdigest()[:22]
