"""What is opened through links: what its owner chose, and nothing that others can swap."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot, with_footprint
from tui.core.errors import ConsoleError
from tui.operations.context import Context
from tui.operations.trash.purge import purge
from tui.pipeline.manager import SessionManager
from tui.runs import runner
from tui.safe_io import opening
from tui.safe_io.opening import guard_config_dir, open_base, open_folder, open_regular
from tui.settings import Settings
from tui.storage.trash.erasing import erase_path


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has just begun."""
    monkeypatch.setattr(opening, "_roots", set[str]())
    monkeypatch.setattr(opening, "_config_dirs", set[str]())


def opens(path: Path) -> bool:
    try:
        os.close(open_regular(path))
    except OSError:
        return False
    return True


def linked_listing(root: Path) -> Path:
    folder = root / "hollis_park"
    (root / "elsewhere" / ".session_console" / "runs" / "one").mkdir(parents=True)
    folder.symlink_to(root / "elsewhere")
    return folder


def is_refused(folder: Path) -> bool:
    try:
        os.close(open_base(folder))
    except OSError:
        return True
    return False


@pytest.mark.usefixtures("unguarded")
def test_a_runner_follows_no_link_in_the_place_of_its_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a process of its own, in which no console ever named its root."""
    folder, seen = linked_listing(tmp_path), list[bool]()
    assert not is_refused(folder)
    monkeypatch.setattr(runner, "main", lambda *_: seen.append(is_refused(folder)))
    runner.begin(str(folder / ".session_console" / "runs" / "one"), "0", "")
    assert seen == [True]


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("way", ["", "sub/.."])
def test_a_pipeline_follows_no_link_in_the_place_of_its_listing(tmp_path: Path, way: str) -> None:
    (tmp_path / "sub").mkdir()
    folder = linked_listing(tmp_path)
    SessionManager(tmp_path / way / folder.name)
    assert is_refused(folder)


@pytest.mark.usefixtures("unguarded")
def test_a_root_named_by_way_of_another_is_guarded_like_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = with_footprint(tmp_path / "outputs")
    victim = with_footprint(tmp_path / "elsewhere").folder
    monkeypatch.chdir(listing.folder)
    context = Context(Settings(root=Path("../../outputs")), listing.context().clock)
    assert context.root == listing.root
    before, real = snapshot(victim), erase_path

    def swapped(path: Path) -> None:
        if not listing.folder.is_symlink():
            listing.folder.rename(tmp_path / "aside")
            listing.folder.symlink_to(victim)
        real(path)

    monkeypatch.setattr("tui.operations.trash.purge.erase_path", swapped)
    with pytest.raises(ConsoleError):
        purge(context, FIRST)
    assert snapshot(victim) == before


@pytest.mark.usefixtures("unguarded")
def test_what_leads_back_up_is_refused_and_not_unguarded(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.write_transcript(FIRST, "Hello")
    path = listing.transcript_path(FIRST)
    assert opens(path)
    assert opens(tmp_path / "outputs" / ".." / "outputs" / path.relative_to(listing.root))
    assert not opens(path.parent / ".." / path.parent.name / path.name)


@pytest.mark.usefixtures("unguarded")
def test_a_folder_called_projects_may_be_a_link_but_in_a_config_dir(tmp_path: Path) -> None:
    (tmp_path / "real" / "state").mkdir(parents=True)
    (tmp_path / "real" / "state" / "seen.json").touch()
    (tmp_path / "projects").symlink_to("real")
    assert opens(tmp_path / "projects" / "state" / "seen.json")
    for name in (".claude", ".claude_sessions", "another"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "projects").symlink_to(tmp_path / "real")
        guard_config_dir(tmp_path / "another")
        assert not opens(tmp_path / name / "projects" / "state" / "seen.json"), name


def test_a_file_in_an_open_folder_is_found_there_whatever_takes_the_folders_place(
    tmp_path: Path,
) -> None:
    listing = SampleListing(tmp_path / "outputs")
    path = listing.write_transcript(FIRST, "Hello")
    folder = open_folder(path.parent)
    try:
        path.parent.rename(tmp_path / "moved")
        path.parent.symlink_to(tmp_path)
        (tmp_path / path.name).write_text("planted")
        with open(open_regular(path, folder)) as file:  # noqa: PTH123 (a descriptor)
            assert "Hello" in file.read()
        (tmp_path / "moved" / path.name).unlink()
        (tmp_path / "moved" / path.name).symlink_to(tmp_path / path.name)
        with pytest.raises(OSError, match="symbolic link"):
            open_regular(path, folder)
    finally:
        os.close(folder)
