"""Three operators at real consoles on one root, two at one instant, while a pipeline writes."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests.support.hostile.planted_request import plant_request
from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.processes.past_session import past
from tests.support.processes.runs_site import Site, over, wait
from tests.support.processes.terminal import Terminal
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.runs.folder import protocol
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, INBOX, OWNER, SPEC, describe
from tui.storage.session_locks import SessionLock
from tui.storage.state.logbook import read_logbook
from tui.storage.table.tracking import read_events, read_rows
from tui.storage.trash.trash import list_trash

NAMES = ("anna", "bert", "carla")
AGREE_S = 60.0  # 2 are expected
BUSY = "9f2e{:04}-1111-4222-8333-444455556666"


def console(root: Path, name: str, places: Mapping[str, str]) -> Terminal:
    command = (sys.executable, "-m", "tui", "--root", str(root), "--operator", name, "--ssh")
    state = root.parent / name
    mine = {"XDG_STATE_HOME": str(state), "XDG_CACHE_HOME": str(state), "HOME": str(state)}
    return Terminal(command, environment={**mine, **places, "TMUX": ""})


@dataclass(frozen=True)
class Crew:
    """The consoles of anna, bert and carla, over one listing."""

    listing: SampleListing
    consoles: Mapping[str, Terminal]

    def __getitem__(self, name: str) -> Terminal:
        return self.consoles[name]

    def at_once(self, said: Mapping[str, str], until: str = "") -> None:
        """Let operators type, and press their last key at the same instant, once `until` is there.

        A key that comes with others is no answer: without `until` it is their words that must be.
        """
        for name, keys in said.items():
            self[name].line(keys[:-1])
            self[name].wait_for(until or keys[-5:-1].strip())
        for name, keys in said.items():
            self[name].send(keys[-1])

    def collide(self, said: Mapping[str, str]) -> None:
        """Let operators do that so that each has begun before any of them is done."""
        with closing(sqlite3.connect(self.listing.db_path, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            self.at_once(said)
            for name in said:
                self[name].wait_for("0 of 1")
            database.execute("ROLLBACK")

    def agree(self, *words: str) -> float:
        """Wait until all three show the same sessions, with these words; return how long."""
        begun = time.monotonic()
        while time.monotonic() - begun < AGREE_S:
            pictures = [_table(screen.text) for screen in self.consoles.values()]
            if pictures[0] == pictures[1] == pictures[2] and all(w in pictures[0] for w in words):
                return time.monotonic() - begun
            time.sleep(0.02)
        raise AssertionError("\n\n".join(screen.text for screen in self.consoles.values()))

    @property
    def row(self) -> Row:
        """The row of the first session."""
        return next(row for row in read_rows(self.listing.db_path) if row.session_id == FIRST)

    def acts(self, session_id: str = FIRST) -> list[tuple[str, str]]:
        """Return who did what to a session, by the audit."""
        events = read_events(self.listing.db_path)
        return [(one.operator, one.action) for one in events if one.session_id == session_id]


def _table(text: str) -> str:
    """Return the rows of the Sessions pane, without what is each operator's own.

    That includes their order, which waits for whoever has just pressed a key.
    """
    rows = [line[1:].replace("•", " ") for line in text.splitlines() if "hollis_park" in line]
    return "\n".join(sorted(" ".join(row.split()) for row in rows if not row.startswith(" 4 ")))


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=3)
    listing.add(SECOND, days=4)
    screens = {name: console(listing.root, name, {}) for name in NAMES}
    crew = Crew(listing, screens)
    try:
        for screen in screens.values():
            screen.wait_for("hollis_park", "Strategic buyers", "? help")
        yield crew
    finally:
        for screen in screens.values():
            screen.__exit__(None, None, None)


@pytest.fixture
def pipeline(crew: Crew) -> Iterator[list[str]]:
    """A pipeline that tracks a session after the other by the guide's own statements."""
    is_over = threading.Event()
    tracked: list[str] = []

    def write() -> None:
        while not is_over.wait(0.3) and len(tracked) < 6:
            one = BUSY.format(len(tracked))
            listing = crew.listing.listing_id
            asyncio.run(guide.track_session(crew.listing.db_path, one, "stage_1", listing))
            tracked.append(one)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        yield tracked
    finally:
        is_over.set()
        writing.join(60)


