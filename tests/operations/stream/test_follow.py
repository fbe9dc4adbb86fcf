"""Following a session's stream; and an agent's final answer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, stamp, text_line, user_line
from tui.core.models.entry import Entry, EntryKind
from tui.operations.stream.final_answer import final_answer
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.run_notices import RunNotices
from tui.runs.folder.protocol import SPEC, describe, new_run_id
from tui.runs.journal.run_journal import Journal
from tui.safe_io.folders import console_folder
from tui.storage.session_locks import SessionLock

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    return listing


def append(listing: SampleListing, *lines: dict[str, Any]) -> None:
    with listing.transcript_path(FIRST).open("a") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)


def said(text: str, message_id: str) -> dict[str, Any]:
    line = text_line(text, NOW)
    line["message"]["id"] = message_id
    return line


def test_a_stream_is_followed_from_before_its_transcript_is_there(listing: SampleListing) -> None:
    follow = StreamFollower(listing.session(FIRST))
    assert follow.poll(listing.session(FIRST)).entries == ()
    listing.write_transcript(FIRST, "Let me look.")
    session = listing.session(FIRST)
    assert [entry.text for entry in follow.poll(session).entries][-1] == "Let me look."
    append(listing, said("Found 12.", "m2"))
    assert [entry.text for entry in follow.poll(session).entries] == ["Found 12."]
    assert follow.poll(session).entries == ()


def test_a_transcript_that_became_another_voids_what_was_shown(listing: SampleListing) -> None:
    path = listing.write_transcript(FIRST, "old words")
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    follow.poll(session)
    path.unlink()
    gone = follow.poll(session)
    assert gone.was_reset
    assert "gone" in gone.notices[0]
    listing.write_transcript(FIRST, "new words")
    assert follow.poll(session).entries[-1].text == "new words"


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([], ""),
        ([said("One.", "m1")], "One."),
        ([said("One.", "m1"), said("Two.", "m2")], "Two."),
        ([said("One.", "m1"), said("and more.", "m1")], "One.\n\nand more."),
        ([said("One.", "m1"), user_line("Next?", NOW)], ""),
        ([said("One.", "m1"), user_line("<command-name>/compact</command-name>", NOW)], ""),
        ([said("One.", "m1"), user_line("<system-reminder>x</system-reminder>", NOW)], "One."),
        ([said("One.", "m1"), said("aside", "m2") | {"isSidechain": True}], "One."),
        ([said("One.", "m1"), {"type": "cost-state"}], "One."),
    ],
)
def test_the_answer_is_the_last_message_of_the_last_turn(
    listing: SampleListing, lines: list[dict[str, Any]], answer: str
) -> None:
    listing.write_transcript(FIRST)
    append(listing, *lines)
    assert final_answer(listing.config_dir, FIRST) == answer
    assert final_answer(listing.config_dir, "missing") == ""


def turn(number: int) -> list[dict[str, Any]]:
    """Return the lines of one turn: prompt, text, a call and its result."""
    at = NOW + timedelta(minutes=number)
    call = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": "ls"}}
    result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "x" * 900}
    asked = text_line("", at)
    asked["message"] = {"id": f"call{number}", "content": [call]}
    answered = user_line("", at)
    answered["message"] = {"content": [result]}
    return [
        user_line(f"Prompt {number}", at),
        said(f"Words {number}", f"m{number}") | {"timestamp": stamp(at)},
        asked,
        {"type": "api-request-5", "body": "y" * 700},
        answered,
    ]


def test_paging_back_to_the_start_tells_what_reading_it_whole_tells(
    listing: SampleListing,
) -> None:
    path = listing.write_transcript(FIRST)
    append(listing, *(line for number in range(1200) for line in turn(number)))
    session = listing.session(FIRST)
    whole = StreamFollower(session, last_bytes=1 << 40).poll(session)
    follow = StreamFollower(session)
    update = follow.poll(session)
    entries, place = update.entries, update.start
    assert 0 < place < update.end == path.stat().st_size
    while place > 0:
        page = follow.before(place, entries[0].at)
        assert page.stop == place
        entries, place = (*page.entries, *entries), page.start
    assert entries == whole.entries
    on, place = tuple[Entry, ...](), 0
    while place < update.end:
        page = follow.after(place, update.end, None)
        assert page.start == place
        on, place = (*on, *page.entries), page.stop
    assert on == whole.entries


def test_a_page_of_a_file_that_was_replaced_is_void(listing: SampleListing) -> None:
    path = listing.write_transcript(FIRST, *(f"words {number}" for number in range(3000)))
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    place = follow.poll(session).start
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").replace(path)
    assert follow.before(place, None).is_void
    update = follow.poll(session)
    assert update.was_reset
    assert not follow.before(update.start, None).is_void


@pytest.fixture
def run(listing: SampleListing) -> Iterator[Journal]:
    """A run of the session that this process owns."""
    path = listing.write_transcript(FIRST)
    path.write_text(json.dumps(said("Let me look.", "m1")) + "\n")
    folder = console_folder(listing.folder, "runs", new_run_id(NOW))
    spec = {"session_id": FIRST, "operator": "anna", "created_at": NOW.isoformat()}
    (folder / SPEC).write_text(json.dumps(spec))
    journal = Journal(folder, lambda: NOW + timedelta(hours=1))
    journal.owner(describe(os.getpid()))
    journal.event("init", session_id=FIRST)
    lock = SessionLock.take(listing.folder, FIRST)
    yield journal
    lock.release()


def block(kind: str, text: str, **more: object) -> dict[str, Any]:
    return {"message_id": "msg_9", "index": 0, "kind": kind, "text": text, **more}


def test_what_is_written_is_shown_until_the_transcript_has_it(
    listing: SampleListing, run: Journal
) -> None:
    """Attached in the middle of a message: nothing of it twice, and nothing of it lost."""
    run.partial(block("text", "Found", earlier=[block("thinking", "Hm.")]))
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    partial = follow.poll(session).partial
    assert partial is not None
    assert [one.text for one in (*partial.earlier, partial)] == ["Hm.", "Found"]
    thought = said("", "msg_9")
    thought["message"] = {"id": "msg_9", "content": [{"type": "thinking", "thinking": "Hm."}]}
    append(listing, thought, said("An aside.", "msg_8") | {"isSidechain": True})
    update = follow.poll(session)
    assert update.partial is not None
    assert [one.text for one in (*update.partial.earlier, update.partial)] == ["Found"]
    append(listing, said("Found 12.", "msg_9"))
    update = follow.poll(session)
    assert [entry.text for entry in update.entries] == ["Found 12."]
    assert update.partial is None
    hidden = {"message_id": "msg_10", "earlier": [block("thinking", "")]}
    run.partial(block("text", "Next") | hidden)
    following = follow.poll(session).partial
    assert following is not None
    assert (following.text, following.earlier) == ("Next", ())


def test_what_happened_in_a_run_stands_in_its_place_by_time(
    listing: SampleListing, run: Journal
) -> None:
    session = listing.session(FIRST)
    run.event("notice", kind="retry", attempt=2, max_retries=10, error_status=529,
              error="overloaded", retry_delay_ms=4000)  # fmt: skip
    run.event("notice", kind="rate_limit", status="allowed", until=None)
    run.event("permission", request_id="p1", tool="Bash", input={})
    run.event("ack", command="answer", by="bert")
    run.event("answered", request_id="p1", decision="deny", by="bert")
    run.event("answered", request_id="p2", decision="allow", by="nina", answers=["Second"])
    run.event("notice", kind="dropped", words="And Asia?", by="anna")
    late = said("Later.", "m2") | {"timestamp": stamp(NOW + timedelta(hours=2))}
    append(listing, late)
    follow = StreamFollower(session)
    notices = [
        "retry 2 of 10: 529 overloaded, again in 4s",
        "Bash: denied by bert",
        "nina answered: Second",
        "never sent by anna: And Asia?",
    ]
    entries = follow.poll(session).entries
    assert [one.text for one in entries][-5:] == [*notices, "Later."]
    assert follow.poll(session).entries == ()
    run.event("failed", reason="no money")
    (failed,) = follow.poll(session).entries
    assert (failed.kind, failed.text) == (EntryKind.ERROR, "the run failed: no money")
    page = follow.after(0, follow.poll(session).end, None)
    assert [one.text for one in page.entries][-6:] == [*notices, failed.text, "Later."]


@pytest.mark.parametrize("is_empty", [False, True])
def test_what_happened_before_there_is_a_transcript_is_told_once(
    listing: SampleListing, run: Journal, is_empty: bool
) -> None:
    path = listing.transcript_path(FIRST)
    kept = path.read_bytes()
    path.write_bytes(b"") if is_empty else path.unlink()
    run.event("notice", kind="retry", attempt=1, max_retries=10)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    said = [one.text for _ in range(2) for one in follow.poll(session).entries]
    path.write_bytes(kept)
    session = listing.session(FIRST)
    said += [one.text for _ in range(2) for one in follow.poll(session).entries]
    assert said == ["retry 1 of 10: no reason given", "Let me look."]


def test_sub_agents_are_told_by_the_call_that_started_them(listing: SampleListing) -> None:
    path = listing.write_transcript(FIRST)
    call = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"prompt": "Profile"}}
    asked = said("", "m1")
    asked["message"] = {"id": "m1", "content": [call]}
    append(listing, asked)
    folder = path.with_suffix("") / "subagents"
    folder.mkdir(parents=True)
    (folder / "agent-1.meta.json").write_text('{"toolUseId": "t1"}')
    agent = folder / "agent-1.jsonl"
    agent.write_text(json.dumps(said("Sulzer leads.", "s1")) + "\n")
    (folder / "agent-2.jsonl").write_text(json.dumps(said("Nobody's.", "s2")) + "\n")
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    asides = follow.poll(session).asides
    assert [(key, one.text) for key, told in asides.items() for one in told] == [
        ("t1", "Sulzer leads.")
    ]
    assert all(one.is_sidechain for one in asides["t1"])
    with agent.open("a") as file:
        file.write(json.dumps(said("And Atlas.", "s3")) + "\n")
    assert [one.text for one in follow.poll(session).asides["t1"]] == ["And Atlas."]
    assert follow.poll(session).asides == {}


def test_model_context_and_cost_are_told(listing: SampleListing) -> None:
    listing.write_transcript(FIRST)
    line = said("Found.", "m1")
    line["message"] |= {"usage": {"input_tokens": 10, "cache_read_input_tokens": 90_000,
                                  "output_tokens": 90}}  # fmt: skip
    append(listing, line, {"type": "cost-state", "totalCostUSD": 1.5})
    session = listing.session(FIRST)
    spent = StreamFollower(session).poll(session).spent
    assert (spent.model, spent.context, spent.written, spent.cost_usd) == (
        "claude-sonnet-4-5", 90_100, 90, 1.5,
    )  # fmt: skip


def test_nothing_is_told_of_a_run_whose_folder_is_a_link(tmp_path: Path) -> None:
    folder, moved = tmp_path / "run", tmp_path / "moved"
    folder.mkdir()
    Journal(folder, lambda: NOW).event("failed", reason="the API is gone")
    assert len(RunNotices().poll(folder)) == 1
    folder.rename(moved)
    folder.symlink_to(moved)
    assert RunNotices().poll(folder) == ()
