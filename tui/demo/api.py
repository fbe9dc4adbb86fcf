"""A Messages API on the loopback interface, so that the real CLI runs without an account.

The demo plays its scenes through it, and the end-to-end tests script their agents with it.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler
from itertools import count
from types import MappingProxyType
from typing import Any, Self

from tui.core.text.safe_text import one_line
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
_CHECK_EACH_S = 0.2
_POLL_S = 0.05
_NOT_JSON = Failure(400, "invalid_request_error", "The body is not a JSON object.")


def three_hits(request: ApiRequest) -> Turn:
    """Answer a search of the client's WebSearch tool with three hits."""
    query = request.query
    slug = "-".join(query.lower().split()[:4]) or "nothing"
    hits = tuple(SearchHit(f"{query} ({n})", f"https://example.com/{slug}/{n}") for n in (1, 2, 3))
    return Turn((Search(query, hits), Text(f"Three pages about {query}.")))


def by_word(scenes: dict[str, Scene], default: Scene) -> Scene:
    """Return a scene that plays the first one whose word is in the prompt, else the default."""

    def chosen(request: ApiRequest) -> Turn | Failure:
        for prompt in (request.prompt, request.first_prompt):
            for word, scene in scenes.items():
                if word in prompt:
                    return scene(request)
        return default(request)

    return chosen


class LoopbackApi:
    """Serves `POST /v1/messages` on 127.0.0.1; `scene` decides how each request is answered.

    Requests that the client makes for itself get a short answer and never reach the scene.
    `requests` lists those that were received, oldest first; `speed` divides every delay, and may be
    changed at any time. Without `input_tokens`, a request's tokens are estimated. Each connection
    has a thread, so scenes may be called at the same time. What a scene raises is the answer as an
    error that is not tried again, and is raised when the server is left.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        search: Scene = three_hits,
        speed: float = 1.0,
        input_tokens: int | None = None,
    ) -> None:
        self.requests: list[ApiRequest] = []
        self._scene = scene
        self._search = search
        self.speed = speed
        self._input_tokens = input_tokens
        self._ids = count(1)
        self._faults: list[BaseException] = []
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), partial(_Connection, self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name="loopback-api", daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL, for `ANTHROPIC_BASE_URL`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def env(self, *, as_login: bool = False) -> dict[str, str]:
        """Return the environment that makes the CLI use this server and no other.

        It has a key, or the login of a subscription, which alone is told when a limit ends.
        """
        login = {"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-loopback"}
        return {
            "ANTHROPIC_BASE_URL": self.url,
            **(login if as_login else {"ANTHROPIC_API_KEY": "sk-ant-loopback"}),
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "1",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, raised: BaseException | None, trace: object) -> None:
        """Cut all connections and wait for their threads; raises what a scene has raised."""
        self._server.shutdown()
        self._thread.join()
        self._closing.set()
        self._server.cut_connections()
        self._server.server_close()
        for fault in self._faults[:1]:
            if raised is None:
                raise fault
            raised.add_note(f"before that, a scene raised {fault!r}")

    def answer(self, request: ApiRequest) -> Turn | Failure:
        """Record a request and return its answer."""
        if not request.body:
            return _NOT_JSON
        self.requests.append(request)
        if request.is_background and not request.is_search:
            return say("Buyer research")
        scene = self._search if request.is_search else self._scene
        try:
            return _sound(scene(request))
        except BaseException as error:  # that of `pytest.fail` is no Exception
            self._faults.append(error)
            words = f"the scene raised {one_line(f'{type(error).__name__}: {error}')[:300]}"
            return Failure(400, "invalid_request_error", words)

    def tokens_of(self, body: bytes) -> int:
        """Return how many tokens a request counts as."""
        if self._input_tokens is not None:
            return self._input_tokens
        return count_tokens(body.decode(errors="replace"))

    def next_message_id(self) -> str:
        """Return an id that no other message has."""
        return f"msg_{next(self._ids):024d}"

    def delay(self, seconds: float, connection: socket.socket) -> None:
        """Sleep for the scaled delay; raises `ConnectionError` soon after the client has gone."""
        while seconds > 0:
            passes = min(seconds, _CHECK_EACH_S * self.speed)
            if self._closing.wait(passes / self.speed) or _is_closed(connection):
                raise ConnectionAbortedError
            seconds -= passes


class _Server(socketserver.ThreadingTCPServer):
    """A thread for each connection; knows which are open, so that they can be cut."""

    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments)

    def cut_connections(self) -> None:
        """End every read and write of the open connections."""
        for connection in tuple(self._open):
            with suppress(OSError):  # it is closed meanwhile
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)


class _Connection(BaseHTTPRequestHandler):
    """Answers request after request on one connection until the client goes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a delayed event would come 40 ms late

    def __init__(self, api: LoopbackApi, *arguments: Any) -> None:
        self._api = api
        super().__init__(*arguments)

    def log_message(self, *arguments: Any) -> None:
        """Log nothing."""

    def handle(self) -> None:
        # A client may vanish at any byte, or send anything: that ends its own connection only.
        with suppress(OSError, EOFError, ValueError):
            super().handle()

    def do_GET(self) -> None:
        self._send(404, b"")

    def do_HEAD(self) -> None:
        self._send(404, b"")

    def do_POST(self) -> None:
        body, path = self._read_body(), self.path.partition("?")[0]
        if not path.startswith("/v1/messages"):
            return self._send(404, b"")
        tokens = self._api.tokens_of(body)
        if path.endswith("/count_tokens"):
            return self._send_json(200, {"input_tokens": tokens})
        request = ApiRequest(_json_object(body))
        answer = self._api.answer(request)
        if isinstance(answer, Failure):
            return self._send_json(answer.status, answer.body(), answer.headers())
        envelope = {"message_id": self._api.next_message_id(), "model": request.model}
        if request.is_streamed:
            self._send_stream(answer, envelope, tokens)
        else:
            self._send_json(200, whole(answer, **envelope, input_tokens=tokens))

    def _read_body(self) -> bytes:
        """Return the body; raises `EOFError` for a short one, `ValueError` for a bad length."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        return self._read(int(self.headers.get("Content-Length", 0)))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self._read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _read(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def _send_stream(self, turn: Turn, envelope: dict[str, str], tokens: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for step in stream(turn, **envelope, input_tokens=tokens):
            self._api.delay(step.delay, self.connection)
            if step.event is None:
                raise EOFError
            data = f"event: {step.event['type']}\ndata: {json.dumps(step.event)}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def _send_json(
        self, status: int, value: object, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        kind = {"Content-Type": "application/json"}
        self._send(status, json.dumps(value).encode(), kind | dict(headers))

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _sound(answer: object) -> Turn | Failure:
    """Return what a scene has answered; raises if it cannot be sent."""
    if not isinstance(answer, Turn | Failure):
        raise TypeError(f"a scene returns a Turn or a Failure, not {type(answer).__name__}")
    if isinstance(answer, Turn):
        whole(answer, message_id="", model="", input_tokens=0)
    return answer


def _is_closed(connection: socket.socket) -> bool:
    """Whether the client has closed its end; raises `OSError` when the connection is reset."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
