"""Until the live picture is there: what keys do, and how the terminal comes back."""

from __future__ import annotations

import shlex
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.support.console.pictures import (
    HELD,
    SIZE,
    TITLE,
    console,
    go_on,
    hold,
    leave_picture,
    live_at_once,
    places,
    still,
    terminal_modes,
)
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tests.support.processes.tmux import Tmux


@pytest.mark.parametrize("at", ["textual", "look"])
def test_keys_that_move_are_kept_in_order_and_all_others_are_dropped_and_named(
    root: Path, at: str
) -> None:
    """Without the sieve `d` and Enter would ask to delete what the root may not have any more."""
    leave_picture(root)
    with console(root, at=at) as screen:
        screen.wait_for("reading...", "Let me look.")
        selected = screen.cells(0).index(">")
        for key in ("j", "r", "d", "y", "\r", "k", "j"):
            screen.write(key.encode())
            time.sleep(0.05)
        assert screen.cells(0).index(">") == selected
        go_on(root)
        screen.wait_for("0 live", "it did nothing: r d y Enter")
        wait(lambda: screen.cells(0).index(">") == selected + 1)
        screen.send("k")
        wait(lambda: screen.cells(0).index(">") == selected)
    assert not (root / "hollis_park" / ".session_console" / "runs").exists()
    assert not (root / ".session_console" / "trash").exists()


@pytest.mark.parametrize("pieces", [["xunter9"], list("xunter9")])
def test_what_may_be_a_password_is_counted_and_not_written(root: Path, pieces: list[str]) -> None:
    leave_picture(root)
    with console(root, at="look") as screen:
        screen.wait_for("reading...", "Let me look.")
        for piece in pieces:
            screen.write(piece.encode())
            time.sleep(0.05)
        go_on(root)
        screen.wait_for("0 live", "it did nothing: 7 keys")
        assert "u n t" not in screen.text


def test_keys_typed_at_the_last_picture_are_early_though_the_live_one_is_handled_already(
    root: Path,
) -> None:
    """Else Space would mark the row that the kept keys only then leave."""
    leave_picture(root)
    with console(root, at="paint") as screen:
        screen.wait_for("reading...", "Let me look.")
        selected = screen.cells(0).index(">")
        wait((root.parent / "hold.reached").exists)
        for key in ("j", " ", "k", "j", "e"):
            screen.write(key.encode())
            time.sleep(0.1)
        go_on(root)
        screen.wait_for("0 live", "it did nothing: space e")
        wait(lambda: screen.cells(0).index(">") == selected + 1)
        assert "marked" not in screen.text
        screen.send("k")
        wait(lambda: screen.cells(0).index(">") == selected)


def test_a_burst_of_moving_keys_is_kept_too(root: Path) -> None:
    """They come in one piece, since nobody read them before: that is no paste."""
    leave_picture(root)
    with console(root, at="textual") as screen:
        screen.wait_for("reading...", "Let me look.")
        selected = screen.cells(0).index(">")
        screen.write(b"jkjkjkjkjkjkj")
        go_on(root)
        screen.wait_for("0 live")
        wait(lambda: screen.cells(0).index(">") == selected + 1)
        assert "did nothing" not in screen.text


@pytest.mark.parametrize("at", ["textual", "look"])
def test_ctrl_c_leaves_before_the_live_picture_and_gives_the_terminal_back(
    root: Path, at: str
) -> None:
    leave_picture(root)
    with console(root, at=at) as screen:
        before = terminal_modes()
        screen.wait_for("reading...", "Let me look.")
        assert not screen.attributes[3] & termios.ECHO
        if at == "look":
            screen.wait_for("reading...")
            wait(lambda: not screen.attributes[3] & termios.ISIG)
        screen.write(b"\x03")
        code = screen.process.wait(60)
        wait(lambda: b"\x1b[?1049l" in screen.raw)
        assert screen.attributes == before
    assert code == (130 if at == "textual" else 0)


def test_q_leaves_while_the_root_is_read(root: Path) -> None:
    """A root that hangs must not keep anybody in the console."""
    leave_picture(root)
    with console(root, at="look") as screen:
        screen.wait_for("reading...", "Let me look.")
        screen.write(b"q")
        assert screen.process.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_console_that_is_killed_before_it_is_live_gives_the_terminal_back(
    root: Path, number: signal.Signals
) -> None:
    leave_picture(root)
    with console(root, at="textual") as screen:
        before = terminal_modes()
        screen.wait_for("reading...", "Let me look.")
        screen.process.send_signal(number)
        assert screen.process.wait(60) == -number
        wait(lambda: b"\x1b[?1049l\x1b[?25h" in screen.raw)
        assert screen.attributes == before


