"""The Live pane: entries of a conversation as wrapped lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from tui.core import asking
from tui.core.asking import questions
from tui.core.attention import is_settled, need_of
from tui.core.models import Entry, EntryKind, Request, Run, Session
from tui.core.text import cell_width, fit, one_line, safe_text
from tui.view import words
from tui.view.lines import Cell, Line
from tui.view.steering import sent_words

TIME_WIDTH = 6
_INDENT = Cell(" " * TIME_WIDTH)
_DIFF = {"+": "good", "-": "bad", "@": "muted"}
_MOST_SENT = 6
_TOKENS = re.compile(r"\s*\S+|\s+$")


class Writing(Protocol):
    """The block that is being written now, and the finished ones of the same message.

    The CLI puts a message into the transcript only when all of it is there.
    """

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def tool(self) -> str: ...
    @property
    def earlier(self) -> Sequence[Writing]: ...


def title(session: Session | None, now: datetime, quiet_after: timedelta) -> str:
    """Return whose stream it is: where it belongs, who runs it, its state and its cost."""
    if session is None:
        return "4 Live"
    name = f"{one_line(session.listing)}/{words.stage(one_line(session.stage))}"
    state, _ = words.state(session, now, quiet_after)
    runner = one_line(session.run.operator) if session.run and not session.run.is_over else ""
    if not runner and session.is_live:
        runner = "pipeline"
    cost = words.cost(session.cost_usd) if session.cost_usd is not None else ""
    named = f"{name} {words.short_id(session.session_id)[:4]}"
    facts = (named, runner, state, cost, _remark(session, now, quiet_after))
    return "4 " + "  ".join(fact for fact in facts if fact)


def _remark(session: Session, now: datetime, quiet_after: timedelta) -> str:
    """Return who has seen what it needs, or the verb that mends what is odd about it."""
    need = need_of(session, now, quiet_after)
    if session.ack is not None and need is not None and is_settled(session, need):
        return f"seen by {one_line(session.ack.by)}"
    if session.overwritten is not None:
        return ":reapply puts back what the pipeline overwrote"
    return ":adopt moves it into its listing" if session.is_stray else ""


def wrap(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells, broken between words where possible."""
    lines: list[str] = []
    for paragraph in text.expandtabs(4).split("\n"):
        if cell_width(paragraph) <= width:
            lines.append(paragraph.rstrip())
        else:
            lines += _wrapped(paragraph, width)
    return lines


def _wrapped(paragraph: str, width: int) -> list[str]:
    lines, line, used = [], "", 0
    for token in _TOKENS.findall(paragraph):
        room = cell_width(token)
        if used and used + room > width:
            lines.append(line)
            line, used, token = "", 0, token.lstrip()
            room = cell_width(token)
        while room > width:
            head = _head(token, width)
            lines.append(head)
            token = token[len(head) :]
            room = cell_width(token)
        line, used = line + token, used + room
    return [*lines, line] if line.strip() else lines


def _head(token: str, width: int) -> str:
    used = 0
    for index, char in enumerate(token):
        used += cell_width(char)
        if used > width:
            return token[: max(1, index)]
    return token


def entry_lines(
    entry: Entry,
    result: Entry | None,
    width: int,
    zone: tzinfo,
    *,
    shows_time: bool = True,
) -> tuple[Line, ...]:
    """Return an entry's lines: the time once at its left, sub-agents indented behind a bar."""
    bar = (Cell("│ ", "rule"),) if entry.is_sidechain else ()
    inner = max(8, width - TIME_WIDTH - 2 * len(bar))
    body = _BODIES[entry.kind](entry, result, inner)
    time = _clock(entry.at, zone) if shows_time else ""
    first = Cell(time.ljust(TIME_WIDTH), "muted")
    return tuple((first if index == 0 else _INDENT, *bar, *line) for index, line in enumerate(body))


def minute(entry: Entry, zone: tzinfo) -> str:
    """Return the time that an entry would show; said once for all entries of a minute."""
    return _clock(entry.at, zone)


