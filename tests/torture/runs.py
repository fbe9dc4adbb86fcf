"""A console killed, or hung up, in the middle of a real CLI turn: ten times each at full scale."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.processes.runs_site import Site, cli_is_gone, over, site_below
from tests.support.processes.terminal import Terminal
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Text, Turn, say
from tui.runs.folder.protocol import read_run, run_folders

_TIMES = 10
_END = "and that was all of it"


def run(scale: float) -> Mapping[str, Any]:
    """Lose the console so often; assert that each turn finishes, and the next console shows it."""
    times = max(1, round(_TIMES * scale))
    ways: dict[str, Callable[[Terminal], None]] = {
        "killed": Terminal.kill,
        "hung_up": Terminal.hang_up,
    }
    counts = dict.fromkeys((*ways, "finished"), 0)
    with (
        tempfile.TemporaryDirectory(prefix="session-console-torture-") as name,
        LoopbackApi(_letter) as api,
        site_below(Path(name), api) as site,
    ):
        over(site.start("Letter 0"))
        for number in range(1, 2 * times + 1):
            way = list(ways)[number % 2]
            _lose(site, number, ways[way])
            counts[way] += 1
            counts["finished"] += 1
    return counts


def _letter(asked: ApiRequest) -> Turn:
    number = asked.prompt.split()[-1]
    lines = " ".join(f"Buyer {line} of letter {number} is worth a call." for line in range(30))
    return say(Text(f"{lines} {_END} {number}", 0 if number == "0" else 90))


def _lose(site: Site, number: int, lose: Callable[[Terminal], None]) -> None:
    """Resume by key, lose the console while words come, and look again."""
    with _console(site) as screen:
        screen.wait_for("hollis_park", "ready")
        screen.send("r")
        screen.wait_for("mode default")
        screen.send(f"Letter {number}\r")
        screen.wait_for(f"Buyer 2 of letter {number}")
        folder = run_folders(site.listing)[-1]
        assert read_run(folder).state == "busy", read_run(folder)
        lose(screen)
    ended = over(folder)
    assert (ended.state, ended.error) == ("done", ""), ended
    assert cli_is_gone(folder), folder
    assert f"{_END} {number}" in site.transcript(ended.session_id), number
    with _console(site) as screen:
        screen.wait_for(f"{_END} {number}")
        screen.send("q")
        assert screen.process.wait(10) == 0


def _console(site: Site) -> Terminal:
    return Terminal(
        [sys.executable, "-m", "tui", "--root", str(site.listing.parent), "--operator", "anna"],
        environment={
            "SESSION_CONSOLE_ENV_FILE": str(site.env_file),
            "SESSION_CONSOLE_CONFIG": str(site.env_file.with_name("none.toml")),
            "SSH_CONNECTION": "",
        },
    )
