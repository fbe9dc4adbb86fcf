"""The loopback API, used through plain HTTP and by the real CLI."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.cli_turn import take_turn
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Disconnect, Failure, Pause, Text, ToolUse, Turn, say

TOOLS = [{"name": "Bash"}]


def look_around(asked: ApiRequest) -> Turn:
    if asked.step == 0:
        return say("I look.", ToolUse("WebSearch", {"query": "pump makers"}))
    return say(f"Found {asked.results[0].count('https://')} pages.")


SCENES = by_word(
    {
        "SEARCH": look_around,
        "BADKEY": lambda asked: Failure(401, "authentication_error", "invalid x-api-key"),
        "LIMIT": lambda asked: Failure(429, "rate_limit_error", "slow down", retry_after=7),
        "HANG": lambda asked: say(Text("Wait"), Pause(3600)),
        "BREAK": lambda asked: say(Text("Half of"), Disconnect()),
    },
    default=lambda asked: say(f"You said: {asked.prompt}"),
)


@pytest.fixture
def api() -> Iterator[LoopbackApi]:
    with LoopbackApi(SCENES) as served:
        yield served


def connect(api: LoopbackApi) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=120)


def body(prompt: str, **more: Any) -> bytes:
    messages = [{"role": "user", "content": prompt}]
    return json.dumps({"model": "m", "messages": messages, "tools": TOOLS, **more}).encode()


def post(connection: http.client.HTTPConnection, data: bytes, path: str = "") -> tuple[int, Any]:
    connection.request("POST", f"/v1/messages{path}", data)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_one_connection_serves_request_after_request(api: LoopbackApi) -> None:
    connection = connect(api)
    for prompt in ("one", "two"):
        status, message = post(connection, body(prompt))
        assert (status, message["content"][0]["text"]) == (200, f"You said: {prompt}")
    assert post(connection, body("three"), "/count_tokens")[1]["input_tokens"] > 10
    for method in ("HEAD", "GET"):
        connection.request(method, "/api/hello")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 404
    assert post(connection, body("x" * 30_000_000, stream=False))[0] == 200
    connection.close()


def test_chunked_bodies_are_read(api: LoopbackApi) -> None:
    connection = connect(api)
    data = body("in pieces")
    connection.request("POST", "/v1/messages", iter([data[:9], data[9:]]), encode_chunked=True)
    assert b"You said: in pieces" in connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize(
    ("data", "status", "kind"),
    [
        (body("BADKEY"), 401, "authentication_error"),
        (body("LIMIT", stream=True), 429, "rate_limit_error"),
        (b"not json", 400, "invalid_request_error"),
        (b"[1]", 400, "invalid_request_error"),
    ],
)
def test_failures_are_the_apis_own(api: LoopbackApi, data: bytes, status: int, kind: str) -> None:
    connection = connect(api)
    answered, error = post(connection, data)
    connection.close()
    assert (answered, error["error"]["type"]) == (status, kind)


def test_a_client_that_vanishes_harms_nobody(api: LoopbackApi) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    for half in (
        b"",
        b"POST /v1/mess",
        b"nonsense\r\n\r\n",
        b"POST / X\r\nContent-Length: 9\r\n\r\nx",
    ):
        with socket.create_connection((host, int(port))) as client:
            client.sendall(half)
    connection = connect(api)
    connection.request("POST", "/v1/messages", body("HANG", stream=True))
    assert connection.getresponse().readline().startswith(b"event: message_start")
    connection.close()
    after = connect(api)
    assert post(after, body("still there?"))[0] == 200
    after.close()


def test_a_broken_stream_has_no_end(api: LoopbackApi) -> None:
    connection = connect(api)
    connection.request("POST", "/v1/messages", body("BREAK", stream=True))
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        connection.getresponse().read()
    connection.close()


def test_a_turn_that_hangs_goes_on_once_the_speed_is_raised(api: LoopbackApi) -> None:
    """Were the pause reckoned once, at its beginning, the rest would come in an hour."""
    connection = connect(api)
    connection.request("POST", "/v1/messages", body("HANG", stream=True))
    answer = connection.getresponse()
    assert any(b"content_block_stop" in line for line in iter(answer.readline, b""))
    api.speed = 1e6
    assert b"message_stop" in answer.read()
    connection.close()


def test_closing_does_not_wait_for_a_hanging_turn() -> None:
    with LoopbackApi(SCENES) as api:
        connection = connect(api)
        connection.request("POST", "/v1/messages", body("HANG", stream=True))
        connection.getresponse().readline()
    connection.close()


@pytest.mark.parametrize(
    ("prompt", "said", "code"),
    [
        ("good morning", "You said: good morning", 0),
        ("SEARCH for pumps", "Found 3 pages.", 0),
        ("BADKEY please", "Invalid API key", 1),
    ],
)
def test_the_real_cli_takes_a_turn(
    api: LoopbackApi, tmp_path: Path, prompt: str, said: str, code: int
) -> None:
    answer = take_turn(api, tmp_path / "config", tmp_path, prompt)
    assert said in answer.text
    assert answer.code == code
    assert prompt in api.requests[0].prompt


def _missing(asked: ApiRequest) -> Turn:
    raise KeyError("no such prompt")


def _odd(*blocks: Any) -> Any:
    return lambda asked: say(*blocks)


def _ask(scene: Any, told: list[str]) -> None:
    with LoopbackApi(scene) as api, closing(connect(api)) as connection:
        status, answer = post(connection, body("Rank them."))
        told += [str(status), answer["error"]["message"]]


@pytest.mark.parametrize(
    ("scene", "kind", "words"),
    [
        (_missing, KeyError, "'no such prompt'"),
        (lambda asked: pytest.fail("unexpected"), pytest.fail.Exception, "unexpected"),
        (lambda asked: [].pop(), IndexError, "pop from empty list"),
        (lambda asked: Path("/none").read_text(), FileNotFoundError, "[Errno 2]"),
        (lambda asked: "Pumps.", TypeError, "a scene returns a Turn or a Failure, not str"),
        (_odd(5), TypeError, "a turn has blocks, such as Text or ToolUse, not int"),
        (_odd(ToolUse("Bash", {"command": object()})), TypeError, "Object of type object"),
    ],
)
def test_what_a_scene_raises_is_told_to_the_agent_and_raised_at_the_end(
    scene: Any, kind: type[BaseException], words: str
) -> None:
    """Without that, the agent is told of a connection that was reset, and nobody of the reason."""
    told: list[str] = []
    with pytest.raises(kind):
        _ask(scene, told)
    assert told[0] == "400"
    assert told[1].startswith(f"the scene raised {kind.__name__}: {words}")


def _fail_by_itself(api: LoopbackApi) -> None:
    with closing(connect(api)) as connection:
        post(connection, body("Rank them."))
    raise AssertionError("mine")


def test_what_a_scene_has_raised_is_noted_on_what_ends_the_test() -> None:
    with pytest.raises(AssertionError, match="mine") as raised, LoopbackApi(_missing) as api:
        _fail_by_itself(api)
    assert raised.value.__notes__ == ["before that, a scene raised KeyError('no such prompt')"]
