"""Any transcript line becomes entries, and their texts are safe to show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile.payloads import PAYLOADS, acts, is_cleaned
from tui.claude.transcript.line_parser import MAX_TEXT, headline, parse_line, prompt_text, stamp
from tui.core.models.entry import Entry, EntryKind

AT = "2026-11-20T12:00:00.000Z"


def parsed(line: dict[str, Any]) -> tuple[Entry, ...]:
    return parse_line(json.dumps(line).encode())


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "user", "timestamp": AT, "message": {"content": content}} | more


def assistant(*content: Any, **more: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "content": list(content)}
    return {"type": "assistant", "uuid": "u1", "timestamp": AT, "message": message} | more


def system(subtype: str, **more: Any) -> dict[str, Any]:
    return {"type": "system", "subtype": subtype} | more


HIT = {"type": "web_search_result", "title": "Pumps", "url": "https://pumps.example"}


def queued(prompt: Any, **more: Any) -> dict[str, Any]:
    attachment = {"type": "queued_command", "prompt": prompt, "commandMode": "prompt"} | more
    return {"type": "attachment", "timestamp": AT, "attachment": attachment}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def result(content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "t1", "content": content} | more


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (user("Find buyers"), ["prompt Find buyers"]),
        (user([text("Find"), {"type": "image"}]), ["prompt Find", "prompt [image]"]),
        (user("noise", isMeta=True), ["notice noise"]),
        (
            user("a summary", isCompactSummary=True),
            ["notice the conversation so far was compacted to a summary"],
        ),
        (user(None), []),
        (user(7), ["prompt 7"]),
        (user([7, None, {"type": "odd"}]), []),
        (assistant(text("Let me look.")), ["text Let me look."]),
        (assistant(text("")), []),
        (assistant({"type": "thinking", "thinking": "Hm."}), ["thinking Hm."]),
        (assistant({"type": "redacted_thinking", "data": "x"}), []),
        (assistant({"type": "thinking", "thinking": "", "signature": "x"}), []),
        (assistant({"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}), ["tool ls"]),
        (assistant({"type": "tool_use", "name": "X", "input": None}), ["tool "]),
        (assistant({"type": "odd"}, "text"), []),
        ({"type": "assistant", "message": {"content": "as a string"}}, ["text as a string"]),
        (
            assistant(text("API Error: 529"), isApiErrorMessage=True),
            ["error API Error: 529"],
        ),
        (user([result("one line")]), ["result one line"]),
        (user([result("1\n2\n3\n")]), ["result 3 lines"]),
        (user([result("")]), ["result done"]),
        (user([result(None)]), ["result done"]),
        (user([result("no such file", is_error=True)]), ["result no such file"]),
        (user([result([text("a\nb"), {"type": "image"}])]), ["result 3 lines"]),
        (
            user([result("x")], toolUseResult={"results": [{"content": [{}, {}]}, "text"]}),
            ["result 2 results"],
        ),
        (user([result("x" * 50)], toolUseResult="also a string"), ["result 1 line"]),
        (
            system("compact_boundary"),
            ["notice compacted: older turns are a summary from here on"],
        ),
        (
            system("api_error", error={"message": "529"}, retryAttempt=2),
            ["error API error: 529 (attempt 2)"],
        ),
        (system("api_error"), ["error API error: unknown"]),
        (system("", content="hook said no"), ["notice hook said no"]),
        ({"type": "summary", "summary": "Older title", "leafUuid": "u"}, []),
        (queued("And Asia?"), ["prompt And Asia?"]),
        (queued([text("And Asia?"), {"type": "image"}]), ["prompt And Asia?", "prompt [image]"]),
        (queued("noise", isMeta=True), ["notice noise"]),
        (queued(None), []),
        ({"type": "attachment", "attachment": {"type": "date", "prompt": "x"}}, []),
        ({"type": "attachment", "attachment": "text"}, []),
        ({"type": "attachment"}, []),
        (assistant({"type": "mcp_tool_use", "name": "X", "input": {"query": "q"}}), ["tool q"]),
        (
            assistant(
                {"type": "server_tool_use", "id": "t1", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "t1", "content": [HIT, HIT]},
            ),
            ["tool ", "result 2 lines"],
        ),
        (assistant({"type": "mcp_tool_result", "content": "done so"}), ["result done so"]),
        (system("local_command", content="<command-name>/cost</command-name>"),
         ["notice /cost"]),
        (system("turn_duration", durationMs=5), []),
        (system("informational", content=" "), []),
        (system("model_refusal_no_fallback", content="", apiRefusalExplanation="It harms."),
         ["error refused: It harms."]),
        (system("model_refusal_no_fallback", content=""),
         ["error refused: the model declined to answer"]),
        ({"type": "queue-operation", "operation": "enqueue", "content": "x"}, []),
        ({"type": "file-history-snapshot", "messageId": "m", "snapshot": {}}, []),
        ({"type": "cost-state", "totalCostUSD": 1}, []),
        ({"type": "api-request-log", "request": {}}, []),
        ({"type": "new-thing"}, ["notice a line of the unknown type 'new-thing'"]),
        ({"type": None}, ["notice a line of the unknown type 'None'"]),
        ({}, ["notice a line of the unknown type 'None'"]),
    ],
)  # fmt: skip
def test_a_line_becomes_entries(line: dict[str, Any], shown: list[str]) -> None:
    assert [f"{entry.kind} {entry.text}" for entry in parsed(line)] == shown


@pytest.mark.parametrize(
    ("raw", "kinds"),
    [
        (b"", []),
        (b" \r\n", []),
        (b"\0\0\0", []),
        (b'{"type": "user", "message": {"content": "half a li', ["notice"]),
        (b"[1, 2]", ["notice"]),
        (b"not json", ["notice"]),
        (b"\xff\xfe\x00", ["notice"]),
        (b'{"type": ["list"]}', ["notice"]),
        (b'{"type": "user", "message": {"content": "a\x00b"}}', ["prompt"]),
        (b'{"type": "user", "message": {"content": "a \xff b"}}', ["prompt"]),
        (b'{"type": "user", "message": {"content": "a \\ud800 b"}}', ["prompt"]),
        (b'{"type": "user", "message": "text"}', ["prompt"]),
        (b'{"type": "assistant", "message": {"content": [{"type": ["x"]}]}}', ["notice"]),
        (b'{"type": "user", "message": {"content": ' + b"[" * 100_000, ["notice"]),
        (b'{"n": ' + b"9" * 5000 + b"}", ["notice"]),
    ],
)
def test_a_broken_line_is_a_notice_at_worst(raw: bytes, kinds: list[str]) -> None:
    assert [str(entry.kind) for entry in parse_line(raw)] == kinds


def test_a_line_separator_inside_a_text_does_not_split_the_line() -> None:
    (entry,) = parse_line(json.dumps(user("a\u2028b"), ensure_ascii=False).encode())
    assert entry.text == "ab"


def test_what_joins_entries_is_kept() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls\npwd"}}
    (tool,) = parsed(assistant(call, isSidechain=True))
    (back,) = parsed(user([result("a\nb", is_error=True)]))
    assert (tool.tool, tool.tool_id, tool.uuid, tool.message_id) == ("Bash", "t1", "u1", "msg_1")
    assert tool.is_sidechain
    assert tool.at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert (tool.text, back.tool_id, back.detail, back.is_error) == ("ls pwd", "t1", "a\nb", True)
    assert json.loads(tool.detail) == call["input"]


def test_what_a_search_found_is_told_by_name() -> None:
    (entry,) = parsed(user([result([HIT, {"type": "image"}, 7, {"title": 7, "url": "u"}])]))
    assert entry.detail == "Pumps https://pumps.example\n[image]\n[data]\nu"


def test_a_text_is_as_long_as_is_asked_for() -> None:
    raw = json.dumps(user([result("x" * (MAX_TEXT + 5))])).encode()
    (entry,) = parse_line(raw, MAX_TEXT + 5)
    assert entry.detail == "x" * (MAX_TEXT + 5)


def test_a_huge_text_is_cut_and_says_by_how_much() -> None:
    (entry,) = parsed(user("x" * (MAX_TEXT + 5)))
    assert entry.text.endswith("\n[5 more characters]")
    assert len(entry.text) < MAX_TEXT + 50


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_anywhere_in_a_line_is_cleaned(payload: str) -> None:
    lines = (
        user(payload),
        assistant(text(payload), uuid=payload),
        assistant({"type": "thinking", "thinking": payload}),
        assistant(
            {"type": "tool_use", "name": payload, "id": payload, "input": {"command": payload}}
        ),
        user([result(payload)]),
        user([result(payload, is_error=True, tool_use_id=payload)]),
        system("api_error", error=payload),
        system("", content=payload),
        queued(payload),
        assistant({"type": "mcp_tool_result", "content": payload}),
        {"type": payload},
    )  # fmt: skip
    for line in lines:
        (entry,) = parsed(line)
        assert is_cleaned(f"{entry.text}{entry.tool}")
        assert is_safe(entry)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
KINDS = ["text", "thinking", "tool_use", "tool_result", "image", "document", "odd"]
FIELDS = ["text", "thinking", "input", "content", "name", "id", "is_error", "tool_use_id"]
BLOCKS = st.lists(
    JSON
    | st.builds(
        lambda kind, more: {"type": kind} | more,
        st.sampled_from(KINDS),
        st.dictionaries(st.sampled_from(FIELDS), JSON),
    ),
    max_size=3,
)
NAMES = (
    "uuid", "isMeta", "isCompactSummary", "isSidechain", "isApiErrorMessage", "subtype", "error",
    "content", "retryAttempt",
)  # fmt: skip
LINES = st.fixed_dictionaries(
    {"type": st.sampled_from(["user", "assistant", "system", "summary"]) | JSON},
    optional={
        "message": JSON | st.fixed_dictionaries({"content": BLOCKS | JSON}, optional={"id": JSON}),
        "toolUseResult": JSON | st.fixed_dictionaries({"results": JSON}),
        "timestamp": JSON | st.just(AT),
        **dict.fromkeys(NAMES, JSON),
    },
)


@given(LINES)
def test_a_line_of_any_form_gives_safe_entries(line: dict[str, Any]) -> None:
    assert all(is_safe(entry) for entry in parsed(line))
    assert isinstance(prompt_text(line), str)
    moment = stamp(line)
    assert moment is None or moment.tzinfo is UTC


@given(st.binary(max_size=300))
def test_any_bytes_give_safe_entries(raw: bytes) -> None:
    assert all(is_safe(entry) for entry in parse_line(raw))


@given(st.data())
def test_any_damage_to_a_good_line_gives_safe_entries(data: st.DataObject) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}}
    raw = json.dumps(assistant(text("\x1b[31mred"), call)).encode()
    at = data.draw(st.integers(0, len(raw)))
    until = data.draw(st.integers(at, min(len(raw), at + 20)))
    damaged = raw[:at] + data.draw(st.binary(max_size=20)) + raw[until:]
    assert all(is_safe(entry) for entry in parse_line(damaged))


@given(JSON)
def test_a_headline_is_one_safe_line(tool_input: object) -> None:
    line = headline(tool_input)
    assert not acts(line)
    assert "\n" not in line


def is_safe(entry: Entry) -> bool:
    texts = (entry.text, entry.detail, entry.tool, entry.tool_id, entry.uuid, entry.message_id)
    return isinstance(entry.kind, EntryKind) and not any(acts(text) for text in texts)


@pytest.mark.parametrize(
    ("results", "shown"),
    [
        ([{"content": None}], "2 lines"),
        ([{"content": "hello"}], "2 lines"),
        (["hello"], "2 lines"),
        ([{"content": [HIT]}, {"content": "hello"}], "2 lines"),
        ([{"content": [HIT]}, "and so on"], "1 result"),
        ([], "0 results"),
    ],
)
def test_an_odd_outcome_costs_no_text(results: Any, shown: str) -> None:
    (entry,) = parsed(user([result("one\ntwo")], toolUseResult={"results": results}))
    assert (entry.text, entry.detail) == (shown, "one\ntwo")


@pytest.mark.parametrize("odd", [7, None, [], {"type": ["text"]}, {"type": {}}])
def test_an_odd_block_costs_no_other(odd: Any) -> None:
    found = parsed(assistant(text("one"), odd, text("two")))
    assert [one.text for one in found if one.kind is EntryKind.TEXT] == ["one", "two"]
    failed = parsed(assistant("odd too", text("API Error: 500"), odd, isApiErrorMessage=True))
    assert "API Error: 500" in [one.text for one in failed if one.kind is EntryKind.ERROR]


@pytest.mark.parametrize("words", ["Async agent launched", "Going on as agentId: z1"])
def test_the_outcome_of_several_results_is_that_of_one(words: str) -> None:
    blocks = [result("a\nb", tool_use_id="c2"), result(words, tool_use_id="c1")]
    outcome = {"status": "async_launched", "agentId": "z1"}
    found = parsed(user(blocks, toolUseResult=outcome))
    assert [(one.tool_id, one.task, one.is_launch) for one in found] == [
        ("c2", "", False),
        ("c1", "z1", True),
    ]
    unclear = parsed(user([result("a"), result("b")], toolUseResult=outcome))
    assert [(one.task, one.is_launch) for one in unclear] == [("", False)] * 2
