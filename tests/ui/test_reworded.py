"""No key does anything else when all that the program says is said in other words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tests.support.reworded import reword
from tui.core.models.verdict import Verdict

CATALOG = fixed_catalog.catalog()
IDLE, WAITING = "Final list for the partner call", next(
    one.title for one in CATALOG.sessions if one.run is not None and one.run.request is not None
)  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """Keys that are pressed on a session, one after the other, and what the engine does."""

    name: str
    keys: tuple[str, ...]
    title: str = IDLE
    engine: Callable[[], FixedEngine] = FixedEngine


FOUND = Verdict("3 errors", ("2 are swept",), is_clear=False)


def refuses() -> FixedEngine:
    return FixedEngine(refusing={one.session_id for one in CATALOG.sessions})


def asks() -> FixedEngine:
    return FixedEngine(needs_yes={"purge"})


CASES = (
    Keys("delete, then undo at once", ("d", "y", "u")),
    Keys("delete, something else, then undo", ("d", "y", "y", "x", "u", "y")),
    Keys("delete is refused", ("d", "y", "u"), engine=refuses),
    Keys("extend, undo", ("e", *"30d", "enter", "u", "u", "n")),
    Keys("extend by nonsense", ("e", *"soon", "enter", "escape")),
    Keys("extend is refused", ("e", *"30d", "enter"), engine=refuses),
    Keys("nothing to undo", ("u",)),
    Keys("resume what runs", ("r",), WAITING),
    Keys("resume", ("r", *"Go on", "enter", "y")),
    Keys("answer", ("a", "y", "y"), WAITING),
    Keys("answer, denied", ("a", "n", "enter"), WAITING, lambda: FixedEngine(denies="cut")),
    Keys("the verdict goes with a key", ("j", "k"), engine=lambda: FixedEngine(diagnosis=FOUND)),
    Keys("delete many", ("asterisk", "d", "y", "u", "y")),
    Keys("delete many, some refused", ("asterisk", "d", "y"), engine=refuses),
    Keys("a verb that asks", ("colon", *"purge", "enter", "l", "y"), engine=asks),
    Keys("a verb that is none", ("colon", *"nonsense", "enter", "escape")),
    Keys("a verb that is refused", ("colon", *"fail", "enter", "enter"), engine=refuses),
    Keys("clean-up", ("c", "enter", "y", "u")),
    Keys("read-only", tuple("deruca"), engine=lambda: FixedEngine(is_read_only=True)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_only_the_words_differ(case: Keys) -> None:
    plain = await pressed(case)
    with pytest.MonkeyPatch.context() as patch:
        reword(patch)
        other = await pressed(case)
    assert plain == other


async def pressed(case: Keys) -> list[Any]:
    """Return what there is after each key: what was asked of the engine, and what is open."""
    found: list[Any] = []
    async with console(case.engine(), size=(120, 36)) as at:
        await at.choose(case.title)
        for key in case.keys:
            await at.press(key)
            await at.until(lambda: not at.view.is_question_open or at.is_asking)
            found.append(
                (
                    key,
                    list(at.engine.asked),
                    (at.is_asking, at.questions, bool(at.message), at.style),
                    (at.view.marks, at.view.shown, at.view.is_page_open),
                )
            )
    return found
