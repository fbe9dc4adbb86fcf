"""Branches of a conversation: the next resume is predicted everywhere as the real CLI decides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.claude.transcript.test_branches import LEFT, RIGHT, ROOT, leaf
from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tests.support.processes.cli_turn import take_turn
from tui.claude.transcript import branches
from tui.core.models.entry import EntryKind
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Turn, say
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.doctor.doctor import examine
from tui.operations.search.grep import search
from tui.operations.search.transcript_search import seek
from tui.operations.stream.export import CUT, markdown
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.last_entries import last_entries
from tui.operations.transcripts import branches as module
from tui.operations.transcripts.branches import BranchReader, branch_words

Lines = list[dict[str, Any]]


def write(listing: SampleListing, *records: dict[str, Any]) -> Path:
    path = listing.transcript_path(FIRST)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(f"{json.dumps(one)}\n" for one in records)
    return path


MARK = "a branch: this goes on from “said a0”"
NEXT = "the next resume goes on from “said a2” and knows nothing of the branch “say q1”"


def test_it_is_told_wherever_one_looks(listing: SampleListing) -> None:
    write(listing, *ROOT, *LEFT, *RIGHT)
    session, context = listing.session(FIRST), listing.context()
    last = last_entries(session, 50)
    texts = [one.text for one in last.entries]
    assert texts[texts.index("say q2") - 1].startswith(MARK)
    assert last.branches == NEXT
    exported = "\n".join(markdown(context, session))
    assert MARK in exported
    assert NEXT in exported
    for verb in ("tail", "show"):
        shown = " ".join(run_cli(listing.root, verb, FIRST).stdout.split())
        assert NEXT in shown
    assert json.loads(run_cli(listing.root, "show", FIRST, "--json").stdout)["branches"] == NEXT
    (finding,) = [
        one for one in examine(context, CatalogScanner(context).look()) if one.code == "branches"
    ]
    assert NEXT in finding.words


def test_the_stream_tells_it_as_it_comes_about(listing: SampleListing) -> None:
    write(listing, *ROOT, *LEFT)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    assert follow.poll(session).branches == ""
    write(listing, *RIGHT)
    update = follow.poll(session)
    assert update.entries[0].kind is EntryKind.NOTICE
    assert update.entries[0].text.startswith(MARK)
    assert update.branches == NEXT
    assert follow.poll(session).branches == NEXT
    page = follow.before(update.end, None)
    assert [one.text for one in page.entries if one.text.startswith(MARK)]


def test_lines_that_were_copied_are_told_and_found_once(listing: SampleListing) -> None:
    """`/branch` copies lines with their ids; they were written once."""
    path = write(listing, *ROOT, *LEFT, *ROOT, *LEFT)
    session = listing.session(FIRST)
    words = ["say q0", "said a0", "say q1", "said a1"]
    assert [one.text for one in last_entries(session, 50).entries] == words
    assert [hit.text for hit in search([session], "said a0")] == ["said a0"]
    assert len(seek(path, "said a0", path.stat().st_size).places) == 1
    exported = "\n".join(markdown(listing.context(), session))
    assert exported.count("said a0") == 1
    assert "answers: 2" in exported


def test_a_huge_transcript_is_read_within_bounds(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(listing, *ROOT, *LEFT, *RIGHT)
    size = path.stat().st_size
    monkeypatch.setattr(module, "BRANCHES_BYTES", 300)
    short = BranchReader(path)
    short.read(size)
    assert short.is_cut
    monkeypatch.undo()
    monkeypatch.setattr(module, "BRANCHES_S", 0.0)
    slow = BranchReader(path)
    slow.read(size)
    assert slow.is_cut


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    def scene(asked: ApiRequest) -> Turn:
        return say(f"ANSWER-{asked.prompt}")

    with LoopbackApi(scene) as server:
        yield server


def conversation(lines: Lines) -> Lines:
    return [one for one in lines if one["type"] != "last-prompt"]


def last_prompts(lines: Lines) -> Lines:
    return [one for one in lines if one["type"] == "last-prompt"]


def test_the_next_resume_goes_on_where_it_is_said_to(
    listing: SampleListing, api: LoopbackApi
) -> None:
    """What the SDK's CLI does, for every order in which two resumes can leave their lines."""
    listing.folder.mkdir(exist_ok=True)
    take_turn(api, listing.config_dir, listing.folder, "ROOT", "--session-id", FIRST)
    (path,) = listing.config_dir.glob(f"projects/*/{FIRST}.jsonl")
    base = path.read_text()

    def resumed(prompt: str) -> Lines:
        path.write_text(base)
        take_turn(api, listing.config_dir, listing.folder, prompt, "--resume", FIRST)
        return [json.loads(one) for one in path.read_text()[len(base) :].splitlines()]

    left, right = resumed("LEFT"), resumed("RIGHT")
    orders: dict[str, Lines] = {
        "one after the other": [*left, *right],
        "the last of the last prompts leads elsewhere": [*left, *right, *last_prompts(left)],
        "killed before it noted its prompt": [*left, *conversation(right)],
        "neither noted": [*conversation(right), *conversation(left)],
        "its note names nobody": [*left, *right, *last_prompts(left), leaf("nobody")],
    }
    for order, lines in orders.items():
        path.write_text(base + "".join(f"{json.dumps(one)}\n" for one in lines))
        foretold = branch_words(listing.session(FIRST))
        take_turn(api, listing.config_dir, listing.folder, "NEXT", "--resume", FIRST)
        asked = [one for one in api.requests if one.prompt.endswith("NEXT")][-1]
        (known,) = [one for one in asked.prompts if one in ("LEFT", "RIGHT")]
        (lost,) = {"LEFT", "RIGHT"} - {known}
        assert f"goes on from “ANSWER-{known}”" in foretold, order
        assert f"the branch “{lost}”" in foretold, order


def test_an_export_knows_the_lines_of_a_long_transcript_too(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its copies used to appear twice, because only the end was read for the screen."""
    write(listing, *ROOT, *LEFT, {"type": "tag", "x": "y" * 5000}, ROOT[0])
    monkeypatch.setattr(module, "BRANCHES_BYTES", 4000)
    monkeypatch.setattr(module, "BRANCHES_S", 0.0)
    session, context = listing.session(FIRST), listing.context()
    said = [*markdown(context, session)]
    assert len([one for one in said if one == "> say q0"]) == 1
    assert not [one for one in said if CUT in one]
    monkeypatch.setattr(branches, "MOST_NODES", 1)
    assert [one for one in markdown(context, session) if CUT in one]
