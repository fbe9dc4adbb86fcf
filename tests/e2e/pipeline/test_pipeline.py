"""Pipelines as programs of their own: they end, they are killed, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.children import module
from tests.support.processes.runs_site import Site, cli_is_gone, wait
from tui.core.errors import Refused
from tui.core.models.session import Liveness, Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.running.resume import plan_resume
from tui.operations.running.steer import stop
from tui.runs.folder.protocol import read_owner, read_partial, read_run, run_folders
from tui.settings import Settings
from tui.storage.session_locks import held


def pipeline(site: Site, prompt: str, **more: Any) -> AbstractContextManager[subprocess.Popen[str]]:
    own = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
    own |= {"HOME": str(site.listing.parent.parent), "SESSION_CONSOLE_CONFIG": "/dev/null"}
    words = ("tests.support.processes.pipeline", str(site.listing), prompt, json.dumps(more))
    return module(*words, environment=own | site.api.env())


def context(site: Site) -> Context:
    return Context(Settings(root=site.listing.parent, operator="anna"), lambda: datetime.now(UTC))


def look(site: Site, folder: Path) -> Session:
    return find_session(CatalogScanner(context(site)).look(), read_run(folder).session_id)


def run_of(site: Site) -> Path:
    return Path(wait(lambda: run_folders(site.listing))[-1])


@pytest.mark.parametrize("way", ["", "HOLD "])
def test_a_pipeline_that_returns_in_the_middle_of_a_turn_leaves_nothing_behind(
    site: Site, way: str
) -> None:
    with pipeline(site, f"{way}LONG, and LEAVE") as process:
        out, err = process.communicate(timeout=120)
    assert (out, err, process.returncode) == ("SystemMessage\n", "", 0)
    assert read_run(run_of(site)).state == "done"
    assert cli_is_gone(run_of(site))
    assert not held(site.listing)
    assert site.row(read_run(run_of(site)).session_id)


@pytest.mark.parametrize("prompt", ["LONG tale", "HOLD LONG", "HOLD LONG, ALARM", "SYNC LONG"])
def test_a_pipeline_that_is_interrupted_takes_its_cli_along(site: Site, prompt: str) -> None:
    with pipeline(site, prompt) as process:
        folder = run_of(site)
        if "ALARM" not in prompt:  # which the pipeline itself sets, at its first message
            wait(lambda: read_partial(folder))
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode != 0
    assert cli_is_gone(folder)
    assert not held(site.listing)
    assert read_run(folder).is_over


def test_a_killed_pipeline_leaves_a_lost_run_and_an_orphan_that_stop_ends(site: Site) -> None:
    with pipeline(site, "LONG gone") as process:
        folder = run_of(site)
        wait(lambda: read_partial(folder))
        assert look(site, folder).liveness is Liveness.BUSY
        process.kill()
        process.communicate(timeout=120)
    assert read_run(folder).state == "lost"
    assert not held(site.listing)
    session = wait(lambda: (now := look(site, folder)).liveness is Liveness.ORPHAN and now)
    with pytest.raises(Refused, match="orphan"):
        plan_resume(context(site), session)
    assert "ended the orphaned CLI" in stop(context(site), session).words
    assert cli_is_gone(folder)
    assert plan_resume(context(site), look(site, folder)).mode == "resume"


def test_a_pipeline_whose_loop_hangs_is_not_ended_for_it(site: Site) -> None:
    """Without the word in `owner.json`, a stop would try to end the whole pipeline."""
    with pipeline(site, "LONG sleep") as process:
        folder = run_of(site)
        wait(lambda: read_partial(folder))
        process.send_signal(signal.SIGSTOP)
        os.utime(folder / "heartbeat", (time.time() - 60, time.time() - 60))
        words = stop(context(site), look(site, folder)).words
        assert "has not responded for" in words
        assert process.poll() is None
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=120)
    assert "anna stopped the run" in err
    assert read_owner(folder)["in_pipeline"] is True


def test_a_program_without_asyncio_runs_an_agent_and_has_its_result(site: Site) -> None:
    with pipeline(site, "SYNC ECHO") as process:
        out, err = process.communicate(timeout=120)
    assert (out, err) == ("You said: SYNC ECHO\n", "")
    assert not held(site.listing)
    assert site.row(read_run(run_of(site)).session_id)


def test_the_guides_example_works_with_our_class(site: Site) -> None:
    with pipeline(site, "GUIDE me") as process:
        out, err = process.communicate(timeout=120)
    assert err == ""
    assert out.splitlines() == [
        "Cleaned up 0 expired sessions",
        "Session stats: {'active': 1, 'expired_pending_cleanup': 0}",
    ]
    (path,) = (site.listing / ".claude_sessions").glob("projects/*/*.jsonl")
    row = site.row(path.stem)
    assert row
    assert row.details() == {"workers": 8, "timeout": 900}
