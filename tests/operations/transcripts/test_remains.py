"""A session whose transcript is gone but not its own folder: seen, counted, read, deleted."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tests.support.listings.subagent_files import add_agent, call, prompt, text, write
from tui.core.models.session import State
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.doctor.doctor import examine
from tui.operations.search.grep import search
from tui.operations.stream.export import markdown
from tui.operations.stream.last_entries import last_entries
from tui.storage.session_locks import SessionLock


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(SECOND)
    return listing


@pytest.fixture(params=[True, False], ids=["tracked", "no row"])
def folder(listing: SampleListing, request: pytest.FixtureRequest) -> Path:
    """The folder of a session with a sub-agent that has another; its transcript is gone."""
    if request.param:
        listing.track(FIRST)
    folder = listing.transcript_path(FIRST).with_suffix("")
    add_agent(folder, "a1", prompt("go"), call("t2"), text("Outer words."), toolUseId="t1")
    add_agent(folder, "a2", text("Inner words."), toolUseId="t2", parentAgentId="a1")
    add_agent(folder, "b1", text("Old words."))
    return folder


def test_it_is_seen_with_its_size(listing: SampleListing, folder: Path) -> None:
    """Without a row it was in no list, with a row its size was 0."""
    session = listing.session(FIRST)
    assert session.bytes == sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
    assert session.state is (State.GHOST if session.row else State.UNTRACKED)
    shown = run_cli(listing.root, "show", FIRST).stdout
    assert str(folder) in shown
    assert "its transcript is gone" in shown


def test_its_sub_agents_are_read(listing: SampleListing, folder: Path) -> None:
    session = listing.session(FIRST)
    exported = "\n".join(markdown(listing.context(), session))
    last = last_entries(session, 50)
    told = [one.text for words in last.asides.values() for one in words]
    for words in ("Outer words.", "Inner words.", "Old words."):
        assert exported.count(words) == told.count(words) == 1
        assert [hit.text for hit in search([session], words)] == [words]
    assert "is gone" in last.entries[0].text
    lines = [one[6:] for one in run_cli(listing.root, "tail", FIRST).stdout.splitlines()]
    assert "│ │ Inner words." in lines
    assert "│ Old words." in lines


def test_the_doctor_finds_it_and_nothing_resumes_or_adopts_it(
    listing: SampleListing, folder: Path
) -> None:
    context = listing.context()
    found = [
        one for one in examine(context, CatalogScanner(context).look()) if one.session_id == FIRST
    ]
    assert "remains" in {one.code for one in found}
    assert "untracked" not in {one.code for one in found}
    for words in (("resume", FIRST, "on"), ("adopt", FIRST, "--stage", "s")):
        assert run_cli(listing.root, *words).returncode != 0
    assert folder.exists()


def test_it_goes_into_the_trash_is_read_there_and_comes_back(
    listing: SampleListing, folder: Path
) -> None:
    assert run_cli(listing.root, "delete", FIRST, "--yes").returncode == 0
    assert not folder.exists()
    assert "Inner words." in run_cli(listing.root, "export", FIRST).stdout
    assert run_cli(listing.root, "restore", FIRST).returncode == 0
    assert len([*folder.rglob("*.jsonl")]) == 3


def test_what_is_not_surely_gone_is_not_told_so(listing: SampleListing, folder: Path) -> None:
    """A pipe in the transcript's place, a link, or another project's: none proves absence."""
    path = listing.transcript_path(FIRST)
    os.mkfifo(path)
    assert [one for one in CatalogScanner(listing.context()).look().sessions if one.remains] == []
    path.unlink()
    other = path.parent.with_name("-another") / path.name
    other.parent.mkdir()
    write(other, prompt("Moved here."))
    assert listing.session(FIRST).remains is None
    assert listing.session(FIRST).transcript is not None


def test_an_empty_folder_or_one_of_another_name_is_nobody_s(listing: SampleListing) -> None:
    folder = listing.transcript_path(FIRST).with_suffix("")
    folder.mkdir()
    (folder.parent / "memory").mkdir()
    (folder.parent / "memory" / "note.md").write_text("x")
    (folder.parent / SECOND.replace("9f2d", "9f2e")).symlink_to(folder.parent / "memory")
    assert [one.session_id for one in CatalogScanner(listing.context()).look().sessions] == [SECOND]


def test_what_a_sub_agent_writes_is_activity_of_its_session(listing: SampleListing) -> None:
    """The main transcript is not written meanwhile: by its mtime alone the session looks quiet.

    The CLI's sweep still uses that mtime.
    """
    path, watch = listing.transcript_path(SECOND), CatalogScanner(listing.context())
    silent_since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    (before,) = watch.look().sessions
    assert before.last_activity_at == silent_since
    agent = add_agent(path.with_suffix(""), "a1", text("Still here."), run="wf_1")
    with SessionLock.take(listing.folder, SECOND):
        for minutes in (20, 10):
            at = silent_since.replace(microsecond=0) + timedelta(minutes=minutes)
            os.utime(agent, (at.timestamp(), at.timestamp()))
            (session,) = watch.look().sessions
            assert session.last_activity_at == at
            assert session.sweep_at == before.sweep_at
