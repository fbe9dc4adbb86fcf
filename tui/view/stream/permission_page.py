"""A permission request in full: who asks, until when, and everything it would allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any

from tui.core.agent_questions import AgentQuestion, plan_in
from tui.core.models.permission_request import LEAST_DIGEST, PermissionRequest
from tui.core.text.request_rows import input_rows, text_rows
from tui.core.text.safe_text import cell_width, one_line, safe_text
from tui.core.text.visible_escapes import revealed, revealed_json, rows
from tui.view.panes.page import text_lines
from tui.view.text.lines import Cell, Line
from tui.view.text.markdown import markdown_lines
from tui.view.text.sent_commands import until_words

_ASKED = "what the CLI asks for, and would run"
_ASKED_PLAN = "what the CLI asks for, without the plan"
CALLED = "what the agent's own call says, which differs"
_STYLES = {"heading": "strong", "removed": "bad", "added": "good"}
_MOST_CACHED = 4
_SHORT = 28
_cache: dict[tuple[object, ...], tuple[Line, ...]] = {}
_caching = Lock()


def fact_lines(
    request: PermissionRequest,
    now: datetime,
    width: int,
    *,
    is_ascii: bool = False,
    waits: str = "",
) -> tuple[Line, ...]:
    """Return the tool, who asks and why, and when the request is denied automatically.

    `waits` replaces the waiting time where the rows must not change with the clock.
    """
    tool = rows(f"tool: {revealed(request.tool, is_ascii=is_ascii)}", width)
    why = why_lines(request, now, width, is_ascii=is_ascii, waits=waits)
    return (*((Cell(row, "strong"),) for row in tool), *why)


def why_lines(
    request: PermissionRequest,
    now: datetime,
    width: int,
    *,
    is_ascii: bool = False,
    waits: str = "",
) -> tuple[Line, ...]:
    """Return the same without the tool."""
    asker, more = request.asker, request.waiting - 1
    who = " ".join(filter(None, (asker.agent, f"({asker.agent_id})" if asker.agent_id else "")))
    waits = (waits or until_words(request, now)) + (
        f"; {more} more waiting behind it" if more else ""
    )
    facts = (
        ("sub-agent", who),
        ("says", asker.title),
        ("about", asker.description),
        ("because", asker.reason),
        ("blocked path", asker.blocked_path),
        ("suggested", "; ".join(map(_rule, asker.suggestions))),
    )
    said = (
        waits,
        *(f"{name}: {revealed(words, is_ascii=is_ascii)}" for name, words in facts if words),
    )
    return tuple((Cell(row, "muted"),) for line in said for row in rows(line, width))


def request_lines(
    request: PermissionRequest, width: int, *, is_ascii: bool = False, most: int | None = None
) -> tuple[Line, ...]:
    """Return everything that would be allowed, at most `most` lines.

    The input can be rebuilt from these lines alone, or else they say that it can only be denied.
    """
    key = (request.request_id, request.digest, request.problem, width, is_ascii, most)
    with _caching:
        known = _cache.get(key) if request.digest else None
    if known is None:
        known = tuple(islice(_lines(request, width, is_ascii=is_ascii), most))
        with _caching:
            _cache[key] = known
            while len(_cache) > _MOST_CACHED:
                del _cache[next(iter(_cache))]
    return known


def question_lines(asked: AgentQuestion, width: int, *, is_ascii: bool = False) -> tuple[Line, ...]:
    """Return one question of an agent in full, with its numbered options."""
    options = asked.given.get("options")
    many = options if isinstance(options, list) else []
    others = {name: one for name, one in asked.given.items() if name != "options" or not many}
    lines = list(_input(others, width, is_ascii=is_ascii))
    offered = [one for one in many if isinstance(one, dict)]
    for number, option in enumerate(offered, 1):
        lines += [(Cell(f"option {number}", "strong"),)]
        lines += _input(option, width, is_ascii=is_ascii)
    if odd := [one for one in many if not isinstance(one, dict)]:
        lines += [(Cell("not an option, but sent along", "strong"),)]
        lines += _input({"options": odd}, width, is_ascii=is_ascii)
    return tuple(lines)


def beside_lines(
    request: PermissionRequest, width: int, *, is_ascii: bool = False
) -> tuple[Line, ...]:
    """Return everything sent along with an agent's questions that is not a question."""
    many = request.input.get("questions")
    odd = [one for one in many if not isinstance(one, dict)] if isinstance(many, list) else []
    beside = {name: one for name, one in request.input.items() if name != "questions"}
    beside |= {"questions": odd} if odd else {}
    if not beside:
        return ()
    head = (Cell("not a question, but sent along", "strong"),)
    return (head, *_input(beside, width, is_ascii=is_ascii), ())


