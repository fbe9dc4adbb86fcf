"""The runner obeys what it was started with, and nothing that was put into its way since."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import snapshot
from tests.support.processes.runs_site import SCENES, Site, kinds, over, site_below, wait
from tui.core.models.catalog import Hold
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import ToolUse, Turn, say
from tui.runs import driver
from tui.runs.driver import RunDriver
from tui.runs.folder.command import Command
from tui.runs.folder.inbox import post
from tui.runs.folder.protocol import SPEC, read_events, read_owner, read_run
from tui.runs.journal.run_journal import Journal
from tui.runs.starting.launcher import make_folder
from tui.storage.state.hold import write_hold

_BEGIN = "import sys; from tui.runs.runner import begin; begin(*sys.argv[1:])"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with LoopbackApi(SCENES) as api, site_below(tmp_path, api) as site:
        yield site


def test_a_spec_that_was_changed_since_the_start_is_not_obeyed(site: Site) -> None:
    spec = site.spec("PERMIT this")
    folder = make_folder(site.listing, spec)
    changed = json.loads((folder / SPEC).read_text())
    changed["agent"] = {"permission_mode": "bypassPermissions"}
    (folder / SPEC).write_text(json.dumps(changed))
    given = [str(folder), "0", spec.digest()]
    subprocess.run([sys.executable, "-c", _BEGIN, *given], stdin=subprocess.PIPE, check=True)
    assert read_run(folder).error == "spec.json changed after the run was started"
    assert kinds(folder) == ["failed", "ended"]


def test_a_run_that_waited_does_nothing_behind_a_link(site: Site, tmp_path: Path) -> None:
    """While it is queued somebody puts a link in the place of its listing."""
    root, other, aside = site.listing.parent, tmp_path / "elsewhere", tmp_path / "aside"
    write_hold(root, Hold("bert", datetime.now(UTC), ""))
    folder = site.start("ECHO hello", max_runs=1)
    wait(lambda: "queued" in kinds(folder))
    shutil.copytree(site.listing, other)
    (other / ".claude_sessions").mkdir(exist_ok=True)
    old = other / ".session_console" / "runs" / "20250101T000000Z-abcdef"
    old.mkdir()
    (old / "events.jsonl").write_text('{"at": "2025-01-01T00:00:00+00:00", "type": "ended"}\n')
    before = snapshot(other)
    site.listing.rename(aside)
    site.listing.symlink_to(other)
    write_hold(root, None)
    run = aside / folder.relative_to(site.listing)
    wait(lambda: read_run(run).is_over)
    site.listing.unlink()
    aside.rename(site.listing)
    assert read_run(folder).state == "failed"
    assert "link" in read_run(folder).error
    assert snapshot(other) == before


def test_no_settings_file_of_the_listing_chooses_the_permission_mode(site: Site) -> None:
    settings = site.listing / ".claude_sessions" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"permissions": {"defaultMode": "bypassPermissions"}}))
    with site.env_file.open("a") as file:
        file.write("IS_SANDBOX=1\n")
    folder = site.start("PERMIT this")
    wait(lambda: read_run(folder).request or read_run(folder).is_over)
    assert read_run(folder).permission_mode == "default"
    assert read_run(folder).request


def test_what_nobody_answers_is_denied_in_time_and_no_later_answer_counts(
    tmp_path: Path,
) -> None:
    is_missed = threading.Event()

    def scene(asked: ApiRequest) -> Turn:
        if not asked.step:
            return say(ToolUse("Bash", {"command": "touch made-0", "description": "make"}))
        assert is_missed.wait(60)  # else the run may end before the late answer comes
        return say("Finished.")

    with LoopbackApi(scene) as api, site_below(tmp_path, api) as site:
        folder = site.start("go", permission_timeout_s=0.3)
        asked = wait(lambda: [one for one in read_events(folder) if one["type"] == "permission"])
        wait(lambda: "answered" in kinds(folder))
        late = Command(
            "answer",
            at=datetime.now(UTC),
            by="bert",
            text="",
            request_id=asked[0]["request_id"],
            decision="allow",
        )
        post(folder, late)
        wait(lambda: "missed" in kinds(folder))
        is_missed.set()
        assert over(folder).state == "done"
        assert "ack" not in kinds(folder)
        assert not (site.listing / "made-0").exists()
        assert "Nobody answered" in site.transcript(read_run(folder).session_id)


async def test_a_prompt_waits_for_no_look_at_processes_and_old_runs_but_the_answer_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, waited = threading.Event(), dict[str, bool]()
    named, known = (
        list[object](),
        {one: getattr(driver, one) for one in ("cli_identity", "prune_runs")},
    )

    def answer(_: ApiRequest) -> Turn:
        asked.set()
        return say("Very well.")

    def held(name: str) -> None:
        def act(*given: object, **more: object) -> object:
            waited[name] = asked.wait(60)
            return known[name](*given, **more)

        monkeypatch.setattr(driver, name, act)

    async def show(message: object, _: str) -> None:
        if getattr(message, "subtype", "") == "init":
            named.append(read_owner(folder).get("cli_pid"))

    held("cli_identity")
    held("prune_runs")
    with LoopbackApi(answer) as api, site_below(tmp_path, api) as site:
        spec = site.spec("hello")
        folder = make_folder(site.listing, spec)
        journal = Journal(folder, _now)
        assert await RunDriver(journal, spec, _now).run(show) is None
    assert waited == {"cli_identity": True, "prune_runs": True}
    assert all(named), named
    assert named


def _now() -> datetime:
    return datetime.now(UTC)
