"""Images and files inside a message are named with type and size, whatever a line holds."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile.payloads import PAYLOADS, acts
from tui.claude.transcript.attached_files import file_words
from tui.claude.transcript.line_parser import parse_line


def block(data: bytes, kind: str = "image", of_type: str = "image/png", **more: Any) -> Any:
    encoded = b64encode(data).decode()
    return {
        "type": kind,
        "source": {"type": "base64", "media_type": of_type, "data": encoded},
        **more,
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (block(b"x" * 24_000), "[image png 23K]"),
        (block(b"x" * 24_001, of_type="image/svg+xml"), "[image svg+xml 23K]"),
        (block(b"x" * 1_210_000, "document", "application/pdf"), "[document pdf 1.2M]"),
        (block(b"x" * 9, "document", "application/pdf", title="report.pdf"),
         "[file report.pdf 9B]"),
        (block(b"x", "document", title="report " * 20 + "final.pdf"),
         f"[file {('report ' * 6)[:40]}…{('report ' * 5 + 'final.pdf')[-39:]} 1B]"),
        (block(b"x" * 1023), "[image png 1023B]"),
        (block(b"x" * 1_048_575), "[image png 1.0M]"),
        (block(b"", of_type="text/../png"), "[image]"),
        ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ä"}},
         "[document plain 2B]"),
        ({"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}},
         "[image https://a.example/b.png]"),
        ({"type": "image", "source": {"type": "file", "file_id": "file_1"}}, "[image]"),
        ({"type": "image", "source": {"media_type": 7, "data": ["x"]}, "title": 3}, "[image]"),
        ({"type": "image", "source": "AAAA"}, "[image]"),
        ({}, "[data]"),
    ],
)  # fmt: skip
def test_a_file_is_named_with_type_and_size(given: dict[str, Any], words: str) -> None:
    assert file_words(given) == words


@given(st.binary(max_size=900))
def test_the_size_is_told_by_the_length_of_the_data(data: bytes) -> None:
    assert file_words(block(data)) == (f"[image png {len(data)}B]" if data else "[image png]")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_no_name_type_or_address_affects_the_terminal(payload: str) -> None:
    source = {"media_type": payload, "url": payload, "data": payload}
    for facts in ({"title": payload}, {"source": source}, {"type": payload, "source": source}):
        words = file_words({"type": "image", **facts})
        assert not acts(words)
        assert "good" in words
        assert "\n" not in words
        assert len(words) < 160


def test_prompts_and_results_name_them() -> None:
    image, paper = block(b"x" * 24_000), block(b"x", "document", title="report.pdf")
    result = {"type": "tool_result", "tool_use_id": "t", "content": [image, paper]}
    line = {"type": "user", "message": {"content": [image, paper, result]}}
    prompt, other, found = parse_line(json.dumps(line).encode())
    assert (prompt.text, other.text) == ("[image png 23K]", "[file report.pdf 1B]")
    assert found.detail == "[image png 23K]\n[file report.pdf 1B]"
