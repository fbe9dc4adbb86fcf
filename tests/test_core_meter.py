"""What the header says of tokens and cost, by what the lines say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tui.core.meter import Meter
from tui.core.models import Entry, EntryKind, Usage

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def said(message_id: str, read: int, written: int, **more: object) -> Entry:
    values = {"model": "claude-opus-5", "usage": Usage(read, written)} | more
    return Entry(EntryKind.TEXT, "x", AT, message_id=message_id, **values)  # type: ignore[arg-type]


def test_the_context_is_the_last_message_and_a_turn_adds_up_its_messages_once() -> None:
    meter = Meter()
    meter.note([Entry(EntryKind.PROMPT, "Find", AT)])
    meter.note([said("m1", 1000, 50), said("m1", 1000, 80), said("m2", 90_000, 20)])
    spent = meter.spent
    assert (spent.model, spent.context, spent.window) == ("claude-opus-5", 90_020, 200_000)
    assert (spent.written, spent.turn_from) == (100, AT)
    assert spent.context_share == 90_020 / 200_000
    later = AT + timedelta(minutes=5)
    meter.note([Entry(EntryKind.PROMPT, "Next", later)])
    assert (meter.spent.written, meter.spent.turn_from) == (0, later)


@pytest.mark.parametrize("why", ["", " for tool use"])
def test_an_interrupt_ends_a_turn_and_begins_none(why: str) -> None:
    meter, end = Meter(), AT + timedelta(minutes=2)
    meter.note([Entry(EntryKind.PROMPT, "Find", AT), said("m1", 1000, 50)])
    meter.note([Entry(EntryKind.PROMPT, f"[Request interrupted by user{why}]", end)])
    spent = meter.spent
    assert (spent.turn_from, spent.turn_to, spent.written) == (AT, end, 50)


def test_sub_agents_and_made_up_messages_do_not_count() -> None:
    meter = Meter()
    meter.note([said("m1", 1000, 50), said("m2", 9, 9, is_sidechain=True)])
    meter.note([said("m3", 0, 0, model="<synthetic>")])
    assert (meter.spent.context, meter.spent.written, meter.spent.model) == (
        1050, 50, "claude-opus-5",
    )  # fmt: skip


def test_a_turn_costs_what_the_session_costs_more_than_before() -> None:
    meter = Meter()
    meter.note_cost(1.0)
    meter.note([Entry(EntryKind.PROMPT, "Find", AT)])
    assert (meter.spent.cost_usd, meter.spent.turn_cost_usd) == (1.0, None)
    meter.note_cost(1.25)
    assert (meter.spent.cost_usd, meter.spent.turn_cost_usd) == (1.25, 0.25)
    meter.note_cost(0.5)
    assert meter.spent.turn_cost_usd is None


def test_a_window_is_large_when_the_model_says_so_or_more_is_in_it() -> None:
    named, proven = Meter(), Meter()
    named.note([said("m", 10, 1, model="claude-opus-5[1m]")])
    assert named.spent.window == 1_000_000
    proven.note([said("m", 300_000, 1)])
    proven.note([said("n", 3, 1)])
    assert proven.spent.window == 1_000_000
    assert Meter().spent.context_share is None