def _clock(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%H:%M") if at else ""


def _prompt(entry: Entry, _: Entry | None, width: int) -> list[Line]:
    lines = wrap(entry.text, width - 2)
    return [
        (Cell("> " if index == 0 else "  ", "prompt"), Cell(line, "prompt"))
        for index, line in enumerate(lines)
    ]


def _text(entry: Entry, _: Entry | None, width: int) -> list[Line]:
    return text_lines(entry.text, width)


def text_lines(text: str, width: int) -> list[Line]:
    """Return the agent's words as written; headings stand out."""
    return [
        (Cell(line, "strong" if line.startswith("#") else ""),)
        for line in wrap(text.strip("\n"), width)
    ]


def _thinking(entry: Entry, _: Entry | None, width: int) -> list[Line]:
    return [(Cell(fit(f"∴ {one_line(entry.text)}", width).rstrip(), "muted"),)]


def _tool(entry: Entry, result: Entry | None, width: int) -> list[Line]:
    outcome = _outcome(result) + f"  {_took(entry, result):>5}" if result else "…"
    outcome = fit(outcome, min(cell_width(outcome), width // 2))
    failed = result is not None and result.is_error
    name = fit(entry.tool, min(cell_width(entry.tool), width // 3))
    room = width - cell_width(name) - 1 - cell_width(outcome) - 2
    argument = fit(one_line(entry.text), max(0, room))
    line = (
        Cell(name, "tool"),
        Cell(f" {argument}  "),
        Cell(outcome, "bad" if failed else "muted"),
    )
    if result is None or not result.is_error:
        return [line]
    return [
        line,
        *((Cell(f"  {text}", "bad"),) for text in wrap(result.detail or result.text, width - 2)),
    ]


def _outcome(result: Entry) -> str:
    return "error" if result.is_error else result.text


def _took(call: Entry, result: Entry | None) -> str:
    if result is None or call.at is None or result.at is None or result.at < call.at:
        return ""
    took = result.at - call.at
    if took < timedelta(minutes=1):
        return f"{took.total_seconds():.1f}s"
    return words.span(took)


def _notice(entry: Entry, _: Entry | None, width: int) -> list[Line]:
    return [(Cell(line, "muted"),) for line in wrap(entry.text, width)]


def _error(entry: Entry, _: Entry | None, width: int) -> list[Line]:
    return [(Cell(line, "bad"),) for line in wrap(f"✗ {entry.text}", width)]


_BODIES = {
    EntryKind.PROMPT: _prompt,
    EntryKind.TEXT: _text,
    EntryKind.THINKING: _thinking,
    EntryKind.TOOL: _tool,
    EntryKind.RESULT: _notice,
    EntryKind.NOTICE: _notice,
    EntryKind.ERROR: _error,
}


def writing_lines(writing: Writing, width: int) -> tuple[Line, ...]:
    """Return the lines of the message that is being written, a mark at its end."""
    inner = max(8, width - TIME_WIDTH)
    body: list[Line] = []
    for block in (*writing.earlier, writing):
        body += _block_lines(block, inner - 1)
    body = body or [()]
    body[-1] = (*body[-1], Cell("▌", "muted"))
    return tuple((_INDENT, *line) for line in body)


def _block_lines(block: Writing, width: int) -> list[Line]:
    text = safe_text(block.text)
    if block.kind == "tool":
        return [(Cell(f"{one_line(block.tool) or 'tool'} ", "tool"),)]
    if block.kind == "thinking":
        tail = one_line(text[-4 * width :])[-(width - 3) :]
        return [(Cell(f"∴ {tail} ", "muted"),)]
    return text_lines(text, width)


def request_lines(request: Request, width: int, zone: tzinfo) -> tuple[Line, ...]:
    """Return a request in full, where it stands in the stream, and how to answer it."""
    is_question = bool(questions(request))
    says = "asks" if is_question else f"wants {one_line(request.tool)}"
    time = Cell(_clock(request.at, zone).ljust(TIME_WIDTH), "muted")
    head: Line = (time, Cell(f"? {says}", "attention"))
    body = [
        (_INDENT, Cell(f"  {piece}", _DIFF.get(line[:1], "")))
        for line in asking.request_lines(request)
        for piece in wrap(line, width - TIME_WIDTH - 2)
    ]
    how = "a answers: once, always for this tool in this run, or no"
    how = "a answers: a number, or words of your own" if is_question else how
    return (head, *body, (_INDENT, Cell(fit(how, width - TIME_WIDTH), "muted")))


def sent_lines(run: Run, width: int, now: datetime) -> tuple[Line, ...]:
    """Return what a run was sent and has not done yet, and that its agent is not heard."""
    said = [sent_words(one, now, is_over=run.is_over) for one in run.sent[-_MOST_SENT:]]
    if run.queued_for and not run.is_over:
        said.append(f"queued: {run.queued_for}")
    if run.stalled_since is not None:
        said.append(f"stalled: nothing was heard for {words.quiet(run.stalled_since, now)}")
    return tuple((_INDENT, Cell(fit(one, width - TIME_WIDTH).rstrip(), "muted")) for one in said)
