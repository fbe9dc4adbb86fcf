"""A prompt is in sight from Enter on, as sent, until the transcript has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_catalog import NOW, run_of, stream
from tests.support.console.fixed_engine import FixedEngine, FixedFollow
from tests.support.console.harness import Console, console
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.run import Phase, Progress, SentCommand
from tui.core.models.session import Liveness, Session
from tui.operations.stream.follow import StreamUpdate

PROMPT = "And who sells pumps?"
READY = "Longlist 2026"
BUSY = "PE platforms, DACH"
ASKED = SentCommand(kind="prompt", by="anna", at=NOW, text=PROMPT)
TAKEN = replace(ASKED, is_taken=True)
CLI = Progress(phase=Phase.CLI, since=NOW)
API = Progress(phase=Phase.API, since=NOW)
RETRY = Progress(phase=Phase.RETRY, since=NOW, status="529", attempt=7, most=10)
RUN_ID = "20261120T143000Z-0001"


def engine(**more: Any) -> FixedEngine:
    return FixedEngine(follower=FixedFollow(stream()), **more)


def live(at: Console) -> str:
    return "\n".join(row.strip(" │") for row in at.rows("live"))


async def resuming(at: Console) -> Session:
    session = await at.choose(READY)
    await at.press("r")
    await at.asked()
    await at.press(*PROMPT.replace(" ", "_").replace("?", "!"))
    return session


async def begun(at: Console, session: Session, **more: Any) -> None:
    """Let the next look find that the session runs."""
    run = run_of(session, "starting", **({"run_id": RUN_ID} | more))
    facts = {"run": run, "liveness": Liveness.BUSY, "last_activity_at": NOW}
    await at.look(with_session(at.engine.catalog, session.key, **facts))


TYPED = PROMPT.replace(" ", "_").replace("?", "!")


async def test_a_prompt_stands_in_live_while_its_run_is_being_started() -> None:
    """Nothing has been written yet: the start takes as long as its disk."""
    async with console(engine(slow={"start"})) as at:
        await resuming(at)
        assert f"> {TYPED}" not in live(at)

        await at.press("enter")

        assert f"> {TYPED}\n  sent by anna 0s ago, not taken yet".replace("  ", "") in squeezed(at)
        assert at.engine.asked == []
        at.engine.goes_on.set()
        await at.answered()
        assert TYPED in live(at)


def squeezed(at: Console) -> str:
    return "\n".join(line.strip() for line in live(at).split("\n"))


@pytest.mark.parametrize("key", ["", "j"])
async def test_a_run_that_appears_takes_nobody_along_who_has_gone_on(key: str) -> None:
    """Otherwise the next key would meet its session, under whatever filter it cleared."""
    async with console(engine()) as at:
        session = await resuming(at)
        await at.press("enter")
        await at.answered()
        await at.press("g", *key)
        chosen = at.view.selected
        await begun(at, session, progress=CLI, asked=replace(ASKED, text=TYPED, is_taken=False))
        at.tick()
        assert at.view.selected is not None
        assert chosen is not None
        assert at.view.selected == chosen


async def test_its_run_says_how_far_it_is_and_nothing_stands_twice() -> None:
    async with console(engine()) as at:
        session = await resuming(at)
        await at.press("enter")
        await at.answered()
        for progress, taken, words, state in (
            (CLI, False, "starting CLI", "○ starting"),
            (API, True, "waiting for the API", "○ asking-api"),
            (RETRY, True, "retrying 529 (7/10)", "◌ retrying"),
        ):
            asked = replace(ASKED, text=TYPED, is_taken=taken)
            await begun(at, session, progress=progress, asked=asked)
            await at.until(lambda words=words: words in live(at))  # type: ignore[misc]

            assert live(at).count(TYPED) == 1
            assert ("not taken yet" in live(at)) is not taken
            assert any(READY in row and state in row for row in at.rows("sessions"))


async def test_it_is_gone_from_the_end_once_the_transcript_has_it() -> None:
    async with console(engine()) as at:
        session = await resuming(at)
        await at.press("enter")
        await at.answered()
        asked = replace(ASKED, text=TYPED)
        follower = at.engine.follower
        assert follower is not None
        await begun(at, session, progress=API, asked=asked)
        await at.until(lambda: "sent by anna" in live(at))

        told = Entry(EntryKind.PROMPT, TYPED, at=NOW + timedelta(seconds=1), place=0)
        follower.entries, follower.is_told = (told,), False
        await at.until(lambda: "sent by" not in live(at))

        assert live(at).count(TYPED) == 1


async def test_a_start_that_is_refused_takes_it_back() -> None:
    async with console(engine(slow={"start"})) as at:
        session = await resuming(at)
        at.engine.refusing.add(session.session_id)
        await at.press("enter")
        assert "not taken yet" in live(at)

        at.engine.goes_on.set()
        await at.until(lambda: "is locked" in at.text())

        assert "sent by" not in live(at)


async def test_a_follow_up_is_in_sight_before_its_run_has_it() -> None:
    async with console(engine(slow={"send"})) as at:
        session = await at.choose(BUSY)
        await at.enter("send")
        await at.asked()
        await at.press(*TYPED, "enter")

        assert "sent by anna 0s ago, not taken yet" in live(at)
        at.engine.goes_on.set()
        await at.answered()
        queued = replace(ASKED, text=TYPED, is_taken=True)
        await begun(at, session, run_id=session.run.run_id if session.run else "", sent=(queued,))
        await at.until(lambda: "it runs after this turn" in live(at))
        assert live(at).count(TYPED) == 1


@pytest.mark.parametrize(
    ("state", "taken", "said"),
    [
        ("busy", False, "sent by bert 0s ago, not accepted yet"),
        ("busy", True, "sent by bert, queued: it runs after this turn"),
        ("failed", False, "sent by bert: never sent to the agent"),
    ],
)
async def test_a_colleagues_prompt_is_in_sight_and_says_what_became_of_it(
    state: str, taken: bool, said: str
) -> None:
    async with console(engine()) as at:
        session = await at.choose(BUSY)
        sent = SentCommand(kind="prompt", by="bert", at=NOW, text="One\nand two", is_taken=taken)
        run = run_of(session, state, sent=(sent,))
        await at.look(with_session(at.engine.catalog, session.key, run=run))

        await at.until(lambda: said in live(at))

        assert "> One\nand two\n" in squeezed(at)


async def test_a_first_prompt_that_never_reached_its_agent_says_so() -> None:
    async with console(engine()) as at:
        session = await at.choose(BUSY)
        run = run_of(session, "failed", asked=ASKED, error="the CLI cannot be started")
        await at.look(with_session(at.engine.catalog, session.key, run=run))

        await at.until(lambda: "never sent to the agent" in live(at))

        assert f"> {PROMPT}" in live(at)


async def test_a_new_session_is_in_sight_before_there_is_a_file_of_it() -> None:
    async with console(engine(slow={"start"})) as at:
        await at.enter("new hollis_park --stage stage_2")
        await at.asked()
        await at.press(*TYPED, "enter")

        assert "hollis_park  stage 2" in at.rows("live")[0]
        assert "starting CLI" in at.rows("live")[0]
        assert f"> {TYPED}" in live(at)
        at.engine.goes_on.set()
        await at.answered()
        await at.press("j")
        await at.until(lambda: TYPED not in live(at))


async def test_what_is_polled_is_newer_than_the_catalog() -> None:
    """The catalog is read once a second, the stream several times."""
    async with console(engine()) as at:
        session = await at.choose(BUSY)
        await begun(at, session, progress=CLI, asked=ASKED)
        await at.until(lambda: "starting CLI" in live(at))

        known = next(one for one in at.engine.catalog.sessions if one.key == session.key)
        assert known.run is not None
        polled = replace(known.run, progress=API, asked=TAKEN)
        at.engine.follower = _Polled(polled)
        await at.choose(READY)
        await at.choose(BUSY)

        await at.until(lambda: "waiting for the API" in live(at))


class _Polled(FixedFollow):
    def __init__(self, run: Any) -> None:
        super().__init__(stream())
        self.run = run

    def poll(self, session: Session) -> StreamUpdate:
        mine = session.key == (self.run.listing, self.run.session_id)
        return replace(super().poll(session), run=self.run if mine else None)
