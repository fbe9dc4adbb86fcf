"""A runner that was started ahead is as a new one, knows of no run, and is in nobody's way."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import tui
from tests.support.listings.sample_listing import snapshot
from tests.support.processes.audit_hook import WATCH, events_of, require_harmless
from tests.support.processes.runs_site import SCENES, Site, kinds, over, site_below, wait
from tui.demo.api import LoopbackApi
from tui.runs.folder.protocol import read_owner, read_run
from tui.runs.starting import spare as spares
from tui.runs.starting.order import is_there
from tui.runs.starting.spare import AheadRunner, SpareRunner
from tui.runs.termination import end_runner
from tui.safe_io.processes import started
from tui.storage.session_locks import held

_OF_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+")
_INHERITED = ("Umask:", "SigBlk:", "SigIgn:", "SigCgt:", "Groups:", "CapEff:")
_CONSOLE = """
import sys, time
from tui.runs.starting.spare import SpareRunner
spare = SpareRunner()
with spare.expected():
    while spare.runner is None:
        time.sleep(0.01)
    print(spare.runner.pid, flush=True)
    time.sleep(3600)
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with LoopbackApi(SCENES) as api, site_below(tmp_path, api) as site:
        yield site


@contextmanager
def ready() -> Iterator[tuple[SpareRunner, AheadRunner]]:
    """Give a spare runner that has imported what it needs."""
    spare = SpareRunner()
    with spare.expected():
        runner = wait(lambda: spare.runner)
        assert is_there(runner.end, 60)
        yield spare, runner


def is_gone(pid: int) -> bool:
    return started(pid) is None


def begun(site: Site, session_id: str, spare: SpareRunner | None) -> tuple[Path, int]:
    """Resume a session; return its run and its runner, once its agent writes."""
    folder = site.start_by(spare, "LONG tale", mode="resume", session_id=session_id)
    wait(lambda: "heard" in kinds(folder))
    return folder, read_owner(folder)["pid"]


def manner(pid: int, folder: Path) -> list[object]:
    """Return how a process stands in the world, without what is its run's own."""
    place = Path("/proc") / str(pid)
    lines = (place / "status").read_text().splitlines()
    known = [line for line in lines if line.startswith(_INHERITED)]
    outputs = [str((place / "fd" / one).readlink()) for one in "012"]
    is_leader = (os.getsid(pid) == pid, os.getpgid(pid) == pid)
    told = [
        known,
        [one if one.startswith("/") else one.partition(":")[0] for one in outputs],
        (place / "cwd").readlink(),
        (place / "limits").read_text(),
        is_leader,
    ]
    return [_OF_RUN.sub("RUN", str(one).replace(str(folder), "RUN")) for one in told]


def environment(pid: int) -> list[str]:
    told = Path(f"/proc/{pid}/environ").read_text("utf-8", "surrogateescape").split("\0")
    return sorted(_OF_RUN.sub("RUN", one) for one in told if one)


def test_a_resume_through_a_spare_is_what_one_without_it_is(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_MODEL", "claude-sonnet-4-6")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    session_id = over(site.start("ECHO hello")).session_id
    told = list[list[Any]]()
    with ready() as (spare, runner):
        for one in (None, spare):
            site.api.speed = 1.0
            folder, pid = begun(site, session_id, one)
            assert (pid == runner.pid) is (one is spare)
            cli = read_owner(folder)["cli_pid"]
            both = [manner(pid, folder), manner(cli, folder), environment(cli)]
            assert str(folder) in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            site.hurry()
            assert over(folder).state == "done"
            wait(lambda: not held(site.listing))
            told.append([*both, kinds(folder), (folder / "runner.log").read_text()])
    assert told[0] == told[1]
    assert "ANTHROPIC_MODEL=claude-sonnet-4-6" in told[1][2]


def test_a_run_of_a_spare_is_stopped_as_the_one_that_it_is(site: Site) -> None:
    """Fails if its command line does not name its run: it would be left alone."""
    session_id = over(site.start("ECHO hello")).session_id
    with ready() as (spare, runner):
        folder, _ = begun(site, session_id, spare)
        assert end_runner(folder) == runner.pid


def test_it_leaves_when_its_line_is_closed() -> None:
    with ready() as (_, runner):
        assert not is_gone(runner.pid)
    wait(lambda: is_gone(runner.pid))


def test_it_leaves_when_its_console_is_killed() -> None:
    console = subprocess.Popen([sys.executable, "-c", _CONSOLE], stdout=subprocess.PIPE, text=True)
    assert console.stdout is not None
    with console:
        pid = int(console.stdout.readline())
        assert not is_gone(pid)
        console.kill()
    wait(lambda: is_gone(pid))


def test_it_leaves_when_its_time_is_over_and_the_run_gets_a_new_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares, "LIFE_S", 0.0)
    spare = SpareRunner()
    with spare.expected():
        runner = wait(lambda: spare.runner)
        wait(lambda: is_gone(runner.pid))
        assert over(site.start_by(spare, "ECHO hello")).state == "done"


