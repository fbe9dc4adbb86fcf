"""The CLI's own sweep is only ever postponed, and every file of a session is found."""

from __future__ import annotations

import json
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, snapshot
from tui.claude.config_dir import (
    UNKNOWN_SWEEP,
    footprint,
    is_place_of,
    postpone_sweep,
    refresh_children,
    sweep_days,
)
from tui.core.errors import ConsoleError
from tui.safe_io.file_lock import folder_lock
from tui.storage.session_locks import held

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    folder = tmp_path / ".claude_sessions"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("content", "days"),
    [
        (None, 30),
        ("{}", 30),
        ('{"cleanupPeriodDays": 7}', 7),
        ('{"cleanupPeriodDays": 0}', 0),
        ('{"cleanupPeriodDays": 3650}', 3650),
        ('{"cleanupPeriodDays": -1}', 30),
        ('{"cleanupPeriodDays": true}', 30),
        ('{"cleanupPeriodDays": "7"}', 30),
        ('{"cleanupPeriodDays": 1.5}', 30),
        ("[7]", 30),
        ("{", 30),
        ("\udcff", 30),
        ("[" * 60_000, 30),
    ],
)
def test_the_sweep_is_read(config_dir: Path, content: str | None, days: int) -> None:
    if content is not None:
        (config_dir / "settings.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert sweep_days(config_dir) == days


@pytest.mark.parametrize(
    ("settings", "until", "expected"),
    [
        (None, NOW + 7 * DAY, None),
        (None, NOW + 30 * DAY, 31),
        (None, NOW + 60 * DAY - timedelta(hours=1), 61),
        ({"cleanupPeriodDays": 3650}, NOW + 60 * DAY, None),
        ({"cleanupPeriodDays": 7}, NOW + 10 * DAY, 11),
        ({"cleanupPeriodDays": "odd", "model": "opus"}, NOW + 60 * DAY, 61),
        ({"env": {"A": "ü"}, "hooks": []}, NOW + 60 * DAY, 61),
        (None, NOW + 365 * 900 * DAY, 36500),
    ],
)
def test_the_sweep_is_raised_and_every_other_key_kept(
    config_dir: Path, settings: dict[str, Any] | None, until: datetime, expected: int | None
) -> None:
    path = config_dir / "settings.json"
    if settings is not None:
        path.write_text(json.dumps(settings))
        path.chmod(0o640)
    assert postpone_sweep(config_dir, NOW, until) == expected
    if expected is None:
        assert (json.loads(path.read_text()) if path.exists() else None) == settings
        return
    assert json.loads(path.read_text()) == (settings or {}) | {"cleanupPeriodDays": expected}
    assert settings is None or stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sweep_days(config_dir) == expected
    assert [one.name for one in config_dir.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("content", [b"{ torn", b"[1]", b"\xff"])
def test_a_settings_file_that_cannot_be_read_is_left_as_it_is(
    config_dir: Path, content: bytes
) -> None:
    path = config_dir / "settings.json"
    path.write_bytes(content)
    with pytest.raises(ConsoleError, match="sweep could not be put off"):
        postpone_sweep(config_dir, NOW, NOW + 60 * DAY)
    assert path.read_bytes() == content
    assert [one.name for one in config_dir.iterdir()] == ["settings.json"]


def raise_to(config_dir: Path, days: int) -> None:
    postpone_sweep(config_dir, NOW, NOW + days * DAY)


def test_of_raises_at_once_the_longest_stays(config_dir: Path) -> None:
    """Without the lock, a writer that read earlier could write back a shorter period."""
    for first in range(40, 1040, 100):
        days = range(first, first + 100, 5)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: raise_to(config_dir, one), days))
        assert sweep_days(config_dir) == max(days) + 1


