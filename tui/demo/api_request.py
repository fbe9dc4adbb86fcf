"""A parsed request to the Messages API: who asks, what was said, and how far the turn is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tui.claude.transcript.line_parser import INTERRUPTED
from tui.claude.transcript.speaker import without_notes
from tui.core.text.late_pattern import late_pattern
from tui.core.values import dataclass

_QUERY = late_pattern(r"query:?\s*(.+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The body of `POST /v1/messages`, and what a scene needs to know of it."""

    body: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The requested model."""
        return str(self.body.get("model") or "claude-sonnet-5-5")

    @property
    def session_id(self) -> str:
        """The session id in the client's metadata; empty when there is none."""
        try:
            return str(json.loads(self.body["metadata"]["user_id"])["session_id"])
        except (KeyError, TypeError, ValueError):
            return ""

    @property
    def is_streamed(self) -> bool:
        """Whether the response is to be a stream of events."""
        return self.body.get("stream") is True

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that the model may call."""
        return tuple(str(tool.get("name", "")) for tool in self._dicts("tools"))

    @property
    def is_search(self) -> bool:
        """Whether this is the client's WebSearch tool asking the server to search."""
        kinds = (str(tool.get("type", "")) for tool in self._dicts("tools"))
        return any(kind.startswith("web_search_") for kind in kinds)

    @property
    def is_background(self) -> bool:
        """Whether the client asks for itself (a title, a summary), not for its agent."""
        return not self.tools

    @property
    def prompts(self) -> tuple[str, ...]:
        """The users' prompts, oldest first, without the client's notes."""
        said = (_words(one.get("content")) for one in self._dicts("messages") if _is_user(one))
        return tuple(words for words in said if words)

    @property
    def first_prompt(self) -> str:
        """The prompt that began the conversation."""
        return next(iter(self.prompts), "")

    @property
    def prompt(self) -> str:
        """The prompt that the model is answering now."""
        return self.prompts[-1] if self.prompts else ""

    @property
    def query(self) -> str:
        """The query of a search request."""
        found = _QUERY.search(self.prompt)
        return (found.group(1) if found else self.prompt).strip()

    @property
    def step(self) -> int:
        """How many answers the model has given since the last prompt: 0 begins the turn."""
        steps = 0
        for message in reversed(self._dicts("messages")):
            if _is_user(message) and _words(message.get("content")):
                break
            steps += message.get("role") == "assistant"
        return steps

    @property
    def results(self) -> tuple[str, ...]:
        """The texts of the tool results in the last message."""
        return tuple(_plain(block.get("content")) for block in self._results())

    @property
    def is_refused(self) -> bool:
        """Whether a tool in the last message failed or was denied."""
        return any(block.get("is_error") is True for block in self._results())

    def _results(self) -> list[Mapping[str, Any]]:
        users = [message for message in self._dicts("messages") if _is_user(message)]
        blocks = _blocks(users[-1].get("content")) if users else []
        return [block for block in blocks if block.get("type") == "tool_result"]

    def _dicts(self, key: str) -> list[Mapping[str, Any]]:
        value = self.body.get(key)
        return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _is_user(message: Mapping[str, Any]) -> bool:
    return message.get("role") == "user"


def _blocks(content: object) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def _plain(content: object) -> str:
    texts = (str(one.get("text", "")) for one in _blocks(content))
    return "\n".join(text for text in texts if text)


def _words(content: object) -> str:
    texts = (without_notes(str(one.get("text", ""))).strip() for one in _blocks(content))
    return "\n".join(text for text in texts if text and not text.startswith(INTERRUPTED))
