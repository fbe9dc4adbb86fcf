"""The header's tokens and cost follow from the lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tui.claude.transcript.line_parser import entries_of
from tui.claude.transcript.usage.usage_meter import UsageMeter
from tui.core.models.entry import Entry, EntryKind, Usage

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def said(message_id: str, read: int, written: int, **more: object) -> Entry:
    values = {"model": "claude-opus-5", "usage": Usage(read, written)} | more
    return Entry(EntryKind.TEXT, "x", at=AT, message_id=message_id, **values)  # type: ignore[arg-type]


def test_the_context_is_the_last_message_and_a_turn_adds_up_its_messages_once() -> None:
    meter = UsageMeter()
    meter.note([Entry(EntryKind.PROMPT, "Find", at=AT)])
    meter.note([said("m1", 1000, 50), said("m1", 1000, 80), said("m2", 90_000, 20)])
    spent = meter.spent
    assert (spent.model, spent.context, spent.window) == ("claude-opus-5", 90_020, 1_000_000)
    assert (spent.written, spent.turn_from) == (100, AT)
    assert spent.context_share == 90_020 / 1_000_000
    later = AT + timedelta(minutes=5)
    meter.note([Entry(EntryKind.PROMPT, "Next", at=later)])
    assert (meter.spent.written, meter.spent.turn_from) == (0, later)


def test_a_command_begins_a_turn_as_a_prompt_does() -> None:
    meter, later = UsageMeter(), AT + timedelta(hours=5)
    meter.note([Entry(EntryKind.PROMPT, "Find", at=AT), said("m1", 1000, 50)])
    meter.note([Entry(EntryKind.NOTICE, "/profile Acme Pumps", at=later)])
    assert (meter.spent.turn_from, meter.spent.written) == (later, 0)
    meter.note([Entry(EntryKind.NOTICE, "reminder: /profile", at=later + timedelta(hours=1))])
    assert meter.spent.turn_from == later


@pytest.mark.parametrize("why", ["", " for tool use"])
def test_an_interrupt_ends_a_turn_and_begins_none(why: str) -> None:
    meter, end = UsageMeter(), AT + timedelta(minutes=2)
    meter.note([Entry(EntryKind.PROMPT, "Find", at=AT), said("m1", 1000, 50)])
    meter.note([Entry(EntryKind.PROMPT, f"[Request interrupted by user{why}]", at=end)])
    spent = meter.spent
    assert (spent.turn_from, spent.turn_to, spent.written) == (AT, end, 50)


def test_sub_agents_and_made_up_messages_do_not_count() -> None:
    meter = UsageMeter()
    meter.note([said("m1", 1000, 50), said("m2", 9, 9, is_sidechain=True)])
    meter.note([said("m3", 0, 0, model="<synthetic>")])
    assert (meter.spent.context, meter.spent.written, meter.spent.model) == (
        1050, 50, "claude-opus-5",
    )  # fmt: skip


def test_a_turn_costs_what_the_session_costs_more_than_before() -> None:
    meter = UsageMeter()
    meter.note_cost(1.0)
    meter.note([Entry(EntryKind.PROMPT, "Find", at=AT)])
    assert (meter.spent.cost_usd, meter.spent.turn_cost_usd) == (1.0, None)
    meter.note_cost(1.25)
    assert (meter.spent.cost_usd, meter.spent.turn_cost_usd) == (1.25, 0.25)
    meter.note_cost(0.5)
    assert meter.spent.turn_cost_usd is None


# Each model's own window, as the CLI's `modelUsage` tells it.
_WINDOWS = [
    ("claude-sonnet-5", 1_000_000),
    ("claude-sonnet-5-5", 1_000_000),
    ("claude-opus-5", 1_000_000),
    ("claude-opus-5-5", 1_000_000),
    ("claude-opus-4-8", 1_000_000),
    ("claude-opus-4-7", 1_000_000),
    ("claude-fable-5", 1_000_000),
    ("claude-haiku-5-5", 1_000_000),
    ("claude-haiku-4-5", 200_000),
    ("claude-haiku-4-5-20251001", 200_000),
    ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 200_000),
    ("claude-sonnet-4-6", 200_000),
    ("claude-sonnet-4-20250514", 200_000),
    ("claude-sonnet-4@20250514", 200_000),
    ("claude-sonnet-4-0", 200_000),
    ("claude-opus-4-1-20250805", 200_000),
    ("claude-3-7-sonnet-20250219", 200_000),
    ("claude-sonnet-4-6[1m]", 1_000_000),
    ("anthropic/claude-opus-4.8", 1_000_000),
    ("claude-sonnet-5-9", 0),
    ("claude-opus-55", 0),
    ("claude-wombat-5", 0),
    ("glm-4.7", 0),
    ("", 0),
]


@pytest.mark.parametrize(("model", "window"), _WINDOWS)
def test_each_model_has_its_own_window_and_an_unknown_one_has_none(model: str, window: int) -> None:
    meter = UsageMeter()
    meter.note([said("m", 149_500, 500, model=model)])
    assert (meter.spent.context, meter.spent.window) == (150_000, window)
    assert meter.spent.context_share == (150_000 / window if window else None)


def test_after_a_change_of_the_model_the_new_one_s_window_counts() -> None:
    meter = UsageMeter()
    meter.note([said("m", 149_500, 500, model="claude-sonnet-5")])
    assert meter.spent.context_share == 0.15
    meter.note([said("n", 149_500, 500, model="claude-haiku-4-5")])
    assert (meter.spent.window, meter.spent.context_share) == (200_000, 0.75)
    meter.note([said("o", 149_500, 500, model="claude-sonnet-5")])
    assert meter.spent.context_share == 0.15


def test_more_than_fits_proves_the_larger_window_of_a_model_that_can_have_it() -> None:
    meter, other = UsageMeter(), UsageMeter()
    meter.note(
        [
            said("m", 300_000, 1, model="claude-sonnet-4-6"),
            said("n", 3, 1, model="claude-sonnet-4-6"),
        ]
    )
    assert meter.spent.window == 1_000_000
    other.note([said("m", 300_000, 1, model="claude-haiku-4-5")])
    assert (other.spent.context, other.spent.context_share) == (300_001, None)
    assert UsageMeter().spent.context_share is None


def test_what_the_cli_told_of_its_windows_goes_before_the_table() -> None:
    meter = UsageMeter()
    meter.note([said("m", 99_000, 1000, model="wombat-1")])
    assert meter.spent.context_share is None
    meter.note_windows({"wombat-1[1m]": 400_000, "claude-sonnet-5": 200_000})
    assert meter.spent.context_share == 0.25
    meter.note([said("n", 99_000, 1000, model="claude-sonnet-5")])
    assert meter.spent.context_share == 0.5


def test_what_a_compaction_leaves_is_in_the_context_at_once() -> None:
    meter = UsageMeter()
    meter.note([said("m", 149_500, 500, model="claude-haiku-4-5")])
    boundary = {
        "type": "system", "subtype": "compact_boundary", "content": "Conversation compacted",
        "compactMetadata": {"trigger": "auto", "preTokens": 150_000, "postTokens": 20_000},
    }  # fmt: skip
    meter.note(entries_of(boundary, 100, 0))
    assert (meter.spent.context, meter.spent.context_share) == (20_000, 0.1)
    assert meter.spent.written == 500
    boundary["compactMetadata"] = {"postTokens": "many"}
    meter.note(entries_of(boundary, 100, 0))
    assert (meter.spent.context, meter.spent.context_share) == (0, None)


@pytest.mark.parametrize("more", [{}, {"compactMetadata": {"preTokens": 900_050}}])
def test_after_a_compaction_of_unknown_size_there_is_no_share(more: dict[str, Any]) -> None:
    """The old share was still shown: 90 % of a context that had just been emptied."""
    meter = UsageMeter()
    meter.note([said("m1", 900_000, 50)])
    meter.note(entries_of({"type": "system", "subtype": "compact_boundary", **more}, 99, 0))
    assert (meter.spent.context, meter.spent.context_share) == (0, None)
