"""Only whole lines are shown, each once; a replaced file is announced."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile.read_errors import reads_fail
from tui.claude.transcript_files.transcript_pages import RawLine
from tui.claude.transcript_files.transcript_tail import Growth, Tail
from tui.core.errors import UnknownId

CHUNKS = st.lists(
    st.binary(max_size=40) | st.sampled_from([b"\n", b"{}\n", b"a\r\n\0\n"]), max_size=8
)
LIMITS = st.integers(1, 60)


def whole(content: bytes) -> tuple[bytes, ...]:
    return tuple(content.split(b"\n")[:-1])


def raw(growth: Growth) -> tuple[bytes, ...]:
    return tuple(line.raw for line in growth.lines)


def told(tail: Tail) -> tuple[tuple[bytes, ...], bool, str]:
    growth = tail.read()
    return raw(growth), growth.was_reset, growth.notice


def drain(tail: Tail, limit: int) -> tuple[bool, tuple[bytes, ...]]:
    """Read until nothing comes; return whether the file was replaced, and its lines."""
    growth = tail.read(limit=limit)
    was_reset, lines = growth.was_reset, raw(growth)
    size = tail.path.stat().st_size
    for _ in range(size // limit + 1):
        growth = tail.read(limit=limit)
        assert not growth.was_reset
        lines += raw(growth)
    return was_reset, lines


@given(chunks=CHUNKS, limit=LIMITS)
def test_any_bytes_in_any_chunks_are_the_lines_of_the_whole(
    tmp_path: Path, chunks: list[bytes], limit: int
) -> None:
    path = tmp_path / "growing.jsonl"
    path.write_bytes(b"")
    tail, lines = Tail(path), tuple[bytes, ...]()
    for chunk in chunks:
        with path.open("ab") as file:
            file.write(chunk)
        was_reset, more = drain(tail, limit)
        assert not was_reset
        lines += more
    assert lines == whole(b"".join(chunks))


ACTS = st.tuples(
    st.sampled_from(["append", "truncate", "replace", "rewrite", "delete"]), st.binary(max_size=40)
)


@given(acts=st.lists(ACTS, max_size=8), limit=LIMITS)
def test_after_truncation_and_replacement_it_is_the_file_as_it_is(
    tmp_path: Path, acts: list[tuple[str, bytes]], limit: int
) -> None:
    """Without the announcement, the lines before the change would stay on the screen.

    Without comparing the last bytes read, a file that was truncated and grew again goes unnoticed.
    """
    path = tmp_path / "changing.jsonl"
    path.write_bytes(b"first\n")
    tail = Tail(path)
    shown = drain(tail, limit)[1]
    for act, content in acts:
        change(path, act, content)
        if not path.exists():
            assert tail.read().was_reset or shown == ()
            shown = ()
            continue
        was_reset, lines = drain(tail, limit)
        shown = lines if was_reset else shown + lines
        assert shown == whole(path.read_bytes())


def change(path: Path, act: str, content: bytes) -> None:
    if act == "append" or not path.exists():
        with path.open("ab") as file:
            file.write(content)
    elif act == "truncate":
        os.truncate(path, path.stat().st_size // 2)
    elif act == "rewrite":
        with path.open("r+b") as file:
            file.truncate(0)
            file.write(content)
    elif act == "replace":
        path.with_suffix(".new").write_bytes(content)
        path.with_suffix(".new").replace(path)
    else:
        path.unlink()


@given(content=st.binary(max_size=200), last_bytes=st.integers(1, 80))
def test_it_begins_at_a_whole_line_near_the_end(
    tmp_path: Path, content: bytes, last_bytes: int
) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(content)
    lines = raw(Tail(path, last_bytes=last_bytes).read())
    assert lines == whole(content)[len(whole(content)) - len(lines) :]


def test_a_last_line_larger_than_the_window_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_bytes(b"first\n" + b"x" * 5000 + b"\n")
    assert Tail(path, last_bytes=100).read().lines[-1].raw == b"x" * 5000


def test_what_happened_to_the_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    tail = Tail(path)
    assert tail.read() == Growth()
    path.write_bytes(b"one\ntwo\n")
    assert told(tail) == ((b"one", b"two"), False, "")
    os.truncate(path, 4)
    assert told(tail) == ((b"one",), True, "the transcript was truncated")
    path.unlink()
    assert tail.read().notice.startswith("the transcript is gone")
    assert tail.read() == Growth()
    path.write_bytes(b"new\n")
    assert told(tail) == ((b"new",), False, "")
    path.rename(tmp_path / "b.jsonl")
    path.write_bytes(b"newer\n")
    assert told(tail) == ((b"newer",), True, "the transcript was replaced")


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.jsonl"
    path.mkdir() if kind == "directory" else os.mkfifo(path)
    with pytest.raises(UnknownId, match="not a file"):
        Tail(path).read()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret\n")
    (tmp_path / "link.jsonl").symlink_to("secret")
    growth = Tail(tmp_path / "link.jsonl").read()
    assert growth == Growth(notice=growth.notice)
    assert growth.notice.startswith("the transcript cannot be read: ")


def test_a_live_writer_of_large_lines_is_read_whole_and_once(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    path.write_bytes(b"")
    written = [b"%d " % number + b"x" * 300_000 for number in range(40)]

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for line in written:
                file.write(line[:150_000])
                file.write(line[150_000:] + b"\n")

    writer = threading.Thread(target=write)
    tail, lines = Tail(path), list[bytes]()
    assert tail.read() == Growth()
    writer.start()
    while writer.is_alive():
        lines += raw(tail.read(limit=100_000))
    while more := raw(tail.read()):
        lines += more
    assert lines == written


def test_a_file_truncated_and_grown_again_between_two_looks_is_announced(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"one\ntwo\n")
    tail = Tail(path)
    assert told(tail)[0] == (b"one", b"two")
    change(path, "rewrite", b"other\nlines\nand more\n")
    assert told(tail) == (
        (b"other", b"lines", b"and more"), True, "the transcript was written anew"
    )  # fmt: skip


def test_of_an_unfinished_line_of_30_mb_nothing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"first\n")
    tail = Tail(path)
    tail.read()
    with path.open("ab") as file:
        for _ in range(30):
            file.write(b"x" * 1_000_000)
            file.flush()
            assert tail.read(limit=256 * 1024).lines == ()
        file.write(b"\n{}\n")
    found: list[RawLine] = []
    while len(found) < 2:
        found += tail.read(limit=8 * 1024 * 1024).lines
    assert [line.size for line in found] == [30_000_000, 2]
    assert len(found[0].raw) < 100_000


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_what_cannot_be_read_is_not_gone_and_is_told_once(tmp_path: Path, number: int) -> None:
    path = tmp_path / "session.jsonl"
    path.write_bytes(b"one\n")
    for tail, known in ((Tail(path), 0), (Tail(path), 1)):
        assert len(tail.read().lines) == 1 if known else tail.identity is None
        with reads_fail(tmp_path, number):
            growth = tail.read()
            assert (growth.was_reset, growth.lines) == (False, ())
            assert growth.notice == f"the transcript cannot be read: {os.strerror(number)}"
            assert tail.read().notice == ""
        growth = tail.read()
        assert (len(growth.lines), growth.was_reset, growth.notice) == (1 - known, False, "")