def short_tool(request: PermissionRequest) -> str:
    """Return a tool's name, shortened in the middle, for a line with other text."""
    name = one_line(revealed(request.tool))
    return name if cell_width(name) <= _SHORT else f"{name[: _SHORT // 2]}~{name[-_SHORT // 2 :]}"


def end_line(request: PermissionRequest) -> str:
    """Return the last line of a request: its digest, or what is missing."""
    if request.problem:
        missing = f"{request.missing:,} characters not shown: " if request.missing else ""
        return missing + request.problem
    return f"shown in full: --input {request.digest[:LEAST_DIGEST]}"


def scope_lines(request: PermissionRequest, width: int) -> tuple[Line, ...]:
    """Return what the answer `always` would allow from now on."""
    return text_lines(
        (
            f"Allowed from now on: every call of {revealed(request.tool)}",
            "by this run and its sub-agents, whatever its input, without asking.",
            "",
            "No other tool, and no other run. It ends with the run, or when a",
            "restricted console prompts it; `stop` ends the run.",
        ),
        width,
    )


def _lines(request: PermissionRequest, width: int, *, is_ascii: bool) -> Iterator[Line]:
    own = plan_in(request.tool, request.input)
    plan = own or plan_in(request.tool, request.call or {})
    if plan:
        yield (Cell("the plan, formatted", "strong"),)
        yield from markdown_lines(safe_text(plan), width)
    if request.call is not None:
        yield (Cell(_ASKED_PLAN if plan and not own else _ASKED, "strong"),)
    elif plan:
        yield (Cell("the plan, as written", "strong"),)
    if not request.problem or request.input:
        yield from _input(request.input, width, is_ascii=is_ascii)
    elif request.begins:
        for row in text_rows(request.begins, width, is_ascii=is_ascii):
            yield (Cell(row.text),)
    yield from call_lines(request, width, is_ascii=is_ascii)


def call_lines(request: PermissionRequest, width: int, *, is_ascii: bool = False) -> Iterator[Line]:
    """Yield the agent's own call, where it differs from what the CLI asks for."""
    if request.call is not None:
        yield (Cell(CALLED, "strong"),)
        yield from _input(request.call, width, is_ascii=is_ascii)


def _input(given: Mapping[str, Any], width: int, *, is_ascii: bool) -> Iterator[Line]:
    for row in input_rows(given, width, is_ascii=is_ascii):
        yield (Cell(row.text, _STYLES.get(row.kind, "")),)


def _rule(suggested: Mapping[str, Any]) -> str:
    """Return a rule that the CLI suggests, in the syntax of its settings."""
    rules = suggested.get("rules")
    named = [
        f"{one.get('toolName')}({content})" if (content := one.get("ruleContent")) else
        str(one.get("toolName"))
        for one in (rules if isinstance(rules, list) else [])
        if isinstance(one, dict)
    ]  # fmt: skip
    what = ", ".join(named) if named and _is_plain_rule(suggested) else revealed_json(suggested)
    return f"{what} for {suggested.get('destination', 'unknown')}, which is not applied here"


def _is_plain_rule(suggested: Mapping[str, Any]) -> bool:
    """Whether a suggestion only adds allow rules, so that the rules describe it fully."""
    keys = set(suggested) <= {"type", "rules", "behavior", "destination"}
    is_allowing = suggested.get("behavior", "allow") == "allow"
    return keys and is_allowing and suggested.get("type", "addRules") == "addRules"
