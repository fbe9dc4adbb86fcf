"""What lies in a folder gives no orders to a restricted console's agent, with the real CLI."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from tests.planted import Plants
from tests.runs_site import Site, command, over, wait
from tui.runs.protocol import read_run

DAY_S = 86400


@pytest.fixture
def plants(site: Site, tmp_path: Path) -> Plants:
    (tmp_path / "acted").mkdir()
    plants = Plants(site.listing, tmp_path / "acted")
    plants.plant()
    return plants


def words_seen(site: Site) -> set[str]:
    """Return what the agent was told of the plants, and forget it."""
    said = re.findall(r"PLANTED-[\w./-]*", str([one.body for one in site.api.requests]))
    site.api.requests.clear()
    return set(said)


def test_no_folder_gives_orders_to_a_restricted_consoles_agent(site: Site, plants: Plants) -> None:
    """Without the empty sources each hook, server and helper acts, and the agent is told all."""
    site.api.requests.clear()
    first = site.start("ECHO one", is_restricted=True)
    session = read_run(first).session_id
    assert over(first).state == "done"
    assert over(site.start("Go on", mode="resume", session_id=session, is_restricted=True))
    forked = site.start("Apart", mode="fork", source_id=session, is_restricted=True)
    assert over(forked).state == "done"
    assert (plants.names(), words_seen(site)) == (set(), set())
    given = {"setting_sources": ["project"]}
    assert over(site.start("ECHO two", is_restricted=True, agent=given)).error == ""
    assert plants.names() == {"hook-project", "helper-project"}
    assert words_seen(site) == {
        *("PLANTED-rule", "PLANTED-own-rules", "PLANTED-CLAUDE.md", "PLANTED-../CLAUDE.md"),
        *("PLANTED-own-agents", "PLANTED-own-commands", "PLANTED-own-skills"),
    }


def test_they_do_to_an_agent_of_a_console_with_all_rights(site: Site, plants: Plants) -> None:
    """Shows that the plants are alive: else the other test could not fail."""
    site.api.requests.clear()
    assert over(site.start("ECHO one")).state == "done"
    assert plants.names() >= {
        *("hook-project", "hook-local", "hook-user", "mcp-project", "mcp-user"),
    }
    assert {"PLANTED-theirs-rules", "PLANTED-theirs-agents"} <= words_seen(site)


def test_the_clis_sweep_is_the_listings_own_without_its_settings(
    site: Site, plants: Plants
) -> None:
    """Without the number in the run's settings this CLI never sweeps, another as it likes."""
    old = plants.config_dir / "projects" / "-old" / "9f2c0000-1111-4222-8333-444455556666.jsonl"
    old.parent.mkdir(parents=True)
    old.write_text('{"type": "user"}\n')
    aged = time.time() - 60 * DAY_S
    os.utime(old, (aged, aged))
    folder = site.start("LONG", is_restricted=True)
    wait((plants.config_dir / ".last-cleanup").exists)
    command(folder, "stop")
    over(folder)
    assert old.exists()


def test_a_link_that_came_since_the_start_leads_nowhere(site: Site, tmp_path: Path) -> None:
    """Without the second look the agent works where the link leads."""
    (site.listing / "sub").symlink_to(tmp_path)
    run = over(site.start("ECHO this", cwd=site.listing / "sub"))
    assert (run.state, "behind a link since the start" in run.error) == ("failed", True)
