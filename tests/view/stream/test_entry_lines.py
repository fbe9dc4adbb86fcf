"""The lines of the Live pane."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta

import pytest

from tests.support.console.fixed_catalog import NOW, session, stream
from tests.support.listings.painted_request import read_back
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.permission_request import PermissionRequest
from tui.core.text.safe_text import cell_width
from tui.view.stream import entry_lines as view
from tui.view.stream import stream_title
from tui.view.text.lines import Line
from tui.view.text.styled_text import wrap


def text(line: Line) -> str:
    return "".join(cell.text for cell in line)


def lines(entry: Entry, result: Entry | None = None, width: int = 70) -> list[str]:
    around = view.RenderContext(UTC, result=result)
    return [text(line) for line in view.entry_lines(entry, around, width)]


@dataclass(frozen=True)
class Writing:
    kind: str
    text: str
    tool: str = ""
    earlier: tuple[Writing, ...] = ()


@pytest.mark.parametrize(
    ("given", "width", "wrapped"),
    [
        ("", 10, [""]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("  deep in", 6, ["  deep", "  in"]),
        ("- one two three", 9, ["- one two", "  three"]),
        ("  12. one two", 12, ["  12. one", "      two"]),
        ("-one two", 6, ["-one", "two"]),
        ("a\n\nb", 10, ["a", "", "b"]),
        ("漢字漢字", 5, ["漢字", "漢字"]),
        ("a\tb", 10, ["a   b"]),
        ("ab c", -2, ["a", "b", "c"]),
    ],
)
def test_wrap(given: str, width: int, wrapped: list[str]) -> None:
    assert wrap(given, width) == wrapped


def test_a_day_begins_with_its_time_also_in_the_same_minute() -> None:
    entry = Entry(EntryKind.TEXT, "said", at=NOW)
    around = view.RenderContext(UTC, before="14:30", day=(NOW - timedelta(days=1)).date())
    painted = [text(line) for line in view.entry_lines(entry, around, 70)]
    assert painted == ["── Fri 20 Nov ──", "14:30 said"]


@pytest.mark.parametrize("width", [30, 50, 78, 118])
def test_no_line_is_wider_than_the_pane(width: int) -> None:
    results = {entry.tool_id: entry for entry in stream() if entry.kind is EntryKind.RESULT}
    for entry in stream():
        result = results.get(entry.tool_id)
        assert max(cell_width(line) for line in lines(entry, result, width)) <= width


def test_a_tool_call_is_one_line_with_its_result_and_time() -> None:
    call = Entry(EntryKind.TOOL, "industrial pumps", at=NOW, tool="WebSearch", tool_id="1")
    result = Entry(EntryKind.RESULT, "12 results", at=NOW + timedelta(seconds=1.2), tool_id="1")
    (line,) = lines(call, result)
    assert line.startswith("14:30 WebSearch industrial pumps  ")
    assert line.endswith("12 results   1.2s")
    (running,) = lines(call)
    assert running.endswith("…")


def test_a_tool_that_failed_says_its_error_in_full() -> None:
    call = Entry(EntryKind.TOOL, "curl", at=NOW, tool="Bash", tool_id="1")
    detail = "first line of the error\nsecond line"
    result = Entry(EntryKind.RESULT, "first", at=NOW, tool_id="1", detail=detail, is_error=True)
    said = "\n".join(lines(call, result))
    assert "first line of the error" in said
    assert "second line" in said


def test_thinking_is_one_line_and_a_sub_agent_is_indented() -> None:
    thought = Entry(EntryKind.THINKING, "long " * 100, at=NOW)
    assert len(lines(thought)) == 1
    inner = Entry(EntryKind.TEXT, "found three", at=NOW, is_sidechain=True)
    assert lines(inner) == ["14:30 │ found three"]


def test_what_is_being_written_ends_in_a_mark() -> None:
    said = [text(line) for line in view.writing_lines(Writing("text", "The three"), 40)]
    assert said == ["      The three▌"]
    assert "Bash" in text(view.writing_lines(Writing("tool", "", "Bash"), 40)[0])
    thinking = view.writing_lines(Writing("thinking", "word " * 100), 40)
    assert len(thinking) == 1
    assert cell_width(text(thinking[0])) <= 40


def test_the_finished_blocks_of_an_unfinished_message_are_shown_too() -> None:
    earlier = (Writing("thinking", "hm"), Writing("text", "Let me search."))
    message = view.writing_lines(Writing("tool", "", "WebSearch", earlier), 40)
    assert [text(line).split() for line in message] == [
        ["∴", "hm"],
        ["Let", "me", "search."],
        ["WebSearch", "▌"],
    ]


def test_a_request_shows_the_whole_command_and_how_to_answer() -> None:
    command = "sort -u a.csv > b.csv && " * 6
    said = view.request_lines(
        PermissionRequest(request_id="1", tool="Bash", input={"command": command}, at=NOW),
        50,
        NOW,
        UTC,
    )
    rows = [text(line)[view.TIME_WIDTH + 2 :] for line in said[2:-1]]
    assert read_back(rows) == {"command": command}
    assert "? wants Bash" in text(said[0])
    assert "a to answer" in text(said[-1])


def test_the_title_says_whose_stream_it_is() -> None:
    one = session("hollis_park", "stage_3", "x", cost_usd=1.2)
    title = stream_title.title(one, NOW, timedelta(minutes=10))
    assert (
        title == f"4 Live  hollis_park  stage 3  {one.session_id[:8]}  · ready  $1.20  sonnet-4-5"
    )
    assert stream_title.title(None, NOW, timedelta(minutes=10)) == "4 Live"
