"""The Live pane: entries of a conversation as wrapped lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from typing import Literal, Protocol

from tui.core.agent_questions import questions
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.permission_request import PermissionRequest
from tui.core.text.safe_text import cut, fit, one_line, safe_text
from tui.core.text.visible_escapes import revealed, rows
from tui.core.values import KW_ONLY, dataclass
from tui.view.stream import permission_page
from tui.view.stream.subagent_lines import SubagentLines
from tui.view.stream.tool_call import MOST_LINES, call_line, call_lines
from tui.view.text import formatting, signs
from tui.view.text.lines import Cell, Line
from tui.view.text.markdown import markdown_lines
from tui.view.text.styled_text import wrap

TIME_WIDTH = 6
Tools = Literal["short", "full", "off"]
Access = Literal["full", "restricted", "read-only"]
TOOLS: tuple[Tools, ...] = ("short", "full", "off")
INDENT = Cell(" " * TIME_WIDTH)
_BAR = Cell(signs.BESIDE.sign, "rule")
_MOST_ASKED = 300  # lines of a request; a longer one is read page by page
_MOST_WRAPPED = 1000
_MOST_OPEN = 100_000


class PartialBlocks(Protocol):
    """The block that is being written now, and the finished blocks of the same message.

    The CLI writes a message to the transcript only when it is complete.
    """

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def tool(self) -> str: ...
    @property
    def earlier(self) -> Sequence[PartialBlocks]: ...


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What an entry's lines depend on besides the entry itself.

    `before`, `day` and `model` are the time, day and model shown last; `asides` is the output of
    sub-agents; `alike` are notices of left-out lines that share one line.
    """

    zone: tzinfo
    _: KW_ONLY
    result: Entry | None = None
    before: str = ""
    day: date | None = None
    model: str = ""
    asides: SubagentLines | None = None
    alike: Sequence[Entry] = ()
    tools: Tools = "short"
    is_open: bool = False


def entry_lines(entry: Entry, around: RenderContext, width: int) -> tuple[Line, ...]:
    """Return an entry's lines: the time at the left, sub-agents indented behind a bar."""
    bar = (_BAR,) if entry.is_sidechain else ()
    inner = max(8, width - TIME_WIDTH - 2 * len(bar))
    body = _body(entry, around, inner)
    if around.model and entry.model and around.model != entry.model:
        body = [(Cell(cut(f"model: {entry.model}", inner), "muted"),), *body]
    minute, day = _clock(entry.at, around.zone), day_of(entry, around.zone)
    rule = formatting.day_rule(day, around.day) if day and around.day not in (None, day) else ""
    first = Cell((minute if rule or minute != around.before else "").ljust(TIME_WIDTH), "muted")
    lines = ((first if index == 0 else INDENT, *bar, *line) for index, line in enumerate(body))
    return ((Cell(rule, "muted"),), *lines) if body and rule else tuple(lines)


def _body(entry: Entry, around: RenderContext, width: int) -> list[Line]:
    if around.alike:
        return _muted(_left_out(around.alike), width)
    match entry.kind:
        case EntryKind.PROMPT:
            return _prompt(entry, width)
        case EntryKind.TEXT:
            return markdown_lines(entry.text, width)
        case EntryKind.THINKING:
            return _thinking(entry, around, width)
        case EntryKind.TOOL:
            return _tool(entry, around, width)
        case EntryKind.ERROR:
            return [(Cell(line, "bad"),) for line in _wrapped(f"{signs.ERROR}{entry.text}", width)]
        case EntryKind.RESULT:
            said = entry.detail if around.is_open or around.tools == "full" else entry.text
            return _muted(f"{signs.ARROW} {said}", width)
        case _:
            is_whole = entry.detail and (around.is_open or around.tools == "full")
            return _muted(entry.detail if is_whole else entry.text, width)


def minute(entry: Entry, zone: tzinfo) -> str:
    """Return the time of an entry, which is shown once for all entries of a minute."""
    return _clock(entry.at, zone)


def day_of(entry: Entry, zone: tzinfo) -> date | None:
    """Return the day of an entry, which is shown where it changes."""
    return entry.at.astimezone(zone).date() if entry.at else None


def begun(line: Line, at: datetime, zone: tzinfo) -> Line:
    """Return the first line of a screen, which has a time also where its entry began above it."""
    if not line or line[0].text.strip():
        return line
    return (Cell(_clock(at, zone).ljust(TIME_WIDTH), "muted"), *line[1:])


