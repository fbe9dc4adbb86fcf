"""For the tests of a pipeline: the Claude CLI runs for real, and its API plays scenes.

`pytest_plugins = ["tui.demo.testing"]` in a `conftest.py` brings the fixture `play_api`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tui.demo.api import LoopbackApi, Scene
from tui.demo.api import by_word as by_word
from tui.demo.api_request import ApiRequest as ApiRequest
from tui.demo.turns import Disconnect as Disconnect
from tui.demo.turns import Failure as Failure
from tui.demo.turns import Pause as Pause
from tui.demo.turns import Text as Text
from tui.demo.turns import ToolUse as ToolUse
from tui.demo.turns import Turn as Turn
from tui.demo.turns import say as say

# What could lead a test's agents to an account, or to the settings of whoever runs it.
_OTHERS = ("ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CONFIG_DIR")


@pytest.fixture
def play_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Scene], LoopbackApi]]:
    """Yield what starts an API with a scene; agents of this process ask it until the test ends.

    A scene is given each `ApiRequest`, and returns a `Turn`, as `say` makes one, or a `Failure`.
    What it raises fails its agent's turn, which says so, and then the test.
    Agents have a key; with `as_login=True` a login, which alone is told when a limit ends.
    """
    with ExitStack() as running:

        def play(scene: Scene, *, as_login: bool = False) -> LoopbackApi:
            api = running.enter_context(LoopbackApi(scene))
            for name in _OTHERS:
                monkeypatch.delenv(name, raising=False)
            for name, value in api.env(as_login=as_login).items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("SESSION_CONSOLE_CONFIG", "/dev/null")
            return api

        yield play
