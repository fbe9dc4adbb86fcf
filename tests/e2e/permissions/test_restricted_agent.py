"""An agent that a restricted console prompts asks for all that acts, whoever started it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.processes.runs_site import WORDS, Site, command, over, permit, site_below, wait
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Text, ToolUse, Turn, say
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.running.steer import send
from tui.runs.folder.command import Command
from tui.runs.folder.inbox import post
from tui.runs.folder.protocol import read_events, read_run
from tui.settings import Settings

UNSEEN = "a word that nobody may see"


def look(asked: ApiRequest) -> Turn:
    """Do what the CLI takes for mere reading, one after the other."""
    calls = (
        ToolUse("Bash", {"command": "cat notes.md", "description": "look"}),
        ToolUse(
            "Read", {"file_path": f"{asked.prompt.split()[-1]}/.claude_sessions/settings.json"}
        ),
    )
    return say(calls[asked.step]) if asked.step < len(calls) else say("Seen.")


def talk(asked: ApiRequest) -> Turn:
    return say(Text(WORDS, 4))


SCENES = by_word(
    {"PERMIT": permit, "LOOK": look, "TALK": talk}, default=lambda asked: say("Very well.")
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with LoopbackApi(SCENES) as api, site_below(tmp_path, api) as site:
        yield site


def send_as_eve(site: Site, folder: Path, prompt: str) -> None:
    settings = Settings(root=site.listing.parent, operator="eve", restricted=True)
    context = Context(settings, lambda: datetime.now(UTC))
    session_id = read_run(folder).session_id
    session = find_session(CatalogScanner(context).look(), f"{site.listing.name}/{session_id}")
    send(context, session, prompt)


def turns(folder: Path) -> list[str]:
    return [event["by"] for event in read_events(folder) if event["type"] == "turn"]


def test_what_another_allowed_for_always_is_asked_of_a_restricted_prompt(site: Site) -> None:
    folder = site.start("PERMIT this")
    wait(lambda: read_run(folder).request)
    send_as_eve(site, folder, "PERMIT more")
    command(folder, "answer", decision="always")
    wait(lambda: len(turns(folder)) == 2 and read_run(folder).request)
    assert turns(folder) == ["anna", "eve"]
    assert sorted(path.name for path in site.listing.glob("made-*")) == ["made-0", "made-1"]
    command(folder, "answer", decision="always")
    wait(lambda: len([one for one in read_events(folder) if one["type"] == "permission"]) == 3)
    command(folder, "answer", decision="deny")
    assert over(folder).state == "done"


def test_a_mode_that_does_not_ask_drops_a_restricted_prompt(site: Site) -> None:
    folder = site.start("PERMIT this")
    wait(lambda: read_run(folder).request)
    send_as_eve(site, folder, "PERMIT more")
    command(folder, "mode", "acceptEdits")
    wait(lambda: read_run(folder).permission_mode == "acceptEdits")
    command(folder, "answer", decision="always")
    run = over(folder)
    assert (turns(folder), [one.text for one in run.sent]) == (["anna"], ["PERMIT more"])


@pytest.mark.parametrize("is_its_own", [True, False])
def test_a_mention_shows_the_agent_no_file(site: Site, tmp_path: Path, is_its_own: bool) -> None:
    (tmp_path / "secret.txt").write_text(UNSEEN)
    mention = f'Say @" {tmp_path}/secret.txt"'
    folder = site.start(mention if is_its_own else "TALK", is_restricted=is_its_own)
    if not is_its_own:
        wait(lambda: turns(folder))
        post(
            folder,
            Command("prompt", at=datetime.now(UTC), by="eve", text=mention, is_restricted=True),
        )
        site.hurry()
    assert over(folder).state == "done"
    assert "secret.txt" in str(site.api.requests)
    assert UNSEEN not in site.transcript(read_run(folder).session_id) + str(site.api.requests)


def test_a_run_from_a_restricted_console_asks_before_a_command_reads(site: Site) -> None:
    (site.listing / "notes.md").write_text(UNSEEN)
    folder = site.start(f"LOOK {site.listing}", is_restricted=True)
    assert wait(lambda: read_run(folder).request).tool == "Bash"
    command(folder, "answer", decision="deny")
    assert over(folder).state == "done"
    assert UNSEEN not in site.transcript(read_run(folder).session_id)
