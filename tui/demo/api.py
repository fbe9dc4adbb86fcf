"""A Messages API on the loopback interface: what the real CLI talks to without an account.

The demo plays its scenes through it, and the end-to-end tests script their agents with it.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

from tui.demo.api_request import ApiRequest
from tui.demo.turns import (
    Failure,
    Search,
    SearchHit,
    Text,
    Turn,
    count_tokens,
    say,
    stream,
    whole,
)

Scene = Callable[[ApiRequest], Turn | Failure]
_LOOK_EVERY = 0.2
_NOT_JSON = Failure(400, "invalid_request_error", "The body is not a JSON object.")


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def found_something(asked: ApiRequest) -> Turn:
    """Answer a search of the client's WebSearch tool with three hits."""
    query = asked.query
    slug = "-".join(query.lower().split()[:4]) or "nothing"
    hits = tuple(SearchHit(f"{query} ({n})", f"https://example.com/{slug}/{n}") for n in (1, 2, 3))
    return Turn((Search(query, hits), Text(f"Three pages about {query}.")))


def by_word(scenes: dict[str, Scene], default: Scene) -> Scene:
    """Return a scene that plays the one whose word is in the prompt, the first, or the default."""

    def chosen(asked: ApiRequest) -> Turn | Failure:
        for words in (asked.prompt, asked.first_prompt):
            for word, scene in scenes.items():
                if word in words:
                    return scene(asked)
        return default(asked)

    return chosen


class LoopbackApi:
    """Serve `POST /v1/messages` on 127.0.0.1; `scene` decides what each request is answered.

    Requests that the client makes for itself get a short answer and never reach the scene.
    `requests` keeps what was asked, oldest first; `speed` divides every delay.
    """

    def __init__(
        self, scene: Scene, *, search: Scene = found_something, speed: float = 1.0
    ) -> None:
        self.requests: list[ApiRequest] = []
        self._scene = scene
        self._search = search
        self._speed = speed
        self._ids = count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The base URL, for `ANTHROPIC_BASE_URL`."""
        return f"http://127.0.0.1:{self._port}"

    def env(self) -> dict[str, str]:
        """Return the environment that makes the CLI use this server and no other."""
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "sk-ant-loopback",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "1",
        }

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *raised: object) -> None:
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @contextmanager
    def in_thread(self) -> Iterator[Self]:
        """Serve from a thread of its own, for callers without an event loop."""
        ready, loop, done = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

        async def serve() -> None:
            try:
                async with self:
                    ready.set()
                    await done.wait()
            finally:
                ready.set()

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(done.set)
            thread.join()
            loop.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer request after request on one connection until the client goes."""
        try:
            # A client may vanish at any byte; that ends its connection and nothing else.
            with suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                while request := await _read_request(reader):
                    await self._answer(request, reader, writer)
        finally:
            writer.close()

    async def _answer(
        self,
        request: _Request,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        path = request.path.partition("?")[0]
        if request.method != "POST" or not path.startswith("/v1/messages"):
            # Without a body, which the client of a HEAD request would take for the next answer.
            writer.write(_head(404, "Content-Length: 0"))
            return await writer.drain()
        asked = ApiRequest(_json_object(request.body))
        size = count_tokens(request.body.decode(errors="replace"))
        if path.endswith("/count_tokens"):
            return await _send_json(writer, 200, {"input_tokens": size})
        answer = self._choose(asked) if asked.body else _NOT_JSON
        if isinstance(answer, Failure):
            return await _send_json(writer, answer.status, answer.body(), answer.retry_after)
        identity = {
            "message_id": f"msg_{next(self._ids):024d}",
            "model": asked.model,
        }
        if asked.is_streamed:
            await self._send_stream(answer, identity, size, reader, writer)
        else:
            await _send_json(writer, 200, whole(answer, **identity, input_tokens=size))

    def _choose(self, asked: ApiRequest) -> Turn | Failure:
        self.requests.append(asked)
        if asked.is_search:
            return self._search(asked)
        if asked.is_background:
            return say("Buyer research")
        return self._scene(asked)

    async def _send_stream(
        self,
        turn: Turn,
        identity: dict[str, str],
        size: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        head = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked"
        writer.write(_head(200, head))
        for step in stream(turn, **identity, input_tokens=size):
            await self._wait(step.delay, reader)
            if step.event is None:
                writer.transport.abort()
                raise EOFError("the scene broke the stream off")
            writer.write(_chunk(step.event))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _wait(self, delay: float, reader: asyncio.StreamReader) -> None:
        """Sleep, and notice within moments when the client has gone meanwhile."""
        left = delay / self._speed
        while left > 0:
            await asyncio.sleep(min(left, _LOOK_EVERY))
            left -= _LOOK_EVERY
            if reader.at_eof():
                raise EOFError("the client has gone")


async def _read_request(reader: asyncio.StreamReader) -> _Request | None:
    """Read one request; `None` when the client closed the connection instead."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b"".join([chunk async for chunk in _chunks(reader)])
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return _Request(method, path, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readline()).partition(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _head(status: int, fields: str) -> bytes:
    return f"HTTP/1.1 {status} Loopback\r\n{fields}\r\nConnection: keep-alive\r\n\r\n".encode()


def _chunk(event: dict[str, Any]) -> bytes:
    data = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _send_json(
    writer: asyncio.StreamWriter,
    status: int,
    value: object,
    retry_after: int | None = None,
) -> None:
    data = json.dumps(value).encode()
    fields = f"Content-Type: application/json\r\nContent-Length: {len(data)}"
    if retry_after is not None:
        fields += f"\r\nRetry-After: {retry_after}"
    writer.write(_head(status, fields) + data)
    await writer.drain()
