"""What an agent asks for: a whole command, an edit as a diff, questions and their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from typing import Any

from tui.core.errors import UsageError
from tui.core.models import Request
from tui.core.text import one_line, safe_text

QUESTION = "AskUserQuestion"
MOST_LINES = 200
# The comparison takes the square of it.
_MOST_COMPARED = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of an agent; `options` are what it offers, any other words may be said too."""

    words: str
    key: str
    options: tuple[str, ...]
    takes_many: bool = False

    def answer(self, said: str) -> str:
        """Return the answer that a number, or words, mean; raises `UsageError`."""
        parts = said.split(",") if self.takes_many else [said]
        chosen = [self._option(part.strip()) for part in parts if part.strip()]
        if not chosen:
            raise UsageError(f"no answer to: {self.words}")
        return ", ".join(chosen)

    def _option(self, said: str) -> str:
        if said.isdecimal() and said.isascii() and len(said) < 3:
            if not 0 < int(said) <= len(self.options):
                raise UsageError(f"there is no option {said}: {self.words}")
            return self.options[int(said) - 1]
        same = (one for one in self.options if one.lower() == said.lower())
        return next(same, said)


def request_lines(request: Request) -> tuple[str, ...]:
    """Return what a request is for, in full up to `MOST_LINES`: what would be allowed, is shown."""
    lines = list(islice(_lines(request.tool, request.input), MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = ["… and more: `show --json` has all that was kept of it"]
    return tuple(lines)


def questions(request: Request) -> tuple[Asked, ...]:
    """Return what an agent wants to know; nothing when it asks for a permission."""
    if request.tool != QUESTION:
        return ()
    return tuple(_asked(one) for one in _dicts(request.input.get("questions")))


def answers(request: Request, said: Sequence[str]) -> dict[str, str]:
    """Return the answers to an agent's questions by their words, as the CLI wants them.

    `said` has one for each, a number or words of an option, several with commas where it takes
    many, or words of one's own. Raises `UsageError`.
    """
    asked = questions(request)
    if len(said) != len(asked):
        count = f"{len(asked)} answers" if len(asked) > 1 else "one answer"
        raise UsageError(f"the agent asks for {count}: {'; '.join(one.words for one in asked)}")
    return {one.key: one.answer(words) for one, words in zip(asked, said, strict=True)}


def _asked(value: Mapping[str, Any]) -> Asked:
    offered = (str(one.get("label", "")) for one in _dicts(value.get("options")))
    key = str(value.get("question", ""))
    return Asked(one_line(key), key, tuple(offered), value.get("multiSelect") is True)


def _lines(tool: str, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a request, one after the other."""
    if tool == QUESTION:
        yield from _question_lines(given)
        return
    command, path = given.get("command"), given.get("file_path") or given.get("notebook_path")
    if isinstance(command, str):
        yield from safe_text(command).split("\n")
    elif isinstance(path, str):
        yield one_line(path)
        yield from _edit_lines(given)
    else:
        for name, value in given.items():
            yield f"{one_line(name)}={one_line(value)}"


def _question_lines(given: Mapping[str, Any]) -> Iterator[str]:
    for value in _dicts(given.get("questions")):
        asked = _asked(value)
        yield asked.words
        for number, option in enumerate(_dicts(value.get("options")), 1):
            more = one_line(option.get("description", ""))
            yield f"  {number} {one_line(option.get('label', ''))}" + (f": {more}" if more else "")


def _edit_lines(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the edit of a file as a unified diff, or what would be written into it."""
    edits = _dicts(given.get("edits")) or [given]
    for edit in edits:
        before, after = edit.get("old_string", ""), edit.get("new_string", edit.get("content"))
        if edit.get("replace_all") is True:
            yield "everywhere in it:"
        if isinstance(before, str) and isinstance(after, str):
            yield from _diff(safe_text(before), safe_text(after))
        elif isinstance(source := edit.get("new_source"), str):
            yield from _diff("", safe_text(source))


def _diff(before: str, after: str) -> Iterator[str]:
    old, new = (text.split("\n") if text else [] for text in (before, after))
    if max(len(old), len(new)) > _MOST_COMPARED:
        yield f"@@ -{len(old)} +{len(new)} lines @@"
        yield from (f"+{line}" for line in new)
        return
    yield from islice(unified_diff(old, new, lineterm="", n=2), 2, None)


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
