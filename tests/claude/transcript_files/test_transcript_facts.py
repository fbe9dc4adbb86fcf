"""How full the context is, as the end of a transcript tells it."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tui.claude.transcript_files.transcript_facts import kept, read_facts

COMPACTED = {
    "type": "system",
    "subtype": "compact_boundary",
    "compactMetadata": {"preTokens": 150_000, "postTokens": 12_000},
}
FILLER = {"type": "user", "message": {"content": "x" * 70_000}}


def answer(tokens: int, **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": tokens - 100, "cache_read_input_tokens": 90, "output_tokens": 10}
    return {"type": "assistant", "message": {"model": "claude-opus-5", "usage": usage}, **more}


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("lines", "tokens"),
    [
        ((answer(5000), answer(9000)), 9000),
        ((answer(9000), answer(400, isSidechain=True)), 9000),
        ((answer(160_000), COMPACTED), 12_000),
        ((answer(160_000), COMPACTED, answer(15_000)), 15_000),
        ((answer(9000), {"type": "user", "toolUseResult": {"usage": {"input_tokens": 5}}}), 9000),
        ((answer(9000), {"type": "user", "message": {"content": '"compact_boundary"'}}), 9000),
        ((FILLER, answer(9000), FILLER), 9000),
        ((FILLER,), 0),
        (({"type": "assistant", "message": {"model": "x", "usage": "many"}},), 0),
        (({"type": "assistant", "message": {"model": "x", "usage": {"input_tokens": -5}}},), 0),
    ],
)
def test_the_context_is_what_the_last_answer_read_and_wrote(
    tmp_path: Path, lines: tuple[dict[str, Any], ...], tokens: int
) -> None:
    assert read_facts(write(tmp_path / "a.jsonl", *lines)).context == tokens


def test_an_end_that_does_not_tell_leaves_what_was_known(tmp_path: Path) -> None:
    before = read_facts(write(tmp_path / "a.jsonl", answer(9000)))
    after = read_facts(write(tmp_path / "b.jsonl", FILLER))
    assert kept(before, after).context == 9000


def test_lines_that_take_many_times_their_size_are_not_all_kept(tmp_path: Path) -> None:
    many = {"type": "user", "isMeta": True, "message": {"content": "x"}, "planted": [{}] * 10_000}
    path = write(tmp_path / "a.jsonl", *[many] * 60)
    read_facts(write(tmp_path / "b.jsonl", many))
    tracemalloc.start()
    try:
        read_facts(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 2_000_000
    assert most < 20_000_000
