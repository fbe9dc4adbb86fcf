"""The head of a too-long line is valid JSON again, wherever it was cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.claude.transcript.cut_line import closed, parse_head
from tui.core.models.entry import EntryKind

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(max_size=8), JSON, max_size=4), data=st.data())
def test_a_line_cut_anywhere_is_an_object(value: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = data.draw(st.integers(1, len(text)))
    found = closed(text[:cut].encode())
    assert isinstance(found, dict)
    assert all(value[key] == one for key, one in list(found.items())[:-1])


@given(head=st.binary(max_size=200))
def test_any_bytes_give_entries_or_a_notice(head: bytes) -> None:
    for entry in parse_head(b'{"type":"user","message":{' + head, head, 5_000_000, 1000, 7):
        assert entry.place == 7
    assert parse_head(head, b"", 5_000_000, 1000, 7) is not None


def said(*content: object) -> bytes:
    message = {"role": "assistant", "id": "m", "content": list(content)}
    return json.dumps({"message": message, "type": "assistant"}).encode()


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"type": "text", "text": "words " * 100}, EntryKind.TEXT),
        ({"type": "thinking", "thinking": "hm " * 200}, EntryKind.THINKING),
        ({"type": "tool_use", "name": "Write", "input": {"content": "x" * 600}}, EntryKind.TOOL),
    ],
)
def test_what_was_said_first_is_shown_and_that_it_is_not_all(
    block: dict[str, object], kind: EntryKind
) -> None:
    end = b'","timestamp":"2026-11-20T12:00:00.000Z"}'
    first = {"type": "text", "text": "Let me look."}
    entries = parse_head(said(first, block)[:400], end, 9_000_000, 1000, 3)
    assert [entry.kind for entry in entries] == [EntryKind.TEXT, kind]
    assert entries[0].text == "Let me look."
    assert "8.6M" in entries[1].text
    assert {entry.place for entry in entries} == {3}
    assert all(entry.at for entry in entries)


@pytest.mark.parametrize("is_block", [False, True])
def test_what_the_cli_wrote_is_no_prompt_where_its_element_was_cut(is_block: bool) -> None:
    words = f"<local-command-stdout>{'x' * 900}</local-command-stdout>"
    content = [{"type": "text", "text": words}] if is_block else words
    line = json.dumps({"type": "user", "message": {"content": content}}).encode()
    (entry,) = parse_head(line[:400], b'"}}', 9_000_000, 1000, 3)
    assert entry.kind is EntryKind.NOTICE
    (entry,) = parse_head(line.replace(b"local-command-stdout", b"tick")[:400], b"", 9, 1000, 3)
    assert entry.kind is EntryKind.PROMPT


def test_what_is_no_json_is_a_notice_with_its_size() -> None:
    (entry,) = parse_head(b"nonsense", b"", 9_000_000, 1000, 3)
    assert entry.text == "a line of 9000000 bytes that cannot be read"
    assert closed(b"[" * 10_000) is None
    assert closed(b'{"a":' * 10_000) is None


def test_half_a_name_never_takes_the_place_of_a_whole_one() -> None:
    assert closed(b'{"type": "user", "message": 1, "mess') == {"type": "user", "message": 1}
    assert closed(b'{"type": "user", "message": 1, "message') == {"type": "user", "message": 1}
    assert closed(b'{"') == {}


def test_a_file_that_was_cut_has_no_size_and_one_that_was_not_has_its_own() -> None:
    image = {"type": "image", "source": {"media_type": "image/png", "data": "QUJD" * 8000}}
    line = {"type": "user", "message": {"content": [image]}, "rest": "x" * 500}
    whole = json.dumps(line).encode()
    for place in (20_000, len(whole) - 100):
        (entry,) = parse_head(whole[:place], b"", 5_000_000, 1000, 7)
        words = "[image png]" if place == 20_000 else "[image png 23K]"
        assert entry.text == f"{words}\n[only the head of a line of 4.8M]"
