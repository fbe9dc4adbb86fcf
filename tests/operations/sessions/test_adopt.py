"""A stray is moved into its listing whole, on any disk; nothing else is touched."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, register, snapshot
from tests.support.place import REPOSITORY
from tests.support.processes.children import Child
from tui.claude.config_dir import sweep_days
from tui.core.errors import ConsoleError, Refused, UnknownId, UsageError
from tui.core.models.session import Session, State
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import ActionResult, Context
from tui.operations.running.resume import plan_resume
from tui.operations.sessions import annotate
from tui.operations.sessions.adopt import adopt, adoptable
from tui.operations.sessions.extend import extend, plan_extension
from tui.safe_io.moving import Rename
from tui.storage.session_locks import SessionLock
from tui.storage.state.annotations import read_annotations
from tui.storage.state.logbook import read_logbook

THIRD = "9f2e0000-1111-4222-8333-444455556666"
DAY = timedelta(days=1)


def other_disk(source: Path, target: Path) -> None:
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))


@dataclass(frozen=True)
class Strays:
    """A listing whose pipeline wrote to the default config dir, which others use too."""

    listing: SampleListing
    home: Path

    @property
    def context(self) -> Context:
        return self.listing.context(claude_home=self.home)

    def session(self, words: str = FIRST) -> Session:
        return find_session(CatalogScanner(self.context).look(), words)

    def adopt(self, words: str = FIRST, rename: Rename = os.rename, **given: str) -> ActionResult:
        return adopt(self.context, self.session(words), rename=rename, **given)

    def write(self, session_id: str, *, cwd: str = "/app", age: timedelta = DAY) -> Path:
        """Write a transcript and all that the CLI keeps beside it to the default config dir."""
        source = self.listing.write_transcript(session_id, "Let me look.", age=age)
        slug = re.sub(r"[^A-Za-z0-9]", "-", cwd)
        target = self.home / "projects" / slug / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        stamp = source.stat().st_mtime
        line = json.loads(source.read_text().partition("\n")[0]) | {"cwd": cwd}
        target.write_text(f"{json.dumps(line)}\n")
        source.unlink()
        for place in (
            target.with_suffix("") / "subagents",
            self.home / "file-history" / session_id,
        ):
            place.mkdir(parents=True)
            (place / "agent-1.jsonl").write_text(f"{session_id}\n")
        (self.home / "todos").mkdir(exist_ok=True)
        (self.home / "todos" / f"{session_id}-agent-{session_id}.json").write_text("[]")
        os.utime(target, (stamp, stamp))
        return target


@pytest.fixture
def strays(tmp_path: Path) -> Strays:
    strays = Strays(SampleListing(tmp_path / "outputs"), tmp_path / "home" / ".claude")
    strays.listing.track(FIRST, days=60)
    strays.write(FIRST)
    strays.write(SECOND, cwd="/home/anna/diary")
    (strays.home / "history.jsonl").write_text("private\n")
    (strays.home / "settings.json").write_text("{}")
    return strays


def private(strays: Strays) -> dict[str, tuple[int, int, bytes]]:
    """Return everything in the default config dir except the stray; mtimes of files only."""
    everything = snapshot(strays.home).items()
    return {name: facts for name, facts in everything if FIRST not in name and facts[2]}


@pytest.mark.parametrize("rename", [os.rename, other_disk], ids=["one disk", "another disk"])
def test_a_stray_moves_into_its_listing_whole(strays: Strays, rename: Rename) -> None:
    assert strays.session().is_stray
    moved = {n: f for n, f in snapshot(strays.home).items() if FIRST in n}
    kept = private(strays)
    act = strays.adopt(rename=rename)
    assert act.words.startswith(f"adopted {FIRST[:8]} into hollis_park")
    session = strays.session()
    assert (session.state, session.is_stray) == (State.OK, False)
    assert not session.is_swept_first
    here = snapshot(strays.listing.config_dir)
    assert {name: here.get(name) for name in moved} == moved
    assert private(strays) == kept
    assert not [name for name in snapshot(strays.home) if FIRST in name]
    assert not list(strays.listing.config_dir.rglob(".*.moving"))
    assert plan_resume(strays.context, session).mode == "resume"


def test_the_sweep_waits_for_it_before_it_can_be_swept_here(strays: Strays) -> None:
    strays.adopt()
    assert sweep_days(strays.listing.config_dir) > 60
    assert (strays.home / "settings.json").read_text() == "{}"


def test_an_adoption_is_on_record(strays: Strays) -> None:
    strays.adopt()
    (event,) = read_logbook(strays.listing.root)
    assert (event.action, event.operator, event.session_id) == ("adopt", "anna", FIRST)
    assert event.note.startswith(f"4 places from {strays.home}, ")


def test_a_stray_must_be_adopted_before_it_lasts_or_goes_on(strays: Strays) -> None:
    before = snapshot(strays.home)
    session = strays.session()
    with pytest.raises(Refused, match=f"`adopt {FIRST[:8]}`"):
        plan_extension(session, "90d", strays.context.clock())
    with pytest.raises(Refused, match=f"`adopt {FIRST[:8]}`"):
        plan_resume(strays.context, session)
    strays.listing.track(FIRST, days=2)
    strays.listing.config_dir.mkdir(exist_ok=True)
    (strays.listing.config_dir / "settings.json").write_text('{"cleanupPeriodDays": 2}')
    short = plan_extension(strays.session(), "7d", strays.context.clock())
    assert "extended" in extend(strays.context, short).words
    assert sweep_days(strays.listing.config_dir) == 2
    assert snapshot(strays.home) == before


def _lock(strays: Strays) -> SessionLock:
    return SessionLock.take(strays.listing.folder, FIRST)


def _registers(where: Callable[[Strays], Path], **changes: Any) -> Callable[[Strays], object]:
    def make(strays: Strays) -> object:
        return register(where(strays), **changes)

    return make


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_lock, "is running"),
        (_registers(lambda strays: strays.home), "is running"),
        (_registers(lambda strays: strays.listing.config_dir), "is running"),
        (_registers(lambda strays: strays.home, pidDomain="linux:x:pid:[1]"), "still be alive"),
    ],
    ids=["locked", "in the default config dir", "in the listing", "elsewhere"],
)
def test_what_may_be_running_stays(
    strays: Strays, make: Callable[[Strays], object], words: str
) -> None:
    """Without checking the registry beside the stray, a running one would be torn apart."""
    session = strays.session()
    kept = make(strays)
    before = snapshot(strays.home)
    with pytest.raises(Refused, match=words):
        adopt(strays.context, session)
    assert snapshot(strays.home) == before
    assert kept


@pytest.mark.parametrize("rename", [os.rename, other_disk], ids=["one disk", "another disk"])
def test_an_adoption_that_broke_off_is_finished_by_another(strays: Strays, rename: Rename) -> None:
    """Interrupted before each step in turn; nothing is ever lost."""
    whole = {n: f for n, f in snapshot(strays.home).items() if FIRST in n and f[2]}
    for steps in range(12):
        left = [steps]

        def breaks(source: Path, target: Path, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(source))
            rename(source, target)

        said = ""
        try:
            strays.adopt(rename=breaks)
        except ConsoleError as error:
            said = str(error)
        assert "nothing is lost" in said or not said
        both = snapshot(strays.home) | snapshot(strays.listing.config_dir)
        assert {name: both.get(name) for name in whole} == whole
        if not strays.session().is_stray:
            break
    strays.session()
    assert not strays.session().is_stray
    assert not [name for name in snapshot(strays.home) if FIRST in name]


ADOPT = """
import sys
from pathlib import Path
from tests.support.listings.sample_listing import SampleListing
from tests.operations.sessions.test_adopt import Strays
Strays(SampleListing(Path(sys.argv[1])), Path(sys.argv[2])).adopt()
"""


def arrived(folder: Path) -> int:
    """Count the files that have arrived; a folder renamed meanwhile is counted next time."""
    return sum(name[0].isdigit() for _, _, files in os.walk(folder) for name in files)


def test_a_kill_in_its_middle_loses_nothing_on_the_way_to_another_disk(tmp_path: Path) -> None:
    """Killed after so many files arrived; without another disk a rename is too quick."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as shared:
        strays = Strays(SampleListing(tmp_path / "outputs"), Path(shared) / ".claude")
        strays.listing.track(FIRST)
        folder = strays.write(FIRST).with_suffix("") / "tool-results"
        folder.mkdir()
        for number in range(60):
            (folder / f"{number:02}.txt").write_text(f"{number}" * 100_000)
        whole = {n: f for n, f in snapshot(strays.home).items() if FIRST in n and f[2]}
        for come in (1, 20, 40):
            program = [sys.executable, "-c", ADOPT, str(strays.listing.root), str(strays.home)]
            there = strays.listing.config_dir
            with Child(program, cwd=REPOSITORY) as process:
                while process.poll() is None and arrived(there) < come:
                    time.sleep(0.0005)
                process.kill()
            both = snapshot(strays.home) | snapshot(there)
            assert {name: both.get(name) for name in whole} == whole
        if strays.session().is_stray:
            strays.adopt()
        here = snapshot(strays.listing.config_dir)
    assert {name: here.get(name) for name in whole} == whole
    assert not list(strays.listing.config_dir.rglob(".*.moving"))


