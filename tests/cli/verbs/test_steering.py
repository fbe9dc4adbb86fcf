"""The verbs send, interrupt, stop, model and mode: one session or several."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.operations.running.test_steer import add_run
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tui.runs.folder.inbox import Inbox
from tui.storage.session_locks import SessionLock
from tui.storage.table.tracking import read_events

THIRD = "9f2e0000-1111-4222-8333-444455556666"


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    for one in (FIRST, SECOND, THIRD):
        listing.add(one)
    return listing


@pytest.fixture
def runs(listing: SampleListing) -> Iterator[tuple[Path, Path]]:
    """The runs of the first two sessions, whose locks are held; nothing runs the third."""
    with ExitStack() as stack:
        for one in (FIRST, SECOND):
            stack.enter_context(SessionLock.take(listing.folder, one))
        yield add_run(listing), add_run(listing, session_id=SECOND)


def taken(runs: tuple[Path, Path]) -> list[tuple[str, str]]:
    """Return what was posted to each run."""
    return [(one.kind, one.text) for run in runs for one in Inbox(run).take()]


@pytest.mark.parametrize(
    ("words", "posted"),
    [
        (("send", FIRST, SECOND, "Go on"), ("prompt", "Go on")),
        (("send", FIRST, SECOND, "--", "-5 %"), ("prompt", "-5 %")),
        (("interrupt", FIRST, SECOND), ("interrupt", "")),
        (("stop", FIRST, SECOND), ("stop", "")),
        (("model", FIRST, SECOND, "opus"), ("model", "opus")),
        (("mode", FIRST, SECOND, "plan"), ("mode", "plan")),
    ],
)
def test_several_are_steered_in_one_act(
    listing: SampleListing,
    runs: tuple[Path, Path],
    words: tuple[str, ...],
    posted: tuple[str, str],
) -> None:
    done = run_cli(listing.root, *words)
    assert (done.returncode, done.stderr) == (0, "2 of 2 done\n")
    assert len(done.stdout.splitlines()) == 2
    assert taken(runs) == [posted, posted]
    assert len({one.act_id for one in read_events(listing.db_path)}) == 1


def test_one_that_fails_leaves_the_others(listing: SampleListing, runs: tuple[Path, Path]) -> None:
    done = run_cli(listing.root, "stop", FIRST, THIRD, SECOND, "--json")
    assert done.returncode == 4
    assert [one["session_id"] for one in json.loads(done.stdout)] == [FIRST, SECOND]
    assert "is not running" in json.loads(done.stderr)["error"]["message"]
    assert taken(runs) == [("stop", ""), ("stop", "")]


def test_one_session_prints_what_it_always_printed(
    listing: SampleListing, runs: tuple[Path, Path]
) -> None:
    done = run_cli(listing.root, "stop", FIRST, "--json")
    assert json.loads(done.stdout)["session_id"] == FIRST
    assert run_cli(listing.root, "stop", THIRD).returncode == 4


def test_a_prompt_without_quotes_goes_to_nobody(
    listing: SampleListing, runs: tuple[Path, Path]
) -> None:
    """Its words would be ids, and its last word the prompt."""
    done = run_cli(listing.root, "send", FIRST, "Go", "on", "please")
    assert (done.returncode, done.stdout) == (3, "")
    assert taken(runs) == []


def test_a_session_that_is_named_twice_is_steered_once(
    listing: SampleListing, runs: tuple[Path, Path]
) -> None:
    assert run_cli(listing.root, "interrupt", FIRST, FIRST[:8]).returncode == 0
    assert taken(runs) == [("interrupt", "")]


@pytest.mark.parametrize("mode", ["acceptEdits", "auto"])
def test_a_mode_that_lets_several_act_unasked_says_so_and_needs_a_yes(
    listing: SampleListing, runs: tuple[Path, Path], mode: str
) -> None:
    done = run_cli(listing.root, "mode", FIRST, SECOND, mode)
    assert (done.returncode, done.stdout) == (5, "")
    assert f"would give mode {mode} to 2 agents: " in done.stderr
    assert taken(runs) == []
    assert run_cli(listing.root, "mode", FIRST, SECOND, mode, "--yes").returncode == 0
    assert taken(runs) == [("mode", mode)] * 2
