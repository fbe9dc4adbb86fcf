"""The real engine over a root in which everything is hostile: no screen of the console acts."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from textual import events

from tests.make_screenshots import settled
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.piloted import Console
from tests.support.hostile.hostile_root import ALL, WAITING, HostileRoot, hostile_root
from tests.support.hostile.payloads import LITTER, acts
from tests.support.listings.sample_listing import FIRST
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.core.console.pane_table import SESSIONS
from tui.operations.context import Context, VerbInfo
from tui.settings import load_settings
from tui.ui.actions.verb_line.verbs import OWN
from tui.ui.app import ConsoleApp
from tui.ui.engine.real_engine import RealEngine
from tui.ui.widgets.pane import Pane

VERBS = {verb.name: verb for verb in (*verb_infos(), *OWN) if verb.name != "quit"}
# What a verb is given beside the selected session; a new verb is given the payloads.
_TYPED_AT = "rec"  # the keys that ask for words; the others for a choice
GIVEN = {"extend": "7d", "grep": "good", "answer": "", "send": "go on", "export": "", "hold": ""}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileRoot]:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.chdir(tmp_path)
    with hostile_root(tmp_path) as root:
        yield root


@asynccontextmanager
async def console(root: HostileRoot, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Console]:
    """A console of an operator with a hostile login over the root."""
    settings = load_settings(os.environ | root.environment, {"root": root.root})
    context = Context(settings, lambda: datetime.now(UTC))
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    async with ConsoleApp(engine).run_test(size=size) as pilot:
        await settled(pilot)
        at = Console(pilot, FixedEngine())  # nothing is asked of this one
        await at.until(lambda: at.screen.store.catalog is not None and bool(at.panes.sessions.keys))
        yield at
        assert pilot.app.is_running
        assert root.driver.poll() is None


async def choose(at: Console, session_id: str) -> None:
    """Put the selection on a session, and wait for its stream."""
    key = next(key for key in at.panes.sessions.keys if key[1] == session_id)
    at.panes.sessions.select(key)
    await at.until(lambda: at.panes.live.count > 0)


def seen(at: Console) -> str:
    """Return everything that is painted now, after a look that none of it acts."""
    lines = [
        pane.render_line(y).text
        for pane in at.screen.query(Pane)
        if pane.region.area
        for y in range(pane.size.height)
    ]
    assert [line for line in lines if acts(line) or not line.isprintable()] == []
    text = "\n".join(lines)
    assert [one for one in LITTER if one in text] == []
    return text


async def paste(at: Console, text: str) -> None:
    """Put words into the line as a terminal's paste does."""
    at.panes.question.post_message(events.Paste(text))
    await at.pilot.pause()


async def leave(at: Console) -> None:
    """Answer no question, and go back to the four panes."""
    for _ in range(9):
        if not at.panes.question.is_open:
            break
        await at.press("escape")
        await at.pilot.pause(0.02)
    await at.answered()
    for _ in range(3):
        if at.panes.page.is_open or at.view.is_full:
            await at.press("q")
    if at.view.pane != SESSIONS:
        await at.press("2")


async def test_no_pane_acts(root: HostileRoot) -> None:
    async with console(root, (120, 36)) as at:
        for session_id in (FIRST, WAITING):
            await choose(at, session_id)
            for key in (
                "1",
                "2",
                "3",
                "4",
                "t",
                "t",
                "t",
                "s",
                "space",
                "asterisk",
                "exclamation_mark",
            ):
                await at.press(key)
            assert "goodend" in seen(at) or key in "exclamation_mark"
        await leave(at)
        await at.press("enter", "left_square_bracket", "enter")
        assert "goodend" in seen(at)
        at.panes.live.is_full = True
        await at.press("slash")
        await at.asked()
        await paste(at, "good")
        await at.press("enter")
        await at.answered()
        assert "goodend" in seen(at)
        await leave(at)
        await at.press("escape")


async def copy(at: Console, key: str) -> None:
    """Press a copying key, again while what it copies is still being read."""
    for _ in range(30):
        await at.press(key)
        for _ in range(50):
            if at.message.startswith("sent to"):
                return
            await at.pilot.pause(0.02)
    raise AssertionError("nothing was copied")


async def test_what_is_copied_is_safe(root: HostileRoot) -> None:
    """Also by the command that a key stands for, which names the root and the listing."""
    async with console(root) as at:
        await choose(at, FIRST)
        copied = []
        for keys in (
            ("Y",),
            ("1", "Y"),
            ("2", "enter", "Y"),
            ("g", "y"),
            *[("right_square_bracket", "y")] * 12,
        ):
            at.panes.question.say("")
            await at.press(*keys[:-1])
            await copy(at, keys[-1])
            copied.append(at.pilot.app.clipboard)
            seen(at)
        assert [text for text in copied if acts(text)] == []
        assert any("goodend" in text for text in copied)


@pytest.mark.parametrize(("session_id", "keys"), [(FIRST, "reduc"), (WAITING, "ai")])
async def test_no_question_acts(root: HostileRoot, session_id: str, keys: str) -> None:
    async with console(root) as at:
        await choose(at, session_id)
        for key in keys:
            await ask(at, key)


async def ask(at: Console, key: str) -> None:
    """Let a key ask, look at its question and at what comes of a hostile answer, and leave it."""
    await at.press(key)
    await at.until(lambda: at.panes.question.is_asking or not at.panes.question.is_open)
    seen(at)
    if at.panes.question.is_asking and key in _TYPED_AT:
        await paste(at, ALL)
        seen(at)
        await at.press("enter")
        await at.pilot.pause(0.1)
        seen(at)
    await leave(at)
    seen(at)


async def test_no_filter_acts(root: HostileRoot) -> None:
    async with console(root) as at:
        for text in (ALL, "[/red]", "stage:\x1b[31m", "good"):
            await at.press("slash")
            await at.asked()
            await paste(at, text)
            await at.press("enter")
            await at.answered()
            seen(at)
            await at.press("escape")


async def test_no_verb_of_the_line_acts(root: HostileRoot) -> None:
    """Every verb, by its declaration: one that is added is tried as well."""
    async with console(root) as at:
        for number, verb in enumerate(VERBS.values()):
            await choose(at, WAITING if number % 2 else FIRST)
            await say(at, verb, GIVEN.get(verb.name, ALL))


async def say(at: Console, verb: VerbInfo, words: str) -> None:
    """Say a verb at the `:` line, look at all that comes of it, and leave it."""
    await at.press("colon")
    await at.asked()
    await paste(at, f"{verb.name} {words}".replace("'", "").replace("\\", ""))
    await at.press("enter")
    await at.until(lambda: at.panes.question.is_asking or not at.panes.question.is_open)
    seen(at)
    await leave(at)
    seen(at)