def test_a_copy_that_was_never_removed_is_taken_away(strays: Strays) -> None:
    path = strays.home / "projects" / "-app" / f"{FIRST}.jsonl"
    text, stamp = path.read_bytes(), path.stat().st_mtime
    strays.adopt()
    path.write_bytes(text)
    os.utime(path, (stamp, stamp))
    assert not strays.session().is_stray
    strays.adopt()
    assert not path.exists()
    with pytest.raises(Refused, match="nothing to adopt"):
        strays.adopt()


def test_a_listing_is_no_place_to_adopt_from(strays: Strays) -> None:
    """Without the guard, a session in its own config dir would be removed as a copy."""
    strays.listing.add(THIRD)
    before = snapshot(strays.listing.folder)
    for home in (strays.listing.config_dir, strays.listing.root / "other" / ".claude_sessions"):
        context = strays.listing.context(claude_home=home)
        with pytest.raises(Refused, match="nothing to adopt"):
            adopt(context, strays.session(THIRD))
    after = {n: f for n, f in snapshot(strays.listing.folder).items() if f[2]}
    assert after == {n: f for n, f in before.items() if f[2]}


def test_nothing_is_moved_over_what_differs(strays: Strays) -> None:
    there = strays.listing.config_dir / "file-history" / FIRST / "agent-1.jsonl"
    there.parent.mkdir(parents=True)
    there.write_text("another\n")
    before = snapshot(strays.home)
    with pytest.raises(Refused, match="nothing was moved over it"):
        strays.adopt()
    assert snapshot(strays.home) == before
    assert there.read_text() == "another\n"


