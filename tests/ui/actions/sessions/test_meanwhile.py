"""Changes while a request is open: time passes, a colleague answers or puts it off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.permission_requests import (
    TITLE,
    digest,
    engine_with,
    open_request,
    page_through,
)
from tui.core.console.saved_view import Draft, SavedView
from tui.core.models.audit import AuditEvent
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import Run, SentCommand
from tui.core.models.session import Session

WRITE = {"file_path": "a", "content": "\n".join(f"line {n}" for n in range(60))}
ASKED = {"questions": [{"question": "Which?", "options": [{"label": "Europe"}]}]}
UNTIL = NOW + timedelta(minutes=5)


def waiting(tool: str = "Write", given: dict[str, Any] | None = None) -> PermissionRequest:
    given = WRITE if given is None else given
    return PermissionRequest(
        request_id="p7", tool=tool, input=given, at=NOW, digest=digest(given), until=UNTIL
    )


async def change(at: Console, one: Session, run: Run, last: AuditEvent | None = None) -> None:
    """Let the console find the session with this run and this last act."""
    last = last or one.last_event
    await at.look(with_session(at.engine.catalog, one.key, run=run, last_event=last))


def rule(at: Console) -> str:
    """Return the page's first row, which says when the request is denied."""
    return "".join(at.rows("page")[:1])


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_deadline_counts_down_and_what_was_seen_stays_seen(size: tuple[int, int]) -> None:
    async with console(engine_with(waiting()), size=size) as at:
        await open_request(at)
        await page_through(at)
        assert "will be denied in 5m  page " in rule(at)
        at.tick(minutes=4, seconds=18)
        await at.until(lambda: "will be denied in 42s  page " in rule(at))
        assert at.is_page_read
        at.tick(minutes=1)
        await at.until(lambda: "about to be denied" in rule(at))


async def test_a_longer_wait_is_told_at_the_open_question() -> None:
    async with console(engine_with(waiting())) as at:
        one = await open_request(at)
        assert one.run is not None
        later = replace(waiting(), until=NOW + timedelta(hours=2))
        await change(at, one, replace(one.run, request=later))
        await at.until(lambda: "will be denied in 2h" in rule(at))
        assert at.is_asking


_POSTED = SentCommand(kind="answer", by="bert", at=NOW, request_id="p7", decision="allow")
_TAKEN = AuditEvent(
    at=NOW, operator="bert", action="answer", request_id="p7", detail='{"decision": "deny"}'
)


@pytest.mark.parametrize(
    ("sent", "last", "told"),
    [
        ((_POSTED,), None, "bert allowed it at"),
        ((), _TAKEN, "bert denied it at"),
        ((), None, "no longer waiting"),
        ((), replace(_TAKEN, request_id="p6"), "no longer waiting"),
    ],
)
@pytest.mark.parametrize("tool", ["Write", "AskUserQuestion"])
async def test_what_a_colleague_answers_meanwhile_is_told_and_nothing_can_be_granted(
    tool: str, sent: tuple[SentCommand, ...], last: AuditEvent | None, told: str
) -> None:
    """Otherwise `y` would still be offered, and refused only afterwards."""
    async with console(engine_with(waiting(tool, ASKED))) as at:
        one = await open_request(at)
        assert one.run is not None
        await page_through(at)
        asks = one.run.request if sent else None
        await change(at, one, replace(one.run, request=asks, sent=sent), last)
        await at.until(lambda: told in at.text("bottom"))
        if tool == "Write":
            assert "once" not in at.text("bottom")
        await at.press("1", "y", "enter")
        await at.press("escape")
        await at.answered()
        assert at.engine.asked == []


@pytest.mark.parametrize("action", ["succeed", "answer", "extend"])
async def test_who_answered_is_known_also_after_a_later_act_on_the_session(action: str) -> None:
    engine = engine_with(waiting())
    async with console(engine) as at:
        one = await open_request(at)
        assert one.run is not None
        engine.answered["p7"] = _TAKEN
        later = replace(_TAKEN, action=action, request_id="p9", operator="carl")
        await change(at, one, replace(one.run, request=None), later)
        await at.until(lambda: "bert denied it at" in at.text("bottom"))
        await change(at, one, replace(one.run, request=None), replace(later, operator="dora"))
        assert "bert denied it at" in at.text("bottom")


