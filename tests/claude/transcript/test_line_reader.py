"""Lines whose meaning depends on earlier ones: queued prompts, answers that were cut off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Any

import pytest

from tui.claude.transcript.line_reader import LineReader

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def queue(operation: str, words: str | None = None) -> dict[str, Any]:
    line = {"type": "queue-operation", "operation": operation, "timestamp": AT.isoformat()}
    return line if words is None else line | {"content": words}


def user(words: Any, **more: Any) -> dict[str, Any]:
    return {"type": "user", "message": {"content": words}} | more


def attached(words: Any, **more: Any) -> dict[str, Any]:
    attachment = {"type": "queued_command", "prompt": words, "commandMode": "prompt"} | more
    return {"type": "attachment", "attachment": attachment}


def says(words: str, message_id: str = "m1", **more: Any) -> dict[str, Any]:
    message = {"id": message_id, "content": [{"type": "text", "text": words}]} | more
    return {"type": "assistant", "message": message}


RESULT = {
    "type": "user",
    "message": {"content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]},
}
COMMAND = "<command-name>/compact</command-name>\n<command-args>keep it</command-args>"


def told(*lines: dict[str, Any], now: datetime | None = None) -> list[str]:
    reader = LineReader()
    found = [one for line in lines for one in reader.entries(dumps(line).encode(), 5)]
    found += reader.rest() if now is None else reader.settled(now)
    return [f"{one.kind} {one.text}" for one in found]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        # What the CLI does with each prompt, and with one that comes while the agent works.
        ([queue("enqueue", "Find"), queue("dequeue"), user("Find")], ["prompt Find"]),
        ([queue("enqueue", "And Asia?"), attached("And Asia?"), queue("remove", "And Asia?")],
         ["prompt And Asia?"]),
        ([queue("enqueue", "And Asia?"), queue("remove", "And Asia?"), says("Yes.")],
         ["notice said while it worked: And Asia?", "text Yes."]),
        ([queue("remove", "And Asia?")], ["notice said while it worked: And Asia?"]),
        ([queue("enqueue", "And Asia?"), queue("remove"), says("Yes.")],
         ["notice said while it worked: And Asia?", "text Yes."]),
        ([queue("enqueue", "Why?"), queue("dequeue"), RESULT, says("Done.")],
         ["result ok", "notice queued and not taken up: Why?", "text Done."]),
        # The CLI closes a turn that broke off by an answer of its own, before the next prompt.
        ([queue("enqueue", "Go on"), queue("dequeue"), says("None.", model="<synthetic>"),
          user("Go on")], ["text None.", "prompt Go on"]),
        ([queue("enqueue", "Why?")], ["notice queued and not taken up: Why?"]),
        ([queue("enqueue", "Why?"), says("Wait.")],
         ["text Wait.", "notice queued and not taken up: Why?"]),
        ([queue("enqueue", "Why?"), queue("popAll", "Why?")],
         ["notice taken back from the queue: Why?"]),
        ([queue("enqueue", "One"), queue("enqueue", "Two"), queue("popAll", "One\nTwo"),
          says("Yes.")], ["notice taken back from the queue: One\nTwo", "text Yes."]),
        ([queue("enqueue", "One"), queue("enqueue", "One"), queue("enqueue", "Two"),
          queue("popAll", "One\nTwo"), says("Yes.")],
         ["notice taken back from the queue: One\nTwo", "text Yes.",
          "notice queued and not taken up: One"]),
        ([queue("enqueue", "One"), queue("enqueue", "Two"), queue("popAll"), says("Yes.")],
         ["notice taken back from the queue: One", "notice taken back from the queue: Two",
          "text Yes."]),
        # Two that came at once are one line for the agent.
        ([queue("enqueue", "One"), queue("enqueue", "Two"), queue("dequeue"), queue("dequeue"),
          user("One\nTwo"), says("Yes.")], ["prompt One\nTwo", "text Yes."]),
        ([queue("enqueue", "/compact keep it"), queue("dequeue"), user(COMMAND), says("Yes.")],
         ["notice /compact keep it", "text Yes."]),
        ([queue("enqueue", "<task-notification><summary>Ended</summary></task-notification>"),
          queue("dequeue"), says("So.")],
         ["notice queued and not taken up: notification: Ended", "text So."]),
        ([queue("remove"), queue("popAll"), queue("dequeue"), queue("enqueue"), queue("odd", "x")],
         []),
        ([queue("enqueue", 7), queue("remove", ["x"])], []),  # type: ignore[arg-type]
        # The same words again, and words that stand inside of others.
        ([queue("enqueue", "go on"), queue("dequeue"), user("go on"), says("One."),
          queue("enqueue", "go on"), queue("remove", "go on"), says("Two.")],
         ["prompt go on", "text One.", "notice said while it worked: go on", "text Two."]),
        ([queue("enqueue", "go on"), attached("go on"), queue("remove", "go on"),
          queue("enqueue", "go on"), queue("remove", "go on")],
         ["prompt go on", "notice said while it worked: go on"]),
        ([queue("enqueue", "go on"), attached("go on"), queue("enqueue", "go on"),
          queue("remove", "go on"), queue("remove", "go on")],
         ["prompt go on", "notice said while it worked: go on"]),
        ([queue("enqueue", "go on"), queue("enqueue", "go on"), queue("dequeue"), user("go on"),
          queue("dequeue"), says("So.")],
         ["prompt go on", "notice queued and not taken up: go on", "text So."]),
        ([queue("enqueue", "go on"), queue("enqueue", "go on"), queue("dequeue"),
          queue("dequeue"), user("go on\ngo on"), says("So.")],
         ["prompt go on\ngo on", "text So."]),
        ([queue("enqueue", "stop"), queue("dequeue"), user("please do not stop now"), says("No.")],
         ["prompt please do not stop now", "notice queued and not taken up: stop", "text No."]),
        ([queue("enqueue", "One\n two"), queue("dequeue"), user("<tick>1</tick>One\ntwo\nThree"),
          says("No.")],
         ["prompt One\ntwo\nThree", "notice queued and not taken up: One\n two", "text No."]),
        # Why an answer ended: each of its lines says it, it is told once.
        ([says("One", stop_reason="max_tokens"), says("two", stop_reason="max_tokens"), RESULT],
         ["text One", "text two",
          "notice cut off: the answer reached the most tokens that one may have", "result ok"]),
        ([says("One", stop_reason="model_context_window_exceeded")],
         ["text One", "notice cut off: the context window is full"]),
        ([says("No", stop_reason="refusal", stop_details={"explanation": "It harms."}), RESULT],
         ["text No", "error refused: It harms.", "result ok"]),
        ([says("No", stop_reason="refusal")],
         ["text No", "error refused: the model declined to answer"]),
        ([{"type": "assistant", "message": {"id": "m", "content": [], "stop_reason": "refusal"}}],
         ["error refused: the model declined to answer"]),
        ([says("API Error", stop_reason="refusal") | {"isApiErrorMessage": True}],
         ["error API Error"]),
        ([says("One", stop_reason="end_turn"), says("Two", stop_reason=["x"])],
         ["text One", "text Two"]),
    ],
)  # fmt: skip
def test_lines_by_those_before_them(lines: list[dict[str, Any]], shown: list[str]) -> None:
    assert told(*lines) == shown


def test_what_waits_is_told_when_it_waits_for_long_and_once() -> None:
    lines = [queue("enqueue", "Why?")]
    assert told(*lines, now=AT + timedelta(seconds=1)) == []
    reader = LineReader()
    reader.entries(dumps(lines[0]).encode())
    late = AT + timedelta(seconds=9)
    assert [one.text for one in reader.settled(late)] == ["queued, not taken up yet: Why?"]
    assert not reader.settled(late)
    assert not reader.rest()


def test_what_waits_when_all_is_over_was_not_taken_up() -> None:
    reader = LineReader()
    reader.entries(dumps(queue("enqueue", "Why?")).encode())
    (told,) = reader.settled(AT + timedelta(seconds=9), is_over=True)
    assert told.text == "queued and not taken up: Why?"


def test_what_a_later_line_holds_is_not_lost() -> None:
    reader = LineReader()
    reader.entries(dumps(queue("enqueue", "Why?")).encode())
    reader.peek(dumps(user("Why?")).encode())
    assert not reader.rest()


def test_no_queue_grows_for_ever() -> None:
    reader = LineReader()
    for number in range(1000):
        reader.entries(dumps(queue("enqueue", f"number {number}")).encode())
    assert len(reader.rest()) < 300


def test_what_is_attached_behind_its_removal_is_told_once_and_the_same_words_again_twice() -> None:
    go_on = attached("Go on")
    for removed in (queue("remove", "Go on"), queue("remove")):
        first = (queue("enqueue", "Go on"), removed, go_on)
        assert told(*first) == ["notice said while it worked: Go on"]
    again = told(*first, queue("enqueue", "Go on"), go_on, queue("remove", "Go on"))
    assert again == ["notice said while it worked: Go on", "prompt Go on"]


def test_blocks_in_the_queue_are_words_too() -> None:
    blocks = [{"type": "text", "text": "Look at this"}, {"type": "image", "source": {}}]
    line = queue("enqueue", "") | {"content": blocks}
    (said,) = told(line)
    assert said.endswith("queued and not taken up: Look at this\n[image]")
