"""Who speaks: what the CLI writes in the user's name is a notice, not a prompt."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tui.claude.transcript.line_parser import command_text, parse_line, prompt_text
from tui.core.models.entry import Entry, EntryKind

CAVEAT = "<local-command-caveat>Not sent to you.</local-command-caveat>"
COMMAND = (
    "<command-name>/profile</command-name>\n    <command-message>profile</command-message>\n"
    "    <command-args>Acme Pumps</command-args>"
)
DONE = (
    "<task-notification>\n<task-id>a1</task-id>\n<status>completed</status>\n"
    '<summary>Agent "Find" finished</summary>\n</task-notification>'
)
MATE = (
    '<teammate-message teammate_id="lead" summary="Check the list">\n'
    "All of it.\n</teammate-message>"
)
OPENED = "<ide_opened_file>The user opened /srv/x.py.</ide_opened_file>"
REMINDER = "<system-reminder>\nThe date has changed.\n</system-reminder>"
HOOK = "Stop hook feedback:\n[./check.sh]: the list is not sorted\n"
BRIEF = "<client_brief>Pumps</client_brief>"


def told(content: Any, **more: Any) -> list[str]:
    return [f"{one.kind} {one.text}" for one in entries(content, **more)]


def entries(content: Any, **more: Any) -> tuple[Entry, ...]:
    line = {"type": "user", "message": {"content": content}} | more
    return parse_line(json.dumps(line).encode())


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (COMMAND, ["notice /profile Acme Pumps"]),
        ("<command-message>clear</command-message>\n<command-name>/clear</command-name>",
         ["notice /clear"]),
        ("<command-message>profile</command-message>", ["notice /profile"]),
        ("<local-command-stdout></local-command-stdout>", []),
        ("<local-command-stdout>Set model to haiku</local-command-stdout>",
         ["notice Set model to haiku"]),
        ("<local-command-stderr>It failed</local-command-stderr>", ["notice It failed"]),
        (CAVEAT, []),
        (f"{CAVEAT}\n{COMMAND}", ["notice /profile Acme Pumps"]),
        ("<bash-input>ls /srv</bash-input>", ["notice ! ls /srv"]),
        ("<bash-stdout>one\ntwo</bash-stdout><bash-stderr></bash-stderr>", ["notice one two"]),
        ("<bash-stdout></bash-stdout><bash-stderr>no such file</bash-stderr>",
         ["notice no such file"]),
        (OPENED, ["notice The user opened /srv/x.py."]),
        ("<ide_selection>lines 1 to 3</ide_selection>", ["notice lines 1 to 3"]),
        (MATE, ["notice message from lead: Check the list"]),
        ('<cross-session-message from="b1">Hello</cross-session-message>',
         ["notice message from b1: Hello"]),
        (DONE, ['notice notification: Agent "Find" finished']),
        (REMINDER, ["notice reminder: The date has changed."]),
        ("<user-prompt-submit-hook>say please</user-prompt-submit-hook>",
         ["notice user-prompt-submit-hook: say please"]),
        (f"{OPENED}\nWhat is it?", ["notice The user opened /srv/x.py.", "prompt What is it?"]),
        (f"What is it?\n{REMINDER}",
         ["prompt What is it?", "notice reminder: The date has changed."]),
        ([text(OPENED), text("What is it?")],
         ["notice The user opened /srv/x.py.", "prompt What is it?"]),
        # What a person may write:
        (BRIEF, [f"prompt {BRIEF}"]),
        (f"Why does it say\n{REMINDER}\nhere?", [f"prompt Why does it say\n{REMINDER}\nhere?"]),
        ("a < b, and <b>bold</b>", ["prompt a < b, and <b>bold</b>"]),
        ("/profile Acme", ["prompt /profile Acme"]),
        ("<tick> is what the log says, why?", ["prompt <tick> is what the log says, why?"]),
        ("<bash-exit-code> means what?", ["prompt <bash-exit-code> means what?"]),
        ("<channel> elements are lost", ["prompt <channel> elements are lost"]),
        ("<tool_use_error> is what I see", ["prompt <tool_use_error> is what I see"]),
        (f"{OPENED}\n<tick> is what?", ["notice The user opened /srv/x.py.",
         "prompt <tick> is what?"]),
        ("Why?\n<system-reminder> does nothing", ["prompt Why?\n<system-reminder> does nothing"]),
        ("<bash-exit-code>1</bash-exit-code>\nWhy?", ["prompt Why?"]),
        ("<bash-exit-code>1</bash-exit-code>", []),
    ],
)  # fmt: skip
def test_each_is_one_notice_and_a_person_s_words_stay_a_prompt(
    content: Any, shown: list[str]
) -> None:
    assert told(content) == shown


@pytest.mark.parametrize(
    ("more", "content", "shown"),
    [
        ({"origin": {"kind": "task-notification"}}, DONE,
         'notice notification: Agent "Find" finished'),
        ({"origin": {"kind": "task-notification"}}, "It is done",
         "notice notification: It is done"),
        ({"origin": {"kind": "peer"}}, "Look here", "notice peer: Look here"),
        ({"origin": {"kind": "human"}}, "Look here", "prompt Look here"),
        ({"origin": {"kind": 7}}, "Look here", "prompt Look here"),
        ({"origin": "human"}, "Look here", "prompt Look here"),
        ({"isMeta": True}, HOOK, "notice hook Stop blocked: [./check.sh]: the list is not sorted"),
        ({"isMeta": True}, "Go on\nthere", "notice Go on there"),
    ],
)  # fmt: skip
def test_where_a_line_comes_from_decides(more: Any, content: str, shown: str) -> None:
    assert told(content, **more) == [shown]
    line = {"type": "user", "message": {"content": content}, **more}
    assert bool(prompt_text(line)) is shown.startswith("prompt")


NOTED = (
    "<task-notification>\n<tool-use-id>{}</tool-use-id>\n<status>{}</status>\n"
    "<summary>Task {}</summary>\n</task-notification>"
)


@pytest.mark.parametrize("more", [{}, {"isMeta": True}, {"origin": {"kind": "task-notification"}}])
def test_each_of_several_notifications_ends_its_own_call(more: Any) -> None:
    one, two = NOTED.format("c1", "completed", "one"), NOTED.format("c2", "failed", "two")
    expected = [("c1", "completed", "one"), ("c2", "failed", "two")]
    for content in (f"{one}\n{two}", [text(one), text(two)]):
        found = entries(content, **more)
        ended = [(each.tool_id, each.task, each.text.split()[-1]) for each in found]
        assert ended == expected
    prompt = entries(f"{one}\nAnd then?")[-1]
    assert (prompt.kind, prompt.tool_id, prompt.task) == (EntryKind.PROMPT, "", "")


def test_a_notice_holds_all_that_was_said() -> None:
    (one,) = entries(MATE)
    assert "All of it." in one.detail
    (two,) = entries("<bash-stdout>one\ntwo</bash-stdout>")
    assert "one\ntwo" in two.detail
    (summary,) = entries("The client wants\npumps.", isCompactSummary=True)
    assert summary.kind is EntryKind.NOTICE
    assert summary.detail.endswith("The client wants\npumps.")


@pytest.mark.parametrize(
    ("content", "title", "command"),
    [
        (COMMAND, "", "/profile Acme Pumps"),
        (REMINDER, "", ""),
        (f"{OPENED}\nWhat is it?", "What is it?", ""),
        ([text(OPENED), text("What is it?")], "What is it?", ""),
        ("[Request interrupted by user]", "", ""),
        (BRIEF, BRIEF, ""),
        (None, "", ""),
        ([7, {"type": "text", "text": 7}], "", ""),
    ],
)
def test_a_title_is_made_of_a_person_s_words(content: Any, title: str, command: str) -> None:
    line = {"type": "user", "message": {"content": content}}
    assert prompt_text(line) == title
    assert command_text(line) == command
    assert prompt_text(line | {"isCompactSummary": True}) == ""


@pytest.mark.parametrize(
    "content",
    [
        "<system-reminder>" * 300_000,
        "<command-name>a</command-name>" * 150_000,
        "<bash-input" + " a" * 2_000_000,
        "x\n<system-reminder>" * 250_000,
        '<teammate-message a="' * 200_000,
        " " * 4_000_000 + "<tick>",
    ],
    ids=range(6),
)
def test_no_text_takes_the_square_of_its_length(content: str) -> None:
    """Texts of 4 MB: quadratic time would take hours."""
    begun = time.process_time()
    entries(content)
    assert time.process_time() - begun < 5