async def test_an_answer_to_another_request_of_the_run_leaves_the_question_open() -> None:
    async with console(engine_with(waiting())) as at:
        one = await open_request(at)
        assert one.run is not None
        other = SentCommand(kind="answer", by="bert", at=NOW, request_id="p8", decision="allow")
        await change(
            at, one, replace(one.run, request=replace(waiting(), waiting=2), sent=(other,))
        )
        assert at.rows("bottom")[0].strip() == at.message
        assert at.is_asking


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (":deny not today", ("answer", "deny", "not today")),
        (":deny", ("answer", "deny", "")),
        (":wait 2h", ("wait", "2h")),
    ],
)
async def test_an_agents_question_is_denied_or_put_off_from_its_line(
    line: str, asked: tuple[str, ...]
) -> None:
    async with console(engine_with(waiting("AskUserQuestion", ASKED))) as at:
        one = await open_request(at)
        page = "".join(at.rows("page"))
        assert "will be denied in 5m" in page
        assert ":deny REASON" in page
        assert ":wait 2h" in page
        await at.press(*line, "enter")
        await at.answered()
        assert at.engine.asked == [(asked[0], one.session_id, *asked[1:])]


async def test_a_word_that_is_none_leaves_the_line_of_an_agents_question_open() -> None:
    async with console(engine_with(waiting("AskUserQuestion", ASKED))) as at:
        await open_request(at)
        await at.press(*":allow", "enter")
        await at.until(lambda: ":deny or :wait" in at.text("bottom"))
        assert at.engine.asked == []


def asking_shortly() -> FixedEngine:
    return engine_with(replace(waiting(), input={"command": "ls"}))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_read_only_console_says_why_it_answers_nothing(size: tuple[int, int]) -> None:
    async with console(replace(asking_shortly(), is_read_only=True), size=size) as at:
        await at.choose(TITLE)
        await at.until(lambda: "and cannot answer" in "".join(at.rows("live")))
        assert "a to answer" not in "".join(at.rows("live"))
        await at.press("a")
        assert at.message == "this console is read-only: it does not answer"


async def test_a_restricted_console_offers_no_always_before_it_is_known_to_be_possible() -> None:
    async with console(replace(asking_shortly(), is_restricted=True)) as at:
        await at.choose(TITLE)
        await at.until(lambda: "only inside the listing" in "".join(at.rows("live")))
        assert "always in this run" not in "".join(at.rows("live"))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_list_says_how_long_a_request_still_waits(size: tuple[int, int]) -> None:
    async with console(engine_with(waiting()), size=size) as at:
        await at.choose(TITLE)
        (row,) = [row for row in at.rows("sessions") if "? waiting" in row]
        assert " 5m left " in row
        at.tick(minutes=4, seconds=50)
        await at.until(lambda: " 10s left " in "".join(at.rows("sessions")))


async def test_a_reason_to_deny_comes_back_at_the_next_start_for_the_same_request_alone() -> None:
    engine = engine_with(waiting())
    async with console(engine) as at:
        one = await open_request(at)
        await at.press("n")
        await at.until(lambda: "deny: reason?" in at.message)
        await at.press(*"not in a shift")
        draft = Draft("deny p7", *one.key, "not in a shift")
        await at.until(lambda: engine.view.drafts == (draft,))  # saved while it is open
    kept = SavedView(drafts=(draft,))
    other = replace(engine_with(replace(waiting(), request_id="p8")), view=kept)
    async with console(other) as at:
        await open_request(at)
        await at.press("n")
        await at.until(lambda: "deny: reason?" in at.message)
        assert at.typed == ""
    again = replace(engine_with(waiting()), view=kept)
    async with console(again) as at:
        told = f"an unsent reason to deny for {one.session_id[:8]}: a n brings it back"
        await at.until(lambda: told in at.message)
        await open_request(at)
        await at.press("n")
        await at.until(lambda: "deny: reason?" in at.message)
        assert at.typed == "not in a shift"
        await at.press("enter")
        await at.answered()
        assert again.asked[-1][-2:] == ("deny", "not in a shift")
        await at.until(lambda: again.view.drafts == ())
