"""A tool result as text, its summary in a few words, and the result an outcome belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.claude.transcript import attached_files
from tui.claude.transcript.background_tasks import is_launch, started_task
from tui.core.text.safe_text import one_line


def flat(content: object) -> str:
    """Return a tool result's content as text, whatever form it has."""
    if isinstance(content, str):
        return content
    return "\n".join(map(_flat_block, content if isinstance(content, list) else []))


def _flat_block(block: object) -> str:
    facts = block if isinstance(block, dict) else {}
    if facts.get("type") == "text":
        return str(facts.get("text", ""))
    if facts.get("type") in attached_files.KINDS:
        return attached_files.file_words(facts)
    named = (facts.get(name) for name in ("title", "url"))
    return (
        " ".join(one for one in named if isinstance(one, str)) or f"[{facts.get('type') or 'data'}]"
    )


def summary(content: str, outcome: object) -> str:
    """Return a result in two or three words, such as `12 results` or `3 lines`."""
    hits = _hits(outcome)
    if hits is not None:
        return _count(hits, "result")
    if not content.strip():
        return "done"
    lines = content.rstrip("\n").count("\n") + 1
    return one_line(content) if lines == 1 and len(content) <= 40 else _count(lines, "line")


def outcome_owner(blocks: Sequence[Any], outcome: object) -> int:
    """Return the index of the block that a line's `toolUseResult` belongs to, -1 if unknown."""
    results = {
        at: flat(block.get("content"))
        for at, block in enumerate(blocks)
        if isinstance(block, dict) and block.get("type") == "tool_result"
    }
    if len(results) > 1 and (task := started_task(outcome)):
        named = {at: words for at, words in results.items() if task in words}
        results = named or {at: words for at, words in results.items() if is_launch(words, None)}
    return next(iter(results)) if len(results) == 1 else -1


def _hits(outcome: object) -> int | None:
    """Return the number of hits of a search, `None` for any other outcome."""
    results = outcome.get("results") if isinstance(outcome, dict) else None
    if not isinstance(results, list):
        return None
    found = [one.get("content") for one in results if isinstance(one, dict)]
    if (results and not found) or not all(isinstance(one, list) for one in found):
        return None
    return sum(len(one) for one in found if isinstance(one, list))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
