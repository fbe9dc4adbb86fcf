"""The prompts that a pipeline gives its own agent: text, or the SDK's user messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any

from tui.claude.slash_commands import require_same_session
from tui.core.errors import RunFailed, UsageError
from tui.core.event_loop import is_fault
from tui.core.prompts import OnePrompt, Prompts
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.runs.folder.protocol import require_sound_prompt
from tui.runs.prompt_queue import OwnPrompt

_LONGEST_ID = 100  # characters
_MAX_MESSAGE = 32 * 1024 * 1024  # what the API takes in one request


class OwnPrompts:
    """The prompts of one run: one, or a stream of them, each a turn.

    `is_verbatim`: a slash command in them is text.
    """

    def __init__(self, given: Prompts, *, is_verbatim: bool) -> None:
        self._given, self._is_verbatim = given, is_verbatim
        self.rest: AsyncIterator[Mapping[str, Any]] | None = None

    async def first(self) -> OwnPrompt:
        """Return the first one; `rest` then has the stream's others, if it is one."""
        if not isinstance(self._given, AsyncIterable):
            return self.of(self._given)
        self.rest = _each(self._given)
        try:
            given = await anext(self.rest)
        except StopAsyncIteration:
            raise UsageError("the stream of prompts has ended without one") from None
        return self.of(given)

    def of(self, given: OnePrompt) -> OwnPrompt:
        """Return a prompt; raises `UsageError` for one that cannot be sent."""
        texts, message = ((given,), None) if isinstance(given, str) else _read(given)
        text = "\n".join(texts)
        if not text.strip():
            raise UsageError("a prompt is a string that says something, or the SDK's user message")
        require_sound_prompt(text)
        for one in () if self._is_verbatim else texts:
            require_same_session(one)
        return OwnPrompt(text, message)


async def _each(given: AsyncIterable[Mapping[str, Any]]) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the prompts of a stream; what would end our own task unasked is a fault of it."""
    prompts = aiter(given)
    while True:
        try:
            one = await anext(prompts)
        except StopAsyncIteration:
            return
        except (asyncio.CancelledError, GeneratorExit) as fault:
            if not is_fault(fault):
                raise
            what = f"the stream of prompts raised {type(fault).__name__} by itself"
            raise RunFailed(what) from fault
        yield one


def _read(given: object) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Return the texts of the SDK's user message, and a copy that nobody changes any more."""
    inner = given.get("message") if isinstance(given, Mapping) else None
    content = inner.get("content") if isinstance(inner, Mapping) else None
    is_user = isinstance(given, Mapping) and given.get("type") == "user"
    is_theirs = isinstance(inner, Mapping) and inner.get("role") == "user"
    if not (is_user and is_theirs) or not isinstance(content, str | list):
        raise UsageError(
            'a prompt is a string, or a message as the SDK takes them: {"type": "user", '
            '"message": {"role": "user", "content": ...}}'
        )
    try:
        text = json.dumps(given, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the message cannot be sent as JSON: {one_line(error)}") from error
    if len(text) > _MAX_MESSAGE:
        most = size_text(_MAX_MESSAGE)
        raise UsageError(f"the message has {size_text(len(text))}, and the API takes {most}")
    copy: dict[str, Any] = json.loads(text)
    named = copy.get("uuid")
    if not isinstance(named, str | None) or len(named or "") > _LONGEST_ID:
        raise UsageError(f"a message's uuid is text of at most {_LONGEST_ID} characters")
    if copy.get("shouldQuery") is False:
        raise UsageError("a message that asks for no answer (shouldQuery) cannot be a turn")
    return (content,) if isinstance(content, str) else tuple(map(_text, content)), copy


def _text(block: object) -> str:
    """Return what a block says, or else its kind: an image has no words.

    Raises `UsageError` for one that the CLI would wait for ever to understand.
    """
    value = block if isinstance(block, Mapping) else {}
    text, kind = value.get("text", ""), one_line(value.get("type", "?"))
    is_sound = isinstance(text, str) and (kind != "text" or "text" in value)
    if not (is_sound and isinstance(block, Mapping)):
        raise UsageError(
            'each block of a message is a dict, one of text: {"type": "text", "text": "..."}'
        )
    return text if "text" in value else f"[{kind}]"
