"""Who needs somebody: every view, count, key and verb takes it from one rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_catalog import NOW, cut_off_run, session, unsent_run
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.row import Status
from tui.core.models.session import Acknowledgement, Key, Liveness, Session, State
from tui.core.sessions.attention import Need, attention, marks_of, needs_of
from tui.core.sessions.session_filter import parse_filter
from tui.operations.monitor.needs import needs
from tui.ui.state.list_query import ListQuery
from tui.ui.state.view_model import arranged

QUIET = timedelta(minutes=10)
HOUR = timedelta(hours=1)


def in_need(need: Need) -> Session:
    """Return a session that needs somebody for this reason alone."""
    plain = session("hollis_park", "stage_1", need.name)
    assert plain.row is not None
    assert plain.transcript is not None
    facts: dict[Need, dict[str, object]] = {
        Need.ANSWER: {"liveness": Liveness.WAITING},
        Need.FAILED: {"status": Status.FAILED},
        Need.CUT_OFF: {
            "run": cut_off_run(NOW),
            "transcript": replace(plain.transcript, modified_at=NOW),
        },
        Need.UNSENT: {
            "run": unsent_run(NOW),
            "transcript": replace(plain.transcript, modified_at=NOW),
        },
        Need.ORPHAN: {"liveness": Liveness.ORPHAN},
        Need.QUIET: {"liveness": Liveness.BUSY, "last_activity_at": NOW - HOUR},
        Need.ENDS: {"expires_at": NOW + HOUR / 2},
        Need.SWEPT: {"sweep_at": NOW + 5 * HOUR},
        Need.EXPIRED: {"expires_at": NOW - HOUR},
        Need.OVERWRITTEN: {"overwritten": plain.row},
        Need.GHOST: {"state": State.GHOST, "transcript": None},
    }
    return replace(plain, **facts[need])  # type: ignore[arg-type]


def everything() -> Catalog:
    """Return a catalog with all that there is, and a listing that vanished."""
    catalog = fixed_catalog.catalog()
    one_each = Listing("one_each", catalog.root, sessions=tuple(map(in_need, Need)))
    gone = Listing(
        "went_away",
        catalog.root,
        sessions=(replace(in_need(Need.FAILED), listing="went_away", is_vanished=True),),
        is_vanished=True,
    )
    return replace(catalog, listings=(*catalog.listings, one_each, gone))


@pytest.mark.parametrize("need", list(Need))
def test_each_need_is_told_and_an_acknowledgement_settles_it(need: Need) -> None:
    one = in_need(need)
    assert tuple(needs_of(one, NOW, QUIET)) == (need,)
    ack = Acknowledgement("bert", NOW, marks_of(one, needs_of(one, NOW, QUIET)))
    assert attention(replace(one, ack=ack), NOW, QUIET) is None


def test_an_acknowledgement_settles_all_that_it_needs_and_nothing_else() -> None:
    failed = in_need(Need.FAILED)
    both = replace(failed, overwritten=failed.row)
    ack = Acknowledgement("bert", NOW, marks_of(failed, needs_of(failed, NOW, QUIET)))
    assert attention(replace(both, ack=ack), NOW, QUIET) is Need.OVERWRITTEN
    ack = Acknowledgement("bert", NOW, marks_of(both, needs_of(both, NOW, QUIET)))
    assert attention(replace(both, ack=ack), NOW, QUIET) is None


def test_check_listings_the_top_line_the_filter_and_the_key_count_the_same() -> None:
    """Fails where one of them has a rule of its own."""
    catalog = everything()
    found = arranged(catalog, ListQuery(QUIET), NOW, UTC)
    expected = {one.key for one in catalog.sessions if attention(one, NOW, QUIET) is not None}
    checked: Counter[Key] = Counter(
        (one.listing, one.session_id) for one in needs(catalog, NOW, QUIET) if one.session_id
    )
    assert set(checked) == expected == set(found.needs) == set(found.urgent)
    is_taken = parse_filter("attention", QUIET)
    assert {one.key for one in catalog.sessions if is_taken(one, NOW)} == expected
    assert found.groups[0].needs == sum(one.needs for one in found.groups[1:]) == len(expected)
    assert f"{len(expected)}!" in [one.text for one in found.facts]


def test_the_most_urgent_and_of_a_kind_the_longest_comes_first() -> None:
    found = arranged(everything(), ListQuery(QUIET), NOW, UTC)
    kinds = [found.needs[key] for key in found.urgent]
    assert kinds == sorted(kinds)
    ends = {one.key: one.ends_at for one in found.catalog.sessions}
    soonest = [ends[key] for key in found.urgent if found.needs[key] is Need.ENDS]
    assert len(soonest) > 1
    assert soonest == sorted(soonest, key=lambda at: at or NOW)