def _clock(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%H:%M") if at else ""


def _wrapped(text: str, width: int) -> list[str]:
    lines = wrap(text, width)
    more = len(lines) - _MOST_WRAPPED
    return lines if more <= 0 else [*lines[:_MOST_WRAPPED], f"[{more} more lines]"]


def _muted(text: str, width: int) -> list[Line]:
    return [(Cell(line, "muted"),) for line in _wrapped(text, width)]


def _left_out(alike: Sequence[Entry]) -> str:
    """Return several notices as one line, each kind with its count."""
    if len(alike) == 1:
        return alike[0].text
    kinds = dict.fromkeys(one.left_out for one in alike)
    counts = {kind: sum(one.left_out == kind for one in alike) for kind in kinds}
    said = (f"{count} line{'' if count == 1 else 's'} {kind}" for kind, count in counts.items())
    return ", ".join(said)


def _prompt(entry: Entry, width: int) -> list[Line]:
    return [
        (Cell(signs.PROMPT.sign if index == 0 else "  ", "prompt"), Cell(line, "prompt"))
        for index, line in enumerate(_wrapped(entry.text, width - 2))
    ]


def text_lines(text: str, width: int) -> list[Line]:
    """Return the agent's text while it is being written; headings stand out."""
    return [
        (Cell(line, "strong" if line.startswith("#") else ""),)
        for line in wrap(text.strip("\n"), width)
    ]


def _thinking(entry: Entry, around: RenderContext, width: int) -> list[Line]:
    if around.tools == "off" and not around.is_open:
        return []
    if around.is_open or around.tools == "full":
        return _muted(f"{signs.THOUGHT}{entry.text.strip()}", width)
    return [(Cell(cut(f"{signs.THOUGHT}{one_line(entry.text)}", width), "muted"),)]


def _tool(entry: Entry, around: RenderContext, width: int) -> list[Line]:
    failed = around.result is not None and around.result.is_error
    if around.tools == "off" and not failed and not around.is_open:
        return []
    if around.is_open or around.tools == "full":
        most = _MOST_OPEN if around.is_open else MOST_LINES
        lines = call_lines(entry, around.result, width, most)
    else:
        lines = [call_line(entry, around.result, width)]
        if failed and around.result is not None:
            said = _wrapped(around.result.detail or around.result.text, width - 2)
            lines += [(Cell(f"  {text}", "bad"),) for text in said]
    return lines + _asides(entry, around, width)


def _asides(entry: Entry, around: RenderContext, width: int) -> list[Line]:
    """Return the output of the call's sub-agents, behind a bar."""
    if around.tools == "off" or around.asides is None:
        return []

    def draw(one: Entry, result: Entry | None, inner: int) -> list[Line]:
        return _body(one, RenderContext(around.zone, result=result, tools=around.tools), inner)

    return list(around.asides.lines(entry.tool_id, draw, width))


def writing_lines(writing: PartialBlocks, width: int) -> tuple[Line, ...]:
    """Return the lines of the message that is being written, with a cursor at the end."""
    inner = max(8, width - TIME_WIDTH)
    body: list[Line] = []
    for block in (*writing.earlier, writing):
        body += _block_lines(block, inner - 1)
    body = body or [()]
    body[-1] = (*body[-1], Cell(signs.WRITING.sign, "muted"))
    return tuple((INDENT, *line) for line in body)


def _block_lines(block: PartialBlocks, width: int) -> list[Line]:
    text = safe_text(block.text)
    if block.kind == "tool":
        return [(Cell(f"{one_line(block.tool) or 'tool'} ", "tool"),)]
    if block.kind == "thinking":
        tail = one_line(text[-4 * width :])[-(width - 3) :]
        return [(Cell(f"{signs.THOUGHT}{tail} ", "muted"),)]
    return text_lines(text, width)


def request_lines(
    request: PermissionRequest,
    width: int,
    now: datetime,
    zone: tzinfo,
    *,
    is_ascii: bool = False,
    access: Access = "full",
) -> tuple[Line, ...]:
    """Return a permission request and how to answer it."""
    is_question, room = bool(questions(request)), width - TIME_WIDTH - 2
    says = "asks" if is_question else f"wants {revealed(request.tool, is_ascii=is_ascii)}"
    time = Cell(_clock(request.at, zone).ljust(TIME_WIDTH), "muted")
    first, *more = rows(f"? {says}", room)
    head = ((time, Cell(first, "attention")), *((INDENT, Cell(row, "attention")) for row in more))
    shown = permission_page.request_lines(request, room, is_ascii=is_ascii, most=_MOST_ASKED + 1)
    is_cut = len(shown) > _MOST_ASKED
    body = (*permission_page.why_lines(request, now, room, is_ascii=is_ascii), *shown[:_MOST_ASKED])
    how = _how(access, is_question=is_question, is_cut=is_cut)
    end = wrap(permission_page.end_line(request), room) if request.problem else [fit(how, room)]
    return (
        *head,
        *((INDENT, Cell("  "), *line) for line in body),
        *((INDENT, Cell(piece, "bad" if request.problem else "muted")) for piece in end),
    )


def _how(access: Access, *, is_question: bool, is_cut: bool) -> str:
    """Return how to answer a request from a console with this access."""
    if access == "read-only":
        more = "more than shown here, see `show`; " if is_cut else ""
        return f"{more}this console is read-only and cannot answer"
    if is_cut:
        return "more than shown here: a shows all of it, page by page"
    if is_question:
        return "a to answer: an option's number, or your own words"
    if access == "restricted":
        return "a to answer: deny, or wait longer; allow only inside the listing"
    return "a to answer: once, always in this run, deny, or wait longer"


def branch_lines(said: str, width: int) -> tuple[Line, ...]:
    """Return which of several branches the next resume follows; empty for a single branch."""
    lines = _wrapped(said, max(8, width - TIME_WIDTH)) if said else []
    return tuple((INDENT, Cell(line, "attention")) for line in lines)
