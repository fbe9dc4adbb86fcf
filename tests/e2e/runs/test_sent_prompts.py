"""A prompt from Enter to its answer: the real CLI, an API that is slow and fails, a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from tests.support.processes.past_session import past
from tests.support.processes.runs_site import SCENES, Site, command, over
from tests.support.processes.terminal import Terminal
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Failure, Turn, say
from tui.runs.folder import protocol

PROMPT, MORE = "Find GATED buyers", "And those in Asia"


class GatedApi:
    """Fails at first with 529, once it `may_fail`; then answers, once it `may_answer`."""

    def __init__(self) -> None:
        self.may_fail, self.may_answer = threading.Event(), threading.Event()
        self.is_asked = threading.Event()

    def answer(self, asked: ApiRequest) -> Turn | Failure:
        if "GATED" not in asked.prompt:
            return SCENES(asked)
        self.is_asked.set()
        if not self.may_fail.is_set():
            self.may_fail.wait(60)
            return Failure(529, "overloaded_error", "Overloaded")
        self.may_answer.wait(60)
        return say("Two of them are known.")


GATED = GatedApi()


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    with LoopbackApi(GATED.answer) as server:
        yield server


def console(site: Site) -> Terminal:
    return Terminal(
        [sys.executable, "-m", "tui", "--root", str(site.listing.parent), "--operator", "anna"],
        size=(80, 24),
        environment={
            "SESSION_CONSOLE_ENV_FILE": str(site.env_file),
            "SESSION_CONSOLE_CONFIG": str(site.env_file.with_name("none.toml")),
            "SSH_CONNECTION": "",
        },
    )


def test_a_prompt_is_in_sight_from_enter_on_and_says_how_far_it_is(site: Site) -> None:
    past(site)
    with console(site) as screen:
        screen.wait_for("hollis_park", "· ready")
        screen.send("r")
        screen.wait_for("mode default")
        screen.words(f"{PROMPT}\r")
        screen.wait_for(f"> {PROMPT}", "sent by anna", "not taken yet", "starting CLI")
        screen.wait_for("waiting for the API", "○ asking-api")
        assert screen.text.count(f"> {PROMPT}") == 1
        command(protocol.run_folders(site.listing)[-1], "prompt", MORE)
        screen.wait_for(f"> {MORE}", "sent by bert, queued: it runs after this turn")
        assert GATED.is_asked.wait(60)
        GATED.may_fail.set()
        screen.wait_for("retrying 529 (1/1)", "◌ retrying")
        GATED.may_answer.set()
        screen.wait_for("Two of them are known.", f"You said: {MORE}", "· ready")
        assert "sent by" not in screen.text
        assert [screen.text.count(f"> {one}") for one in (PROMPT, MORE)] == [1, 1]
    assert over(protocol.run_folders(site.listing)[-1]).state == "done"
