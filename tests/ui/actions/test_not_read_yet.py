"""What is typed while the console starts asks nothing about sessions that nobody has read yet."""

from __future__ import annotations

import threading

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.piloted import Console, press
from tui.ui.actions.key_targets import NOT_READ_YET
from tui.ui.actions.keys import key_actions
from tui.ui.app import ConsoleApp

_LATE = {"extend", "delete", "resume", "answer", "interrupt", "cleanup", "next", "mark", "mark_all"}


class Slow(FixedEngine):
    """An engine whose first look is not in before `is_read` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = threading.Event()

    def look(self):  # type: ignore[no-untyped-def]
        """Look once that may be."""
        self.is_read.wait(60)
        return super().look()


@pytest.mark.parametrize("verb", ["", "delete", "cleanup", "ack", "extend", "stop"])
async def test_a_key_or_a_verb_before_the_first_look_asks_nothing(verb: str) -> None:
    """Without the guard `c` says nothing, `!` that nothing needs attention, `d` may ask of none."""
    engine = Slow()
    try:
        async with ConsoleApp(engine).run_test(size=(80, 24)) as pilot:
            at = Console(pilot, engine)
            keys = [key for key in key_actions(engine.keys, engine.verbs) if key.name in _LATE]
            assert {key.name for key in keys} == _LATE
            typed = (
                [(":", *verb, "enter")] if verb else [(engine.keys.sign(one.name),) for one in keys]
            )
            for line in typed:
                for key in line:
                    await press(pilot, {"Space": " "}.get(key, key))
                await at.answered()
                assert at.message == NOT_READ_YET, line
            assert engine.asked == []
    finally:
        engine.is_read.set()
