"""A tool call opens to its full input and result."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_catalog import NOW
from tui.core.models.entry import Entry, EntryKind
from tui.core.text.safe_text import cell_width
from tui.view.stream.tool_call import call_lines


def opened(detail: str, result: str | None, width: int = 60, **more: bool) -> list[str]:
    call = Entry(EntryKind.TOOL, "ls", at=NOW, tool="Bash", tool_id="t", detail=detail)
    found = None
    if result is not None:
        is_error = more.get("is_error", False)
        found = Entry(EntryKind.RESULT, "2 lines", at=NOW, detail=result, is_error=is_error)
    lines = call_lines(call, found, width)
    texts = ["".join(cell.text for cell in line) for line in lines]
    assert all(cell_width(text) <= width for text in texts)
    return [text.rstrip() for text in texts[1:]]


@pytest.mark.parametrize(
    ("detail", "lines"),
    [
        ('{"command": "ls", "n": 3}', ["│ command: ls", "│ n: 3"]),
        ('{"code": "a\\nb"}', ["│ code:", "│ a", "│ b"]),
        ('{"todo": [{"a": "ü"}]}', ['│ todo: [{"a": "ü"}]']),
        ('{"cut": "half of it\n[900 more', ['│ {"cut": "half of it', "│ [900 more"]),
        ("[1, 2]", ["│ [1, 2]"]),
        ("", []),
    ],
)
def test_its_input_is_names_and_values(detail: str, lines: list[str]) -> None:
    assert opened(detail, None) == lines


def test_its_result_is_shown_whole_up_to_hundreds_of_lines() -> None:
    assert opened("{}", "one\ntwo")[-3:] == ["└─ 2 lines", "│ one", "│ two"]
    assert opened("{}", "no such file", is_error=True)[-2:] == ["└─ error", "│ no such file"]
    many = opened("{}", "\n".join(map(str, range(5000))))
    assert len(many) < 410
    assert "4600 more lines" in many[-1]


def test_escapes_inside_the_input_s_json_are_cleaned_too() -> None:
    """JSON escapes hide a control character from the first clean-up of its text."""
    assert opened('{"command": "a\\u001b[2Jb\\u202ec"}', None) == ["│ command: abc"]
