"""A terminal shows each input in full, and only what is typed afterwards answers it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.operations.running.test_steer import add_run
from tests.support.hostile.planted_request import plant_request
from tests.support.listings.painted_request import read_back
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY
from tui.cli.output import captured
from tui.cli.permission_prompt import permission_lines
from tui.core.models.permission_request import PermissionRequest
from tui.storage.session_locks import SessionLock

TAIL = "list the folder; rm -rf /srv/data"
_PATIENCE_S = 60


class Waiting:
    """A session whose run waits for a permission, and the verbs that show it."""

    def __init__(self, folder: Path, asked: dict[str, Any]) -> None:
        self.listing = SampleListing(folder / "outputs")
        self.listing.add(FIRST)
        self.run = add_run(self.listing)
        self.digest = plant_request(self.run, datetime.now(UTC), given=asked)

    @contextmanager
    def verb(self, *words: str, typed: str = "", columns: int = 80) -> Iterator[Pty]:
        command = [sys.executable, "-m", "tui", "--root", str(self.listing.root), *words]
        with SessionLock.take(self.listing.folder, FIRST), Pty(command, typed, columns) as pty:
            yield pty

    @property
    def granted(self) -> list[str]:
        inbox = (json.loads(one.read_text()) for one in (self.run / "inbox").iterdir())
        return [one["decision"] for one in inbox]


class Pty:
    """A program at a terminal, with text `typed` before it started."""

    def __init__(self, command: list[str], typed: str, columns: int) -> None:
        self._master, self._slave = os.openpty()
        termios.tcsetwinsize(self._master, (24, columns))
        os.write(self._master, typed.encode())
        self.said = ""
        slave, here = self._slave, REPOSITORY
        self._process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=here)

    def __enter__(self) -> Pty:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(_PATIENCE_S)
        os.close(self._slave)
        os.close(self._master)

    def type(self, words: str) -> None:
        os.write(self._master, f"{words}\n".encode())

    def until(self, words: str) -> str:
        """Return the whole output once it contains these words."""
        over = time.monotonic() + _PATIENCE_S
        while words not in self.said:
            assert self._process.poll() is None or self._is_said(0), self.said
            assert time.monotonic() < over, self.said
            if self._is_said(0.1):
                self.said += os.read(self._master, 65536).decode().replace("\r\n", "\n")
        return self.said

    def end(self) -> int:
        code: int = self._process.wait(_PATIENCE_S)
        while self._is_said(0):
            self.said += os.read(self._master, 65536).decode().replace("\r\n", "\n")
        return code

    def _is_said(self, seconds: float) -> bool:
        return bool(select.select([self._master], [], [], seconds)[0])


@pytest.mark.parametrize("columns", [40, 80, 132])
@pytest.mark.parametrize(
    ("words", "indent"), [(("answer", FIRST, "allow"), 2), (("show", FIRST), 14)]
)
def test_a_row_that_the_terminal_would_wrap_says_that_it_goes_on(
    tmp_path: Path, words: tuple[str, ...], indent: int, columns: int
) -> None:
    """A command padded to the terminal's edge must not look like a key of the input."""
    blank = " " * (columns - len("command: ls"))
    asked = {"command": f"ls{blank}description: {TAIL}"}
    waiting = Waiting(tmp_path, asked)
    with waiting.verb(*words, columns=columns) as pty:
        said = pty.until("shown in full")
    mine = [one.removeprefix(" " * indent) for one in said.splitlines()]
    begin = next(at for at, one in enumerate(mine) if one.startswith("command: "))
    end = next(at for at, one in enumerate(mine) if one.startswith("shown in full"))
    assert all(len(one) + indent <= columns for one in mine[begin:end])
    assert read_back(mine[begin:end]) == asked


@given(
    given=st.dictionaries(st.sampled_from(("command", "b c")), st.text(" ab|>-:=\n", max_size=200)),
    width=st.integers(20, 100),
    indent=st.sampled_from((0, 2, 14)),
)
@settings(max_examples=50, deadline=None)
def test_the_rows_give_the_input_back_at_every_width(
    given: dict[str, str], width: int, indent: int
) -> None:
    request = PermissionRequest(request_id="p1", tool="Bash", input=given, at=datetime.now(UTC))
    with captured(width + indent):
        said = list(permission_lines(request, datetime.now(UTC), indent))
    begin = next(at for at, one in enumerate(said) if one.startswith("waiting for ")) + 1
    while said[begin].startswith("> "):
        begin += 1
    assert read_back(said[begin:-1]) == given
    assert all(len(one) <= width for one in said[:-1])


def test_no_terminal_is_too_narrow_to_be_asked_at(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path, {"command": "ls"})
    with waiting.verb("answer", FIRST, "allow", typed="yes\n", columns=21) as pty:
        assert pty.end() == 4
        assert "too narrow" in " ".join(pty.said.split())
    assert waiting.granted == []


@pytest.mark.parametrize("decision", ["allow", "always"])
def test_what_was_typed_before_the_request_was_shown_grants_nothing(
    tmp_path: Path, decision: str
) -> None:
    """It was pasted along with the command, or meant for the program before."""
    waiting = Waiting(tmp_path, {"command": "rm -rf /srv"})
    word = f"{'yes' if decision == 'allow' else decision} {waiting.digest[:4]}"
    with waiting.verb("answer", FIRST, decision, typed=f"{word}\n") as pty:
        pty.until(f"to answer {decision}")
        pty.type("no")
        assert pty.end() == 4
    assert waiting.granted == []
    with waiting.verb("answer", FIRST, decision) as pty:
        pty.until(f"to answer {decision}")
        pty.type(word)
        assert pty.end() == 0
    assert waiting.granted == [decision]


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ("allow", "yes"),
        ("allow", "always {}"),
        ("always", "yes {}"),
        ("always", "always"),
        ("allow", ""),
    ],
)
def test_a_word_that_nobody_needs_to_have_read_grants_nothing(
    tmp_path: Path, decision: str, said: str
) -> None:
    waiting = Waiting(tmp_path, {"command": "rm -rf /srv"})
    with waiting.verb("answer", FIRST, decision) as pty:
        pty.until(f"to answer {decision}")
        pty.type(said.format(waiting.digest[:4]))
        assert pty.end() == 4
    assert waiting.granted == []
    assert "nothing was granted" in pty.said
