"""Keys typed while the console starts ask nothing: no session has been read yet."""

from __future__ import annotations

import threading

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.ui.actions.key_targets import NOT_READ_YET
from tui.ui.actions.keys import key_actions

_LATE = {"extend", "delete", "resume", "answer", "interrupt", "cleanup", "next", "mark", "mark_all"}


class Slow(FixedEngine):
    """An engine whose first look takes until `is_read` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = threading.Event()

    def look(self):  # type: ignore[no-untyped-def]
        """Wait, then look."""
        self.is_read.wait(60)
        return super().look()


@pytest.mark.parametrize("verb", ["", "delete", "cleanup", "ack", "extend", "stop"])
async def test_a_key_or_a_verb_before_the_first_look_asks_nothing(verb: str) -> None:
    """Without the guard `!` would say that nothing needs attention, and `c` nothing at all."""
    engine = Slow()
    try:
        async with console(engine, waits=False) as at:
            keys = [key for key in key_actions(engine.keys, engine.verbs) if key.name in _LATE]
            assert {key.name for key in keys} == _LATE
            typed = (
                [(":", *verb, "enter")] if verb else [(engine.keys.sign(one.name),) for one in keys]
            )
            for line in typed:
                await at.press(*({"Space": " "}.get(key, key) for key in line))
                await at.answered()
                assert at.message == NOT_READ_YET, line
            assert engine.asked == []
    finally:
        engine.is_read.set()


@pytest.mark.parametrize("line", ["help keys", "info", "doctor"])
async def test_a_verb_that_needs_no_sessions_works_before_they_are_read(line: str) -> None:
    """A guide is most needed while a root does not answer."""
    engine = Slow()
    try:
        async with console(engine, waits=False) as at:
            await at.enter(line)
            await at.answered()
            assert engine.asked == [("say_verb", *line.split())]
    finally:
        engine.is_read.set()
