"""What a killed console leaves of a deed on many is read once; one that goes on is nobody's."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tui.core.console.cut_off_deed import CutOffDeed
from tui.storage.state.deeds import deed_recorded, take_cut_off

KEYS = tuple(("oak", str(number)) for number in range(4))
DOING = """
import sys, pathlib, time
from tui.storage.state.deeds import deed_recorded
folder = pathlib.Path(sys.argv[1])
keys = [("oak", str(number)) for number in range(4)]
with deed_recorded(folder / "state", folder, "anna", "resumed", keys) as record:
    record.begins()
    record.ends(is_done=True)
    record.begins()
    record.ends(is_done=False)
    record.begins()
    print("ready", flush=True)
    time.sleep(600)
"""


def taken(folder: Path) -> tuple[CutOffDeed, ...]:
    return take_cut_off(folder / "state", folder, "anna")


def test_a_killed_console_leaves_how_far_its_deed_was(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DOING, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert taken(tmp_path) == ()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert take_cut_off(tmp_path / "state", tmp_path, "bert") == ()
    (deed,) = taken(tmp_path)
    assert deed == CutOffDeed("resumed", KEYS, (True, False), is_in_doubt=True)
    assert deed.left(KEYS) == {KEYS[1], KEYS[3]}
    assert deed.doubtful == KEYS[2]
    assert taken(tmp_path) == ()


def test_one_that_was_cut_off_is_not_written_over(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with deed_recorded(state, tmp_path, "anna", "resumed", KEYS):
        (one,) = state.iterdir()
        content = one.read_bytes()
    one.write_bytes(content)
    with deed_recorded(state, tmp_path, "anna", "noted", KEYS):
        assert [found.word for found in taken(tmp_path)] == ["resumed"]
    assert taken(tmp_path) == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]\n", b"{}\n??", b'{"word": 1, "keys": [1]}\n', b'{"word": "x", "keys": 7}\n'],
)
def test_what_is_no_deed_is_dropped(tmp_path: Path, content: bytes) -> None:
    state = tmp_path / "state"
    with deed_recorded(state, tmp_path, "anna", "resumed", KEYS):
        (one,) = state.iterdir()
    one.write_bytes(content)
    assert taken(tmp_path) == ()
    assert not one.exists()


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_names_in_it_are_cleaned(tmp_path: Path, payload: str) -> None:
    state, keys = tmp_path / "state", [("oak", payload), ("oak", "b")]
    with deed_recorded(state, tmp_path, "anna", payload, keys):
        (one,) = state.iterdir()
        content = one.read_bytes()
    one.write_bytes(content)
    for deed in taken(tmp_path):
        assert is_cleaned(deed.word)
        assert is_cleaned(deed.keys[0][1])
