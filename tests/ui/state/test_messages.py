"""Messages: each with its time, none over the keys or longer than it is true, all kept to read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.errors import Refused
from tui.core.models.catalog import Hold
from tui.core.models.session import Session
from tui.operations.running.resume import RunPlan
from tui.ui.actions.action_context import named
from tui.ui.state.message_log import LONGEST, MOST

LONG = "it says " + "word " * 60 + "and its end"


async def test_a_message_has_its_time_at_the_right_where_there_is_room() -> None:
    async with console() as at:
        at.say("37 extended")
        assert at.rows("bottom")[0] == " 37 extended" + "14:30".rjust(67) + " "
        at.say("x" * 72)
        assert at.rows("bottom")[0] == f" {'x' * 72} 14:30 "
        at.say("x" * 73)
        assert at.rows("bottom")[0].rstrip() == f" {'x' * 73}"


class Held(FixedEngine):
    """An engine that starts nothing while somebody holds the root, for a long reason."""

    def plan_resume(self, session: Session, *, is_fork: bool = False, at: str = "") -> RunPlan:
        why = "new runs and clean-up paused by ben since 07:02: the disk of the shared root is full"
        raise Refused(why, remedy="hold off")


@pytest.mark.parametrize("width", [60, 80])
async def test_a_message_that_is_shortened_keeps_the_command_that_mends_it(width: int) -> None:
    async with console(Held(), size=(width, 24)) as at:
        await at.choose("Final list for the partner call")
        await at.press("r")
        await at.answered()
        first = at.rows("bottom")[0].rstrip()
        assert first.startswith(" new runs and clean-up paused by")
        assert first.endswith("…: `hold off` M whole")


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_a_long_message_is_shortened_and_the_keys_stay(width: int) -> None:
    async with console(size=(width, 36)) as at:
        at.say(LONG)
        first, keys = at.rows("bottom")
        assert first.startswith(" it says word word")
        assert first.rstrip().endswith("… M whole")
        assert "? help" in keys
        assert at.misfits == []
        await at.press("M")
        assert "Messages" in at.rows("page")[0]
        assert LONG in " ".join(at.page.split())


async def test_messages_keep_all_with_their_times_the_newest_last() -> None:
    async with console() as at:
        for number in range(MOST + 50):
            at.say(f"message {number}")
            at.tick(seconds=1)
        at.say("again")
        at.say("again")
        at.say("x" * (LONGEST + 100))
        await at.enter("messages")
        await at.answered()
        lines = at.page.splitlines()
        assert lines[0] == f" 14:30:52 message {52}"
        assert lines[MOST - 2].split("again")[1] == " (2 times)"
        assert sum(line.count("x") for line in lines) == LONGEST
        assert at.page_rows[-1].strip() == lines[-1].strip()  # it opens at its end
        await at.press("q")
        assert not at.view.is_page_open


async def test_messages_of_another_day_stand_below_its_rule() -> None:
    async with console() as at:
        at.say("before midnight")
        at.tick(hours=10)
        at.say("after midnight")
        await at.press("M")
        assert at.page.splitlines() == [
            " ── Fri 20 Nov ──",
            " 14:30:00 before midnight",
            " ── Sat 21 Nov ──",
            " 00:30:00 after midnight",
        ]


async def test_without_messages_the_page_says_so() -> None:
    async with console() as at:
        await at.press("M")
        assert at.page == " no messages yet"


async def test_brief_messages_go_with_a_key_or_in_time_and_others_in_minutes() -> None:
    async with console() as at:
        await at.press("F")
        assert "follow" in at.message
        for _ in range(14):
            at.tick()
        assert "follow" in at.message
        at.tick()
        at.tick()
        assert at.message == ""
        at.say("4 extended", "good")
        for _ in range(290):
            at.tick()
        assert at.message == "4 extended"
        for _ in range(20):
            at.tick()
        assert at.message == ""
        await at.press("M")
        assert "4 extended" in at.page


async def test_what_an_open_question_asks_never_fades() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("d")
        await at.asked()
        asks = at.message
        for _ in range(400):
            at.tick()
        assert at.message == asks


async def test_what_was_restored_is_told_only_as_long_as_it_is_so() -> None:
    first = FixedEngine()
    async with console(first) as at:
        await at.press("slash", *"dach", "enter")
        await at.answered()
        at.save_view()
    async with console(FixedEngine(view=first.view)) as at:
        await at.until(lambda: at.message.startswith("restored: filter `dach`"))
        at.tick()
        assert at.message.startswith("restored: filter `dach`")
        await at.press("escape")
        at.tick()
        assert at.message == ""
        await at.press("M")
        assert "restored: filter `dach`" in at.page


async def test_how_far_something_is_is_no_message_to_keep() -> None:
    async with console(FixedEngine(slow={"doctor"})) as at:
        await at.enter("doctor")
        await at.until(lambda: at.message == "doctor...")
        at.engine.goes_on.set()
        await at.answered()
        await at.press("M")
        assert "doctor..." not in at.page


async def test_a_hold_is_told_only_as_long_as_it_lasts() -> None:
    async with console() as at:
        free = at.engine.catalog
        held = replace(free, hold=Hold(by="bert", at=NOW, reason="disk"))
        await at.look(held)
        await at.until(lambda: at.message == "new runs paused by bert: disk")
        await at.press("M")
        assert "new runs paused by bert: disk" in at.page
        await at.look(replace(held, hold=Hold(by="cleo", at=NOW, reason="restore")))
        at.tick()
        assert "bert" not in at.message


async def test_a_question_names_a_long_listing_by_both_its_ends() -> None:
    async with console() as at:
        one = at.engine.catalog.sessions[0]
        name = "cranbury_and_dunmore_partners_0024"
        assert named([replace(one, listing=name)]).startswith("cranbury_a…ners_0024/")
