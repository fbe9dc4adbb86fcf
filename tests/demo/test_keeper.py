"""The keeper of a demo: agents talk at once, and nothing is left behind however it ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests.support.processes.runs_site import wait
from tui.core.errors import ConsoleError
from tui.core.models.catalog import Catalog
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Liveness, Session
from tui.demo import Demo, start_demo
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.running.resume import plan_resume, start
from tui.runs.folder.protocol import read_partial
from tui.settings import Settings

LISTINGS = ("brightwater_dental", "cranbury_and_dunwell", "hollis_park", "kestrel_dispatch")
PARENT = """
from tui.demo import start_demo
demo = start_demo()
print(demo.folder, flush=True)
input()
"""


def context_of(demo: Demo) -> Context:
    return Context(Settings(**demo.settings, operator="anna"), lambda: datetime.now(UTC))


def processes_of(folder: Path) -> list[int]:
    """Return the pids of all processes whose command line or environment names the folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            if bytes(folder) in told:
                found.append(int(process.name))
    return found


def with_runs(catalog: Catalog) -> dict[str, Session]:
    return {one.listing: one for one in catalog.sessions if one.run is not None}


def test_agents_talk_and_all_of_it_ends() -> None:
    with start_demo(speed=5) as demo:
        watch = CatalogScanner(context_of(demo))
        mode = demo.settings["env_file"].stat().st_mode
        assert stat.S_IMODE(mode) == 0o600

        def live(listing: str) -> Session | None:
            return with_runs(watch.look(only=listing)).get(listing)

        def streams(listing: str) -> bool:
            run = session.run if (session := live(listing)) else None
            return run is not None and read_partial(run.folder) is not None

        def asks() -> PermissionRequest | None:
            session = live("brightwater_dental")
            is_waiting = session is not None and session.liveness is Liveness.WAITING
            return session.run.request if session and session.run and is_waiting else None

        for listing in ("cranbury_and_dunwell", "hollis_park"):
            wait(partial(streams, listing))
        assert "shortlist.csv" in wait(asks).input["command"]
        wait(lambda: (s := live("kestrel_dispatch")) and s.status == "failed")
        assert tuple(sorted(with_runs(watch.look()))) == LISTINGS
        assert processes_of(demo.folder)
    assert not demo.folder.exists()
    assert processes_of(demo.folder) == []


def test_a_resume_by_the_operator_ends_with_the_demo() -> None:
    with start_demo() as demo:
        context = context_of(demo)
        session = CatalogScanner(context).look(only="redmayne_bakeries").sessions[0]
        start(context, plan_resume(context, session), "Who comes first?")
    assert not demo.folder.exists()
    assert processes_of(demo.folder) == []


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_its_parent_is_killed(kind: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        folder = Path(parent.stdout.readline().strip())
        assert folder.is_dir()
        wait(lambda: with_runs(CatalogScanner(at(folder)).look()))
        parent.send_signal(kind)
    wait(lambda: not folder.exists() and not processes_of(folder))


def test_it_ends_by_a_signal_of_its_own() -> None:
    demo = start_demo()
    demo.keeper.terminate()
    demo.keeper.wait(60)
    demo.close()
    assert demo.keeper.returncode == 0
    assert not demo.folder.exists()


def test_a_demo_that_cannot_start_says_why() -> None:
    with pytest.raises(ConsoleError, match="did not start: the speed must be above 0"):
        start_demo(speed=0)


def at(folder: Path) -> Context:
    return Context(Settings(root=folder / "outputs"), lambda: datetime.now(UTC))
