"""What nobody asked for is told in the message line, and never over a question."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.piloted import Console, console
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.verdict import Verdict


def with_event(catalog: Catalog, title: str, event: AuditEvent) -> Catalog:
    """Return the catalog with an act that the audit has of a session."""
    listings = tuple(
        replace(
            listing,
            sessions=tuple(
                replace(one, last_event=event) if one.title == title else one
                for one in listing.sessions
            ),
        )
        for listing in catalog.listings
    )
    return replace(catalog, listings=listings)


async def act(at: Console, operator: str) -> None:
    """Let somebody rename a session, and look again."""
    event = AuditEvent(at=NOW, operator=operator, action="rename")
    at.engine.catalog = with_event(at.engine.catalog, "Tier-1 suppliers", event)
    at.screen.looking.wake()


def second(at: Console) -> None:
    """Let a second pass; the screen's own timer, which ticks whenever it likes, sees no other."""
    at.engine.moment += timedelta(seconds=1)
    at.screen.second()


async def test_the_doctor_s_verdict_is_the_first_message() -> None:
    async with console(FixedEngine(diagnosis=Verdict("1 note"))) as at:
        await at.until(lambda: at.message == "doctor: all clear (1 note)")


async def test_the_verdict_is_one_line_that_any_key_takes_away() -> None:
    found = Verdict("3 errors", ("2 are swept", "many more " * 9), is_clear=False)
    async with console(FixedEngine(diagnosis=found)) as at:
        await at.until(lambda: at.message == "3 errors, worst: 2 are swept; :doctor explains")
        assert "? help" in at.panes.question.render_line(1).text
        await at.press("j")
        assert at.message == ""
        at.panes.question.say("something else")
        await at.press("j")
        assert at.message == "something else"


async def test_another_s_change_is_named_and_mine_is_not() -> None:
    async with console() as at:
        await act(at, "anna")
        await at.pilot.pause(0.2)
        assert at.message == ""
        await act(at, "bert")
        await at.until(lambda: at.message.startswith("bert renamed "))


async def test_what_was_just_said_stands_two_seconds_before_news_takes_its_place() -> None:
    async with console() as at:
        second(at)
        at.panes.question.say("9f2c0000 changed in the meantime", "bad")
        at.screen.news.tell("bert extended 9f2c")
        assert at.message == "9f2c0000 changed in the meantime"
        second(at)
        second(at)
        assert at.message == "9f2c0000 changed in the meantime"
        second(at)
        assert at.message == "bert extended 9f2c"


async def test_an_open_question_is_never_overwritten() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("d")
        await at.asked()
        asks = at.message
        await act(at, "bert")
        await at.until(lambda: at.screen.store.catalog is at.engine.catalog)
        at.screen.second()
        assert at.message == asks
        await at.press("n")
        await at.answered()
        for _ in range(4):
            at.screen.second()
        assert at.message.startswith("bert renamed ")


@pytest.mark.parametrize("trouble", ["", "notify_command: it ended with 3"])
async def test_the_notify_command_runs_and_its_failure_is_told_once(trouble: str) -> None:
    async with console(FixedEngine(notifies=True, trouble=trouble)) as at:
        await at.until(lambda: at.engine.asked == [("notify",)])
        await at.until(lambda: at.message == trouble)
        at.panes.question.say("")
        at.screen.news.tell_once(trouble)
        at.screen.second()
        assert at.message == ""


async def test_a_message_that_is_too_long_goes_on_where_the_keys_are() -> None:
    async with console() as at:
        at.panes.question.say("word " * 22 + "end")
        lines = [at.panes.question.render_line(y).text for y in (0, 1)]
        assert " ".join(" ".join(lines).split()) == "word " * 22 + "end"
        at.panes.question.settle()
        assert "? help" in at.panes.question.render_line(1).text


async def test_what_is_written_after_a_look_carries_a_dot_until_it_is_looked_at() -> None:
    async with console() as at:
        await at.until(lambda: at.screen.unseen.is_known)
        one = await at.choose("PE platforms, DACH")
        assert "•" in at.panes.sessions.render_line(at.panes.sessions.index + 1).text
        for _ in range(2):
            second(at)
        assert not at.screen.unseen.is_unseen(one)
        assert "•" not in at.panes.sessions.render_line(at.panes.sessions.index + 1).text
    assert at.engine.looks is not None
    assert list(at.engine.looks.at) == [one.key]


async def test_what_is_only_passed_or_covered_is_not_looked_at() -> None:
    async with console() as at:
        one = await at.choose("PE platforms, DACH")
        second(at)
        at.screen.second()  # twice in one second is no longer than once
        await at.choose("Tier-1 suppliers")
        second(at)
        await at.choose("PE platforms, DACH")
        await at.press("question_mark")
        for _ in range(3):
            second(at)
        assert at.screen.unseen.is_unseen(one)


async def test_failures_of_one_cause_are_opened_marked_and_closed() -> None:
    async with console() as at:
        await at.press("j", "j")
        group = at.panes.sessions.group
        assert group is not None
        row = at.panes.sessions.line_at(at.panes.sessions.index + 1)
        assert "\u00d74 since" in "".join(cell.text for cell in row)
        await at.press("enter")
        assert at.view.marks == {one.key for one in group.sessions}
        assert {one.key for one in group.sessions} <= set(at.panes.sessions.keys)
        await at.press("e", *"30", "enter")
        await at.answered()
        assert at.message == "4 extended"
        assert at.panes.sessions.key == group.key
        await at.press("enter")
        assert at.view.marks == frozenset()
        await at.press("d")
        await at.asked()
        assert "delete 4 sessions" in at.message
        await at.press("n")
        await at.answered()


@pytest.mark.parametrize("keys", [("escape",), ("space",), ("asterisk",), ("k", "k", "enter")])
async def test_what_was_said_of_marks_goes_with_them(keys: tuple[str, ...]) -> None:
    async with console() as at:
        await at.press("j", "j", "enter")
        assert "4 marked" in at.message
        at.panes.sessions.move(1)
        if keys == ("k", "k", "enter"):
            at.panes.sessions.move(-10)
            while at.panes.sessions.group is None:
                at.panes.sessions.move(1)
            keys = ("enter",)
        await at.press(*keys)
        assert at.message == ""


async def test_few_are_not_said_to_be_queued() -> None:
    async with console() as at:
        await at.press("j", "j", "enter", "r")
        await at.asked()
        assert at.message.startswith("resume 4 sessions ")
        assert "queued" not in at.message


async def test_many_are_resumed_with_one_prompt_and_one_question() -> None:
    async with console() as at:
        await at.press("slash", *"stage:1 !live", "enter", "asterisk")
        await at.answered()
        count = len(at.view.marks)
        assert count > 4
        await at.press("r")
        await at.asked()
        assert f"resume {count - 1} sessions in " in at.message
        assert at.message.endswith(" listings, 4 at once, the rest queued")
        await at.press(*"go on", "enter")
        await at.answered()
        assert [asked[-1] for asked in at.engine.asked] == ["go on"] * (count - 1)
        assert at.message == f"{count - 1} resumed; 1 stay marked"
        assert len(at.view.marks) == 1


async def test_a_failure_inside_a_group_is_opened_when_one_goes_to_it() -> None:
    engine = FixedEngine(moment=NOW - timedelta(seconds=1))
    async with console(engine) as at:
        inside = at.engine.catalog.listing("larkfield_valves")
        assert inside is not None
        assert at.screen.feed.go_to(inside.sessions[0])
        assert at.session.key == inside.sessions[0].key
