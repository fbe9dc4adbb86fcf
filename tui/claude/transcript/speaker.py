"""Who speaks in a `user` line: a person, or the CLI itself.

The CLI tells the agent in the user's name what happened (a command, a reminder, an opened file, a
message from another agent), in tags of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tui.claude.transcript.background_tasks import ended_call
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, replace

_LONGEST = 400
# The tags of CLI 2.1.332. Any other tag may be a person's: prompts often contain some.
_TAGS = frozenset(
    """
    agent-message artifact-file-content artifact-origin-notes artifact-room-event
    artifact-stored-declaration artifact-type-instructions autonomous-loop
    autonomous-loop-dynamic bash-exit-code bash-input bash-stderr bash-stdout browser_instruction
    channel command-args command-contents command-message command-name coordinator-relay
    cowritten-artifact-html cross-session-message fetched-web-content fork-boilerplate
    fork-source forked-skill-launch function_results ide_diagnostics ide_opened_file
    ide_selection interrupted-output local-command-caveat local-command-stderr
    local-command-stdout mcp-polling-update mcp-resource-update message-files-missing
    message-files-moved new-diagnostics persisted-output post-tool-use-hook pre-tool-use-hook
    remote-review remote-review-progress sandbox_violations session-start-hook skill-format
    skill-watcher-idle-wake slack-ping slack-tag-message staged-files-missing
    staged-files-still-copying system-note system-reminder system_reminder task-notification
    teammate-message tick tool_use_error total_tokens untrusted-widget-state
    user-memory-input user-prompt-submit-hook webhook-payload
    """.split()  # noqa: SIM905 (a list literal of so many words is a page)
)
_OPENING = late_pattern(r"\s*<([a-z][a-z_-]{1,60})((?:\s[^<>]{0,2000})?)>")
_ATTRIBUTE = late_pattern(r"([a-z_]{1,40})=\"([^\"]{0,2000})\"")
_SUMMARY = late_pattern(r"<summary>(.{0,2000}?)</summary>", re.DOTALL)
_REMINDER = "<system-reminder>"
_WHOLE_REMINDER = late_pattern(rf"{_REMINDER}.*?</{_REMINDER[1:]}", re.DOTALL)
_HOOK_FEEDBACK = late_pattern(r"([A-Za-z]{1,40}) hook feedback:\s*")
_SILENT = frozenset({"local-command-caveat", "skill-format", "bash-exit-code", "tick"})
_REMINDS = frozenset({"system-reminder", "system_reminder", "system-note", "total_tokens"})
_FROM = ("teammate_id", "from", "name", "source", "sender")
_PERSONS = frozenset({"human", "person"})


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A piece of a text: a person's words, or a notice (its first line, all of it in `whole`).

    `ended` is the call whose task ended, and how, for a notification of that.
    """

    text: str
    whole: str = ""
    is_person: bool = True
    ended: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class _Element:
    tag: str
    attributes: Mapping[str, str]
    inside: str


def said_in(text: str, line: Mapping[str, Any]) -> tuple[SpokenText, ...]:
    """Return who says what in a text of a `user` line, in order; silent tags are left out."""
    origin = line.get("origin")
    kind = origin.get("kind") if isinstance(origin, dict) else ""
    if isinstance(kind, str) and kind and kind not in _PERSONS:
        return tuple(_machine(text, _named(kind)))
    if line.get("isMeta") or line.get("commandMode") == "task-notification":
        return tuple(_machine(text, ""))
    return tuple(_split(text))


def without_notes(text: str) -> str:
    """Return a text without the CLI's reminders to the agent, and what it tells of commands."""
    text = _WHOLE_REMINDER.sub("", text)
    elements, rest = _leading(text)
    is_of_commands = all("command-" in one.tag for one in elements)
    return rest if is_of_commands else text


def command_of(text: str) -> str:
    """Return the command in a text as it was typed, empty for any other text."""
    said = [one.text for one in _split(text) if not one.is_person and one.text.startswith("/")]
    return said[0] if said else ""


def closed_tag(text: str) -> str:
    """Return a text that was cut off, with its open tag closed."""
    opening = _OPENING.match(_leading(text)[1])
    is_open = opening is not None and opening[1] in _TAGS - _SILENT
    return f"{text}</{opening[1]}>" if opening is not None and is_open else text


