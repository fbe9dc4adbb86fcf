"""A conversation as the lines of a transcript that the real CLI can resume."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from tui.claude.transcript.record_builder import (
    PROMPT_KEYS,
    api_error,
    cost_record,
    last_prompt_record,
    line_of,
    message_record,
    model_asked,
    title_record,
    tool_outcome,
)
from tui.demo.turns import SearchHit, count_tokens

# Dollars per million tokens: input, cached input, output.
_PRICES = {"claude-opus-5-5": (5.0, 0.5, 25.0), "claude-sonnet-5-5": (3.0, 0.3, 15.0)}


class Conversation:
    """Records who said what and when; `lines` are the transcript's, oldest first.

    `at` is the time of the next line and advances with each.
    """

    def __init__(
        self, session_id: str, cwd: Path, model: str, at: datetime, random: Random
    ) -> None:
        self.session_id = session_id
        self.at = at
        self.lines: list[dict[str, Any]] = []
        self._began = at
        self._cwd = str(cwd)
        self._model = model
        self._random = random
        self._leaf: str | None = None
        self._read, self._written, self._searches = random.randint(30_000, 90_000), 0, 0

    def prompt(self, text: str) -> None:
        """Add a prompt of the program or person."""
        self._message("user", text, more=PROMPT_KEYS)

    def text(self, words: str) -> None:
        """Add text of the assistant."""
        self._assistant({"type": "text", "text": words}, "end_turn")

    def bash(self, command: str, description: str, output: str, *, is_error: bool = False) -> None:
        """Add a call of Bash and its `output`."""
        outcome = {"stdout": output, "stderr": "", "interrupted": False, "isImage": False}
        call = {"command": command, "description": description}
        self._tool("Bash", call, output[:2_000], outcome, is_error=is_error)

    def search(self, query: str, hits: tuple[SearchHit, ...]) -> None:
        """Add a call of WebSearch and its `hits`."""
        found = [{"title": hit.title, "url": hit.url} for hit in hits]
        content = f'Web search results for query: "{query}"\n\nLinks: {json.dumps(found)}\n'
        outcome = {"query": query, "results": [{"content": found}], "durationSeconds": 1.2}
        self._searches += 1
        self._tool("WebSearch", {"query": query}, content, outcome)

    def failure(self, words: str) -> None:
        """End the turn with an API error, as the CLI records it."""
        message, more = api_error(self._uuid())
        self._message("assistant", [{"type": "text", "text": words}], message, more)

    def title(self, words: str) -> None:
        """Give the session a title."""
        self.lines.append(title_record(self.session_id, words))

    def cost(self) -> None:
        """End a run of the CLI: record the last prompt and the total cost."""
        fresh, cached, output = _PRICES[self._model]
        # Each answer reads the whole conversation again, mostly from the cache.
        reread = self._read * max(1, len(self.lines) // 3)
        dollars = (self._read * fresh + reread * cached + self._written * output) / 1e6
        self.lines.append(last_prompt_record(self.session_id, self._leaf))
        self.lines.append(
            cost_record(
                self.session_id,
                self._model,
                dollars=round(dollars, 6),
                tokens={"input": self._read, "output": self._written, "cached": reread},
                searches=self._searches,
                began=self._began,
                ended=self.at,
            )
        )

    def save(self, path: Path) -> None:
        """Write the transcript to `path`."""
        path.write_bytes(b"".join(map(line_of, self.lines)))

    def _tool(
        self, name: str, call: Any, content: str, outcome: Any, *, is_error: bool = False
    ) -> None:
        tool_id = f"toolu_{self._random.getrandbits(88):022x}"
        self._assistant(
            {"type": "tool_use", "id": tool_id, "name": name, "input": call}, "tool_use"
        )
        result: dict[str, Any] = {
            "type": "tool_result",
            "tool_use_id": tool_id,
            "content": content,
        }
        if is_error:
            result["is_error"] = True
        self._message("user", [result], more=tool_outcome(outcome))

    def _assistant(self, block: dict[str, Any], stop_reason: str) -> None:
        usage = {"input_tokens": 120, "cache_read_input_tokens": self._read}
        written = count_tokens(json.dumps(block))
        self._written += written
        message = {
            "id": f"msg_{self._random.getrandbits(88):024d}"[:30],
            "type": "message",
            "model": self._model,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": usage | {"cache_creation_input_tokens": 0, "output_tokens": written},
        }
        self._message("assistant", [block], message, model_asked(self._model))

    def _message(
        self,
        role: str,
        content: Any,
        message: dict[str, Any] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        parent, self._leaf = self._leaf, self._uuid()
        self._read += count_tokens(json.dumps(content))
        line = message_record(
            self.session_id,
            role,
            content,
            uuid=self._leaf,
            parent=parent,
            at=self.at,
            cwd=self._cwd,
            message=message,
            more=more,
        )
        self.lines.append(line)
        self.at += timedelta(seconds=self._random.uniform(1.5, 14.0))

    def _uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))
