"""A last line without a newline is shown in Live once nobody writes, once, and searchable."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.claude.transcript.test_branches import says, user
from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tui.claude.config_dir import CONFIG_DIR
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Liveness, Session
from tui.operations.stream.final_answer import final_answer
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.last_entries import last_entries
from tui.operations.transcripts import subagent_tails


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subagent_tails, "_LOOK_S", 0.0)


FIRST_LINE, LAST = json.dumps(user("q0", "")), json.dumps(says("a0", "q0"))
MORE = json.dumps(user("q1", "a0"))


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    listing.transcript_path(FIRST).parent.mkdir(parents=True, exist_ok=True)
    listing.transcript_path(FIRST).write_text(f"{FIRST_LINE}\n{LAST}")
    return listing


@pytest.fixture
def session(listing: SampleListing) -> Session:
    return listing.session(FIRST)


def append(listing: SampleListing, text: str) -> None:
    with listing.transcript_path(FIRST).open("a") as file:
        file.write(text)


def texts(entries: tuple[Entry, ...]) -> list[str]:
    return [one.text for one in entries]


@pytest.mark.parametrize("end", ["\n", f"{MORE}\n", f"\n{MORE}\n"])
def test_it_is_told_once_whatever_comes_behind_it(
    listing: SampleListing, session: Session, end: str
) -> None:
    follow = StreamFollower(session)
    assert texts(follow.poll(session).entries) == ["say q0", "said a0"]
    assert follow.poll(session).entries == ()
    append(listing, end)
    assert texts(follow.poll(session).entries) == (["say q1"] if MORE in end else [])
    assert follow.poll(session).branches == ""


def test_pages_have_it_and_a_search_finds_it(listing: SampleListing, session: Session) -> None:
    follow = StreamFollower(session)
    update = follow.poll(session)
    assert update.end == listing.transcript_path(FIRST).stat().st_size
    page = follow.before(update.end, None)
    assert (texts(page.entries), page.stop) == (["say q0", "said a0"], update.end)
    page = follow.after(0, update.end, None)
    assert (texts(page.entries), page.stop) == (["say q0", "said a0"], update.end)
    page = follow.after(len(FIRST_LINE) + 1, update.end, None)
    assert (texts(page.entries), page.stop) == (["said a0"], update.end)
    hits = follow.seek("said a0", lambda _: None, lambda: False)
    assert list(hits.places) == [len(FIRST_LINE) + 1]
    append(listing, f"\n{MORE}\n")
    end = follow.poll(session).end
    assert texts(follow.after(update.end, end, None).entries) == ["say q1"]
    assert texts(follow.before(end, None).entries) == ["say q0", "said a0", "say q1"]


def test_while_it_is_written_it_waits_for_its_newline(
    listing: SampleListing, session: Session
) -> None:
    running = replace(session, liveness=Liveness.BUSY)
    follow = StreamFollower(running)
    assert texts(follow.poll(running).entries) == ["say q0"]
    assert "not whole yet" in last_entries(running, 9).entries[-1].text
    append(listing, "\n")
    assert texts(follow.poll(running).entries) == ["said a0"]


def test_half_a_line_is_named_once_and_told_when_it_is_whole(
    listing: SampleListing, session: Session
) -> None:
    path = listing.transcript_path(FIRST)
    path.write_text(f"{FIRST_LINE}\n{LAST[:40]}")
    follow = StreamFollower(session)
    first, named = follow.poll(session).entries
    assert named.kind is EntryKind.NOTICE
    assert "its 40 bytes are left out" in named.text
    append(listing, LAST[40:50])
    assert follow.poll(session).entries == ()
    append(listing, LAST[50:])
    assert texts(follow.poll(session).entries) == ["said a0"]
    assert texts(last_entries(session, 9).entries) == ["say q0", "said a0"]
    assert first.text == "say q0"


def test_that_of_a_sub_agent_is_told_once_all_is_over(
    listing: SampleListing, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = listing.transcript_path(FIRST).with_suffix("") / "subagents"
    agents.mkdir(parents=True)
    path = agents / "plain.jsonl"
    path.write_text(f"{json.dumps(says('b0', ''))}\n{json.dumps(says('b1', 'b0'))}")
    told = last_entries(session, 9)
    (said,) = told.asides.values()
    assert texts(said) == ["said b0", "said b1"]
    over = told.follow
    with path.open("a") as file:
        file.write(f"\n{json.dumps(says('b2', 'b1'))}")
    assert [texts(one) for one in over.poll(session).asides.values()] == [["said b2"]]
    monkeypatch.setattr(subagent_tails, "is_settled", lambda _: True)  # the file no longer changes
    running = replace(session, liveness=Liveness.BUSY)
    os.utime(path, (0, 0))
    follow = StreamFollower(running)
    while follow.poll(running).has_more:
        pass
    assert [texts(one) for one in follow.poll(session).asides.values()] == [["said b2"]]


def test_the_answer_and_the_trash_have_it_too(listing: SampleListing, session: Session) -> None:
    assert final_answer(listing.folder / CONFIG_DIR, FIRST) == "said a0"
    assert run_cli(listing.root, "delete", FIRST, "--yes").returncode == 0
    assert "said a0" in run_cli(listing.root, "trash", FIRST).stdout
