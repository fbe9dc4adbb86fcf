"""Every whole record in a line is found, whatever surrounds it, and the rest is counted."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.claude.transcript.records import SkippedPiece, records_of, whole_records
from tui.core.limits import MOST_VALUES

TEXT = 'A "quoted" {"type": "user"} \\ word, and a colon: {"x": [1, 2]} \n\t é'


def record(number: int, **more: Any) -> dict[str, Any]:
    """A record as the CLI writes it, with all that could be mistaken for another record."""
    block = {"type": "tool_use", "id": "t", "input": {"type": "user", "message": {"a": TEXT}}}
    return {
        "parentUuid": None,
        "type": "user",
        "sessionId": "s",
        "message": {"role": "user", "content": [{"type": "text", "text": TEXT}, block]},
        "data": {"message": {"type": "assistant", "uuid": "u", "timestamp": "t"}},
        "number": number,
    } | more


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def numbers(raw: bytes) -> list[object]:
    return [one["number"] for one in whole_records(raw)]


ONE, TWO = compact(record(1)), compact(record(2))


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (ONE, [1]),
        (b"\xef\xbb\xbf" + ONE, [1]),
        (ONE + b"\r", [1]),
        (b"\0\0\0" + ONE + b"\0\0", [1]),
        (ONE + TWO, [1, 2]),
        (ONE + b"\0\0\0" + TWO + b" " + ONE, [1, 2, 1]),
        (ONE + b"\xef\xbb\xbf" + TWO, [1, 2]),
        (json.dumps(record(1)).encode() + json.dumps(record(2)).encode(), [1, 2]),
        (b'{"number":1}{"number":2}', [1, 2]),
        (b"", []),
        (b" \0\r", []),
    ],
)
def test_whole_records_are_all_there_and_nothing_is_skipped(raw: bytes, found: list[int]) -> None:
    assert numbers(raw) == found
    assert len(records_of(raw)) == len(found)


@pytest.mark.parametrize(
    "second", [TWO, b'{"type":"user","number":2}', b'{"number":2,"a":{"b":1}}']
)
def test_a_record_behind_one_that_was_cut_anywhere_is_found(second: bytes) -> None:
    """A cut after a colon or comma of the record itself is recognised by a name: see below."""
    for cut in range(1, len(ONE)):
        found = records_of(ONE[:cut] + second)
        if ONE[:cut].rstrip()[-1:] in (b":", b",", b"[") and second != TWO:
            continue
        assert [one["number"] for one in found if isinstance(one, dict)] == [2], ONE[:cut][-30:]
        (skipped,) = (one.size for one in found if isinstance(one, SkippedPiece))
        assert skipped == pytest.approx(cut, abs=2)


def test_the_end_of_a_record_is_no_record_and_hides_none() -> None:
    for cut in range(1, len(ONE)):
        found = records_of(ONE[cut:] + TWO + ONE[:-cut])
        assert [one["number"] for one in found if isinstance(one, dict)] == [2], ONE[cut:][:30]
        assert sum(isinstance(one, SkippedPiece) for one in found) == 2


def test_a_cut_record_alone_gives_nothing_of_its_inside() -> None:
    for cut in range(1, len(ONE)):
        assert not whole_records(ONE[:cut])
        assert not whole_records(ONE[cut:])


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":' * 500_000,
        b'{"type":"user","a":[' * 200_000,
        b'{"a":1,' * 600_000,
        b'x{"' * 1_300_000,
        b'{"type":"x"' * 400_000,
        (b'{"a":"' + b"\\" * 200) * 20_000,
        b" " * 4_000_000 + b'{"type":"user"',
        b"{" + b" " * 4_000_000 + b'{"type":"user"}',
        b"9" * 100 + b'{"type":' + b"9" * 4_000_000,
        b'{"type":"user","sessionId":"s","a":[' + b'{"type":"user","a":1,' * 190_000,
        b"[" + b"[]," * MOST_VALUES + b'[]]{"type":"user"}',
        b"}{" * 2_000_000,
    ],
    ids=range(12),
)
def test_no_line_takes_the_square_of_its_length(raw: bytes) -> None:
    """Lines of 4 MB: parsing a good one takes 0.1 s; in quadratic time it would take hours."""
    begun = time.process_time()
    records_of(raw)
    assert time.process_time() - begun < 5


@given(st.binary(max_size=300))
def test_any_bytes_between_two_records_are_passed_over_or_are_records(rubbish: bytes) -> None:
    rubbish = rubbish.replace(b"\n", b"")
    found = whole_records(ONE + rubbish + TWO)
    assert found[0]["number"] == 1


@given(st.lists(st.sampled_from([ONE, TWO, b'{"number":3}']), max_size=5))
def test_spliced_records_come_in_their_order(parts: list[bytes]) -> None:
    assert numbers(b"".join(parts)) == [json.loads(part)["number"] for part in parts]
