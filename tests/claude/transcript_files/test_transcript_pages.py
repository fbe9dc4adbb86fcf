"""All pages of a transcript together are the transcript, whatever it contains."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.claude.transcript_files import transcript_pages
from tui.claude.transcript_files.transcript_pages import RawLine
from tui.core.limits import FARTHEST, MOST_LINES
from tui.core.limits import LONGEST_SHOWN as LONGEST
from tui.core.models.entry import EntryKind

ODD = st.sampled_from([b"", b"{}", b"\0\0", b"\xe2\x80\xa8", b"\xed\xa0\x80"])
CONTENT = st.lists(st.binary(max_size=60) | ODD).map(
    lambda lines: b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
)


def whole(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1]


def file(folder: Path, content: bytes) -> Path:
    path = folder / "a.jsonl"
    path.write_bytes(content)
    return path


@given(content=CONTENT, most=st.integers(1, 100))
def test_paging_back_to_the_start_and_on_to_the_end_equals_reading_it_whole(
    tmp_path: Path, content: bytes, most: int
) -> None:
    with transcript_pages.opened(file(tmp_path, content)) as fd:
        back, place = list[RawLine](), len(content)
        while place > 0:
            page = transcript_pages.before(fd, place, most)
            assert page
            back, place = [*page, *back], page[0].start
        on, place = list[RawLine](), 0
        while page := transcript_pages.after(fd, place, len(content), most):
            on, place = [*on, *page], page[-1].stop
    assert [line.raw for line in back] == [line.raw for line in on] == whole(content)
    assert [line.start for line in back] == [line.start for line in on]
    assert all(content[one.start : one.start + one.size] == one.raw for one in on)


def long_line(size: int) -> bytes:
    message = {"role": "user", "content": [{"type": "tool_result", "content": "x" * size}]}
    at = "2026-11-20T12:00:00.000Z"
    return json.dumps({"type": "user", "message": message, "uuid": "u", "timestamp": at}).encode()


def test_a_line_of_30_mb_is_read_by_its_ends_alone(tmp_path: Path) -> None:
    """Read whole, it would take over 30 MB and 100 ms."""
    content = b"{}\n" + long_line(30_000_000) + b"\n{}\n"
    with transcript_pages.opened(file(tmp_path, content)) as fd:
        tracemalloc.start()
        try:
            (last,) = transcript_pages.before(fd, len(content), 3)
            (line,) = transcript_pages.before(fd, last.start)
            (same,) = transcript_pages.after(fd, 3, len(content))
            assert tracemalloc.get_traced_memory()[1] < 3_000_000
        finally:
            tracemalloc.stop()
    assert line == same
    assert line.size == len(content) - 7
    (entry,) = line.entries()
    assert entry.kind is EntryKind.RESULT
    assert entry.text == "[only the head of a line of 29M]"
    assert entry.at is not None
    assert entry.detail.startswith("xxx")


def test_a_line_just_short_enough_is_whole(tmp_path: Path) -> None:
    line = long_line(LONGEST - len(long_line(0)))
    with transcript_pages.opened(file(tmp_path, line + b"\n")) as fd:
        (read,) = transcript_pages.before(fd, len(line) + 1)
    assert (read.raw, read.end) == (line, b"")
    longer, after = transcript_pages.split(b"x" * (LONGEST + 1) + b"\n{}\n", 0)
    assert (longer.size, len(longer.raw) < LONGEST, after.start) == (LONGEST + 1, True, LONGEST + 2)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("directory", "not a file"),
        ("pipe", "not a file"),
        ("link", "Too many levels"),
        ("missing", "No such file"),
    ],
)
def test_only_a_file_is_opened(tmp_path: Path, kind: str, reason: str) -> None:
    path = tmp_path / "odd"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "secret").write_bytes(b"secret\n")
        path.symlink_to("secret")
    with pytest.raises(OSError, match=reason), transcript_pages.opened(path):
        pass


def test_what_was_cut_off_meanwhile_is_no_page(tmp_path: Path) -> None:
    path = file(tmp_path, b"one\ntwo\n")
    with transcript_pages.opened(path) as fd:
        os.truncate(path, 0)
        assert transcript_pages.before(fd, 8) == ()
        assert transcript_pages.after(fd, 0, 8) == ()


@pytest.mark.parametrize("line", [b"", b"x"])
def test_very_many_short_lines_come_in_parts(tmp_path: Path, line: bytes) -> None:
    """Without the bound, a page of a file of newlines has a quarter of a million lines."""
    content = (line + b"\n") * 300_000
    with transcript_pages.opened(file(tmp_path, content)) as fd:
        place, on = len(content), 0
        while place > 0:
            page = transcript_pages.before(fd, place)
            assert len(page) <= MOST_LINES
            place = page[0].start
        while page := transcript_pages.after(fd, on, len(content)):
            assert len(page) <= MOST_LINES
            on = page[-1].stop
    assert on == len(content)


def test_a_line_without_an_end_is_read_a_bounded_way(tmp_path: Path) -> None:
    """Without the bound, every byte before it is searched for the line's start."""
    path = file(tmp_path, b"{}\n")
    os.truncate(path, 10 * FARTHEST)
    with transcript_pages.opened(path) as fd:
        assert transcript_pages.line_start(fd, 10 * FARTHEST) == 9 * FARTHEST
        (one,) = transcript_pages.before(fd, 10 * FARTHEST)
        assert (one.start, one.stop) == (9 * FARTHEST - 1, 10 * FARTHEST)
        (one,) = transcript_pages.after(fd, 3, 10 * FARTHEST)
        assert (one.start, one.stop) == (3, 3 + FARTHEST)
    assert one.entries()[0].text.endswith("that cannot be read")
