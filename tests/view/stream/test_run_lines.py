"""The end of Live: what a run was sent, by whom, and what has become of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from tests.support.console.fixed_catalog import NOW, run_of, session
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.run import Phase, Progress, Run, SentCommand
from tui.core.text.safe_text import cell_width
from tui.view.stream.run_lines import RunContext, asked_lines, run_lines

SECOND = timedelta(seconds=1)
ASKED = SentCommand(kind="prompt", by="anna", at=NOW, text="Who sells\npumps?", is_taken=True)
AT = RunContext(now=NOW + 3 * SECOND, zone=UTC)


def run(state: str = "busy", **facts: Any) -> Run:
    return run_of(session("hollis_park", "stage_1", "x"), state, **facts)


def shown(one: Run | None, at: RunContext = AT, width: int = 60) -> list[str]:
    lines = (*asked_lines(one, at, width), *run_lines(one, at, width))
    texts = ["".join(cell.text for cell in line).rstrip() for line in lines]
    assert all(cell_width(text) <= width for text in texts)
    return [text.removeprefix("      ") for text in texts]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (run(asked=replace(ASKED, is_taken=False)), "sent by anna 3s ago, not taken yet"),
        (run(asked=ASKED), "sent by anna, taken"),
        (
            run("failed", asked=replace(ASKED, is_taken=False)),
            "sent by anna: never sent to the agent, since the run ended before",
        ),
        (
            run("lost", asked=ASKED),
            "sent by anna: the run ended before it was answered, and it may be lost",
        ),
    ],
)
def test_a_prompt_says_who_sent_it_and_what_became_of_it(one: Run, said: str) -> None:
    assert shown(one, width=90) == ["> Who sells", "  pumps?", f"  {said}"]


@pytest.mark.parametrize(
    ("text", "seconds", "is_among"),
    [
        ("Who sells\npumps?", 1, True),
        ("Who sells pumps?", 1, True),
        ("Who sells\npumps?", -30, False),
        ("Who buys pumps?", 1, False),
    ],
)
def test_a_prompt_of_the_transcript_stands_once(text: str, seconds: int, is_among: bool) -> None:
    """An earlier turn may have had the same prompt."""
    told = Entry(EntryKind.PROMPT, text, at=NOW + seconds * SECOND)
    answer = Entry(EntryKind.TEXT, "These do.", at=NOW + 2 * SECOND)

    lines = shown(run(asked=ASKED), replace(AT, entries=(told, answer)))

    assert (lines == []) is is_among


def test_a_prompt_that_may_stand_before_what_is_in_memory_is_not_shown_again() -> None:
    """A run died long ago, and another program has gone on with its session since."""
    later = Entry(EntryKind.TEXT, "Much later.", at=NOW + 300 * SECOND)
    earlier = replace(later, at=NOW - 300 * SECOND)
    lost = run("lost", asked=ASKED)

    assert shown(lost, replace(AT, entries=(later,)), 90)[0] == "> Who sells"
    assert shown(lost, replace(AT, entries=(later,), is_whole=False)) == []
    assert shown(lost, replace(AT, entries=(earlier, later), is_whole=False), 90) != []


def test_what_was_typed_here_stands_until_the_run_has_it() -> None:
    typed = replace(ASKED, is_taken=False)
    at = replace(AT, sending=typed)
    others = replace(ASKED, by="bert", text="Another one")

    assert shown(None, at) == ["> Who sells", "  pumps?", "  sent by anna 3s ago, not taken yet"]
    assert shown(run(asked=ASKED), at) == shown(run(asked=ASKED))
    assert shown(run(sent=(typed,)), at) == shown(run(sent=(typed,)))
    assert [line for line in shown(run(sent=(others,)), at) if line.startswith(">")] == [
        "> Another one",
        "> Who sells",
    ]


def test_how_far_it_is_stands_below_unless_an_operator_is_awaited() -> None:
    api = Progress(phase=Phase.API, since=NOW)

    assert shown(run(progress=api)) == ["waiting for the API"]
    assert shown(run(progress=api, queued_for="a free run slot")) == ["queued: a free run slot"]
    assert shown(run("done", progress=api)) == []


def test_a_long_prompt_is_cut_and_a_hostile_one_acts_on_nothing() -> None:
    long = replace(ASKED, text="\n".join(f"line {number}" for number in range(40)))
    evil = replace(ASKED, text="\x1b]0;owned\x07rm\x9b2J\u202e", by="\x1b[31mmallory")

    assert shown(run(asked=long))[-2:] == ["  [32 more lines]", "  sent by anna, taken"]
    for line in shown(run(asked=evil, sent=(evil,))):
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(line)


@pytest.mark.parametrize("width", [24, 60, 120])
def test_a_turn_that_was_left_is_told_with_the_key_that_goes_on(width: int) -> None:
    lost = run("lost", is_turn_open=True, beat_at=NOW)
    left = session("hollis_park", "stage_1", "x", run=lost, last_activity_at=NOW)
    at = replace(AT, session=left, resume="r")
    (said,) = shown(lost, at, width)
    assert "left in the middle of a turn at 14:30: r resumes".startswith(said.rstrip("~…"))
    new = replace(left, row=None, transcript=None, status="")
    (said,) = shown(lost, replace(at, session=new), width)
    assert "its run ended before it began, at 14:30".startswith(said[:30].rstrip("~…"))
    assert shown(lost, replace(at, session=replace(left, run=run("lost"))), width) == []
