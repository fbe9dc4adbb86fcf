"""Of what lies in the CLI's default config dir only ours is found, and nothing else is opened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, snapshot
from tests.support.place import REPOSITORY
from tui.core.models.session import Transcript
from tui.safe_io.processes import own_domain, started
from tui.storage.transcripts.strays import Listings, StrayFinder

THIRD = "9f2e0000-1111-4222-8333-444455556666"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / ".claude"
    (folder / "projects").mkdir(parents=True)
    return folder


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs" / "hollis_park"
    folder.mkdir(parents=True)
    return folder


def slug(path: Path | str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in str(path))


def write(home: Path, session_id: str, cwd: Path | str, *, project: str = "", **line: Any) -> Path:
    path = home / "projects" / (project or slug(cwd)) / f"{session_id}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cwd": str(cwd), "customTitle": "Mine"} | line) + "\n")
    return path


def ids(found: tuple[Transcript, ...]) -> list[str]:
    return [one.session_id for one in found]


def test_a_tracked_session_is_ours_wherever_it_was_started(home: Path, listing: Path) -> None:
    path = write(home, FIRST, "/app")
    (path.with_suffix("") / "subagents").mkdir(parents=True)
    (path.with_suffix("") / "subagents" / "a.jsonl").write_bytes(b"x" * 20)
    write(home, SECOND, "/app")
    (home / "settings.json").write_text('{"cleanupPeriodDays": 5}')
    (one,) = StrayFinder(home).find(
        (
            (
                listing,
                (
                    FIRST,
                    THIRD,
                ),
            ),
        )
    )[listing]
    assert (one.session_id, one.path, one.title) == (FIRST, path, "Mine")
    assert (one.stray_in, one.sweep_days, one.resumable) == (home, 5, True)
    assert one.bytes == path.stat().st_size + 20


@pytest.mark.parametrize(
    ("below", "cwd", "is_ours"),
    [
        ("", "", True),
        ("work", "work", True),
        ("", "..", False),
        ("", "../hollis_park_2", False),
        ("2", "../hollis_park_2", False),
        ("work", "../../private", False),
    ],
)
def test_an_untracked_session_is_ours_when_its_cwd_lies_in_the_listing(
    home: Path, listing: Path, below: str, cwd: str, is_ours: bool
) -> None:
    """The folder's name is only a hint: another path may have the same."""
    write(home, FIRST, f"{listing}/{cwd}", project=slug(listing / below))
    found = StrayFinder(home).find(((listing, ()),))
    assert ids(found.get(listing, ())) == ([FIRST] if is_ours else [])


def test_a_listing_with_a_long_path_or_behind_a_link_is_known_by_its_cwd(
    home: Path, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 120) / ("y" * 120) / "hollis_park"
    long.mkdir(parents=True)
    (tmp_path / "linked").symlink_to(long.parent)
    write(home, FIRST, long / "work", project=f"{slug(long)[:200]}-1x2y3z")
    for folder in (long, tmp_path / "linked" / "hollis_park"):
        assert ids(StrayFinder(home).find(((folder, ()),))[folder]) == [FIRST]


def test_the_guides_sketch_is_ours_when_it_is_tracked(home: Path, listing: Path) -> None:
    for name in ("session-abc123", "session-xyz789"):
        (home / "sessions" / name).mkdir(parents=True)
        (home / "sessions" / name / "conversation.json").write_text("[]")
    (one,) = StrayFinder(home).find(((listing, ("session-abc123",)),))[listing]
    assert (one.session_id, one.resumable, one.stray_in) == ("session-abc123", False, home)


OPENED = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from pathlib import Path
from tui.storage.transcripts.strays import StrayFinder
home, listing, session_id = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
finder = StrayFinder(home)
print(*(one.session_id for one in finder.find(((listing, (session_id,)),))[listing]))
print(*(one.session_id for one in finder.processes()))
print(*(path for path in opened if path.endswith(".jsonl") or path.endswith("conversation.json")))
"""


def test_nothing_private_is_opened_or_told(home: Path, listing: Path) -> None:
    ours = write(home, FIRST, "/app")
    write(home, SECOND, "/app")
    write(home, THIRD, "/home/anna/private")
    (home / "history.jsonl").write_text("secret")
    (home / "sessions").mkdir()
    for pid, session_id in ((os.getpid(), FIRST), (os.getppid(), SECOND)):
        entry = {"pid": pid, "procStart": started(pid), "pidDomain": own_domain()}
        text = json.dumps(entry | {"sessionId": session_id, "status": "busy"})
        (home / "sessions" / f"{pid}.json").write_text(text)
    before = snapshot(home)
    found = subprocess.run(
        [sys.executable, "-c", OPENED, home, listing, FIRST],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert found.stdout.splitlines() == [FIRST, FIRST, ours.name]
    assert snapshot(home) == before


def test_links_pipes_and_garbage_are_nobodys(home: Path, listing: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{FIRST}.jsonl").write_text("secret")
    project = home / "projects" / slug(listing)
    project.mkdir()
    (project / f"{FIRST}.jsonl").symlink_to(outside / f"{FIRST}.jsonl")
    (home / "projects" / "linked").symlink_to(outside)
    os.mkfifo(project / f"{SECOND}.jsonl")
    (project / f"{THIRD}.jsonl").write_bytes(b"\xff\0{" * 100)
    (home / "sessions").symlink_to(outside)
    tracked = (
        FIRST,
        SECOND,
    )
    assert StrayFinder(home).find(((listing, tracked),)) == {}
    assert StrayFinder(tmp_path / "missing").find(((listing, tracked),)) == {}


def test_a_config_dir_of_a_listing_holds_no_strays(listing: Path) -> None:
    other = listing.parent / "other" / ".claude_sessions"
    write(other, FIRST, listing)
    assert StrayFinder(other).find(((listing, (FIRST,)),)) == {}
    assert StrayFinder(other).processes() == ()


def test_what_changes_is_found_by_the_same_finder(home: Path, listing: Path) -> None:
    finder = StrayFinder(home)
    nothing: Listings = ((listing, ()),)
    tracked: Listings = ((listing, (FIRST,)),)
    assert finder.find(nothing) == {}
    path = write(home, FIRST, "/app")
    assert finder.find(nothing) == {}
    (one,) = finder.find(tracked)[listing]
    assert finder.find(tracked)[listing][0] is one
    with path.open("a") as file:
        file.write('{"customTitle": "Longer"}\n')
    assert finder.find(tracked)[listing][0].title == "Longer"
    write(home, SECOND, listing / "work")
    assert ids(finder.find(tracked)[listing]) == [FIRST, SECOND]
    path.unlink()
    assert ids(finder.find(tracked)[listing]) == [SECOND]
