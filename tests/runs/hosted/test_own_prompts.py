"""What a pipeline may give as a prompt, and what is said of anything else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tui.core.errors import UsageError
from tui.runs.hosted.own_prompts import OwnPrompts


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": content}, **more}


def block(words: Any) -> dict[str, Any]:
    return {"type": "text", "text": words}


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "says something"),
        (" \n", "says something"),
        (user([]), "says something"),
        (None, "a prompt is a string"),
        (7, "a prompt is a string"),
        (["go"], "a prompt is a string"),
        ({"type": "control_request", "request": {}}, "a prompt is a string"),
        ({"type": "user", "message": "go"}, "a prompt is a string"),
        (user(None), "a prompt is a string"),
        (
            {"type": "user", "message": {"role": "assistant", "content": "go"}},
            "a prompt is a string",
        ),
        ({"type": "user", "message": {"content": "go"}}, "a prompt is a string"),
        (user([{"type": "text"}, block("go")]), "one of text"),
        (user([block(None), block("go")]), "one of text"),
        (user([block(7), block("go")]), "one of text"),
        (user(["go"]), "each block of a message is a dict"),
        (user([None, block("go")]), "each block of a message is a dict"),
        (user([block(b"go")]), "sent as JSON"),
        (user([block("go"), deep()]), "sent as JSON"),
        (user("go", score=float("nan")), "sent as JSON"),
        (user("go", shouldQuery=False), "asks for no answer"),
        (user("go", uuid=5), "uuid is text"),
        (user("go", uuid="x" * 101), "uuid is text of at most 100"),
        ("/clear", "/clear is not sent"),
        (user("/exit"), "/exit is not sent"),
        (user([{"type": "image"}, block(" /new")]), "/new is not sent"),
        ("x" * 1_000_001, "the prompt has"),
        (user([{"type": "image", "data": "x" * (32 * 1024 * 1024)}]), "the message has"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else None,
)
async def test_what_cannot_be_sent_is_refused_in_words(given: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        await OwnPrompts(given, is_verbatim=False).first()


async def test_a_message_is_kept_as_it_was_given_and_named_by_its_words() -> None:
    given = user([{"type": "image", "source": {}}, block("who is this?")], uuid="one")
    own = OwnPrompts("go", is_verbatim=False).of(given)
    assert own.text == "[image]\nwho is this?"
    given["message"]["content"].clear()
    assert own.message
    assert own.message["uuid"] == "one"
    assert len(own.message["message"]["content"]) == 2


async def test_a_command_is_text_where_the_options_say_so() -> None:
    prompts = OwnPrompts("/clear", is_verbatim=True)
    assert (await prompts.first()).text == "/clear"
    assert prompts.of(user("/exit")).text == "/exit"


async def test_of_a_stream_the_first_is_taken_and_the_rest_waits() -> None:
    async def stream(*messages: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        for one in messages:
            yield one

    prompts = OwnPrompts(stream(user("one"), user("two")), is_verbatim=False)
    assert (await prompts.first()).text == "one"
    assert prompts.rest
    assert [one["message"]["content"] async for one in prompts.rest] == ["two"]
    with pytest.raises(UsageError, match="without one"):
        await OwnPrompts(stream(), is_verbatim=False).first()