def told(crew: Crew, names: Sequence[str], is_so: Callable[[str], bool]) -> list[str]:
    """Return who of these is told something in the message line, once somebody is."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [name for name in names if is_so(_message(crew[name]))]
        return bool(found)

    wait(look)
    return found


def close_line(screen: Terminal) -> None:
    """Close the line that a refusal kept open."""
    screen.send("\x03")
    screen.wait_for("? help")


def _message(screen: Terminal) -> str:
    return " ".join(" ".join(screen.text.splitlines()[-4:]).split())


def test_two_who_extend_at_once_and_nobody_undoes_another(
    crew: Crew, pipeline: Sequence[str]
) -> None:
    """With a blind write in place of compare-and-set, nobody would be told."""
    before = crew.row.expires_at
    crew.collide({"anna": f":extend {FIRST[:8]} 9d\r", "bert": f":extend {FIRST[:8]} 12d\r"})
    wait(lambda: crew.row.expires_at != before)
    lost = told(crew, ("anna", "bert"), lambda said: "changed in the meantime" in said)
    won = ({"anna", "bert"} - set(lost)).pop()
    loser = lost[0]
    wait(lambda: f"; {won} extended it" in _message(crew[loser]))
    assert crew.acts() == [(won, "extend")]
    crew["carla"].wait_for(f"{won} extended 9f2c")
    crew.agree()
    close_line(crew[loser])
    crew[loser].line(f":extend {FIRST[:8]} 20d\r")
    wait(lambda: (loser, "extend") in crew.acts())
    kept = crew.row
    crew[won].wait_for(f"{loser} extended 9f2c")
    crew[won].send("u")
    crew[won].wait_for("y yes")
    crew[won].send("y")
    told(crew, (won,), lambda said: "changed" in said or "now" in said)
    assert crew.row == kept
    wait(lambda: len(pipeline) == 6)
    crew.agree("19d")
    assert {row.session_id for row in read_rows(crew.listing.db_path)} >= set(pipeline)


def test_two_who_delete_rename_and_settle_at_once(crew: Crew, pipeline: Sequence[str]) -> None:
    path = crew.listing.transcript_path(FIRST)
    content = path.read_bytes()
    delete = f":delete {FIRST[:8]}\ry"
    crew.at_once({"anna": delete, "bert": delete}, until="y yes")
    wait(lambda: len(list_trash(crew.listing.root)) == 1)
    crew["carla"].wait_for("deleted 9f2c")
    (won,) = told(crew, ("anna", "bert"), lambda said: "`undo` or `restore" in said)
    (lost,) = {"anna", "bert"} - {won}
    wait(lambda: "9f2c" in (said := _message(crew[lost])) and "y yes" not in said)
    assert crew.acts() == [(won, "delete")]
    if "gone in the meantime" in _message(crew[lost]):
        close_line(crew[lost])
    crew[lost].send("u")
    crew.agree()
    crew[lost].send("\x03")
    assert not path.exists()
    crew[won].send("u")
    # Another message may stand in the place of what was done: then it asks first.
    if wait(lambda: path.exists() or "undo: " in _message(crew[won])) and not path.exists():
        crew[won].send("y")
    wait(path.exists)
    assert path.read_bytes() == content
    crew.agree()
    wait(lambda: len(pipeline) == 6)


def test_two_who_rename_at_once(crew: Crew) -> None:
    """Without the comparison the later of two would overwrite a title that nobody had seen."""
    lost, title = _renamed_at_once(crew)
    (won,) = {"anna", "bert"} - {lost}
    renames = [one.operator for one in _renames(crew)]
    assert renames[-1] == won
    crew.agree(f"{title} {won}")
    wait(lambda: f'its title is now "{title} {won}"; {won} renamed it' in _message(crew[lost]))
    close_line(crew[lost])
    crew[lost].line(f":rename {SECOND[:8]} {title} {lost}\r")
    crew.agree(f"{title} {lost}")
    assert [one.operator for one in _renames(crew)] == [*renames, lost]


def _renamed_at_once(crew: Crew) -> tuple[str, str]:
    """Let two rename until one of them loses; return who, and what the title begins with.

    On a busy machine the later one may have seen the title of the other before it begins.
    """
    names = ("anna", "bert")
    for number in range(20):
        title, before = f"By {number}", len(_renames(crew))
        crew.at_once({name: f":rename {SECOND[:8]} {title} {name}\r" for name in names})
        is_told = partial(_is_renamed_or_refused, crew, title)
        wait(lambda: all(map(is_told, names)))  # noqa: B023
        if lost := [name for name in names if _is_refused(_message(crew[name]))]:
            assert len(_renames(crew)) == before + 1
            return lost[0], title
        crew.agree()
    raise AssertionError("no two of them ever renamed it at once")


def _is_renamed_or_refused(crew: Crew, title: str, name: str) -> bool:
    said = _message(crew[name])
    return _is_refused(said) or f'renamed 9f2d0000 to "{title} {name}"' in said


def _is_refused(said: str) -> bool:
    return "changed in the meantime" in said or "is running" in said


def _renames(crew: Crew) -> list[AuditEvent]:
    return [one for one in read_logbook(crew.listing.root) if one.action == "rename"]


def _ask(listing: SampleListing, pid: int) -> Path:
    """Let the first session wait for a permission."""
    folder = listing.folder / ".session_console/runs/20261122T071530Z-1f9c00"
    (folder / INBOX).mkdir(parents=True)
    at = datetime.now(UTC).isoformat()
    (folder / SPEC).write_text(json.dumps({"session_id": FIRST, "created_at": at}))
    (folder / OWNER).write_text(json.dumps(describe(pid)))
    (folder / HEARTBEAT).touch()
    (folder / EVENTS).write_text(f"{json.dumps({'type': 'init', 'at': at})}\n")
    plant_request(folder, datetime.now(UTC), given={"command": "touch made"}, request_id="p7")
    return folder


def test_two_who_answer_one_request_give_one_answer(crew: Crew) -> None:
    folder = _ask(crew.listing, os.getpid())
    with SessionLock.take(crew.listing.folder, FIRST):
        for name in ("anna", "bert"):
            crew[name].wait_for("? waiting")
            crew[name].line(f":answer {FIRST[:8]}\r")
            crew[name].wait_for("y once")
            crew[name].wait_until_seen()
        for name in ("anna", "bert"):
            crew[name].send("y")
        wait(lambda: list((folder / INBOX).glob("answer-*.json")))
        lost = told(crew, ("anna", "bert"), lambda said: "has already answered this" in said)
        (answer,) = (folder / INBOX).glob("answer-*.json")
        won = json.loads(answer.read_text())["by"]
        assert lost == [({"anna", "bert"} - {won}).pop()]
        assert f"{won} has already answered" in _message(crew[lost[0]])


def test_one_deletes_what_the_other_resumes(site: Site) -> None:
    """Either the run has begun and the delete is refused, or the other way round."""
    session_id = past(site)
    places = {
        "SESSION_CONSOLE_ENV_FILE": str(site.env_file),
        "SESSION_CONSOLE_CONFIG": str(site.env_file.with_name("none.toml")),
    }
    root = site.listing.parent
    with console(root, "anna", places) as anna, console(root, "bert", places) as bert:
        for screen in (anna, bert):
            screen.wait_for("hollis_park", "· ready")
        anna.send("d")
        anna.wait_for("delete hollis_park", "y yes")
        anna.wait_until_seen()
        bert.send("r")
        bert.wait_for("mode default")
        bert.send("ECHO once more")
        anna.send("y")
        bert.send("\r")
        said = wait(
            lambda: [
                name
                for name, words in (("anna", _message(anna)), ("bert", _message(bert)))
                if "is running" in words or "locked" in words or "deleted" in words
            ],
        )
        assert said
        wait(lambda: bool(list_trash(root)) == (len(protocol.run_folders(site.listing)) < 2))
        is_deleted = bool(list_trash(root))
        assert is_deleted or over(protocol.run_folders(site.listing)[-1]).state == "done"
    with closing(sqlite3.connect(site.listing / "buyers.db")) as rows:
        (status,) = rows.execute("SELECT status FROM claude_sessions").fetchone()
    assert status == ("deleted" if is_deleted else "active")
    assert is_deleted or site.transcript(session_id)
