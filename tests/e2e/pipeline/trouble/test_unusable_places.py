"""A listing's folder that cannot be used, and days that lead nowhere: one clear error of ours."""

from __future__ import annotations

import pickle
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tests.support.hostile.full_disk import fill, need_mounts, small_disk
from tests.support.processes.own_pipeline import Heard, ask
from tests.support.processes.runs_site import Site
from tui import ConsoleError, Kind, Refused, SessionManager, UsageError
from tui.core.errors import Reason

SOME = "33333333-3333-4333-8333-333333333333"
Act = Callable[[SessionManager, Site], Awaitable[Any]]


async def query(manager: SessionManager, site: Site) -> None:
    await Heard(site).listen(ask(manager, "ECHO go"))


async def track(manager: SessionManager, site: Site) -> None:
    await manager.track_session(SOME, "stage_3", "hollis_park")


WRITES: dict[str, Act] = {
    "query": query,
    "track_session": track,
    "init_table": lambda manager, _: manager.init_table(),
    "async with": lambda manager, _: manager.__aenter__(),
}
writes = pytest.mark.parametrize("act", WRITES.values(), ids=WRITES)


async def error_of(acting: Awaitable[Any]) -> ConsoleError:
    with pytest.raises(ConsoleError) as raised:
        await acting
    assert pickle.loads(pickle.dumps(raised.value)).kind is raised.value.kind  # noqa: S301 (ours)
    assert not raised.value.is_retryable
    return raised.value


def remount(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


@contextmanager
def read_only(path: Path) -> Iterator[Path]:
    with small_disk(path) as disk:
        (disk / "old").mkdir()
        remount(disk)
        yield disk


@writes
@pytest.mark.parametrize("place", ["a-file", "a-file/below", "/proc/none"])
async def test_what_can_be_no_folder_is_said(
    site: Site, tmp_path: Path, act: Act, place: str
) -> None:
    (tmp_path / "a-file").write_text("x")
    error = await error_of(act(SessionManager(tmp_path / place), site))
    assert error.kind is Kind.SETUP
    assert re.match(
        rf"the listing's folder {tmp_path / place} cannot be (used|made): (it is a file|N)",
        str(error),
    )


@writes
@pytest.mark.parametrize("place", ["old", "new"])
async def test_a_disk_that_can_only_be_read_is_said(
    site: Site, tmp_path: Path, act: Act, place: str
) -> None:
    need_mounts(tmp_path)
    with read_only(tmp_path / "disk") as disk:
        error = await error_of(act(SessionManager(disk / place), site))
    assert error.kind in (Kind.SETUP, Kind.DATABASE)
    assert error.reason is Reason.FORBIDDEN
    assert "Read-only file system" in str(error)


async def test_a_table_on_a_disk_that_can_only_be_read_is_not_blamed_on_the_login(
    tmp_path: Path, site: Site
) -> None:
    need_mounts(tmp_path)
    with small_disk(tmp_path / "disk") as disk:
        manager = SessionManager(disk / "old")
        await manager.init_table()
        remount(disk)
        error = await error_of(track(manager, site))
    assert str(error) == "buyers.db cannot be written: its file system is read-only"


@writes
@pytest.mark.parametrize("free", [0, 4096])
async def test_a_full_disk_is_its_own_kind_of_error(
    site: Site, tmp_path: Path, act: Act, free: int
) -> None:
    need_mounts(tmp_path)
    with small_disk(tmp_path / "disk") as disk:
        ballast = fill(disk)
        with ballast.open("r+b") as file:
            file.truncate(ballast.stat().st_size - free)
        error = await error_of(act(SessionManager(disk / "new"), site))
    assert error.kind is Kind.DISK_FULL


@writes
async def test_a_folder_that_is_a_link_is_refused_at_once_and_nothing_is_made_behind_it(
    site: Site, tmp_path: Path, act: Act
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    manager = SessionManager(tmp_path / "link")
    error = await error_of(act(manager, site))
    assert isinstance(error, Refused)
    assert error.reason is Reason.LINKED
    assert f"{tmp_path / 'link'} is a link" in str(error)
    for other in (manager.recover(), manager.cleanup_expired(), manager.get_session_stats()):
        assert isinstance(await error_of(other), Refused)
    with pytest.raises(Refused):
        manager.setup()
    assert list((tmp_path / "real").iterdir()) == []


async def test_a_root_that_is_a_link_works(site: Site, tmp_path: Path) -> None:
    (tmp_path / "root").symlink_to(site.listing.parent)
    heard = Heard(site)
    async with SessionManager(tmp_path / "root" / site.listing.name) as manager:
        await heard.listen(ask(manager, "ECHO go"))
    assert site.row(heard.session_id)


@pytest.mark.parametrize("days", [1e12, 1e7, -1e8, float("nan"), float("inf")])
async def test_days_that_lead_out_of_the_calendar_are_a_mistake_of_the_call(
    site: Site, manager: SessionManager, days: float
) -> None:
    with pytest.raises(UsageError, match=r"^max_age_days (cannot|must) be "):
        SessionManager(site.listing, max_age_days=days)
    far = SessionManager(site.listing)
    far.max_age_days = days

    async def ask_for() -> None:
        await Heard(site).listen(ask(manager, "ECHO go", max_age_days=days))

    acts = (
        query(far, site),
        track(far, site),
        ask_for(),
        manager.extend_session(SOME, days),
        manager.cleanup_by_age(days),
    )
    for act in acts:
        error = await error_of(act)
        assert isinstance(error, UsageError)
        assert re.search("_days (cannot|must) be ", str(error))


async def test_what_a_query_asks_for_is_checked_before_its_folder_is_made(
    site: Site, tmp_path: Path
) -> None:
    options = ClaudeAgentOptions(extra_args={"resume": SOME})
    manager = SessionManager(tmp_path / "new")
    with pytest.raises(UsageError, match="cannot have resume"):
        await Heard(site).listen(ask(manager, "ECHO go", options=options))
    assert not (tmp_path / "new").exists()
