"""Tags, notes and snoozes at the `:` line: on the selection or the marks, and on the screen."""

from __future__ import annotations

import asyncio
import shlex
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console, console_over
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.core.models.annotation import Annotation, Note
from tui.core.models.row import Status
from tui.core.models.session import Acknowledgement
from tui.core.sessions.attention import Need, mark_of
from tui.operations.sessions import annotate
from tui.ui.engine.real_engine import RealEngine

TITLE = "Tier-1 suppliers"


def needing(top: str) -> str:
    """Return how many sessions failed, as the top line says."""
    words = top.split()
    return words[words.index("failed") - 1]


def noted(title: str, note: str) -> FixedEngine:
    """Return an engine in which the session of this title has a note."""
    engine = FixedEngine()
    annotation = Annotation(note=Note(content=note, by="bert", at=NOW))
    key = next(one.key for one in engine.catalog.sessions if one.title == title)
    return FixedEngine(catalog=with_session(engine.catalog, key, annotation=annotation))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("tag urgent dach", ("tag", "ADDRESS", "urgent", "dach")),
        (
            "tag --remove urgent --remove dach",
            ("tag", "ADDRESS", "--remove", "urgent", "--remove", "dach"),
        ),
        ("snooze 4h", ("snooze", "ADDRESS", "4h")),
        ("snooze off", ("snooze", "ADDRESS", "off")),
    ],
)
async def test_they_act_on_the_selected_session(typed: str, words: tuple[str, ...]) -> None:
    async with console() as at:
        one = await at.choose(TITLE)
        await at.enter(typed)
        await at.answered()
        said = tuple(one.address if word == "ADDRESS" else word for word in words)
        assert at.engine.asked == [("say_verb", *said)]
        assert shlex.split(await at.command())[-len(said) :] == list(said)


@pytest.mark.parametrize(("typed", "text"), [("note call them", "call them"), ("note ''", "")])
async def test_a_note_is_written_on_the_session_as_it_was_shown(typed: str, text: str) -> None:
    """Run as a verb, it would read the session again, and overwrite a note that came meanwhile."""
    async with console() as at:
        one = await at.choose(TITLE)
        await at.enter(typed)
        await at.answered()
        assert at.engine.asked == [("note", one.session_id, text)]
        assert shlex.split(await at.command())[-3:] == ["note", one.address, text]


async def test_a_note_that_a_colleague_wrote_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    await asyncio.to_thread(listing.add, FIRST)
    context = listing.context()
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    async with console_over(engine, waits=False) as at:
        await at.until(lambda: len(at.listed) == 1)
        await at.enter("note")
        await at.until(lambda: "note on" in at.text("bottom"))
        session = await asyncio.to_thread(listing.session, FIRST)
        bert = listing.context(operator="bert")
        await asyncio.to_thread(annotate.note, bert, session, "bert's")
        await at.press(*"mine", "enter")
        await at.until(lambda: "changed in the meantime" in at.text("bottom"))
    assert (await asyncio.to_thread(listing.session, FIRST)).note == "bert's"


@pytest.mark.parametrize("verb", ["tag urgent", "snooze 4h"])
async def test_they_act_on_the_marks_and_what_failed_stays_marked(verb: str) -> None:
    async with console() as at:
        await at.press("s")
        first, second, third = at.listed[:3]
        at.engine.refusing = {second[1]}
        await at.press("space", "space", "space")
        await at.enter(verb)
        await at.until(lambda: "3 sessions in 3 listings?" in at.message)
        assert at.engine.asked == []
        await at.press("y")
        await at.answered()
        assert [asked[2] for asked in at.engine.asked] == ["/".join(first), "/".join(third)]
        assert f"2 done; 1 not, left marked: {second[1][:8]}: " in at.message
        assert at.view.marks == {second}


async def test_a_note_on_the_marks_leaves_what_failed_marked() -> None:
    async with console() as at:
        await at.press("s")
        first, second, third = at.listed[:3]
        at.engine.refusing = {second[1]}
        await at.press("space", "space", "space")
        await at.enter("note call them")
        await at.asked()
        await at.press("enter")
        await at.answered()
        assert at.engine.asked == [("note", one[1], "call them") for one in (first, third)]
        assert at.message.startswith(f"2 noted; 1 not, left marked: {second[1][:8]}: ")
        assert at.view.marks == {second}


@pytest.mark.parametrize("verb", ["note x", "note"])
async def test_a_console_that_may_only_look_asks_for_no_note(verb: str) -> None:
    async with console(FixedEngine(is_read_only=True)) as at:
        await at.choose(TITLE)
        await at.enter(verb)
        await at.until(lambda: "is read-only" in at.text("bottom"))
        assert at.engine.asked == []


async def test_a_note_without_words_is_edited() -> None:
    async with console(noted(TITLE, "call them")) as at:
        one = await at.choose(TITLE)
        await at.enter("note")
        await at.until(lambda: "note on" in at.text("bottom"))
        assert at.typed == "call them"
        await at.press(*" back", "enter")
        await at.answered()
        assert at.engine.asked == [("note", one.session_id, "call them back")]


async def test_an_empty_note_says_that_it_clears_what_there_is() -> None:
    async with console(noted(TITLE, "call them")) as at:
        one = await at.choose(TITLE)
        await at.enter("note")
        await at.until(lambda: "note on" in at.text("bottom"))
        await at.press("ctrl+u")
        assert "clears 1" in at.text("bottom")
        await at.press("enter")
        await at.answered()
        assert at.engine.asked == [("note", one.session_id, "")]


async def test_a_note_that_is_too_long_says_so_before_enter() -> None:
    async with console() as at:
        await at.choose(TITLE)
        await at.enter("note")
        await at.until(lambda: "note on" in at.text("bottom"))
        await at.paste("x" * 507)
        assert "7 characters too long" in at.text("bottom")


async def test_a_note_has_its_sign_in_the_row_and_its_legend_in_the_help() -> None:
    async with console(noted(TITLE, "call them")) as at:
        await at.choose(TITLE)
        assert f"[n] {TITLE}"[:12] in at.text("sessions")
        await at.press("question_mark")
        assert "[n]" in at.page
        assert "[z]" in at.page


async def test_what_is_snoozed_counts_again_when_its_time_is_over() -> None:
    """Nothing on the disk changes then: only the clock says so."""
    engine = FixedEngine()
    sessions = engine.catalog.sessions
    failed = next(one for one in sessions if one.status == Status.FAILED and not one.ack)
    until = engine.moment + timedelta(minutes=30)
    ack = Acknowledgement("bert", engine.moment, mark_of(failed, Need.FAILED), until)
    engine.catalog = with_session(engine.catalog, failed.key, ack=ack)
    async with console(engine, (200, 50)) as at:
        before = at.top
        await at.choose_session(failed.session_id)
        await at.until(lambda: "snoozed by bert, 30m left" in at.text("live"))
        at.tick(minutes=29)
        await at.until(lambda: "snoozed by bert, 1m left" in at.text("live"))
        assert needing(at.top) == needing(before)
        at.tick(minutes=2)
        await at.until(lambda: needing(at.top) != needing(before))
        assert "snoozed" not in at.text("live")
