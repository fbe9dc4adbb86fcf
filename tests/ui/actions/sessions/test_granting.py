"""What is shown before anything is allowed: the tool, the whole input, and the time."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.console.harness import console
from tests.support.console.permission_requests import (
    TITLE,
    engine_asking,
    open_request,
    page_through,
)
from tui.cli.permission_prompt import permission_lines
from tui.core.models.permission_request import PermissionRequest

LONG = "mcp__" + "read_the_table_of_buyers_and_show_it_" * 3 + "and_then_delete_all"


def joined(rows: list[str]) -> str:
    """Return rows as one text, with wrapped rows joined again."""
    return "".join(row.strip(" │").removeprefix("> ") for row in rows)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_whole_name_of_the_tool_is_in_sight_before_it_is_allowed(
    size: tuple[int, int],
) -> None:
    async with console(engine_asking(LONG, {"path": "a"}), size=size) as at:
        await at.choose(TITLE)
        await at.until(lambda: f"wants {LONG}" in joined(at.rows("live")))
        await at.press("a")
        await at.asked()
        assert LONG in joined(await page_through(at))
        assert at.message.startswith("allow mcp__")
        assert "delete_all for " in at.message
        await at.press("A")
        await at.until(lambda: "type always" in at.message)
        assert "delete_all" in at.message


def test_the_command_line_names_the_tool_and_shows_what_hides_in_it() -> None:
    said = joined(
        list(
            permission_lines(
                PermissionRequest(
                    request_id="1", tool=f"{LONG}\u200b", input={"path": "a"}, at=NOW
                ),
                NOW,
            )
        )
    )
    assert said.startswith(f"tool: {LONG}\\u200b")


async def test_what_came_beside_the_questions_is_seen_before_they_are_answered() -> None:
    """Otherwise `1` would allow an input that no page has shown."""
    one = {"question": "Which?", "options": [{"label": "Europe"}]}
    beside = {"annotations": {"Which?": {"notes": "\n".join(f"HIDDEN {n}" for n in range(30))}}}
    engine = engine_asking("AskUserQuestion", {"questions": [one, "HIDDEN 30"], **beside})
    async with console(engine) as at:
        await open_request(at)
        await at.press("1", "enter")
        await at.until(lambda: "read all of it" in "".join(at.rows("bottom")))
        assert at.engine.asked == []
        shown = await page_through(at, "pagedown")
        for said in (
            "tool: AskUserQuestion",
            "asked at ",
            ":deny REASON",
            "HIDDEN 29",
            "HIDDEN 30",
        ):
            assert any(said in row for row in shown), said
        await at.press("enter")
        await at.answered()
        assert " --input=" in await at.command()
        assert len(at.engine.asked) == 1


async def test_an_answer_that_was_refused_for_an_unread_page_is_no_command() -> None:
    one = {"question": "Which?", "options": [{"label": "Europe"}]}
    given = {"questions": [one], "notes": "\n".join(f"line {n}" for n in range(30))}
    async with console(engine_asking("AskUserQuestion", given)) as at:
        await open_request(at)
        await at.press("1", "enter")
        await at.until(lambda: "read all of it" in at.text("bottom"))
        await at.press("escape")
        await at.answered()
        assert "--input" not in await at.command()


async def test_always_that_was_typed_ahead_of_its_page_grants_nothing() -> None:
    async with console(engine_asking("Bash", {"command": "ls"})) as at:
        await open_request(at)
        await at.until(lambda: at.is_page_read)
        await at.burst("A", *"always", "enter")
        await at.until(lambda: "type always" in at.message)
        await at.press("x")
        assert at.is_asking
        assert at.typed == "x"
        assert at.engine.asked == []


async def test_always_grants_nothing_before_all_that_it_would_allow_was_in_sight() -> None:
    async with console(engine_asking(LONG * 30, {"command": "ls"})) as at:
        await open_request(at)
        await page_through(at)
        await at.press("A")
        await at.until(lambda: "type always" in at.message)
        assert at.pages[1] > 1
        await at.press(*"always", "enter")
        await at.until(lambda: "has not been shown yet" in at.text("bottom"))
        assert at.engine.asked == []


async def test_the_pages_that_were_skipped_are_named() -> None:
    given = {"file_path": "a", "content": "\n".join(f"line {n}" for n in range(200))}
    async with console(engine_asking("Write", given)) as at:
        await open_request(at)
        await at.burst(*"l" * 30)
        await at.until(lambda: at.pages[0] == at.pages[1])
        await at.press("y")
        await at.until(lambda: "has not been shown yet" in at.text("bottom"))
        found = re.search(r"page (\d+) has not been shown yet", at.text("bottom"))
        assert found is not None
        assert 1 < int(found[1]) < at.pages[1]


@pytest.mark.parametrize(
    ("said", "why"),
    [("wait soon", "not a duration"), ("wait 8d", "7 days at most"), ("maybe", "is not an answer")],
)
async def test_after_an_answer_that_is_none_no_key_is_a_command(said: str, why: str) -> None:
    engine = engine_asking("Bash", {"command": "ls"})
    async with console(engine) as at:
        await at.choose(TITLE)
        await at.press(*f":answer {said}", "enter")
        await at.until(lambda: at.is_asking and ":" not in at.message[:1])
        await at.until(lambda: why in at.text("bottom"))
        await at.press("d")
        assert at.is_asking
        assert "delete" not in at.message


async def test_why_it_can_only_be_denied_is_read_in_full() -> None:
    engine = engine_asking("Bash", {"command": "ls"})
    engine.denies = "this console is restricted, and what is asked is outside: " * 3 + "THE END"
    async with console(engine) as at:
        await open_request(at)
        assert "THE END" in "".join(at.rows("page"))


async def test_before_its_page_is_painted_nothing_is_granted_and_no_test_counts_it_as_asked() -> (
    None
):
    """Before it is laid out a page counts as many: a test took `y` for too early that was not."""
    async with console(engine_asking("Write", {"file_path": "/x", "content": "a"})) as at:
        await at.choose(TITLE)
        with at.unpainted():
            await at.burst("a")
            await at.until(lambda: at.is_asking)
            asked = asyncio.create_task(at.asked())
            await at.burst("y")
            assert (at.engine.asked, asked.done()) == ([], False)
        await asked
        assert (at.pages, at.is_page_read) == ((1, 1), True)
        await at.press("y")
        await at.answered()
        assert len(at.engine.asked) == 1