@pytest.mark.parametrize("rename", [os.rename, other_disk], ids=["one disk", "another disk"])
def test_a_link_is_moved_as_a_link(strays: Strays, tmp_path: Path, rename: Rename) -> None:
    secret = tmp_path / "secret"
    secret.write_text("private")
    link = strays.home / "file-history" / FIRST / "link"
    link.symlink_to(secret)
    strays.adopt(rename=rename)
    moved = strays.listing.config_dir / "file-history" / FIRST / "link"
    assert moved.readlink() == secret
    assert secret.read_text() == "private"


@pytest.mark.parametrize("way", ["config dir", "projects", "a project"])
def test_nothing_is_moved_through_a_link(strays: Strays, tmp_path: Path, way: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    config_dir = strays.listing.config_dir
    for path in sorted(config_dir.rglob("*"), reverse=True):
        path.rmdir()
    link = {"config dir": config_dir, "projects": config_dir / "projects"}.get(
        way, config_dir / "projects" / "-app"
    )
    if way == "config dir":
        config_dir.rmdir()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(ConsoleError, match="link"):
        strays.adopt()
    assert not list(outside.iterdir())
    assert (strays.home / "projects" / "-app" / f"{FIRST}.jsonl").exists()


def test_a_session_that_no_row_tracks_is_tracked(strays: Strays) -> None:
    strays.listing.write_transcript(THIRD, "Who am I?", age=40 * DAY)
    with pytest.raises(UsageError, match="--stage STAGE"):
        strays.adopt(THIRD)
    act = strays.adopt(THIRD, stage="stage_2")
    assert "tracked as stage_2" in act.words
    session = strays.session(THIRD)
    assert (session.state, session.stage, session.status) == (State.OK, "stage_2", "active")
    assert not session.is_swept_first


def test_a_stray_that_no_row_tracks_goes_where_its_folder_lies(strays: Strays) -> None:
    strays.write(THIRD, cwd=str(strays.listing.folder))
    session = strays.session(THIRD)
    assert (session.state, session.is_stray) == (State.UNTRACKED, True)
    assert "no row tracks it" in strays.adopt(THIRD).words
    assert strays.session(THIRD).state is State.UNTRACKED
    strays.adopt(THIRD, stage="stage_2")
    assert strays.session(THIRD).state is State.OK


def test_tags_and_note_go_along_to_another_listing(strays: Strays) -> None:
    other = SampleListing(strays.listing.root, "other")
    other.add(SECOND)
    strays.write(THIRD, cwd=str(strays.listing.folder))
    annotate.tag(strays.context, strays.session(THIRD), ["urgent"])
    annotate.note(strays.context, strays.session(THIRD), "call them")
    strays.adopt(THIRD, listing="other")
    session = strays.session(THIRD)
    assert (session.listing, session.tags, session.note) == ("other", ("urgent",), "call them")
    assert read_annotations(strays.listing.folder) == {}


def test_only_strays_are_taken_with_all(strays: Strays) -> None:
    strays.listing.write_transcript(THIRD, "Who am I?")
    sessions = CatalogScanner(strays.context).look().sessions
    assert [one.session_id for one in adoptable(sessions)] == [FIRST]


@pytest.mark.parametrize(
    ("listing", "error", "words"),
    [
        ("nowhere", UnknownId, "there is no listing"),
        ("../outputs", UnknownId, "there is no listing"),
        ("other", Refused, "tracked in hollis_park"),
    ],
)
def test_it_goes_nowhere_else(
    strays: Strays, listing: str, error: type[ConsoleError], words: str
) -> None:
    (strays.listing.root / "other").mkdir()
    before = snapshot(strays.home)
    with pytest.raises(error, match=words):
        strays.adopt(listing=listing)
    assert snapshot(strays.home) == before


def test_a_read_only_console_adopts_nothing(strays: Strays) -> None:
    context = strays.listing.context(claude_home=strays.home, read_only=True)
    before = snapshot(strays.home)
    with pytest.raises(Refused, match="read-only"):
        adopt(context, strays.session())
    assert snapshot(strays.home) == before


def test_the_guides_sketch_is_adopted_too(strays: Strays) -> None:
    strays.listing.track("session-abc123")
    sketch = strays.home / "sessions" / "session-abc123"
    (sketch / "files").mkdir(parents=True)
    (sketch / "conversation.json").write_text("[]")
    assert strays.session("session-abc123").is_stray
    strays.adopt("session-abc123")
    assert (strays.listing.config_dir / "session-abc123" / "conversation.json").exists()
    assert not sketch.exists()
    assert not strays.session("session-abc123").is_stray
