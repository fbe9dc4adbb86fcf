"""What is in sight before anything is granted: the tool, whatever was sent along, and when."""

from __future__ import annotations

import pytest
from textual import events

from tests.support.console.asking import TITLE, asking, page_through
from tests.support.console.fixed_catalog import NOW
from tests.support.console.piloted import Console, console
from tui.cli.permission_prompt import permission_lines
from tui.core.models.permission_request import PermissionRequest

LONG = "mcp__" + "read_the_table_of_buyers_and_show_it_" * 3 + "and_then_delete_all"


def joined(rows: list[str]) -> str:
    """Return rows as one text: the rows that go on with the one above are put behind it."""
    return "".join(row.strip(" │").removeprefix("> ") for row in rows)


def refusal(at: Console) -> str:
    """Return what stands in the rows of the question, as one line."""
    return " ".join(" ".join(at.rows(at.panes.question)).split())


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_whole_name_of_the_tool_is_in_sight_before_it_is_allowed(
    size: tuple[int, int],
) -> None:
    async with console(asking(LONG, {"path": "a"}), size=size) as at:
        await at.choose(TITLE)
        await at.until(lambda: f"wants {LONG}" in joined(at.rows(at.panes.live)))
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
    """Without it `1` grants what no page has shown."""
    one = {"question": "Which?", "options": [{"label": "Europe"}]}
    beside = {"annotations": {"Which?": {"notes": "\n".join(f"HIDDEN {n}" for n in range(30))}}}
    engine = asking("AskUserQuestion", {"questions": [one, "HIDDEN 30"], **beside})
    async with console(engine) as at:
        await at.choose(TITLE)
        await at.press("a")
        await at.asked()
        await at.press("1", "enter")
        await at.until(lambda: "read all of it" in "".join(at.rows(at.panes.question)))
        assert not any("--input" in word for words in at.screen.flows.commands for word in words)
        assert at.engine.asked == []
        shown = at.rows(at.panes.page)
        while at.panes.page.pages[0] < at.panes.page.pages[1]:
            await at.press("pagedown")
            shown += at.rows(at.panes.page)
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
        assert any("--input" in word for words in at.screen.flows.commands for word in words)
        assert len(at.engine.asked) == 1


async def test_always_that_was_typed_ahead_of_its_page_grants_nothing() -> None:
    async with console(asking("Bash", {"command": "ls"})) as at:
        await at.choose(TITLE)
        await at.press("a")
        await at.asked()
        await at.until(lambda: at.panes.page.is_all_seen)
        for key in ("A", *"always", "enter"):  # in one go: nothing is painted between them
            await at.panes.question.on_key(events.Key(key, key if len(key) == 1 else "\r"))
        await at.until(lambda: "type always" in at.message)
        await at.press("x")
        assert at.panes.question.is_asking
        assert at.panes.question.editor.text == "x"
        assert at.engine.asked == []


async def test_always_grants_nothing_before_all_that_it_would_allow_was_in_sight() -> None:
    async with console(asking(LONG * 30, {"command": "ls"})) as at:
        await at.choose(TITLE)
        await at.press("a")
        await at.asked()
        await page_through(at)
        await at.press("A")
        await at.until(lambda: "type always" in at.message)
        assert at.panes.page.pages[1] > 1
        await at.press(*"always", "enter")
        await at.until(lambda: "has not been shown yet" in refusal(at))
        assert at.engine.asked == []


async def test_the_pages_that_were_skipped_are_named() -> None:
    given = {"file_path": "a", "content": "\n".join(f"line {n}" for n in range(200))}
    async with console(asking("Write", given)) as at:
        await at.choose(TITLE)
        await at.press("a")
        await at.asked()
        for _ in range(30):
            at.pilot.app.post_message(events.Key("l", "l"))
        await at.until(lambda: at.panes.page.pages[0] == at.panes.page.pages[1])
        await at.press("y")
        first = at.panes.page.first_unseen
        assert 1 < first < at.panes.page.pages[1]
        await at.until(lambda: f"page {first} has not been shown yet" in refusal(at))


@pytest.mark.parametrize("said", ["wait soon", "wait 8d", "maybe"])
async def test_after_an_answer_that_is_none_no_key_is_a_command(said: str) -> None:
    engine = asking("Bash", {"command": "ls"})
    async with console(engine) as at:
        await at.choose(TITLE)
        await at.press(*f":answer {said}", "enter")
        await at.until(lambda: at.panes.question.is_asking and ":" not in at.message[:1])
        await at.until(lambda: bool(at.panes.question._refusal))
        await at.press("d")
        assert at.panes.question.is_asking
        assert "delete" not in at.message


async def test_why_it_can_only_be_denied_is_read_in_full() -> None:
    engine = asking("Bash", {"command": "ls"})
    engine.denies = "this console is restricted, and what is asked is outside: " * 3 + "THE END"
    async with console(engine) as at:
        await at.choose(TITLE)
        await at.press("a")
        await at.asked()
        assert "THE END" in "".join(at.rows(at.panes.page))
