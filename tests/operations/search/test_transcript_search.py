"""A search of a whole transcript finds what a plain search of its entries finds."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.claude.transcript.line_parser import parse_line
from tui.core.errors import ConsoleError
from tui.operations.search.transcript_search import SearchHits, seek

PIECES = st.sampled_from(["Pumps", "pumps ", 'a "b"', "ü", "(x)", " ", "new\nline", "İ", "valve"])
TEXTS = st.lists(st.lists(PIECES, max_size=5).map("".join), max_size=12)


def line(text: str) -> str:
    message = {"id": "m", "content": [{"type": "text", "text": text}]}
    return json.dumps({"type": "assistant", "message": message}, ensure_ascii=False)


def written(folder: Path, texts: list[str]) -> tuple[Path, list[int]]:
    path, places, at = folder / "a.jsonl", list[int](), 0
    lines = [f"{line(text)}\n".encode() for text in texts]
    for one in lines:
        places.append(at)
        at += len(one)
    path.write_bytes(b"".join(lines))
    return path, places


@given(texts=TEXTS, words=st.sampled_from(["pumps", "PUMPS", 'a "b"', "ü", "(x)", "valve", "p"]))
def test_it_finds_what_a_plain_search_finds(tmp_path: Path, texts: list[str], words: str) -> None:
    path, places = written(tmp_path, texts)
    plain = [
        place
        for place, text in zip(places, texts, strict=True)
        if any(words.casefold() in one.text.casefold() for one in parse_line(line(text).encode()))
    ]
    size = path.stat().st_size
    hits = seek(path, words, size)
    assert list(hits.places) == plain
    half = next((place for place in places if place > size // 2), size)
    first = seek(path, words, half)
    assert list(seek(path, words, size, known=first).places) == plain


def test_inputs_and_results_are_searched_and_names_of_json_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    call = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls pumps"}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "one\ntwo valves\n"}
    lines = [
        {"type": "assistant", "message": {"content": [call]}},
        {"type": "user", "message": {"content": [result]}},
        {"type": "api-request", "text": "pumps"},
    ]
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    size = path.stat().st_size
    assert list(seek(path, "pumps", size).places) == [0]
    assert len(seek(path, "valves", size).places) == 1
    assert len(seek(path, "tool_use_id", size).places) == 0


def test_it_says_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    path, _ = written(tmp_path, ["pumps " * 1000] * 400)
    size, shares, stop = path.stat().st_size, list[float](), threading.Event()

    def told(share: float) -> None:
        shares.append(share)
        if share > 0.5:
            stop.set()

    hits = seek(path, "pumps", size, told=told, is_stopped=stop.is_set)
    assert not hits.is_whole
    assert shares == sorted(shares)
    assert 0.5 < shares[-1] < 0.8
    assert 0 < len(hits.places) < 400


def test_the_next_hit_goes_round() -> None:
    from array import array

    hits = SearchHits(sought="x", places=array("Q", [10, 20, 30]))
    assert [hits.next(place, 1) for place in (-1, 10, 15, 30)] == [0, 1, 1, 0]
    assert [hits.next(place, -1) for place in (30, 15, 10)] == [1, 0, 2]
    assert SearchHits(sought="x").next(5, 1) is None
    first = SearchHits(sought="x", places=array("Q", [0, 10]))
    assert [first.next(place, 1) for place in (-1, 0)] == [0, 1]


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError, match="cannot be read"):
        seek(tmp_path / "gone.jsonl", "x", 10)
