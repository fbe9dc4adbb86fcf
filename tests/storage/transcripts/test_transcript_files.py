"""Transcripts are found and measured, whatever else lies beside them; no link is followed."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tests.support.listings.sample_listing import FIRST, SECOND, snapshot
from tui.claude.transcript_files.transcript_facts import TranscriptFacts, read_cwd, read_facts
from tui.core.models.session import Transcript
from tui.storage.transcripts.transcript_files import TranscriptFinder

AT = "2026-11-20T12:00:00.000Z"
FIRST_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PROMPT = {"type": "user", "timestamp": AT, "message": {"content": "Find\nbuyers"}}
MODEL = "claude-sonnet-4-5"
ANSWER = {"type": "assistant", "message": {"model": MODEL, "content": []}}
SYNTHETIC = {"type": "assistant", "message": {"model": "<synthetic>"}}


def cost(amount: Any) -> dict[str, Any]:
    return {"type": "cost-state", "totalCostUSD": amount}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "config" / "projects" / "-data"
    folder.mkdir(parents=True)
    return folder


def find(project: Path) -> dict[str, Transcript]:
    found = TranscriptFinder().find(project.parent.parent)
    return {transcript.session_id: transcript for transcript in found}


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        ([], TranscriptFacts()),
        (
            [PROMPT, ANSWER],
            TranscriptFacts(
                title="Find buyers", model="claude-sonnet-4-5", cost_usd=None, first_at=FIRST_AT
            ),
        ),
        (
            [PROMPT, ANSWER, SYNTHETIC],
            TranscriptFacts(
                title="Find buyers", model="claude-sonnet-4-5", cost_usd=None, first_at=FIRST_AT
            ),
        ),
        (
            [PROMPT, cost(1), cost(2.5)],
            TranscriptFacts(title="Find buyers", model="", cost_usd=2.5, first_at=FIRST_AT),
        ),
        ([cost("x"), cost(True), cost(-1), cost(None)], TranscriptFacts()),
        (
            [PROMPT, {"type": "ai-title", "aiTitle": "Pumps"}],
            TranscriptFacts(title="Pumps", model="", cost_usd=None, first_at=FIRST_AT),
        ),
        (
            [{"type": "custom-title", "customTitle": "Mine"}, {"type": "ai-title", "aiTitle": "P"}],
            TranscriptFacts(title="Mine"),
        ),
        (
            [{"customTitle": "Old"}, {"customTitle": "New"}, {"customTitle": 7}],
            TranscriptFacts(title="New"),
        ),
        (
            [PROMPT | {"isMeta": True}],
            TranscriptFacts(title="", model="", cost_usd=None, first_at=FIRST_AT),
        ),
        (
            [{"type": "summary", "summary": "Older"}, PROMPT],
            TranscriptFacts(title="Find buyers", model="", cost_usd=None, first_at=FIRST_AT),
        ),
        ([{"message": "text"}, {"timestamp": 7}, {"timestamp": "soon"}], TranscriptFacts()),
    ],
)
def test_facts_come_from_head_and_tail(
    project: Path, lines: list[dict[str, Any]], facts: TranscriptFacts
) -> None:
    path = project / f"{FIRST}.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert read_facts(path) == facts


def test_long_lines_at_both_ends_hide_nothing(project: Path) -> None:
    """A snapshot of 70 kB was all that was read: no title, no model, and a fork cost twice."""
    filler = {"type": "file-history-snapshot", "x": "y" * 70_000}
    said = [PROMPT | {"uuid": "u1", "cwd": "/srv/a"}, ANSWER, cost(2)]
    path, forked = project / f"{FIRST}.jsonl", project / f"{SECOND}.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in [filler, *said, filler]))
    forked.write_text("".join(f"{json.dumps(one)}\n" for one in [filler, *said, cost(3)]))
    facts = read_facts(path)
    assert (facts.title, facts.model, facts.first_at) == ("Find buyers", MODEL, FIRST_AT)
    assert (facts.cost_usd, read_facts(forked).cost_usd) == (2, 3)
    assert facts.origin
    assert facts.origin == read_facts(forked).origin
    assert read_cwd(path) == "/srv/a"


def test_the_model_is_that_of_the_session_not_of_its_sub_agent(project: Path) -> None:
    side = {"type": "assistant", "isSidechain": True, "message": {"model": "claude-haiku-4-5"}}
    path = project / f"{FIRST}.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in [PROMPT, ANSWER, side]))
    assert read_facts(path).model == MODEL


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 70_000, b"\xff" * 70_000, b"[" * 70_000, b'{"a":' * 20_000, b"\n\n{"]
)
def test_garbage_has_no_facts(project: Path, content: bytes) -> None:
    path = project / f"{FIRST}.jsonl"
    path.write_bytes(content)
    assert find(project)[FIRST].title == ""


def test_the_middle_of_a_large_file_is_not_read(project: Path) -> None:
    path = project / f"{FIRST}.jsonl"
    noise = json.dumps({"type": "odd", "text": "x" * 1000}) + "\n"
    path.write_text(
        f"{json.dumps(PROMPT | {'uuid': 'u1'})}\n{noise * 200}{json.dumps({'customTitle': 'no'})}\n"
        f"{noise * 200}{json.dumps(ANSWER)}\n{json.dumps(cost(3))}\n"
    )
    facts = read_facts(path)
    assert replace(facts, origin="") == TranscriptFacts(
        title="Find buyers", model=MODEL, cost_usd=3.0, first_at=FIRST_AT
    )


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_title_is_cleaned(project: Path, payload: str) -> None:
    for line in ({"customTitle": payload}, PROMPT | {"message": {"content": payload}}):
        (project / f"{FIRST}.jsonl").write_text(json.dumps(line))
        assert is_cleaned(find(project)[FIRST].title)


def test_the_size_is_all_that_belongs_to_it(project: Path) -> None:
    (project / f"{FIRST}.jsonl").write_bytes(b"x" * 100)
    (project / FIRST / "subagents").mkdir(parents=True)
    (project / FIRST / "subagents" / "agent-1.jsonl").write_bytes(b"x" * 20)
    (project / FIRST / "endless").symlink_to(project)
    found = find(project)[FIRST]
    assert found.bytes - (project / FIRST / "endless").lstat().st_size == 120


def test_only_what_can_be_a_transcript_is_found(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{SECOND}.jsonl").write_text("secret")
    (project / f"{SECOND}.jsonl").symlink_to(outside / f"{SECOND}.jsonl")
    (project.parent / "linked").symlink_to(outside)
    (project / "directory.jsonl").mkdir()
    os.mkfifo(project / "pipe.jsonl")
    (project / "..evil.jsonl").write_text("")
    (project / "a\x1b[31m.jsonl").write_text("")
    (project / "notes.txt").write_text("")
    (project / f"{FIRST}.jsonl").write_text("")
    before = snapshot(tmp_path)
    assert list(find(project)) == [FIRST]
    assert snapshot(tmp_path) == before


def test_a_linked_projects_folder_is_not_followed(project: Path, tmp_path: Path) -> None:
    (project / f"{FIRST}.jsonl").write_text("")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "projects").symlink_to(project.parent)
    assert TranscriptFinder().find(linked) == ()
    assert TranscriptFinder().find(tmp_path / "missing") == ()


def test_the_guides_sketch_is_shown_and_not_resumable(project: Path) -> None:
    sketch = project.parent.parent / "session-abc123"
    (sketch / "files").mkdir(parents=True)
    (sketch / "conversation.json").write_text("[]")
    (sketch / "files" / "list.csv").write_bytes(b"x" * 50)
    found = find(project)["session-abc123"]
    assert (found.resumable, found.bytes) == (False, 52)


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was put back with its old size and mtime changed too."""
    path, finder = project / f"{FIRST}.jsonl", TranscriptFinder()
    path.write_text(json.dumps({"customTitle": "one"}))
    config_dir = project.parent.parent
    (first,) = finder.find(config_dir)
    status = path.stat()
    path.write_text(json.dumps({"customTitle": "two"}))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    (put_back,) = finder.find(config_dir)
    monkeypatch.setattr(
        "tui.storage.transcripts.facts_cache.read_facts",
        lambda path, folder: TranscriptFacts(title="read again"),
    )
    (unread,) = finder.find(config_dir)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    (read,) = finder.find(config_dir)
    titles = [one.title for one in (first, put_back, unread, read)]
    assert titles == ["one", "two", "two", "read again"]


