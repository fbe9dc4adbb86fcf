"""Running agents are steered one or many at once: one question, a preview, a sum."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from tests.support.console.catalog_edits import each_session, with_session
from tests.support.console.fixed_catalog import run_of
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.core.models.run import SentCommand
from tui.core.models.session import Key, Liveness, Process, Session
from tui.operations.context import ActionResult

BUSY = "PE platforms, DACH"


def running(one: Session) -> Session:
    return replace(one, liveness=Liveness.BUSY, run=run_of(one, "busy", model="opus-5-5"))


async def marked(at: Console, *, busy: int, idle: int = 0) -> tuple[list[str], list[str]]:
    """Mark the first rows, some of them busy; return the ids of the busy and of the idle."""
    await at.press("s")
    every = {one.key: one for one in at.engine.catalog.sessions}
    wanted = [every[key] for key in at.listed if key in every and not every[key].is_live]
    chosen = [one.key for one in wanted[: busy + idle]]
    await at.look(each_session(at.engine.catalog, lambda one: _busy(one, chosen[:busy])))
    for key in chosen:
        await at.choose_session(key[1])
        await at.press("space")
    assert at.view.marks == set(chosen)
    return [key[1] for key in chosen[:busy]], [key[1] for key in chosen[busy:]]


def _busy(one: Session, keys: Collection[Key]) -> Session:
    return running(one) if one.key in keys else one


def acted(at: Console) -> list[tuple[str, ...]]:
    """Return what the engine was asked, with the session alone of each address."""
    return [tuple(word.rpartition("/")[2] for word in one) for one in at.engine.asked]


async def do(at: Console, deed: str) -> None:
    """Press the key, or say the verb."""
    if len(deed) == 1:
        await at.press(deed)
    else:
        await at.enter(deed)
    await at.asked()


@pytest.mark.parametrize(
    ("deed", "asks", "done", "words"),
    [
        ("i", "interrupt the turns of 3 sessions", ("interrupt", "ID"), "3 interrupts sent"),
        ("interrupt", "interrupt the turns of 3", ("interrupt", "ID"), "3 interrupts sent"),
        ("stop", "stop the runs of 3 sessions", ("stop", "ID"), "3 stops sent"),
        ("send go on", 'send "go on" to 3 sessions', ("send", "ID", "go on"), "3 prompts sent"),
        ("mode plan", "it only reads", ("say_verb", "mode", "ID", "plan"), "mode: 3 done"),
        ("model opus", "now opus-5-5", ("say_verb", "model", "ID", "opus"), "model: 3 done"),
    ],
)
async def test_many_are_asked_about_once_and_summed_up(
    deed: str, asks: str, done: tuple[str, ...], words: str
) -> None:
    async with console() as at:
        busy, _ = await marked(at, busy=3)
        questions = at.questions
        await do(at, deed)
        assert asks in at.message
        assert at.engine.asked == []
        await at.press("y")
        await at.answered()
        assert at.questions == questions + (1 if deed == "i" else 2)  # the line of a verb is one
        assert sorted(acted(at)) == sorted(
            tuple(one if word == "ID" else word for word in done) for one in busy
        )
        assert at.message == words
        assert at.view.marks == frozenset()


async def test_the_question_of_a_stop_says_how_many_prompts_are_then_never_sent() -> None:
    async with console() as at:
        busy, _ = await marked(at, busy=2)
        waits = SentCommand(kind="prompt", by="bert", at=at.engine.now(), is_taken=True)
        other = replace(waits, kind="answer")

        def wait(one: Session) -> Session:
            sent = (waits, waits, other)
            has_run = one.session_id in busy and one.run
            return replace(one, run=replace(one.run, sent=sent)) if has_run and one.run else one

        await at.look(each_session(at.engine.catalog, wait))
        await do(at, "stop")
        assert "4 prompts wait and will not be sent" in at.message


@pytest.mark.parametrize("deed", ["i", "stop", "send go on", "mode plan", "model opus"])
@pytest.mark.parametrize("answer", ["n", "enter", "escape"])
async def test_no_is_the_default_for_many(deed: str, answer: str) -> None:
    async with console() as at:
        await marked(at, busy=2)
        await do(at, deed)
        await at.press(answer)
        await at.answered()
        assert at.engine.asked == []
        assert len(at.view.marks) == 2


@pytest.mark.parametrize("deed", ["i", "stop", "send go on", "mode plan", "model opus"])
async def test_what_failed_and_what_was_not_possible_stay_marked(deed: str) -> None:
    async with console() as at:
        busy, idle = await marked(at, busy=3, idle=2)
        at.engine.refusing = {busy[1]}
        await do(at, deed)
        assert "3 sessions" in at.message
        assert "(2 without a running agent: left out)" in at.message
        await at.press("y")
        await at.answered()
        assert len(at.engine.asked) == 2
        assert "; 3 not, left marked: " in at.message
        assert f"{busy[1][:8]}: " in at.message
        told = {f"{one[:8]}, {other[:8]}: " for one, other in (idle, idle[::-1])}
        assert any(one in at.message for one in told)
        assert "nothing is running here" in at.message
        assert {key[1] for key in at.view.marks} == {busy[1], *idle}


@pytest.mark.parametrize(
    ("deed", "verb"),
    [
        ("i", "interrupt"),
        ("stop", "stop"),
        ("send go on", "send it to"),
        ("mode plan", "switch"),
        ("model opus", "switch"),
    ],
)
async def test_for_more_than_five_their_number_is_typed(deed: str, verb: str) -> None:
    async with console() as at:
        await marked(at, busy=6)
        await do(at, deed)
        assert f"Type 6 to {verb} them" in at.message
        await at.press("y", "enter")
        await at.until(lambda: "y is not 6" in at.text("bottom"))
        assert at.engine.asked == []
        await at.press("ctrl+u", "6", "enter")
        await at.answered()
        assert len(at.engine.asked) == 6


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("acceptEdits", "changes files unasked"),
        ("auto", "nobody is asked"),
        ("bypassPermissions", "runs every tool unasked"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_mode_that_lets_many_act_unasked_says_so_and_wants_their_number(
    mode: str, says: str, size: tuple[int, int]
) -> None:
    async with console(size=size) as at:
        await marked(at, busy=2)
        await do(at, f"mode {mode}")
        assert says in at.text("bottom")
        assert "Type 2 to switch them" in at.text("bottom")
        await at.press("enter")
        await at.answered()
        assert at.engine.asked == []


async def test_a_mode_that_lets_one_act_unasked_is_asked_about_and_others_are_not() -> None:
    async with console() as at:
        one = await at.choose(BUSY)
        await do(at, "mode bypassPermissions")
        assert "runs every tool unasked" in at.message
        await at.press("n")
        await at.answered()
        assert at.engine.asked == []
        await at.enter("mode plan")
        await at.answered()
        assert at.engine.asked == [("say_verb", "mode", one.address, "plan")]


async def test_a_prompt_for_many_is_typed_into_a_line_that_names_them() -> None:
    async with console() as at:
        busy, _ = await marked(at, busy=3)
        await at.enter("send")
        await at.until(lambda: "send to 3 sessions" in at.text("bottom"))
        assert "each of the 3 starts a turn" in at.text("bottom")
        await at.press(*"go on", "enter")
        await at.answered()
        assert sorted(acted(at)) == sorted(("send", one, "go on") for one in busy)
        assert len(at.engine.asked) == 3


async def test_a_typed_prompt_for_more_than_five_wants_their_number_too() -> None:
    async with console() as at:
        await marked(at, busy=6)
        await at.enter("send")
        await at.until(lambda: "send to 6 sessions" in at.text("bottom"))
        await at.press(*"go on", "enter")
        await at.until(lambda: "Type 6 to send it to them" in at.text("bottom"))
        assert at.engine.asked == []
        await at.press("6", "enter")
        await at.answered()
        assert len(at.engine.asked) == 6


async def test_hidden_marks_are_left_out_and_told() -> None:
    async with console() as at:
        busy, _ = await marked(at, busy=3)
        await at.press("slash", *f"id:{busy[0]}", "enter")
        await at.answered()
        await do(at, "i")
        assert "(2 marked but hidden: left out)" in at.message
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("interrupt", busy[0])]
        assert {key[1] for key in at.view.marks} == set(busy[1:])


async def test_with_none_that_runs_it_says_why_and_asks_nothing() -> None:
    async with console() as at:
        await marked(at, busy=0, idle=2)
        await at.press("i")
        assert not at.view.is_question_open
        assert "nothing is running here" in at.message
        for verb in ("stop", "send x", "mode plan", "model opus"):
            await at.enter(verb)
            await at.until(lambda: "nothing is running here" in at.text("bottom"))
            await at.press("escape")
            await at.answered()
        assert at.engine.asked == []


async def test_interrupting_many_says_how_many_run_elsewhere_and_wants_their_number() -> None:
    async with console() as at:
        busy, _ = await marked(at, busy=2)
        one = next(one for one in at.engine.catalog.sessions if one.session_id == busy[0])
        process = Process(4711, busy[0], proc_start="1", liveness=Liveness.BUSY)
        await at.look(with_session(at.engine.catalog, one.key, run=None, process=process))
        await do(at, "i")
        assert "1 of them run by other programs" in at.message
        assert "Type 2 to interrupt them" in at.message
        await at.press("2", "enter")
        await at.answered()
        assert len(at.engine.asked) == 2
        assert (await at.command()).endswith(" --yes")


async def test_a_program_that_takes_no_commands_is_left_out_of_many() -> None:
    async with console() as at:
        busy, _ = await marked(at, busy=2)
        one = next(one for one in at.engine.catalog.sessions if one.session_id == busy[0])
        await at.look(with_session(at.engine.catalog, one.key, run=None))
        await do(at, "send go on")
        assert "(1 without a running agent: left out)" in at.message


@pytest.mark.parametrize("line", ["stop --yes", "send --yes go", "mode --force plan", "send -- go"])
async def test_no_option_leads_past_the_question(line: str) -> None:
    async with console() as at:
        await marked(at, busy=2)
        await at.enter(line)
        await at.until(lambda: "takes no -" in at.text("bottom"))
        assert at.engine.asked == []


@pytest.mark.parametrize("verb", ["stop", "interrupt"])
async def test_a_word_that_names_no_session_stops_nothing(verb: str) -> None:
    async with console() as at:
        await marked(at, busy=2)
        await at.enter(f"{verb} everything")
        await at.until(lambda: "no session 'everything'" in at.text("bottom"))
        assert at.engine.asked == []


async def test_the_command_names_all_of_them() -> None:
    async with console() as at:
        await marked(at, busy=3)
        addresses = [one.address for one in at.engine.catalog.sessions if one.key in at.view.marks]
        await do(at, "send go on")
        await at.press("y")
        await at.answered()
        command = await at.command()
        assert all(one in command for one in addresses)
        assert command.endswith(" 'go on'")


async def test_in_live_a_key_takes_the_stream_shown_and_no_marks() -> None:
    async with console() as at:
        await marked(at, busy=2)
        one = await at.choose(BUSY)
        await at.press("enter")
        await do(at, "i")
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("interrupt", one.session_id)]
        assert len(at.view.marks) == 2


class Slow(FixedEngine):
    """An engine whose second interrupt waits until it is told to go on."""

    def interrupt(self, session: Session) -> ActionResult:
        if self.asked:
            self.goes_on.wait(60)
        return super().interrupt(session)


async def test_esc_waits_no_longer_and_the_rest_is_told_later() -> None:
    async with console(Slow()) as at:
        await marked(at, busy=3)
        await at.press("i", "y")
        await at.until(lambda: "1 of 3 interrupts sent" in at.text("bottom"))
        await at.press("escape")
        await at.answered()
        at.engine.goes_on.set()
        await at.until(lambda: at.message == "3 interrupts sent")
        assert len(at.engine.asked) == 3