def test_a_console_that_crashes_before_it_is_live_gives_the_terminal_back_first(root: Path) -> None:
    leave_picture(root)
    with console(root, at="broken") as screen:
        before = terminal_modes()
        assert screen.process.wait(60) == 1
        screen.wait_for("Textual is broken")
        assert TITLE in screen.raw
        left = screen.raw.index(b"\x1b[?1049l")
        assert left < screen.raw.index(b"Traceback")
        assert screen.attributes == before


def test_a_console_with_a_picture_leaves_the_terminal_as_it_found_it(root: Path) -> None:
    """Textual would give back the modes that it found, which are the picture's."""
    leave_picture(root)
    with console(root, at="textual") as screen:
        before = terminal_modes()
        screen.wait_for("reading...", "Let me look.")
        go_on(root)
        screen.wait_for("0 live")
        screen.send("q")
        assert screen.process.wait(60) == 0
        assert screen.attributes == before


def test_a_terminal_that_was_resized_meanwhile_is_painted_whole(root: Path) -> None:
    leave_picture(root)
    with console(root, at="textual") as screen:
        screen.wait_for("reading...", "Let me look.")
        screen.resize(100, 30)
        go_on(root)
        screen.wait_for("0 live", "Let me look.", "┌")
        shown = screen.text
    with live_at_once(root, size=(100, 30)) as screen:
        screen.wait_for("Let me look.")
        assert still(screen.text) == still(shown)


def test_a_terminal_that_was_resized_and_has_its_size_again_is_painted_whole(root: Path) -> None:
    """It has moved its cells all the same."""
    leave_picture(root)
    with console(root, at="textual") as screen:
        screen.wait_for("reading...", "Let me look.")
        shown = screen.text
        screen.resize(70, 18)
        time.sleep(0.2)  # the program is told of each
        screen.resize(*SIZE)
        time.sleep(0.2)
        assert still(screen.text) != still(shown)
        go_on(root)
        screen.wait_for("0 live", "Let me look.")
        assert still(screen.text) == still(shown)


def test_a_click_does_nothing_while_the_root_is_read(root: Path) -> None:
    """What is under the pointer belongs to the last picture: a key of the bottom line would act."""
    leave_picture(root)
    with console(root, at="look") as screen:
        screen.wait_for("reading...", "Let me look.", "? help")
        wait((root.parent / "hold.reached").exists)
        x, y = screen.text.split("\n")[-1].index("? help") + 1, SIZE[1]
        for end in "Mm":
            screen.write(f"\x1b[<0;{x};{y}{end}".encode())
        time.sleep(0.5)
        go_on(root)
        screen.wait_for("0 live", "Let me look.")
        time.sleep(0.5)
        assert "Let me look." in screen.text
        screen.send("?")
        screen.wait_for("Esc back")


def test_a_terminal_that_is_resized_while_the_root_is_read_is_painted_whole(root: Path) -> None:
    leave_picture(root)
    with console(root, at="look") as screen:
        screen.wait_for("reading...", "Let me look.")
        wait(lambda: not screen.attributes[3] & termios.ISIG)
        screen.resize(100, 30)
        screen.wait_for("looking...", "┌")
        screen.write(b"d")
        go_on(root)
        screen.wait_for("0 live", "Let me look.", "it did nothing: d")


def test_in_tmux_the_picture_comes_and_the_live_one_takes_its_place(
    root: Path, tmp_path: Path
) -> None:
    server = Tmux(tmp_path / "tmux", *SIZE)
    held = hold(root)
    exported = [f"export {name}={shlex.quote(value)}" for name, value in places(root).items()]
    given = ["--root", str(root), "--operator", "anna"]
    lines = (
        "PS1='$ '",
        f"cd {shlex.quote(str(REPOSITORY))}",
        *exported,
        f"console() {{ {shlex.join([sys.executable, '-m', 'tui', *given])}; }}",
        f"held() {{ {shlex.join([sys.executable, '-m', HELD, 'textual', str(held), *given])}; }}",
    )
    (tmp_path / "rc").write_text("\n".join(lines) + "\n")
    try:
        server.start("bash", "--noprofile", "--rcfile", str(tmp_path / "rc"), temporary=tmp_path)
        server.wait_for(lambda text: "$" in text)
        server.keys(*"console", "Enter")
        left = server.wait_for(lambda text: "0 live" in text and "Let me look." in text)
        server.keys("q")
        server.wait_for(lambda text: "QUIET" not in text)
        server.keys(*"held", "Enter")
        shown = server.wait_for(lambda text: "reading..." in text and "? help" in text)
        assert still(shown) == still(left)
        server.keys("j", "d")
        go_on(root)
        server.wait_for(lambda text: "0 live" in text and "it did nothing: d" in text)
        server.keys("q")
        server.wait_for(lambda text: "QUIET" not in text)
        server.call(
            "send-keys", "-l", "stty -a | tr ' ' '\\n' | grep -cx -e icanon -e echo -e isig"
        )
        server.keys("Enter")
        server.wait_for(lambda text: "\n3\n" in text)
    finally:
        server.end()
