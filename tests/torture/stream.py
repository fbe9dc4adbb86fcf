"""The stream under fire: mutated lines, a live writer of large ones, a file changed under it."""

from __future__ import annotations

import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.claude.transcript.cut_line import parse_head
from tui.claude.transcript.line_parser import parse_line
from tui.claude.transcript_files import transcript_pages
from tui.claude.transcript_files.transcript_pages import RawLine
from tui.claude.transcript_files.transcript_tail import Tail
from tui.core.models.entry import Entry
from tui.core.text.safe_text import safe_text
from tui.view.stream.stream_buffer import StreamBuffer

_LINES = 100_000
_LARGE, _LARGE_BYTES = 60, 2_000_000
_CHANGES = 5_000
_SECONDS_A_MB = 0.1
_LATE_S = 0.35
_POLL_S = 0.15
_ODD = (
    b"\0", b"\xed\xa0\x80", b"\\ud800", "\u2028".encode(), b"\n", b'"', b"\\", b"{", b"]", b"\xff",
    b"null", b"1e999", b"\x1b]52;c;AAAA\x07", b"[" * 3000, b"\x9b31m", b"-", b"true", b'{"a":',
)  # fmt: skip


def run(scale: float) -> Mapping[str, Any]:
    """Assert that nothing raises, nothing is lost or doubled, and nothing takes long."""
    with tempfile.TemporaryDirectory(prefix="session-console-torture-") as name:
        folder = Path(name)
        return {
            **fuzz(max(1, round(_LINES * scale))),
            **huge(),
            **live_writer(folder, max(4, round(_LARGE * scale))),
            **changes(folder, max(20, round(_CHANGES * scale))),
        }


def fuzz(count: int) -> dict[str, Any]:
    """Parse, wrap and draw so many mutated lines."""
    chance, slowest, entries = random.Random(11), 0.0, 0  # noqa: S311 (a test's dice)
    whole = samples()
    for number in range(count):
        line = _mutated(chance.choice(whole), chance)
        began = time.thread_time()
        found = parse_line(line)
        cut = parse_head(line[: chance.randint(0, len(line))], line[-40:], 5_000_000, 1000, 0)
        took = time.thread_time() - began
        slowest = max(slowest, took / max(1.0, len(line) / 1e6))
        entries += len(found)
        if number % 20 == 0:
            _require_drawn((*found, *cut))
    assert slowest < _SECONDS_A_MB, f"{slowest:.3f} s a MB"
    return {"lines": count, "entries": entries, "slowest_s_a_mb": round(slowest, 4)}


