"""What the CLI writes: stream events go past the SDK, and everything else reaches it unchanged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.runs.agent.chunk_lines import divert_chunks


def chunk(kind: str) -> str:
    return json.dumps({"type": "stream_event", "event": {"type": kind}}, separators=(",", ":"))


CHUNK = chunk("content_block_delta")
MESSAGE = '{"type":"assistant","text":"caf\u00e9"}'
NEARLY = '{"type":"stream_eventual"}'
BROKEN = '{"type":"stream_event",'
DEEP = '{"type":"stream_event","event":' + "[" * 100_000
NOTICE = "[SandboxDebug] not JSON"
LINES = st.lists(st.sampled_from([CHUNK, MESSAGE, NEARLY, BROKEN, NOTICE, DEEP, ""]), max_size=12)


class Pipe:
    """The CLI's output: pieces of text, then the end."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.transport_stream: object = None

    async def receive(self) -> str:
        if not self.pieces:
            raise EOFError
        return self.pieces.pop(0)


async def _read(pieces: list[str]) -> tuple[str, list[Mapping[str, Any]]]:
    pipe, taken, seen = Pipe(pieces), list[Mapping[str, Any]](), ""
    client = SimpleNamespace(_transport=SimpleNamespace(_stdout_stream=pipe))

    def take(chunks: Sequence[Mapping[str, Any]]) -> bool:
        taken.extend(chunks)
        return True

    assert divert_chunks(client, take)
    with suppress(EOFError):
        while True:
            seen += await pipe.receive()
    return seen, taken


@given(lines=LINES, cuts=st.lists(st.integers(0, 400), max_size=8), ends=st.booleans())
async def test_the_sdk_gets_all_but_stream_events_however_the_pipe_cuts_it(
    lines: list[str], cuts: list[int], ends: bool
) -> None:
    text = "\n".join(lines) + ("\n" if ends else "")
    places = sorted({0, len(text), *(min(one, len(text)) for one in cuts)})
    pieces = [text[a:b] for a, b in pairwise(places)]

    seen, taken = await _read(pieces)

    *whole, rest = text.split("\n")
    assert seen == "".join(f"{one}\n" for one in whole if one != CHUNK) + rest
    assert len(taken) == whole.count(CHUNK)


async def test_the_rest_of_a_line_that_has_gone_to_the_sdk_is_no_stream_event() -> None:
    seen, taken = await _read(["x", f"{CHUNK}\n", f"{CHUNK}\n"])

    assert seen == f"x{CHUNK}\n"
    assert len(taken) == 1


class Reader:
    """What reads the pipe, as asyncio's does."""

    is_paused = False

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


async def test_while_stream_events_come_the_pipe_is_left_alone_and_read_again_at_the_end() -> None:
    pipe, reader = Pipe([f"{CHUNK}\n"]), Reader()
    pipe.transport_stream = SimpleNamespace(_stream=SimpleNamespace(_transport=reader))
    client = SimpleNamespace(_transport=SimpleNamespace(_stdout_stream=pipe))
    divert_chunks(client, lambda _: True)
    reading = asyncio.create_task(pipe.receive())
    await asyncio.sleep(0)
    assert reader.is_paused

    reading.cancel()
    await asyncio.wait({reading})

    assert not reader.is_paused


async def test_the_first_words_of_a_message_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a gap after what comes before them, they would come up to a tenth of a second late."""
    first = [chunk("message_start"), chunk("content_block_start"), CHUNK]
    pipe = Pipe([f"{one}\n" for one in [*first, CHUNK, MESSAGE, *first]])
    taken, gaps = list[Mapping[str, Any]](), list[int]()

    async def asleep(gap_s: float) -> None:
        gaps.append(len(taken))

    def take(chunks: Sequence[Mapping[str, Any]]) -> bool:
        taken.extend(chunks)
        return True

    monkeypatch.setattr("tui.runs.agent.chunk_lines.asyncio.sleep", asleep)
    pipe.transport_stream = SimpleNamespace(_stream=SimpleNamespace(_transport=Reader()))
    client = SimpleNamespace(_transport=SimpleNamespace(_stdout_stream=pipe))
    divert_chunks(client, take)
    with suppress(EOFError):
        while True:
            await pipe.receive()
    assert gaps == [3, 4, 7]


@pytest.mark.parametrize("is_followed", [True, False])
async def test_what_nobody_follows_is_read_more_seldom_the_longer_it_lasts(
    monkeypatch: pytest.MonkeyPatch, is_followed: bool
) -> None:
    gaps, pipe, clock = list[float](), Pipe([f"{CHUNK}\n"] * 5), [0.0]

    async def asleep(gap_s: float) -> None:
        gaps.append(gap_s)
        clock[0] += 2.5

    monkeypatch.setattr("tui.runs.agent.chunk_lines.asyncio.sleep", asleep)
    monkeypatch.setattr("tui.runs.agent.chunk_lines.time.monotonic", lambda: clock[0])
    pipe.transport_stream = SimpleNamespace(_stream=SimpleNamespace(_transport=Reader()))
    client = SimpleNamespace(_transport=SimpleNamespace(_stdout_stream=pipe))
    divert_chunks(client, lambda _: is_followed)
    with suppress(EOFError):
        await pipe.receive()
    assert gaps == pytest.approx([0.1] * 5 if is_followed else [0.1, 0.15, 0.2, 0.25, 0.25])


async def test_a_line_that_never_ends_is_left_to_the_bound_of_the_sdk() -> None:
    piece = "x" * 65_536
    pipe = Pipe([BROKEN, *[piece] * 20])
    client = SimpleNamespace(_transport=SimpleNamespace(_stdout_stream=pipe))
    divert_chunks(client, lambda _: True)

    first = await pipe.receive()

    assert len(first) < 2 * 1024 * 1024
    assert pipe.pieces


def test_an_sdk_that_is_built_differently_gets_them_itself() -> None:
    assert not divert_chunks(SimpleNamespace(), lambda _: True)
