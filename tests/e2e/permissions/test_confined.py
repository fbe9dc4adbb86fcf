"""What lies in a folder gives no orders to a restricted console's agent, with the real CLI."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hostile.planted_orders import Plants
from tests.support.processes.runs_site import Site, command, over, wait
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.running.resume import plan_new, plan_resume, start
from tui.runs.folder.protocol import SPEC, read_run, run_folders
from tui.settings import Settings

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


def test_whoever_starts_it_from_a_restricted_console_is_confined(
    site: Site, plants: Plants, tmp_path: Path
) -> None:
    """Without the word in the spec, and what goes with it, the runner would not know."""
    stages = {"stage_3": {"allowed_tools": ["WebSearch"], "model": "claude-sonnet-5-5"}}
    settings = Settings(
        root=site.listing.parent,
        operator="eve",
        restricted=True,
        env_file=site.env_file,
        stages=stages,
        state_dir=tmp_path / "state",
    )
    context = Context(settings, lambda: datetime.now(UTC))
    start(context, plan_new(context, site.listing.name, "stage_3"), "ECHO this")
    (folder,) = run_folders(site.listing)
    assert over(folder).state == "done"
    session = find_session(CatalogScanner(context).look(), read_run(folder).session_id)
    start(context, plan_resume(context, session), "Go on")
    session = find_session(CatalogScanner(context).look(), session.session_id)
    start(context, plan_resume(context, session, fork=True), "Apart")
    folders = run_folders(site.listing)
    assert [over(one).state for one in folders] == ["done"] * 3
    for one in folders:
        spec = json.loads((one / SPEC).read_text())
        assert spec["is_restricted"] is True
        assert spec["stage_gives"] == {"allowed_tools": ["WebSearch"]}
        assert {str(site.env_file), str(tmp_path / "state")} <= set(spec["closed"])
    assert (plants.names(), words_seen(site)) == (set(), set())


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
    assert (run.state, "replaced by a link after the start" in run.error) == ("failed", True)


def test_a_folder_that_went_since_the_start_is_no_other_one(site: Site) -> None:
    """Without it the agent works in its listing's folder, under other rules."""
    run = over(site.start("ECHO this", cwd=site.listing / "gone"))
    assert (run.state, "is not there" in run.error) == ("failed", True)
