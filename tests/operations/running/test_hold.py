"""A hold stops new runs and clean-up, says who and why, and is logged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot
from tui.core.errors import ConsoleError, Refused
from tui.operations.running.hold import require_not_held, set_hold
from tui.operations.running.resume import plan_resume
from tui.storage.state.hold import read_hold
from tui.storage.state.logbook import read_logbook


def test_it_is_set_and_lifted_and_both_are_in_the_logbook(listing: SampleListing) -> None:
    context = listing.context()
    require_not_held(listing.root)
    act = set_hold(context, True, "audit\x1b[31m until noon")
    assert act.words.startswith("new runs and clean-up paused by anna since ")
    assert act.words.endswith(": audit until noon")
    with pytest.raises(Refused, match=r"paused by anna .*: audit until noon: `hold off`"):
        require_not_held(listing.root)
    assert set_hold(context, False).words == "new runs and clean-up resume"
    require_not_held(listing.root)
    events = [(one.operator, one.action) for one in read_logbook(listing.root)]
    assert events == [("anna", "hold"), ("anna", "lift")]


def test_no_run_begins_while_it_is_held(listing: SampleListing) -> None:
    set_hold(listing.context(), True)
    with pytest.raises(Refused, match="paused by anna"):
        plan_resume(listing.context(), listing.session(FIRST))


def test_a_hold_of_somebody_else_is_kept_as_it_is(listing: SampleListing) -> None:
    set_hold(listing.context(), True, "mine")
    other = listing.context(operator="bert")
    act = set_hold(other, True, "his")
    assert act.is_needless
    assert "anna" in act.words
    held = read_hold(listing.root)
    assert held is not None
    assert (held.by, held.reason) == ("anna", "mine")
    set_hold(other, False)
    assert set_hold(other, False).is_needless


@pytest.mark.parametrize("content", ["", "{", "[]", '{"by": 7}'])
def test_a_hold_that_cannot_be_read_holds_and_can_be_lifted(
    listing: SampleListing, content: str
) -> None:
    set_hold(listing.context(), True)
    (listing.root / ".session_console" / "hold.json").write_text(content)
    with pytest.raises(Refused, match="new runs and clean-up paused"):
        require_not_held(listing.root)
    set_hold(listing.context(), False)
    require_not_held(listing.root)


def test_it_is_not_set_by_who_may_only_look_nor_where_nothing_can_be_written(
    listing: SampleListing,
) -> None:
    before = snapshot(listing.root)
    with pytest.raises(Refused, match="read-only"):
        set_hold(listing.context(read_only=True), True)
    assert snapshot(listing.root) == before
    elsewhere = replace(listing, root=listing.root / "missing")
    with pytest.raises(ConsoleError, match="the hold cannot be written"):
        set_hold(elsewhere.context(), True)
