"""The console over a root full of hostile text: nothing it paints acts on the terminal."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests.support.console.harness import Console, console_over
from tests.support.hostile.hostile_root import ALL, WAITING, HostileRoot, hostile_root
from tests.support.hostile.payloads import LITTER, acts
from tests.support.listings.sample_listing import FIRST
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.core.console.pane_table import SESSIONS
from tui.operations.context import Context, VerbInfo
from tui.settings import load_settings
from tui.ui.actions.verb_line.verbs import OWN
from tui.ui.engine.real_engine import RealEngine

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
    """Start a console over the root for an operator with a hostile login."""
    settings = load_settings(os.environ | root.environment, {"root": root.root})
    context = Context(settings, lambda: datetime.now(UTC))
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    async with console_over(engine, size) as at:
        await at.until(lambda: bool(at.listed))
        yield at
        assert at.exit_code is None
        assert root.driver.poll() is None


async def choose(at: Console, session_id: str) -> None:
    """Select a session, and wait for its stream."""
    await at.choose_session(session_id)
    await at.until(lambda: at.entries > 0)


def seen(at: Console) -> str:
    """Return everything painted now, having checked that none of it acts."""
    lines = at.rows()
    assert [line for line in lines if acts(line) or not line.isprintable()] == []
    text = "\n".join(lines)
    assert [one for one in LITTER if one in text] == []
    return text


async def leave(at: Console) -> None:
    """Leave every question and page, and go back to the panes."""
    for _ in range(9):
        if not at.view.is_question_open:
            break
        await at.press("escape")
        await at.pause(0.02)
    await at.answered()
    for _ in range(3):
        if at.view.is_page_open or at.view.is_full:
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
        await at.press("slash")
        await at.asked()
        await at.paste("good")
        await at.press("enter")
        await at.answered()
        assert "goodend" in seen(at)
        await leave(at)
        await at.press("escape")


async def copy(at: Console, key: str) -> None:
    """Press a key that copies, again while what it copies is still being read."""
    for _ in range(30):
        await at.press(key)
        for _ in range(50):
            if at.message.startswith("sent to"):
                return
            await at.pause(0.02)
    raise AssertionError("nothing was copied")


async def test_what_is_copied_is_safe(root: HostileRoot) -> None:
    """Also the command that `Y` copies, which names the root and the listing."""
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
            at.say("")
            await at.press(*keys[:-1])
            await copy(at, keys[-1])
            copied.append(at.clipboard)
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
    """Press a key that asks, give a hostile answer, check what is painted, and leave."""
    await at.press(key)
    await at.until(lambda: at.is_asking or not at.view.is_question_open)
    seen(at)
    if at.is_asking and key in _TYPED_AT:
        await at.paste(ALL)
        seen(at)
        await at.press("enter")
        await at.pause(0.1)
        seen(at)
    await leave(at)
    seen(at)


async def test_no_filter_acts(root: HostileRoot) -> None:
    async with console(root) as at:
        for text in (ALL, "[/red]", "stage:\x1b[31m", "good"):
            await at.press("slash")
            await at.asked()
            await at.paste(text)
            await at.press("enter")  # what is no filter is refused, and the line stays open
            seen(at)
            await at.press("escape")
            await at.answered()


async def test_no_verb_of_the_line_acts(root: HostileRoot) -> None:
    """Tries every declared verb, also one that is added later."""
    async with console(root) as at:
        for number, verb in enumerate(VERBS.values()):
            await choose(at, WAITING if number % 2 else FIRST)
            await say(at, verb, GIVEN.get(verb.name, ALL))


async def say(at: Console, verb: VerbInfo, words: str) -> None:
    """Run a verb on the `:` line, check what is painted, and leave."""
    await at.press("colon")
    await at.asked()
    await at.paste(f"{verb.name} {words}".replace("'", "").replace("\\", ""))
    await at.press("enter")
    await at.until(lambda: at.is_asking or not at.view.is_question_open)
    seen(at)
    await leave(at)
    seen(at)