def _split(text: str) -> Iterator[SpokenText]:
    """Return the notices before a person's words, the words, and the reminders after them."""
    if "<" not in text:
        yield SpokenText(text)
        return
    elements, rest = _leading(text)
    yield from _notices(elements)
    words, mark, reminder = rest.partition(f"\n{_REMINDER}")
    behind, after = _leading(f"{mark}{reminder}")
    if after.strip() or not mark:
        words, behind = rest, []
    if words.strip() or not elements:
        yield SpokenText(words.strip() if elements else words)
    yield from _notices(behind)


def _machine(text: str, named: str) -> Iterator[SpokenText]:
    """Return the CLI's notices: one for each of its tags, else one for the whole text."""
    elements, rest = _leading(text)
    if elements and not rest.strip():
        yield from _notices(elements)
    elif feedback := _HOOK_FEEDBACK.match(text):
        yield _notice(f"hook {feedback[1]} blocked: {text[feedback.end() :]}")
    elif text.strip():
        yield _notice(f"{named}: {text}" if named else text)


def _notice(whole: str, told: str = "") -> SpokenText:
    return SpokenText(_line(told or whole), whole.strip(), is_person=False)


def _leading(text: str) -> tuple[list[_Element], str]:
    """Return the CLI's elements at the start of a text, and the rest.

    The CLI closes every tag: an open one belongs to the words.
    """
    elements, at = list[_Element](), 0
    while (opening := _OPENING.match(text, at)) and opening[1] in _TAGS:
        closing = f"</{opening[1]}>"
        end = text.find(closing, opening.end())
        if end < 0:
            break
        attributes = dict(_ATTRIBUTE.findall(opening[2]))
        elements.append(_Element(opening[1], attributes, text[opening.end() : end]))
        at = end + len(closing)
    return elements, text[at:]


def _notices(elements: list[_Element]) -> Iterator[SpokenText]:
    """Return a notice for each element; those of one command or shell call are joined."""
    while elements:
        family = elements[0].tag.partition("-")[0]
        count = 1
        if family in ("command", "bash"):
            alike = (one.tag.startswith(f"{family}-") for one in elements)
            count = next((n for n, is_alike in enumerate(alike) if not is_alike), len(elements))
        together, elements = elements[:count], elements[count:]
        whole, told = _command(together) if family == "command" else _words(together)
        if whole.strip():
            is_task = together[0].tag == "task-notification"
            ended = ended_call(together[0].inside) if is_task else ("", "")
            yield replace(_notice(whole, told), ended=ended)


def _command(elements: list[_Element]) -> tuple[str, str]:
    parts = {one.tag: one.inside.strip() for one in elements}
    name = parts.get("command-name") or parts.get("command-message", "")
    slash = "" if name.startswith("/") or not name else "/"
    return f"{slash}{name} {parts.get('command-args', '')}", ""


def _words(elements: list[_Element]) -> tuple[str, str]:
    """Return the text of elements and their own summary; empty if they are silent."""
    said = [one for one in elements if one.inside.strip() and one.tag not in _SILENT]
    if not said:
        return "", ""
    first, inside = said[0], "\n".join(one.inside.strip("\n") for one in said)
    if first.tag == "bash-input":
        return f"! {inside}", ""
    if first.tag in _REMINDS:
        return f"reminder: {inside.lstrip()}", ""
    if first.tag.endswith("-hook"):
        return f"{first.tag}: {inside.lstrip()}", ""
    found = _SUMMARY.search(first.inside)
    told = found[1] if found else first.attributes.get("summary", "")
    sender = next((first.attributes[name] for name in _FROM if name in first.attributes), "")
    if first.tag.endswith("-message") or sender:
        return _titled(f"message from {sender or 'another agent'}", told, inside)
    if first.tag.endswith("-notification"):
        return _titled("notification", told, inside)
    return inside, ""


def _titled(named: str, told: str, inside: str) -> tuple[str, str]:
    said = f"{named}: {told}" if told.strip() else ""
    return (f"{said}\n{inside.strip()}" if said else f"{named}: {inside.strip()}"), said


def _named(kind: str) -> str:
    return _line(kind.replace("-", " ").replace("task notification", "notification"))[:60]


def _line(text: str) -> str:
    return one_line(text[: 5 * _LONGEST])[:_LONGEST]
