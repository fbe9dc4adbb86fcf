"""A turn that the API ended is a failure, even if another program left the row unchanged."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, change_row, run_cli
from tests.support.listings.transcript_lines import answer, prompt, result, text
from tui.core.models.session import Liveness
from tui.operations.catalog.scanner import CatalogScanner
from tui.view.text import formatting

SAID = "API Error: Request rejected (429) · slow down"
FAILED = answer(text(SAID), isApiErrorMessage=True, apiErrorStatus=429)
META = result("noted") | {"isMeta": True}
SIDE = answer(text("A side note."), isSidechain=True)
LATER = {"type": "cost-state", "totalCostUSD": 1.0}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    return listing


def end_with(listing: SampleListing, *lines: dict[str, Any]) -> None:
    path = listing.transcript_path(FIRST)
    with path.open("a") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)
    moment = (datetime.now(UTC) - timedelta(minutes=30)).timestamp()
    os.utime(path, (moment, moment))


@pytest.mark.parametrize("more", [[], [META, SIDE, LATER]])
def test_it_has_a_sign_in_the_list_and_check_counts_it(
    listing: SampleListing, more: list[dict[str, Any]]
) -> None:
    end_with(listing, FAILED, *more)
    session = listing.session(FIRST)
    assert (session.status, session.turn_error, session.reason) == ("active", SAID, SAID)
    now = datetime.now(UTC)
    assert formatting.state(session, now, timedelta(minutes=10)) == ("✗ api-error", "bad")
    done = run_cli(listing.root, "check")
    assert done.returncode != 0
    assert f"its last turn failed: {SAID}" in done.stdout
    assert len(done.stdout.splitlines()) == 2
    acknowledged = run_cli(listing.root, "ack", FIRST)
    assert acknowledged.returncode == 0
    assert "failed" not in run_cli(listing.root, "check").stdout


@pytest.mark.parametrize(
    "later",
    [prompt("Again"), answer(text("Done.")), result("ok")],
    ids=["a prompt", "an answer", "a result"],
)
def test_what_came_after_it_makes_up_for_it(listing: SampleListing, later: Any) -> None:
    end_with(listing, FAILED, later)
    assert listing.session(FIRST).turn_error == ""


@pytest.mark.parametrize(
    "later",
    [
        {"type": "file-history-snapshot", "x": "y" * 70_000},
        prompt("<command-name>/cost</command-name>\n<command-args></command-args>"),
        prompt("<local-command-stdout>Total: $1</local-command-stdout>"),
        prompt("[Request interrupted by user]"),
        prompt("<task-notification>\n<status>completed</status></task-notification>"),
        {"type": "assistant", "message": {"model": "<synthetic>", "content": [text("No.")]}},
    ],
    ids=["a long line", "a command", "its output", "interrupted", "a notification", "the CLI"],
)
def test_what_answers_nothing_leaves_the_sign(listing: SampleListing, later: Any) -> None:
    end_with(listing, FAILED, later)
    assert listing.session(FIRST).turn_error == SAID


def test_a_line_without_its_mark_is_told_by_its_error(listing: SampleListing) -> None:
    message = {"model": "<synthetic>", "content": [text("You've hit your session limit")]}
    end_with(listing, {"type": "assistant", "error": "rate_limit", "message": message})
    assert listing.session(FIRST).turn_error == "You've hit your session limit"
    shown = run_cli(listing.root, "tail", FIRST).stdout.splitlines()[-1]
    assert shown.endswith("✗ You've hit your session limit")


def test_of_what_the_api_said_one_line_is_told(listing: SampleListing) -> None:
    blank, long = text(" \n"), text("over\nloaded " * 100)
    end_with(listing, answer(blank, long, isApiErrorMessage=True))
    assert listing.session(FIRST).turn_error == ("over loaded " * 100)[:400]
    end_with(listing, answer(blank, isApiErrorMessage=True))
    assert listing.session(FIRST).turn_error == "API error"


def test_a_row_that_says_what_became_of_it_is_believed(listing: SampleListing) -> None:
    end_with(listing, FAILED)
    change_row(listing, "UPDATE claude_sessions SET status = 'expired'")
    assert listing.session(FIRST).turn_error == ""


def test_a_session_without_a_row_stays_what_it_is(listing: SampleListing) -> None:
    end_with(listing, FAILED)
    change_row(listing, "DELETE FROM claude_sessions")
    session = listing.session(FIRST)
    assert (session.turn_error, session.state) == ("", "untracked")


def test_a_second_look_and_a_new_console_say_the_same(listing: SampleListing) -> None:
    watch = CatalogScanner(listing.context())
    assert not any(one.turn_error for one in watch.look().sessions)
    end_with(listing, FAILED)
    for again in (watch, CatalogScanner(listing.context())):
        (failed,) = (one for one in again.look().sessions if one.turn_error)
        assert failed.session_id == FIRST
        assert failed.liveness is Liveness.NONE
    end_with(listing, answer(text("Done.")))
    assert not any(one.turn_error for one in watch.look().sessions)
