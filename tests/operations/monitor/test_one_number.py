"""One word has one number: the panes, the filter, the keys, the verbs and JSON count the same."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import SampleListing, change_row, register, run_cli
from tests.support.listings.transcript_lines import answer, text
from tui.core.models.catalog import Catalog
from tui.core.sessions.attention import Need
from tui.core.sessions.session_filter import parse_filter
from tui.core.sessions.session_state import StateWord, state_word
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.trash.cleanup import plan_cleanup
from tui.operations.trash.delete import delete
from tui.ui.state.list_query import ListQuery
from tui.ui.state.view_model import ViewModel, arranged
from tui.view.panes import expiry

QUIET = timedelta(minutes=10)


def an_id(number: int) -> str:
    return f"{number:08x}-1111-4222-8333-444455556666"


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """Make a root with what each place once counted by a rule of its own."""
    listing = SampleListing(tmp_path / "outputs")
    for number, days in enumerate((0.4, 0.5, 0.6, 0.07, 5, -0.5, -3, -4, -5)):
        listing.add(an_id(number), days=days)
    run_cli(listing.root, "ack", an_id(3))  # it ends within the hour
    delete(listing.context(), listing.session(an_id(2)))  # its row still says when it ends
    register(listing.config_dir, an_id(8))  # expired, and a process has it open
    listing.track("aa220000-1111-4222-8333-444455556666", days=0.3)  # a row without a transcript
    listing.track("aa230000-1111-4222-8333-444455556666", days=-0.3)
    listing.add(an_id(20), days=9, stage="over")
    change_row(listing, "UPDATE claude_sessions SET status = 'expired' WHERE stage = 'over'")
    return listing


def view_of(catalog: Catalog) -> ViewModel:
    return arranged(catalog, ListQuery(QUIET), datetime.now(UTC), UTC)


def printed(listing: SampleListing, *words: str) -> Any:
    return json.loads(run_cli(listing.root, *words, "--json").stdout)


def words_of(line: Any) -> str:
    return "".join(cell.text for cell in line)


def keys(found: Any) -> set[str]:
    return {one["session_id"] for one in found}


def filtered(catalog: Catalog, typed: str) -> set[str]:
    query = ListQuery(QUIET, filter=typed)
    is_taken = parse_filter(typed, QUIET)
    now = datetime.now(UTC)
    return {one.session_id for one in query.unfiltered(catalog) if is_taken(one, now)}


def test_what_ends_within_a_day_is_the_same_everywhere(listing: SampleListing) -> None:
    """They said 79, 78 and 77 at one moment: a deleted one, a ghost, one acknowledged."""
    catalog = CatalogScanner(listing.context()).look()
    found, now = view_of(catalog), datetime.now(UTC)
    expected = filtered(catalog, "<24h")
    assert len(expected) == 4
    assert f"{len(expected)} <24h" in [one.text for one in found.facts]
    assert f"24h {len(expected)} " in words_of(expiry.horizon_line(found.ending, now, 30))
    report = printed(listing, "report")
    assert keys(report["ends"]) == expected
    assert keys(printed(listing, "ls", "--ends", "24h")) == expected
    assert keys(printed(listing, "ls", "--filter", "<24h")) == expected
    said = run_cli(listing.root, "report").stdout
    assert f"**{len(expected)} ending within 24h**" in said
    assert f"## Ends next ({len(expected)})" in said
    first = printed(listing, "stats")["total"]["next_end"]["session_id"]
    assert first == report["next_end"]["session_id"] == report["ends"][0]["session_id"]
    assert first == found.ending[0].session_id


def test_what_failed_and_what_there_is_is_the_same_everywhere(listing: SampleListing) -> None:
    """`stats` counted rows: none whose last turn failed."""
    for number in (0, 1):
        run_cli(listing.root, "fail", an_id(number))
    register(listing.config_dir, an_id(1), status="busy")
    run_cli(listing.root, "ack", an_id(0))
    with listing.transcript_path(an_id(4)).open("a") as file:
        file.write(json.dumps(answer(text("API Error: 429"), isApiErrorMessage=True)) + "\n")
    catalog = CatalogScanner(listing.context()).look()
    total = printed(listing, "stats")["total"]
    assert total["failed"] == len(filtered(catalog, "failed"))
    assert keys(printed(listing, "ls", "--status", "failed")) == filtered(catalog, "failed")
    counted = run_cli(listing.root, "stats").stdout.splitlines()
    column = dict(zip(counted[0].split(), counted[-1].split(), strict=False))
    states = [state_word(one, catalog.at, QUIET) for one in catalog.sessions]
    assert states.count(StateWord.LEFTOVER) == 1
    assert (column["CLEANED"], column["DELETED"]) == (
        str(states.count(StateWord.CLEANED)),
        str(states.count(StateWord.DELETED)),
    )
    said = run_cli(listing.root, "stats").stderr
    settled = total["failed"] - sum(one is Need.FAILED for one in view_of(catalog).needs.values())
    assert f"FAILED counts also {settled} that somebody acknowledged" in said
    assert settled == 1
    group = view_of(catalog).groups[0]
    assert total["sessions"] - total["gone"] == group.count == len(filtered(catalog, ""))
    assert total["bytes"] == group.bytes
    assert total["live"] == group.live


def test_what_a_clean_up_takes_and_what_is_expired_are_told_apart(listing: SampleListing) -> None:
    """`16 expired`, 66 by the filter and 65 at `c`: each has its own word, or the same number."""
    context = listing.context()
    catalog = CatalogScanner(context).look()
    found = view_of(catalog)
    taken = {one.session_id for one in plan_cleanup(context, catalog).sessions}
    expired = filtered(catalog, "expired")
    assert (len(taken), len(expired)) == (5, 6)
    assert {one.session_id for one in found.pending} == taken
    assert (found.expired, taken < expired) == (len(expired), True)
    shown = words_of(expiry.pending_line(found.pending, 50, expired=found.expired))
    assert "5 to clean up, of 6 expired" in shown
    assert printed(listing, "stats")["total"]["pending"] == len(taken)
    assert keys(printed(listing, "ls", "--status", "expired")) == expired
    assert keys(printed(listing, "ls", "--filter", "expired")) == expired
    said = run_cli(listing.root, "report").stdout
    assert "- 6 expired in all, 5 to clean up, 1 left (in use)\n" in said
    assert re.search(r"^LISTING .* CLEAN-UP ", run_cli(listing.root, "stats").stdout)
    newly = [one for one in (fact.text for fact in found.facts) if "expired!" in one]
    checked = [one for one in printed(listing, "check") if one["what"] == "expired"]
    assert newly == [f"{len(checked)} expired!"]
