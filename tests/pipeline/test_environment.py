"""The environment that managers set for what this process runs by itself, and put back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui import DatabaseProblem, SessionManager

BOTH = ("CLAUDE_CONFIG_DIR", "CLAUDE_SESSION_DIR")


def named() -> list[str | None]:
    """Return where the CLI keeps sessions that this process starts by itself."""
    return [os.environ.get(name) for name in BOTH]


async def test_the_environment_is_put_back_when_managers_are_left_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BOTH[0], "/of/the/caller")
    monkeypatch.delenv(BOTH[1], raising=False)
    before = named()
    first, second, third = (SessionManager(tmp_path / name) for name in ("a", "b", "c"))
    async with first:
        async with second:
            assert named() == [str(second.sessions_dir)] * 2
        assert named() == [str(first.sessions_dir)] * 2
        async with first:
            pass
        assert named() == [str(first.sessions_dir)] * 2
    assert named() == before
    for left in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        managers = [await one.__aenter__() for one in (first, second, third)]
        for place in left:
            await managers[place].__aexit__(None, None, None)
        assert named() == before


async def test_what_a_caller_sets_itself_outlasts_a_manager_and_so_does_setup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in BOTH:
        monkeypatch.setenv(name, "")
    async with SessionManager(tmp_path / "a"):
        os.environ[BOTH[0]] = "/mine"
    assert named() == ["/mine", ""]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "buyers.db").write_text("no database, but long enough to be one" * 99)
    with pytest.raises(DatabaseProblem):
        await SessionManager(tmp_path / "b").__aenter__()
    assert named() == ["/mine", ""]
    manager = SessionManager(tmp_path / "c")
    manager.setup()
    async with manager:
        pass
    assert named() == [str(manager.sessions_dir)] * 2