def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait(lambda: is_gone(pid))


def stopped(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)


@pytest.mark.parametrize("trouble", [killed, stopped])
def test_one_that_died_or_hangs_is_replaced_by_a_new_one(
    site: Site, trouble: Callable[[int], None]
) -> None:
    """One that comes to itself later does nothing, and holds no lock."""
    with ready() as (spare, runner):
        trouble(runner.pid)
        try:
            folder = site.start_by(spare, "ECHO hello")
            assert over(folder).state == "done"
            assert read_owner(folder)["pid"] != runner.pid
            wait(lambda: not held(site.listing))
        finally:
            with suppress(ProcessLookupError):
                os.kill(runner.pid, signal.SIGCONT)
        wait(lambda: is_gone(runner.pid))
        assert kinds(folder).count("started") == 1


def edited(program: Path, _: Path) -> None:
    with (program / "runs" / "driver.py").open("a") as file:
        file.write("# Changed.\n")


def replaced(program: Path, _: Path) -> None:
    path = program / "core" / "errors.py"
    known = path.stat()
    shutil.copy(path, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))


def added(_: Path, packages: Path) -> None:
    (packages / "other.dist-info").mkdir()


@pytest.mark.parametrize("change", [edited, replaced, added])
def test_it_is_not_used_once_the_program_has_changed(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path, Path], None],
) -> None:
    program, packages = tmp_path / "program" / "tui", tmp_path / "packages"
    shutil.copytree(Path(tui.__file__).parent, program, ignore=shutil.ignore_patterns("*.pyc"))
    packages.mkdir()
    monkeypatch.setattr(tui, "__file__", str(program / "__init__.py"))
    monkeypatch.syspath_prepend(str(packages))
    with ready() as (spare, runner):
        change(program, packages)
        folder = site.start_by(spare, "ECHO hello")
        assert over(folder).state == "done"
        assert read_owner(folder)["pid"] != runner.pid
        wait(lambda: is_gone(runner.pid))


def test_it_is_not_used_where_a_new_one_would_begin_otherwise(site: Site) -> None:
    with ready() as (spare, runner):
        before = os.umask(0o077)
        try:
            folder = site.start_by(spare, "ECHO hello")
        finally:
            os.umask(before)
        assert over(folder).state == "done"
        assert read_owner(folder)["pid"] != runner.pid


def test_it_reads_no_secret_and_touches_nothing_until_it_has_a_run(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, log = tmp_path / "hook", tmp_path / "log"
    hook.mkdir()
    watch = WATCH.replace('os.environ["WATCH_LOG"]', repr(str(log)))
    (hook / "sitecustomize.py").write_text(f"{watch}\nwatch()\n")
    monkeypatch.setenv("PYTHONPATH", str(hook))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-secret")
    before = snapshot(site.listing.parent)
    with ready() as (spare, runner):
        told = Path(f"/proc/{runner.pid}/environ").read_bytes()
        told += Path(f"/proc/{runner.pid}/cmdline").read_bytes()
        assert b"a-secret" not in told
        assert os.fsencode(tmp_path / "outputs") not in told
        assert events_of(log)
        require_harmless(log, [hook])
        assert not [told for kind, _, told in events_of(log) if kind != "look"]
        assert snapshot(site.listing.parent) == before
        folder = site.start_by(spare, "ECHO hello")
        assert over(folder).state == "done"
        assert any(str(site.env_file) in paths for _, _, paths in events_of(log))


def test_the_spares_of_two_consoles_are_two(site: Site) -> None:
    with ready() as (one, runner):
        with ready() as (_, other):
            assert other.pid != runner.pid
        wait(lambda: is_gone(other.pid))
        folder = site.start_by(one, "ECHO hello")
        assert read_owner(folder)["pid"] == runner.pid
        assert over(folder).state == "done"
    assert read_run(folder).state == "done"


def test_a_console_has_one_at_most_and_takes_it_once(site: Site) -> None:
    with ready() as (spare, runner), spare.expected():
        assert spare.runner is runner
        first, second = (site.start_by(spare, "ECHO hello") for _ in range(2))
        assert [read_owner(one)["pid"] == runner.pid for one in (first, second)] == [True, False]
        assert [over(one).state for one in (first, second)] == ["done", "done"]
