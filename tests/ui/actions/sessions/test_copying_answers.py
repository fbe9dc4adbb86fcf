"""`Y` after a permission request copies a command that gives the same answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.console.harness import Console, console
from tests.support.console.permission_requests import (
    digest,
    engine_with,
    open_request,
    page_through,
)
from tests.ui.actions.test_copying import read
from tui.core.models.permission_request import LEAST_DIGEST, PermissionRequest

LONG = {"file_path": "a", "content": "\n".join(f"line {n}" for n in range(60))}
ONE = {"questions": [{"question": "Which?", "options": [{"label": "Europe"}]}]}
TWO = {"questions": [*ONE["questions"], {"question": "How many?", "options": [{"label": "Ten"}]}]}
PAGES = "turn all pages"


def waiting(tool: str, given: dict[str, Any], problem: str = "") -> PermissionRequest:
    until = NOW + timedelta(minutes=5)
    return PermissionRequest(
        request_id="p7",
        tool=tool,
        input=given,
        at=NOW,
        digest=digest(given),
        until=until,
        problem=problem,
    )


async def do(at: Console, keys: tuple[str, ...]) -> None:
    """Press keys, and after Enter wait for what comes next."""
    for key in keys:
        if key == PAGES:
            await page_through(at)
        elif key == "enter":
            asks = at.message
            await at.press(key)
            await at.until(
                lambda asks=asks: (  # type: ignore[misc]
                    not at.view.is_question_open or (at.is_asking and at.message != asks)
                )
            )
        else:
            await at.press(*(key if len(key) > 1 and key != "escape" else (key,)))


SEEN = digest(LONG)[:LEAST_DIGEST]


@pytest.mark.parametrize(
    ("request_", "keys", "expected"),
    [
        (waiting("Write", LONG), ("escape",), {"verb": "show"}),
        (waiting("Write", LONG), ("y", "escape"), {"verb": "show"}),
        (waiting("Write", LONG), (PAGES, "escape"), {"verb": "show"}),
        (
            waiting("Write", LONG),
            (PAGES, "y"),
            {"decision": "allow", "input": SEEN},
        ),
        (
            waiting("Write", LONG),
            (PAGES, "A", "always", "enter"),
            {"decision": "always", "input": SEEN},
        ),
        (waiting("Write", LONG), (PAGES, "A", "alw", "escape"), {"verb": "show"}),
        (
            waiting("Write", LONG),
            ("n", "-x y", "enter"),
            {"decision": "deny", "reason": "-x y", "input": ""},
        ),
        (waiting("Write", LONG), ("w", "2h", "enter"), {"decision": "wait", "length": "2h"}),
        (waiting("Write", LONG), ("w", "escape"), {"verb": "show"}),
        (waiting("Write", LONG, "it is too long"), ("y", "A", "escape"), {"verb": "show"}),
        (
            waiting("Write", LONG, "it is too long"),
            (PAGES, "n", "enter"),
            {"decision": "deny", "reason": "", "input": ""},
        ),
        (waiting("AskUserQuestion", ONE), ("escape",), {"verb": "show"}),
        (
            waiting("AskUserQuestion", ONE),
            (PAGES, "-1", "enter"),
            {"decision": "-1", "input": digest(ONE)[:LEAST_DIGEST]},
        ),
        (waiting("AskUserQuestion", ONE), ("deny", "enter"), {"verb": "show"}),
        (
            waiting("AskUserQuestion", ONE),
            (":deny not now", "enter"),
            {"decision": "deny", "reason": "not now"},
        ),
        (waiting("AskUserQuestion", ONE), (":wait 2h", "enter"), {"decision": "wait"}),
        (waiting("AskUserQuestion", ONE), (":wait", "escape"), {"verb": "show"}),
        (waiting("AskUserQuestion", TWO), ("1", "enter", "escape"), {"verb": "show"}),
        (
            waiting("AskUserQuestion", TWO),
            ("1", "enter", "ten or so", "enter"),
            {"decision": "1; ten or so", "input": digest(TWO)[:LEAST_DIGEST]},
        ),
        (waiting("AskUserQuestion", TWO), ("a; b", "enter", "1", "enter"), {"verb": "show"}),
    ],
)
async def test_the_command_says_what_was_answered_and_no_more(
    request_: PermissionRequest, keys: tuple[str, ...], expected: dict[str, Any]
) -> None:
    async with console(engine_with(request_)) as at:
        await at.press("e", "escape")  # whose command is not the answer's
        await at.answered()
        one = await open_request(at)
        await at.until(lambda: at.pages[0] == 1 and bool(at.rows("page")))
        await do(at, keys)
        await at.answered()
        found = read(await at.command())
        assert found["id"] == one.address
        assert {name: found[name] for name in expected} == expected