@pytest.mark.parametrize("seconds", [-1e10, 0, 1e13])
def test_an_mtime_beyond_the_calendar_stops_nobody(seconds: float) -> None:
    """Only some file systems keep such times; without the guard one file hides every listing."""
    project = Path("/dev/shm") / f"session-console-{os.getpid()}" / "projects" / "-data"
    project.mkdir(parents=True)
    try:
        path = project / f"{FIRST}.jsonl"
        path.write_text("")
        os.utime(path, (seconds, seconds))
        assert find(project)[FIRST].modified_at.tzinfo is UTC
    finally:
        path.unlink()
        for folder in (project, project.parent, project.parent.parent):
            folder.rmdir()


def test_a_growing_file_keeps_the_cost_that_its_new_end_does_not_say(project: Path) -> None:
    path = project / f"{FIRST}.jsonl"
    long = json.dumps({"type": "attachment", "text": "x" * 200_000}) + "\n"
    path.write_text(long + json.dumps(cost(1.5)) + "\n")
    finder = TranscriptFinder()
    config_dir = project.parent.parent
    assert finder.find(config_dir)[0].cost_usd == 1.5
    with path.open("a") as file:
        file.write(long)
    assert finder.find(config_dir)[0].cost_usd == 1.5
    with path.open("a") as file:
        file.write(json.dumps(cost(2)) + "\n")
    assert finder.find(config_dir)[0].cost_usd == 2