def test_a_raise_waits_for_another_and_then_looks_again(config_dir: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with folder_lock(config_dir.parent, ".settings"):
            waiting = pool.submit(postpone_sweep, config_dir, NOW, NOW + 60 * DAY)
            time.sleep(0.1)
            assert not waiting.done()
            (config_dir / "settings.json").write_text('{"cleanupPeriodDays": 90, "model": "opus"}')
        assert waiting.result(60) is None
    assert sweep_days(config_dir) == 90
    assert held(config_dir.parent) == frozenset()


def test_a_pipe_for_settings_keeps_nobody_waiting(config_dir: Path) -> None:
    os.mkfifo(config_dir / "settings.json")
    assert sweep_days(config_dir) == UNKNOWN_SWEEP
    with pytest.raises(ConsoleError):
        postpone_sweep(config_dir, NOW, NOW + 60 * DAY)


def test_children_are_made_young_and_nothing_else_is(config_dir: Path, tmp_path: Path) -> None:
    """The file that the guide's clean-up by age looks at."""
    outside = tmp_path / "outside"
    inner = config_dir / "projects" / "inner"
    for folder in (inner, config_dir / "todos", outside):
        folder.mkdir(parents=True)
    (config_dir / "settings.json").write_text("{}")
    (config_dir / "link").symlink_to(outside)
    paths = [inner, inner.parent, config_dir / "todos", config_dir / "settings.json", outside]
    for path in paths:
        os.utime(path, (0, 0))
    refresh_children(config_dir, NOW)
    stamps = [path.stat().st_mtime for path in paths]
    assert stamps == [0, NOW.timestamp(), NOW.timestamp(), 0, 0]
    refresh_children(config_dir / "missing", NOW)


def places(config_dir: Path, session_id: str) -> list[Path]:
    project = config_dir / "projects" / "-data"
    files = [
        project / f"{session_id}.jsonl",
        project / session_id / "subagents" / "agent-1.jsonl",
        config_dir / "file-history" / session_id / "v1",
        config_dir / "tasks" / session_id / "1.json",
        config_dir / "session-env" / session_id / "env",
        config_dir / "debug" / f"{session_id}.txt",
        config_dir / "todos" / f"{session_id}-agent-{session_id}.json",
        config_dir / session_id / "conversation.json",
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    return files


@pytest.mark.parametrize("neighbour", [SECOND, f"{FIRST}0", f"{FIRST}-1", FIRST[:8]])
def test_the_footprint_is_all_of_one_session_and_nothing_of_another(
    config_dir: Path, neighbour: str
) -> None:
    mine, theirs = places(config_dir, FIRST), places(config_dir, neighbour)
    found = footprint(config_dir, FIRST)
    assert len(found) == 8
    assert all(any(file.is_relative_to(place) for place in found) for file in mine)
    assert not any(file.is_relative_to(place) for place in found for file in theirs)


@pytest.mark.parametrize(
    "place", ["", "projects", "projects/-data", "file-history", "tasks", "debug", "todos"]
)
def test_nothing_behind_a_link_is_part_of_it(config_dir: Path, tmp_path: Path, place: str) -> None:
    """Deleting through a link would empty the link's target."""
    outside = tmp_path / "outside"
    places(outside, FIRST)
    config_dir.rmdir()
    if place:
        (config_dir / place).parent.mkdir(parents=True)
    (config_dir / place).symlink_to(outside / place)
    assert footprint(config_dir, FIRST) == ()


@pytest.mark.parametrize(
    "name",
    ["projects", "Projects", "sessions", "file-history", "tasks", "session-env", "debug", "todos",
     "plugins", "backups", "shell-snapshots", "statsig", "memory", "my-team"],
)  # fmt: skip
def test_what_is_called_like_an_id_is_not_a_sessions(config_dir: Path, name: str) -> None:
    """A row may name anything: with `projects` as its id, all sessions would be taken."""
    places(config_dir, FIRST)
    project = config_dir / "projects" / "-data"
    for folder in (config_dir, project, config_dir / "tasks", config_dir / "file-history"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "precious").write_text("x")
    assert footprint(config_dir, name) == ()


@pytest.mark.parametrize("what", ["conversation.json", "linked", "folder", "context.json"])
def test_a_folder_by_the_id_is_only_the_guides_with_its_conversation(
    config_dir: Path, what: str
) -> None:
    folder = config_dir / "session-abc123"
    folder.mkdir()
    (folder / "context.json").write_text("{}")
    if what == "conversation.json":
        (folder / what).write_text("{}")
    elif what == "folder":
        (folder / "conversation.json").mkdir()
    elif what == "linked":
        (folder / "conversation.json").symlink_to("context.json")
    found = (folder,) if what == "conversation.json" else ()
    assert footprint(config_dir, folder.name) == found


@pytest.mark.parametrize(("session_id", "is_found"), [(FIRST, True), ("77ab", False)])
def test_what_a_swept_session_left_is_found_by_an_id_of_the_clis(
    config_dir: Path, session_id: str, is_found: bool
) -> None:
    mine = places(config_dir, session_id)
    mine[0].unlink()
    mine[-1].unlink()
    assert len(footprint(config_dir, session_id)) == (6 if is_found else 0)


def test_a_link_is_no_part_of_it(config_dir: Path, tmp_path: Path) -> None:
    project = config_dir / "projects" / "-data"
    project.mkdir(parents=True)
    (tmp_path / "secret").write_text("x")
    (project / f"{FIRST}.jsonl").symlink_to(tmp_path / "secret")
    assert footprint(config_dir, FIRST) == ()
    assert footprint(config_dir / "missing", FIRST) == ()


@pytest.mark.parametrize("linked", ["settings.json", "dangling", ""])
def test_what_a_link_leads_to_is_never_copied_into_the_listing(
    config_dir: Path, tmp_path: Path, linked: str
) -> None:
    """The operator's own settings may contain API keys."""
    private = tmp_path / "private"
    private.mkdir()
    if linked != "dangling":
        (private / "settings.json").write_text('{"env": {"ANTHROPIC_API_KEY": "sk"}}')
    (private / "projects").mkdir()
    if linked:
        (config_dir / "settings.json").symlink_to(private / "settings.json")
    else:
        config_dir.rmdir()
        config_dir.symlink_to(private)
    before = snapshot(tmp_path)
    now = datetime.now(UTC)
    with pytest.raises(ConsoleError, match="behind a link"):
        postpone_sweep(config_dir, now, now + timedelta(days=90))
    if not linked:
        refresh_children(config_dir, now)
    assert snapshot(tmp_path) == before


def test_every_place_of_a_footprint_is_one_that_a_manifest_may_name(config_dir: Path) -> None:
    for session_id in (FIRST, "session-abc123"):
        places(config_dir, session_id)
        found = footprint(config_dir, session_id)
        assert len(found) == 8
        names = [str(one.relative_to(config_dir.parent)) for one in found]
        assert all(is_place_of(session_id, one) for one in names)
        assert not any(is_place_of(SECOND, one) for one in names)
