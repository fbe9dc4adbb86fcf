"""A copy goes to the terminal unchanged, and inside GNU screen in pieces that it passes on."""

from __future__ import annotations

import re
from typing import cast

import pytest
from textual.drivers._writer_thread import WriterThread

from tests.support.console.fixed_engine import FixedEngine
from tui.ui.app import ConsoleApp
from tui.ui.terminal.clipboard import through_screen
from tui.ui.terminal.driver import ConsoleDriver

COPY = "\x1b]52;c;" + "QUJD" * 300 + "\a"


class Terminal:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def write(self, text: str) -> None:
        self.taken.append(text)


def test_the_pieces_are_the_whole_and_none_is_long() -> None:
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", through_screen(COPY), re.DOTALL)
    assert "".join(pieces) == COPY
    assert max(map(len, pieces)) < 256


@pytest.mark.parametrize(
    ("environment", "data", "written"),
    [
        ({}, COPY, COPY),
        ({"STY": "12.pts"}, COPY, through_screen(COPY)),
        ({"STY": "12.pts"}, "\x1b[1;1Hx", "\x1b[1;1Hx"),
        ({"STY": "12.pts", "TMUX": "/tmp/x"}, COPY, COPY),
    ],
)
async def test_only_a_copy_inside_screen_is_wrapped(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], data: str, written: str
) -> None:
    for name in ("STY", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    driver, terminal = ConsoleDriver(ConsoleApp(FixedEngine())), Terminal()
    driver._writer_thread = cast(WriterThread, terminal)
    driver.write(data)
    assert terminal.taken == [written]
