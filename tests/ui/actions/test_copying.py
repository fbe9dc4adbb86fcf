"""`Y` copies the command that does what was just done; running it does the same."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console, console_over
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.processes.forked_cli import run_verb
from tui.__main__ import say_verb
from tui.cli.parser import build_parser
from tui.cli.verb_info import verb_infos
from tui.core.models.session import Liveness, Process
from tui.operations.context import Context, VerbOutput
from tui.settings import Settings
from tui.ui.engine.real_engine import RealEngine

THIRD = FIRST.replace("9f2c", "9f2e")


def listing_below(root: Path) -> SampleListing:
    listing = SampleListing(root, "hollis park;x")
    for session_id, days in ((FIRST, 3), (SECOND, 4), (THIRD, 0.01)):
        listing.add(session_id, days=days)
    return listing


def run(words: Sequence[str]) -> str:
    ours = {name: one for name, one in os.environ.items() if not name.startswith("PYTHON")}
    done = run_verb(words[1:], ours)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(root: Path) -> dict[str, Any]:
    """Return status, state and hours left of each session: what an action can change."""
    said = json.loads(run(["", "--root", str(root), "ls", "--json"]))
    return {
        one["session_id"]: (one["status"], one["state"], round((one["expires_in_s"] or 0) / 3600))
        for one in said
    }


@pytest.mark.parametrize(
    "keys",
    [
        ("e", *"9d", "enter"),
        ("space", "space", "e", *"+2d", "enter"),
        ("d", "y"),
        ("asterisk", "d", "y"),
        ("c", "enter", "y"),
        ("colon", *"fail --reason 'wrong client'", "enter"),
    ],
    ids=["extend", "extend marks", "delete", "delete marks", "clean-up", "verb"],
)
async def test_the_copied_command_does_the_same(tmp_path: Path, keys: tuple[str, ...]) -> None:
    root, other = tmp_path / "a root", tmp_path / "other"
    listing = await asyncio.to_thread(listing_below, root)
    shutil.copytree(root, other)
    context = listing.context()
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    async with console_over(engine, waits=False) as at:
        await at.until(lambda: len(at.listed) == 3)
        await at.press(*keys)
        await at.answered()
        command = await at.command()
    words = shlex.split(command)
    assert words[:3] == ["session-console", "--root", str(root)]
    before = await asyncio.to_thread(rows, other)
    await asyncio.to_thread(run, [*words[:2], str(other), *words[3:]])
    found = await asyncio.to_thread(rows, other)
    assert found != before
    assert found == await asyncio.to_thread(rows, root)


def words(command: str) -> tuple[str, ...]:
    """Return the verb of a copied command, and what follows it."""
    program, root, _, *rest = shlex.split(command)
    assert (program, root) == ("session-console", "--root")
    return tuple(rest)


def read(command: str) -> dict[str, Any]:
    """Return how the command line parses a command."""
    return vars(build_parser().read(shlex.split(command)[1:]))


@pytest.mark.parametrize(
    ("title", "keys", "expected"),
    [
        ("First screen", ("r", *"Go 'on' $HOME", "enter"), {"prompt": "Go 'on' $HOME"}),
        ("First screen", ("r", *"-x", "enter"), {"verb": "resume", "prompt": "-x"}),
        ("First screen", ("r", "enter"), {"verb": "resume", "prompt": ""}),
        (
            "First screen",
            ("r", *"--model opus --max-turns 5 Go", "enter"),
            {"verb": "resume", "model": "opus", "max_turns": "5", "prompt": "Go"},
        ),
        ("First screen", ("colon", *"resume --fork", "enter", *"Go", "enter"), {"fork": True}),
        ("First screen", ("d", "y"), {"verb": "delete", "yes": True}),
        ("First screen", ("e", "escape", "d", "n"), {"verb": "show"}),
        ("First screen", ("c", "enter", "y"), {"verb": "cleanup", "yes": True}),
        ("First screen", ("e", "escape", "c", "enter", "n"), {"verb": "show"}),
        ("First screen", ("e", "escape"), {"verb": "extend", "until": "7"}),
        ("Strategic buyers, pumps", ("a", "y"), {"verb": "answer", "input": "5e1f" * 4}),
        (
            "Strategic buyers, pumps",
            ("a", "n", *"not --now", "enter"),
            {"verb": "answer", "decision": "deny", "reason": "not --now"},
        ),
        ("First screen", ("slash", *"!live it", "enter"), {"verb": "ls", "filter": "!live it"}),
        (
            "First screen",
            ("s", "s", "o", "slash", *"live", "enter"),
            {"verb": "ls", "filter": "live", "sort": "quiet:desc"},
        ),
        ("First screen", ("e", "enter", "j"), {"verb": "show"}),
        ("First screen", ("e", "enter", "1"), {"verb": "ls", "listing": None}),
        ("First screen", ("4",), {"verb": "tail", "follow": True}),
        ("First screen", ("e", "enter", "colon", *"tail", "enter"), {"verb": "tail"}),
    ],
)  # fmt: skip
async def test_the_command_says_what_was_asked_for(
    title: str, keys: tuple[str, ...], expected: dict[str, Any]
) -> None:
    async with console() as at:
        await at.choose(title)
        for number, key in enumerate(keys):
            await at.press(key)
            if key == "a":
                await at.asked()
                await at.until(lambda: at.is_page_read)
            elif keys[:2] == ("a", "n") and number == 1:  # what is typed ahead is dropped
                await at.until(lambda: "reason" in at.message)
        await at.answered()
        found = read(await at.command())
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("e", *"3"), {"verb": "extend", "until": "3"}),
        (("r", *"it's"), {"verb": "resume", "prompt": "it's"}),
        (("r",), {"verb": "resume", "prompt": ""}),
        (("d",), {"verb": "delete", "yes": False}),
        (("c",), {"verb": "cleanup", "expired": True, "yes": False}),
        (("c", "enter"), {"verb": "cleanup", "yes": False}),
        (("c", *"30d"), {"verb": "cleanup", "older_than": "30d", "expired": False}),
        (("slash", *"failed"), {"verb": "ls", "filter": "failed"}),
        (("colon", *"resume --fork", "enter", *"Go"), {"fork": True, "prompt": "Go"}),
        (("colon", *"new a b", "enter", *"Go"), {"stage": "b", "prompt": "Go"}),
        (("colon", *"rename", "enter", "ctrl+u", *"-x"), {"verb": "rename", "title": "-x"}),
        (("colon", *"restore", "enter", *"9f2c"), {"verb": "restore", "id": "9f2c"}),
    ],
)  # fmt: skip
async def test_a_question_that_is_left_stands_for_what_was_typed(
    keys: tuple[str, ...], expected: dict[str, Any]
) -> None:
    """Also when another question was asked and left before it."""
    async with console() as at:
        await at.choose("First screen")
        for asked in (("e", *"5"), keys):
            await at.press(*asked, "escape")
            await at.answered()
        found = read(await at.command())
        assert {name: found[name] for name in expected} == expected
        assert at.engine.asked == []


async def test_a_follow_up_that_is_left_stands_for_what_was_typed() -> None:
    async with console() as at:
        await at.choose("PE platforms, DACH")
        await at.press("colon", *"send", "enter", *"hi", "escape")
        await at.answered()
        found = read(await at.command())
        assert (found["verb"], found["prompt"]) == ("send", "hi")


async def test_the_command_of_an_answer_that_was_not_given_names_the_session() -> None:
    async with console() as at:
        one = await at.choose("Strategic buyers, pumps")
        await at.press("a")
        await at.asked()
        await at.press("escape")
        await at.answered()
        assert words(await at.command()) == ("show", one.address)


@pytest.mark.parametrize(("key", "sure"), [("n", ()), ("escape", ()), ("y", ("--yes",))])
async def test_only_who_said_yes_to_an_interrupt_copies_the_yes(
    key: str, sure: tuple[str, ...]
) -> None:
    """The turn is run by another program, so `i` asks first."""
    async with console() as at:
        one = await at.choose("PE platforms, DACH")
        process = Process(4711, one.session_id, proc_start="1", liveness=Liveness.BUSY)
        await at.look(with_session(at.engine.catalog, one.key, run=None, process=process))
        await at.press("i")
        await at.asked()
        await at.press(key)
        await at.answered()
        assert words(await at.command()) == ("interrupt", one.address, *sure)


async def test_a_copied_command_is_shown_in_full_until_a_key_is_pressed() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("e", *"12h", "escape")
        await at.answered()
        await at.press("Y")
        await at.until(lambda: len(at.rows("bottom")) > 2)
        assert f": {at.clipboard} ? help" in at.text("bottom")
        assert at.rows("sessions")
        at.tell("bert extended 9f2c")
        for _ in range(3):
            at.tick()
        assert f": {at.clipboard} ? help" in at.text("bottom")
        await at.press("j")
        await at.until(lambda: len(at.rows("bottom")) == 2)


async def test_a_command_too_long_for_the_message_line_is_a_page() -> None:
    async with console() as at:
        await at.press("asterisk", "r")
        await at.asked()
        await at.press("escape")
        await at.answered()
        await at.press("Y")
        await at.until(lambda: at.view.is_page_open)
        assert "".join(at.page.split()) == "".join(at.clipboard.split())
        assert "sent to the terminal (OSC 52, which it may ignore)" in at.message


async def test_a_configured_root_is_left_out_of_the_command() -> None:
    async with console(FixedEngine(is_root_configured=True)) as at:
        await at.press("1")
        assert (await at.command()).split()[:2] == ["session-console", "ls"]


@pytest.mark.parametrize(
    ("origin", "root", "environment", "is_left_out"),
    [
        ("file", "/srv/a", {}, True),
        ("file", "/srv/a", {"SESSION_CONSOLE_CONFIG": "/etc/x.toml"}, False),
        ("file", "data", {}, False),
        ("environment", "/srv/a", {}, False),
        ("flag", "/srv/a", {}, False),
    ],
)
def test_a_root_is_left_out_only_where_every_shell_knows_it(
    monkeypatch: pytest.MonkeyPatch,
    origin: str, root: str, environment: dict[str, str], is_left_out: bool,
) -> None:  # fmt: skip
    for name in ("SESSION_CONSOLE_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings(root=Path(root), origins={"root": origin})
    engine = RealEngine(Context(settings, lambda: NOW), lambda words, width: VerbOutput(0, ()), ())
    assert engine.is_root_configured is is_left_out


async def test_resume_of_marks_names_them_all() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("asterisk", "r")
        await at.asked()
        await at.press(*"Go", "enter")
        await at.answered()
        found = read(await at.command())
        names = [found["id"], *found["also"]]
        assert len(set(names)) == len(names) > 1
        assert len(names) == sum(asked[0] == "start" for asked in at.engine.asked)


def test_ls_takes_the_words_of_the_filter(tmp_path: Path) -> None:
    listing_below(tmp_path)
    said = json.loads(
        run(["", "--root", str(tmp_path), "ls", "--json", "--filter", "<80h id:9f2c"])
    )
    assert [one["session_id"] for one in said] == [FIRST]
