"""A background loop that fails is reported and logged, and starts again."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.console.pane_table import EXPIRY
from tui.core.limits import FAULT_LOG_BYTES
from tui.storage.state.fault_log import fault_log_path, write_fault
from tui.ui.state.notifications import Notifications
from tui.ui.state.unread import UnreadTracker

# What each loop cannot do without.
NEEDED: dict[str, tuple[type, str]] = {
    "the catalog": (FixedEngine, "look"),
    "the stream": (FixedEngine, "follow"),
    "unread marks": (UnreadTracker, "save"),
    "saving the view": (FixedEngine, "write_remembered"),
    "notifications": (FixedEngine, "notify"),
    "the clock": (UnreadTracker, "tick"),
}


@pytest.mark.parametrize("name", NEEDED)
async def test_a_loop_that_fails_is_told_written_down_and_begins_again(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails for each loop that is not run by `BackgroundLoops`."""
    for each in (
        "state.unread.SAVE_EACH",
        "background.pollers.NOTIFY_EACH",
        "state.session_restore.SAVE_EACH",
        "background.pollers.POLL_STILL",
    ):
        monkeypatch.setattr(f"tui.ui.{each}", 0.05)
    for each in ("AGAIN_S", "CALM_S"):
        monkeypatch.setattr(f"tui.ui.background.loops.{each}", 0.1)
    engine = FixedEngine(notifies=True)
    async with console(engine, (160, 36)) as at:
        of, what = NEEDED[name]
        works: Callable[..., object] = getattr(of, what)
        is_mended = False

        def fails(*args: Any, **more: Any) -> object:
            if not is_mended:
                raise KeyError("nobody foresaw this")
            return works(*args, **more)

        monkeypatch.setattr(of, what, fails)
        await at.choose("First screen")
        await at.press("s")
        await at.until(lambda: f"{name} failed and was restarted: KeyError" in at.top)
        is_mended = True
        await at.until(lambda: "was restarted" not in at.top)
        written = (name, True)  # by a thread, maybe after the loop is at work again
        await at.until(
            lambda: written in {(where, "fails" in trace) for where, trace in engine.faults}
        )


async def test_a_key_acts_although_noting_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if the exception leaves the handler of the key: that ends the console."""

    def fails(news: Notifications) -> None:
        raise KeyError("nobody foresaw this")

    engine = FixedEngine()
    async with console(engine, (120, 36)) as at:
        with monkeypatch.context() as patch:
            patch.setattr(Notifications, "key_pressed", fails)
            await at.press("3")
            assert at.view.pane == EXPIRY
            assert "noting a key failed" in at.top
        await at.press("2")
        assert "noting a key" not in at.top
        await at.until(lambda: "noting a key" in {where for where, _ in engine.faults})


def test_the_log_is_the_operators_own_and_bounded(tmp_path: Path) -> None:
    folder, at = tmp_path / "state", datetime(2026, 11, 28, tzinfo=UTC)
    for _ in range(60):
        write_fault(folder, at, "looking", "trace \x1b[31m" * 2000)
    log = fault_log_path(folder)
    older = log.with_name("faults.log.1")
    assert sorted(folder.iterdir()) == sorted({log, older} & set(folder.iterdir()))
    for one in folder.iterdir():
        assert stat.S_IMODE(one.stat().st_mode) == 0o600
        assert one.stat().st_size < FAULT_LOG_BYTES + 40_000
        assert b"\x1b" not in one.read_bytes()


def test_a_link_in_the_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "foreign").write_text("theirs")
    fault_log_path(tmp_path).symlink_to(tmp_path / "foreign")
    with pytest.raises(OSError, match=r"faults\.log|symbolic|loop"):
        write_fault(tmp_path, datetime(2026, 11, 28, tzinfo=UTC), "looking", "trace")
    assert (tmp_path / "foreign").read_text() == "theirs"
