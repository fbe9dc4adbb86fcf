"""What every test shares."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import programs
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes import forked_cli
from tests.support.processes.runs_site import SCENES, Site, site_below
from tests.support.quick import is_quick, places
from tui.demo.api import LoopbackApi

HUNTS = "SESSION_CONSOLE_HUNT"  # how many examples a test: `python -m tests.torture examples`
settings.register_profile(
    "session-console",
    deadline=None,  # two cores, shared: a slow example is no failure
    database=None,
    derandomize=HUNTS not in os.environ,  # the same examples in every run
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    max_examples=int(os.environ.get(HUNTS, "100")),
)
settings.load_profile("session-console")

# Hundreds of tests start the program, and each process reads all of the tests: compiled once.
sys.dont_write_bytecode = False
sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache/bytecode")

# `nohup` and a shell's background jobs ignore these, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(_number, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what consoles remember out of the home of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        # A test of what the live console shows must not read what the last one did.
        patch.setenv("SESSION_CONSOLE_FIRST_PICTURE", "no")
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", sys.pycache_prefix or "")
        yield
        forked_cli.end()


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    """A Messages API for the real CLI; a module with scenes of its own has its own."""
    with LoopbackApi(SCENES) as server:
        yield server


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """A listing with one session; a module that needs another has its own."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    return listing


@pytest.fixture
def site(tmp_path: Path, api: LoopbackApi) -> Iterator[Site]:
    """A listing whose runs talk to that API."""
    with site_below(tmp_path, api) as site:
        yield site


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a parameter the same in every process that collects the tests."""
    if not isinstance(val, str | int):
        return None
    named = re.sub(rf"(?<!\w){os.getpid()}(?!\w)", "PID", str(val))
    return named if named != str(val) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `-m quick` runs, and put the files in order."""
    place = places(dict.fromkeys(item.path for item in items))
    items.sort(key=lambda item: place[item.path])
    for item in items:
        if is_quick(item.path):
            item.add_marker(pytest.mark.quick)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Install what a run of all the tests needs, and say so."""
    config = session.config
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    is_part = config.option.markexpr or config.option.keyword or config.option.collectonly
    if is_whole and not is_part and not _is_worker():
        for line in programs.provide():
            print(line, flush=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name at the end what was not tried, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    for line in programs.not_tried(report.longrepr[2] for report in skipped):
        terminalreporter.write_line(line, yellow=True)
