"""A transcript from its start: whole lines up to its present end, in bounded memory."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.open_files import open_files
from tui.claude.transcript_files import transcript_lines
from tui.claude.transcript_files.transcript_lines import is_whole, read_lines
from tui.core.limits import LONGEST_LINE, MOST_PASSED

CONTENT = st.lists(
    st.binary(max_size=30) | st.sampled_from([b"\n", b"{}\n", b"a\r\n\0\n", b"NEEdle\n"]),
    max_size=12,
).map(b"".join)


def raws(path: Path, *literals: bytes) -> list[bytes]:
    return [line.raw for line in read_lines(path, literals) if not line.problem]


def problems(path: Path) -> list[str]:
    return [line.problem for line in read_lines(path) if line.problem]


@given(content=CONTENT)
def test_any_bytes_give_their_whole_lines(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    *whole, rest = content.split(b"\n")
    if is_whole(rest):
        whole, rest = [*whole, rest], b""
    assert raws(path) == [line for line in whole if line]
    said = [f"the last line is not whole yet: its {len(rest)} bytes are left out"] if rest else []
    assert problems(path) == said
    for wanted in ((b"needle",), (b"needle", b"{"), (b"a", b"e", b"zz")):
        found = [line for line in whole if any(one in line.lower() for one in wanted)]
        assert raws(path, *wanted) == found


@pytest.mark.parametrize(
    "size", [transcript_lines._BLOCK - 1, transcript_lines._BLOCK, transcript_lines._BLOCK + 1]
)
def test_a_line_that_meets_the_end_of_a_block_stays_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "t.jsonl"
    wanted = [b"x" * (size - 1), b"y" * (3 * transcript_lines._BLOCK), b"z needle", b"w"]
    path.write_bytes(b"\n".join(wanted) + b"\n")
    assert raws(path) == wanted
    assert raws(path, b"needle") == [b"z needle"]


def test_a_line_of_30_mb_is_read_and_one_that_is_too_long_is_passed_by(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with path.open("wb") as file:
        file.write(b"first\n" + b"x" * 30_000_000 + b"\n" + b"y" * 200_000_000 + b"\nlast\n")
    tracemalloc.start()
    sizes = [len(line.raw) for line in read_lines(path)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sizes == [5, 30_000_000, 0, 4]
    assert peak < 4.5 * LONGEST_LINE
    assert problems(path) == ["a line of 191M is too long to be read"]


def test_what_is_written_meanwhile_is_left_out(tmp_path: Path) -> None:
    """A file that grows as fast as it is read would never end."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"one\n" * 100_000)
    count = 0
    for _ in read_lines(path):
        count += 1
        if count % 1000 == 0:
            with path.open("ab") as file:
                file.write(b"more\n" * 2000)
    assert count == 100_000


def test_a_file_replaced_or_truncated_meanwhile_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"one\n" * 200_000)
    reading = read_lines(path)
    next(reading)
    (tmp_path / "new").write_bytes(b"two\n")
    (tmp_path / "new").rename(path)
    assert {line.raw for line in reading} == {b"one"}
    path.write_bytes(b"one\n" * 200_000)
    reading = read_lines(path)
    next(reading)
    os.truncate(path, 0)
    assert 0 < sum(1 for _ in reading) < 200_000


def linked(path: Path) -> None:
    (path.parent / "outside").write_text("secret\n")
    path.symlink_to(path.parent / "outside")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, linked, lambda path: None])
def test_only_a_file_is_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "t.jsonl"
    make(path)
    before = open_files()
    with pytest.raises(OSError, match=r"link|not a file|directory|No such file"):
        list(read_lines(path))
    assert open_files() <= before


@pytest.mark.parametrize("letter", ["\U0001f600", "\\ud83d\\ude00", "\u0416"])
def test_a_long_line_of_wide_letters_is_passed_by_sooner(tmp_path: Path, letter: str) -> None:
    """Without the guard, one such letter makes a 30 MB text (and each copy) take 120 MB."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"x" * 30_000_000 + letter.encode() + b"\nlast\n")
    assert problems(path) == ["a line of 29M is too long to be read"]
    assert raws(path) == raws(path, b"last") == [b"last"]


def test_a_hole_is_passed_by_at_once_and_told(tmp_path: Path) -> None:
    """Without the guard, an empty sparse file of a terabyte is read for an hour."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"first\n")
    os.truncate(path, 1 << 40)
    with path.open("ab") as file:
        file.write(b"\nlast\n")
    assert (raws(path)[0], raws(path)[-1]) == (b"first", b"last")
    assert problems(path)[-1] == "1.0T in it were never written"


def test_a_line_without_an_end_ends_the_reading_and_is_told(tmp_path: Path) -> None:
    """Without the bound, all of it is read, and nobody is told that nothing was found."""
    path = tmp_path / "t.jsonl"
    with path.open("wb") as file:
        file.write(b"first\n")
        for _ in range(MOST_PASSED // 1_000_000 + 10):
            file.write(b"x" * 1_000_000)
        file.write(b"\nlast\n")
    assert raws(path) == [b"first"]
    (said,) = problems(path)
    assert said == ("a line has no end within 256M: it is left out, and all that follows, 265M")


def test_more_lines_than_anybody_reads_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"x\n" * 20)
    monkeypatch.setattr(transcript_lines, "MOST_READ_LINES", 10)
    assert len(raws(path)) == 10
    assert problems(path) == ["it has over 10 lines: the rest is left out"]
