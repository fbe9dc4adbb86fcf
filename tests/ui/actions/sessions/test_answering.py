"""Answering requests: everything is shown first, questions come in turn, and the bell rings."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.permission_requests import (
    TITLE,
    digest,
    engine_asking,
    open_request,
    page_through,
    painted_input,
)
from tests.support.listings.painted_request import read_back
from tui.core.console.keymap import KEYS
from tui.core.text import request_rows
from tui.core.text.safe_text import agreed, cell_width, safe_text
from tui.operations.context import ActionResult

_LEAVING = {"q", "ctrl+z", "ctrl+c"}
EDIT = {"file_path": "list.md", "old_string": "a\nb", "new_string": "a\nc"}
QUESTIONS = [
    {"question": "Which region?", "options": [{"label": "Europe"}, {"label": "Asia"}]},
    {"question": "Which ones?", "multiSelect": True, "options": [{"label": "Big"}]},
]


def line(at: Console) -> str:
    """Return the first row at the bottom: the question, or why an answer was not taken."""
    return at.rows("bottom")[0]


async def test_an_edit_is_shown_as_a_diff_whole_before_it_is_allowed() -> None:
    async with console(engine_asking("Edit", EDIT)) as at:
        one = await open_request(at)
        assert "allow Edit" in at.message
        assert painted_input(await page_through(at)) == EDIT
        assert "|- b" in at.page
        assert "|+ c" in at.page
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("answer", one.session_id, "allow", "")]
        assert at.engine.shown == [digest(EDIT)]
        assert not at.view.is_page_open


async def test_nothing_is_granted_before_its_last_page_was_in_sight() -> None:
    """Without the check of what was painted, `y` on the first page would allow it."""
    given = {"file_path": "a", "content": "\n".join(f"line {n}" for n in range(60))}
    async with console(engine_asking("Write", given)) as at:
        one = await open_request(at)
        for key in ("y", "A"):
            await at.press(key)
            assert "page 1 of 4: read all of it" in line(at)
        await at.press("l", "pagedown", "y")
        assert "page 3 of 4" in line(at)
        await at.press("space", "pageup", "y")
        await at.answered()
        assert at.engine.asked == [("answer", one.session_id, "allow", "")]


async def test_a_page_that_was_left_out_by_a_new_width_is_not_seen() -> None:
    given = {"command": "x" * 3_000}
    async with console(engine_asking("Bash", given)) as at:
        await open_request(at)
        await page_through(at)
        assert at.is_page_read
        await at.resize(70, 24)
        await at.press("y")
        assert "read all of it" in line(at)
        await at.press(*["b"] * 9)
        assert painted_input(await page_through(at)) == given


async def test_what_was_typed_before_the_request_was_there_grants_nothing() -> None:
    """Neither `y` nor `A` typed at once with `a` counts: nothing was painted yet."""
    async with console() as at:
        await at.choose(TITLE)
        await at.burst(*"ayA")
        await at.asked()
        await at.pause()
        assert at.is_asking
        assert at.engine.asked == []


async def test_the_key_that_asks_grants_nothing_and_always_is_typed() -> None:
    async with console() as at:
        one = await open_request(at)
        await at.press("a", "a", "A")
        await at.until(lambda: "type always" in at.message)
        assert "every call of Bash\n by this run" in at.page
        await at.press("A", "enter")
        await at.until(lambda: "does not allow anything" in line(at))
        await at.press("backspace", "enter")
        await at.until(lambda: "allow Bash" in at.message)
        assert at.engine.asked == []
        await at.press("A", *"always", "enter")
        await at.answered()
        assert at.engine.asked == [("answer", one.session_id, "always", "")]
        assert at.engine.shown == ["5e1f" * 16]


@pytest.mark.parametrize("problem", ["", "12 characters not shown: it can only be denied"])
async def test_what_can_only_be_denied_offers_nothing_else(problem: str) -> None:
    engine = engine_asking("Bash", {"command": "ls"}, problem)
    engine.denies = "" if problem else "you can only deny it"
    async with console(engine) as at:
        one = await open_request(at)
        assert "only" in at.message
        assert at.rows("bottom")[1].startswith(" n deny  w wait longer  l next page  ")
        assert at.greyed(1) == "l next page"  # all of it is on one page
        await at.press("y", "A", "n")
        await at.until(lambda: "deny: reason?" in at.message)
        await at.press(*"no", "enter")
        await at.answered()
        assert at.engine.asked == [("answer", one.session_id, "deny", "no")]


async def test_a_request_is_put_off_from_its_question() -> None:
    async with console() as at:
        one = await open_request(at)
        await at.until(lambda: "will be denied in 26m" in "".join(at.rows("page")[:1]))
        await at.press("w", *"2h", "enter")
        await at.answered()
        assert at.engine.asked == [("wait", one.session_id, "2h")]


async def test_the_verb_typed_in_full_live_shows_it_and_no_letter_of_it_answers() -> None:
    async with console() as at:
        one = await at.choose(TITLE)
        await at.press("enter", *":answer allow", "enter")
        await at.asked()
        await at.until(lambda: "allow Bash" in at.message)
        assert at.engine.asked == []
        await at.press("y")
        await at.answered()
        assert at.view.is_full
        assert at.engine.asked == [("answer", one.session_id, "allow", "")]


@pytest.mark.parametrize(
    ("said", "asked"),
    [("deny not that", ("answer", "deny", "not that")), ("wait 30m", ("wait", "30m"))],
)
async def test_the_verb_denies_and_puts_off_at_once(said: str, asked: tuple[str, ...]) -> None:
    async with console() as at:
        one = await at.choose(TITLE)
        await at.press(*f":answer {said}", "enter")
        await at.answered()
        assert at.engine.asked == [(asked[0], one.session_id, *asked[1:])]


async def test_questions_are_answered_one_after_the_other_in_the_line() -> None:
    async with console(engine_asking("AskUserQuestion", {"questions": QUESTIONS})) as at:
        one = await open_request(at)
        assert "1/2 Which region? 1 Europe · 2 Asia" in at.message
        await at.press("2")
        assert "→ Asia" in line(at)
        await at.press("enter")
        await at.until(lambda: "2/2 Which ones?" in at.message)
        await at.press("7")
        assert "no option 7" in line(at)
        await at.press("backspace", *"all of them", "enter")
        await at.answered()
        assert at.engine.asked == [("answer", one.session_id, "2", "all of them")]
        assert at.engine.shown == [digest({"questions": QUESTIONS})]


async def test_every_option_with_its_preview_is_in_sight_before_it_is_chosen() -> None:
    preview = "\n".join(f"line {number}" for number in range(10))
    options = [{"label": f"o{n}", "description": "d" * 120, "preview": preview} for n in range(3)]
    asked = [{"question": f"Which {n}?", "header": "R", "options": options} for n in range(4)]
    async with console(engine_asking("AskUserQuestion", {"questions": asked})) as at:
        await open_request(at)
        for number in range(4):
            await at.until(lambda number=number: f"{number + 1}/4" in at.message)  # type: ignore[misc]
            await at.press("2", "enter")
            await at.until(lambda: "read all of it" in line(at))
            rows = await page_through(at, "pagedown")
            for option in range(1, 4):
                begin = rows.index(f"option {option}") + 1
                end = rows.index(f"option {option + 1}") if option < 3 else len(rows)
                assert read_back(rows[begin:end]) == options[option - 1]
            await at.press("enter")
        await at.answered()
        assert at.engine.asked[0][2:] == ("2",) * 4


_ODD = (
    st.text(st.sampled_from("a \\xu\n\t\x00\x1b[31m\u200b\u202e\ufe0f\u0301\u00a0\ud800é漢\r|>"))
    | st.text()
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _ODD,
    lambda inner: st.lists(inner) | st.dictionaries(_ODD, inner),
    max_leaves=30,
)
_INPUT = st.dictionaries(_ODD | st.sampled_from(["command", "old_string", "new_string"]), _JSON)


@settings(max_examples=100, deadline=None)
@given(_INPUT, st.integers(20, 120), st.booleans())
def test_the_rows_of_any_input_give_it_back(
    value: dict[str, Any], width: int, is_ascii: bool
) -> None:
    rows = [row.text for row in request_rows.input_rows(value, width, is_ascii=is_ascii)]
    assert read_back(rows) == value
    assert list(read_back(rows)) == list(value)
    for row in rows:
        assert cell_width(row) <= width
        assert row == row.rstrip() == safe_text(row) == agreed(row)
        assert "\n" not in row
        assert row.isascii() or not is_ascii


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a console for each: nothing is tried again
    suppress_health_check=[HealthCheck.too_slow],
)
@given(_INPUT, st.integers(0, 40))
def test_the_pages_of_any_input_give_it_back_or_nothing_is_granted(
    value: dict[str, Any], more: int
) -> None:
    """At 80x24, as painted; nothing is allowed before the last page was on the screen."""
    given = value | {"more\u200b": [f"\x1b[8m{n}\n" for n in range(more)]}

    async def look() -> None:
        async with console(engine_asking("mcp__x__y", given)) as at:
            await open_request(at)
            if at.pages[1] > 1:
                await at.press("y")
                assert at.engine.asked == []
            assert painted_input(await page_through(at)) == given
            await at.press("y")
            await at.answered()
            assert [kind for kind, *_ in at.engine.asked] == ["answer"]

    asyncio.run(look())


def offered(at: Console) -> set[str]:
    """Return the keys that the open question offers; none where it asks for a line."""
    row = at.rows("bottom")[-1].strip()
    if row.startswith(">"):
        return set()
    assert row.endswith("Esc back")  # or it would be cut
    return {choice.split()[0] for choice in row.split("  ")}


async def test_no_answer_shares_its_key_with_the_one_that_asked() -> None:
    """Presses every key on sessions of every kind, and looks at the question that it opens."""
    opened = set[str]()
    done = ActionResult(
        kind="delete", listing="hollis_park", session_id="9f2c", at=NOW, words="deleted 9f2c"
    )
    async with console(FixedEngine(batch=(done,))) as at:
        for title in (TITLE, "First screen", "PE platforms, DACH"):
            for key in (one for keys in KEYS.values() for one in keys if one not in _LEAVING):
                await at.choose(title)
                await at.press(key)
                if await at.asked_or_over():
                    opened.add(key)
                    assert key not in offered(at)
                while at.view.is_question_open:
                    await at.press("escape")
                if at.view.is_page_open or at.view.is_full:
                    await at.press("escape")
        assert at.engine.asked == []
    assert {"a", "d", "e", "r", "c", "i", "u", ":", "/"} <= opened


async def test_options_before_the_prompt_show_what_will_be_used() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r", *"--max-turns x", "enter")
        await at.asked()
        assert "expected a number above 0" in line(at)
        await at.press("backspace", *"7 go on")
        assert "7 turns" in at.rows("bottom")[1]
        await at.press("enter")
        await at.answered()
        assert at.engine.asked[0][-1] == "go on"


@pytest.mark.parametrize(("rings", "times"), [(True, 1), (False, 0)])
async def test_the_console_rings_once_unless_it_is_told_not_to(rings: bool, times: int) -> None:
    async with console(FixedEngine(rings=rings)) as at:
        for _ in range(2):
            await at.look(replace(at.engine.catalog))
        assert at.bells == times
