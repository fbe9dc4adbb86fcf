"""Live that has nothing to show says what the session is, and the next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_catalog import NOW, session
from tests.support.console.fixed_engine import FixedFollow
from tests.support.console.harness import console
from tui.core.console.keymap import Keymap
from tui.core.models.row import Status
from tui.core.models.session import Liveness, Remains, State
from tui.view.stream.empty_stream import empty_words

GHOST: dict[str, Any] = {"state": State.GHOST, "transcript": None}
NO_FILE: dict[str, Any] = {"transcript": None}
LEFT = {"transcript": None, "remains": Remains("x", "/x", 2048, NOW)}


def words(facts: dict[str, Any], *, can_act: bool = True) -> str:
    """Return what is said of a session with these facts, as one line."""
    one = replace(session("beacon", "stage_3", "x"), **facts)
    return empty_words(one, NOW, UTC, Keymap().sign, can_act=can_act).replace("\n", " | ")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "no output yet | r resumes it"),
        ({"state": State.UNTRACKED}, "no output yet | :adopt adds its row, r resumes it"),
        (
            GHOST,
            "its transcript is gone: only its row is left, last known at work 09:30"
            " | :show says why, d deletes the row",
        ),
        (
            LEFT,
            "its transcript is gone; its folder of 2.0K is still there"
            " | :export reads its sub-agents, d deletes it",
        ),
        ({"liveness": Liveness.QUEUED}, "queued: it has not started yet | :stop ends it"),
        ({"liveness": Liveness.BUSY}, "starting: no output yet | i interrupts it"),
        ({"liveness": Liveness.WAITING}, "starting: no output yet | i interrupts it"),
        (
            {"liveness": Liveness.UNKNOWN},
            "no output, and nobody can tell whether it runs | :doctor says what to do",
        ),
        (
            {"liveness": Liveness.IDLE},
            "no output yet: a process or its pipeline has it open, but no turn is running |",
        ),
        (
            {"liveness": Liveness.ORPHAN},
            "no output: its runner died; its CLI still runs | :stop ends it",
        ),
        (
            {"transcript_problem": "Permission\ndenied"},
            "cannot be read now: Permission denied | :doctor says what to do",
        ),
        (
            NO_FILE | {"row_problem": "database is locked"},
            "cannot be read now: database is locked | :doctor says what to do",
        ),
        (
            NO_FILE | {"status": Status.DELETED},
            "deleted; only its row is left | :show says whether :restore can bring it back",
        ),
        (
            NO_FILE | {"status": Status.EXPIRED, "expires_at": NOW - timedelta(days=3)},
            "expired and cleaned up: it ended 17 Nov 14:30; only its row is left"
            " | :show says whether :restore can bring it back",
        ),
        (
            NO_FILE | {"status": "archived"},
            "its transcript is not among what could be read | :doctor says what to do",
        ),
    ],
)
def test_an_empty_stream_says_what_its_session_is_and_the_next_step(
    facts: dict[str, Any], said: str
) -> None:
    assert words(facts) == said.removesuffix(" |")


@pytest.mark.parametrize("status", [Status.DELETED, Status.EXPIRED])
def test_a_leftover_folder_is_not_said_to_be_only_a_row(status: Status) -> None:
    assert "its folder of 2.0K is still there" in words(LEFT | {"status": status})


@pytest.mark.parametrize("facts", [{}, GHOST, LEFT, {"liveness": Liveness.QUEUED}])
def test_what_only_looks_is_offered_where_nothing_can_be_changed_and_no_more(
    facts: dict[str, Any],
) -> None:
    said = words(facts, can_act=False)
    assert not any(way in said for way in ("delete", "resume", ":stop", ":adopt"))
    assert said == words(facts).partition(" | ")[0] or " | :" in said


async def test_live_says_of_a_ghost_that_only_its_row_is_left() -> None:
    async with console() as at:
        one = await at.choose("First screen")
        at.engine.follower = FixedFollow(())
        await at.look(with_session(at.engine.catalog, one.key, run=None, **GHOST))
        await at.press("k", "j", "4")
        await at.until(lambda: "only its row is left" in at.text("live"))
        assert ":show says why, d deletes the row" in at.text("live")