def huge() -> dict[str, Any]:
    """Parse lines of 30 MB, whole and by their heads."""
    slowest = 0.0
    for piece in (b"x", b"\\n", "\u2028".encode(), b"\0", b"\\u0000", b"[[", b'\\"'):
        line = (
            b'{"type":"user","message":{"content":"' + piece * (30_000_000 // len(piece)) + b'"}}'
        )
        began = time.thread_time()
        assert parse_line(line)
        slowest = max(slowest, (time.thread_time() - began) / 30)
        assert RawLine(0, len(line), line[: 64 * 1024], line[-4096:]).entries()
    assert slowest < _SECONDS_A_MB, f"{slowest:.3f} s a MB"
    return {"huge_slowest_s_a_mb": round(slowest, 4)}


def live_writer(folder: Path, count: int) -> dict[str, Any]:
    """Follow a writer of lines of 2 MB, written in pieces; each comes once, whole and soon."""
    path = folder / "live.jsonl"
    path.write_bytes(b"")
    written: dict[int, float] = {}

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for number in range(count):
                line = json.dumps({"type": "user", "uuid": str(number), "message": {
                    "content": f"{number} " + "x" * _LARGE_BYTES}}).encode() + b"\n"  # fmt: skip
                for at in range(0, len(line), 300_000):
                    file.write(line[at : at + 300_000])
                written[number] = time.monotonic()
                time.sleep(0.1)

    tail, writer, seen = Tail(path), threading.Thread(target=write), list[tuple[int, float]]()
    tail.read()
    writer.start()
    while writer.is_alive() or len(seen) < count:
        growth = tail.read(limit=2 * 1024 * 1024)
        for line in growth.lines:
            (entry,) = line.entries(1000)
            seen.append((int(entry.uuid), time.monotonic()))
            assert entry.text.endswith("more characters]"), "half a line"
        if not growth.has_more:
            time.sleep(_POLL_S)
    assert [number for number, _ in seen] == list(range(count)), "lost or doubled"
    late = sorted(at - written[number] for number, at in seen)[int(0.95 * (count - 1))]
    assert late < _LATE_S, f"p95 is {late:.3f} s behind"
    return {"large_lines": count, "p95_behind_s": round(late, 3)}


def changes(folder: Path, count: int) -> dict[str, Any]:
    """Append, truncate, rewrite and replace at random: what is shown is what the file has."""
    chance, path = random.Random(5), folder / "changing.jsonl"  # noqa: S311
    path.write_bytes(b"first\n")
    tail, resets = Tail(path), 0
    shown = [line.raw for line in tail.read().lines]
    for _ in range(count):
        _change(path, chance)
        while True:
            growth = tail.read(limit=chance.randint(1, 3000))
            resets += growth.was_reset
            shown = [] if growth.was_reset else shown
            shown += [line.raw for line in growth.lines]
            if not growth.has_more:
                break
        content = path.read_bytes()
        assert shown == content.split(b"\n")[:-1], "not what the file has"
        with transcript_pages.opened(path) as fd:
            back, place = list[bytes](), tail.told_to
            while place > 0:
                page = transcript_pages.before(fd, place, chance.randint(1, 200))
                back, place = [*(line.raw for line in page), *back], page[0].start
        assert back == shown, "pages differ"
    return {"changes": count, "resets": resets}


def _change(path: Path, chance: random.Random) -> None:
    content = b"".join(
        chance.randbytes(chance.randint(0, 30)).replace(b"\n", b"") + chance.choice((b"\n", b""))
        for _ in range(chance.randint(0, 6))
    )
    act = chance.random()
    if act < 0.8 and path.stat().st_size < 3000:
        with path.open("ab") as file:
            file.write(content)
    elif act < 0.87:
        os.truncate(path, chance.randint(0, path.stat().st_size))
    elif act < 0.94:
        with path.open("r+b") as file:
            file.truncate(0)
            file.write(content)
    else:
        path.with_suffix(".new").write_bytes(content)
        path.with_suffix(".new").replace(path)


def samples() -> list[bytes]:
    """Return good lines of every form, older ones too."""
    at = "2026-11-20T12:00:00.000Z"
    call = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls | wc"}}
    hits = {"results": [{"content": [{"title": "Pumps", "url": "https://p.example"}]}, "text"]}
    text = {"type": "text", "text": "a\nb"}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [text]}
    thought = {"type": "thinking", "thinking": "hm"}
    image = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    usage = {"input_tokens": 9, "cache_read_input_tokens": 90, "output_tokens": 5}
    table = "| a | b |\n|---|--:|\n| **x** | `y` |\n\n```py\nz = 1\n```\n- item\n> said"
    said = {"id": "m", "model": "claude-opus-5", "usage": usage}
    lines: list[dict[str, Any]] = [
        {"type": "user", "message": {"role": "user", "content": "as a string"}},
        {"type": "user", "message": {"content": [result]}, "toolUseResult": hits},
        {"type": "user", "message": {"content": [image, {"type": "text", "text": "see"}]}},
        {"type": "user", "message": {"content": "meta"}, "isMeta": True},
        {"type": "user", "message": {"content": "a summary"}, "isCompactSummary": True},
        {"type": "assistant", "message": said | {"content": [{"type": "text", "text": table}]}},
        {"type": "assistant", "message": said | {"content": [call]}, "isSidechain": True},
        {"type": "assistant", "message": said | {"content": [thought]}},
        {"type": "assistant", "message": {"content": "as a string"}, "isApiErrorMessage": True},
        {"type": "system", "subtype": "api_error", "error": {"message": "529"}, "retryAttempt": 2},
        {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"preTokens": 9}},
        {"type": "summary", "summary": "Older", "leafUuid": "u"},
        {"type": "cost-state", "totalCostUSD": 1.5, "modelUsage": {}},
        {"type": "attachment", "attachment": {"type": "queued_command", "prompt": "And Asia?"}},
        {"type": "new-thing", "body": [1, {"a": None}]},
    ]  # fmt: skip
    return [json.dumps({"uuid": "u", "timestamp": at, **line}).encode() for line in lines]


def _mutated(line: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(line))
        match chance.randint(0, 4):
            case 0:
                line = line[:at] + chance.choice(_ODD) + line[at:]
            case 1:
                line = line[:at] + line[at + chance.randint(1, 20) :]
            case 2:
                line = line[:at]
            case 3:
                line = line[:at] + chance.randbytes(4) + line[at + 4 :]
            case _:
                line = line[:at] + line[max(0, at - 30) : at] * 3 + line[at:]
    return line


def _require_drawn(entries: tuple[Entry, ...]) -> None:
    roll = StreamBuffer()
    roll.append(entries)
    for tools in range(2):
        for index in range(len(entries)):
            for line in roll.lines(index):
                for cell in line:
                    assert cell.text == safe_text(cell.text), repr(cell.text)
        if not tools:
            roll.next_tools()
