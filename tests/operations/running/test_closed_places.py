"""What is closed to a listing's agents under the current settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tui.fleet_settings import FleetSettings
from tui.operations.running.closed_places import closed_places, work_folder
from tui.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", str(tmp_path / "settings.toml"))
    return Settings(
        root=tmp_path / "outputs",
        env_file=tmp_path / "env",
        state_dir=tmp_path / "state",
        cache_dir=tmp_path / "cache",
        claude_home=tmp_path / "claude",
    )


def test_how_to_connect_to_the_fleet_is_closed(tmp_path: Path) -> None:
    fleet = FleetSettings(dsn_file=tmp_path / "dsn", host="a")
    assert tmp_path / "dsn" in closed_places(Settings(fleet=fleet), tmp_path / "listing")


def test_secrets_of_the_operator_are_closed(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "outputs" / "hollis_park"
    names = {str(one.relative_to(tmp_path)) for one in closed_places(settings, folder)}
    assert names >= {"env", "settings.toml", "state", "cache", "claude", "claude/.credentials.json"}
    assert names >= {"home/.claude", "home/.claude.json"}


def test_a_place_that_holds_the_listing_is_closed_but_for_it(
    settings: Settings, tmp_path: Path
) -> None:
    """Without the exception an agent could do nothing in its own folder."""
    folder = tmp_path / "claude" / "outputs" / "hollis_park"
    names = {str(one.relative_to(tmp_path)) for one in closed_places(settings, folder)}
    assert "claude" not in names
    assert "claude/.credentials.json" in names


def test_no_setting_opens_a_config_dir(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "outputs" / "hollis_park"
    for place in (folder / ".claude_sessions", tmp_path / "claude" / "sub", tmp_path / "state"):
        place.mkdir(parents=True)
        named = replace(settings, stages={"stage": {"cwd": str(place)}})
        assert work_folder(named, "stage", folder, str(place)) == (None, "is off limits to agents")


def test_a_file_that_says_none_is_no_place(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the exception no command could write to `/dev/null`."""
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", "/dev/null")
    assert Path("/dev/null") not in closed_places(settings, tmp_path)
