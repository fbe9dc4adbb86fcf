"""A title of ours is the CLI's and the SDK's own, and the session goes on as if it had set it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.listings.sample_listing import SampleListing
from tests.support.processes.cli_turn import take_turn
from tui.core.models.session import Session
from tui.demo.api import LoopbackApi
from tui.operations.sessions.rename import rename

TITLES = """
import json
from claude_agent_sdk import list_sessions
print(json.dumps([[one.session_id, one.custom_title] for one in list_sessions()]))
"""


def only(listing: SampleListing) -> Session:
    (path,) = listing.config_dir.glob("projects/*/*.jsonl")
    return listing.session(path.stem)


def sdk_titles(config_dir: Path) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", TITLES],
        env=os.environ | {"CLAUDE_CONFIG_DIR": str(config_dir)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    titles: list[list[str]] = json.loads(done.stdout)
    return titles


def test_the_cli_and_the_sdk_read_our_title_and_go_on(tmp_path: Path, api: LoopbackApi) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.folder.mkdir(parents=True)
    first = take_turn(api, listing.config_dir, listing.folder, "ECHO one")
    assert first.code == 0, first.text
    session = only(listing)
    rename(listing.context(), session, "Pumps, DACH 😀")
    assert sdk_titles(listing.config_dir) == [[session.session_id, "Pumps, DACH 😀"]]
    resume = ("--resume", session.session_id)
    again = take_turn(api, listing.config_dir, listing.folder, "ECHO two", *resume)
    assert (again.code, again.text.strip()) == (0, "You said: ECHO two")
    assert only(listing).title == "Pumps, DACH 😀"
    said = [line for line in _lines(only(listing)) if line.get("type") == "user"]
    assert [line["message"]["content"] for line in said] == ["ECHO one", "ECHO two"]
    assert said[0]["parentUuid"] is None
    assert said[1]["parentUuid"] is not None, "the second turn goes on from the first"


def _lines(session: Session) -> list[dict[str, Any]]:
    assert session.transcript is not None
    return [json.loads(line) for line in session.transcript.path.read_text().splitlines()]
