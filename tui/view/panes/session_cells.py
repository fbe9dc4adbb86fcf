"""The cells of the columns of the Sessions pane, by column name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from tui.core.models.session import Session
from tui.core.sessions.attention import last_sign, snoozed_until, why_failed
from tui.core.sessions.operators import owner_of
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import beginning, cell_width, cut, cut_middle, one_line
from tui.core.text.sizes import size_text
from tui.core.time.expiry import urgency
from tui.core.values import dataclass, field
from tui.view.text import formatting, signs
from tui.view.text.lines import Cell
from tui.view.text.sent_commands import left_words

_LEAST_HOST = 5
_DATE = late_pattern(r"-20\d{6}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellContext:
    """When and where cells are drawn."""

    now: datetime
    quiet_after: timedelta = timedelta()
    zone: tzinfo = UTC
    hosts: Mapping[str, str] = field(default_factory=dict)  # a word on each of the fleet's others


CellOf = Callable[[Session, CellContext, int], Cell]


def cell(name: str, session: Session, at: CellContext, width: int) -> Cell:
    """Return what a session has in the column of that name, which is so wide."""
    return CELLS[name](session, at, width)


def title_of(session: Session) -> Cell:
    """Return the title, or else why it failed, or else the id."""
    if session.title:
        return Cell(one_line(session.title))
    return Cell(one_line(why_failed(session)) or formatting.short_id(session.session_id), "muted")


def model_of(session: Session) -> str:
    """Return the model of its run, else the last one that answered."""
    run = session.run
    return (run.model if run is not None and not run.is_over else "") or session.model


def short_model(name: str) -> str:
    """Return a model's name without the maker and the date."""
    return _DATE.sub("", one_line(name).removeprefix("claude-"))


def tags_of(session: Session) -> str:
    """Return its tags in one text."""
    return ", ".join(map(one_line, session.tags))


def _ends(session: Session, at: CellContext, _: int) -> Cell:
    left = formatting.countdown(session.ends_at, at.now, is_unreadable=session.expiry_is_unreadable)
    swept = signs.SWEPT.sign if session.is_swept_first else " "
    return Cell(f"{left} {swept}", urgency(session.ends_at, at.now))


def _state(session: Session, at: CellContext, room: int) -> Cell:
    return Cell(*formatting.state_in_full(session, at.now, at.quiet_after, room))


def _title(session: Session, at: CellContext, width: int) -> Cell:
    """Return the title with its signs before it, `z` for snoozed and `n` for a note.

    One that lives on another host has `@`, with `?` where that may have changed since. It is cut so
    that the time left for a permission request fits after it.
    """
    title = title_of(session)
    signs = "z" if snoozed_until(session, at.now, at.quiet_after) else ""
    signs += "n" if session.note else ""
    signs += "@" if session.host else ""
    signs += "?" if at.hosts.get(session.host) else ""
    if signs:
        title = Cell(f"[{signs}] {title.text}", title.style)
    request = session.run.request if session.run is not None else None
    if request is None or not (left := left_words(request, at.now)):
        return title
    left = f" {left} left"
    room = max(0, width - len(left))
    text = beginning(title.text, room)
    return Cell(f"{text}{' ' * (room - cell_width(text))}{left}", title.style)


def _context(session: Session, *_: object) -> Cell:
    held = session.transcript.context if session.transcript is not None else 0
    return Cell(formatting.tokens(held) if held else "-", "muted")


def _model(session: Session, _: CellContext, width: int) -> Cell:
    return Cell(cut_middle(short_model(model_of(session)), width) or "-", "muted")


def _created(session: Session, at: CellContext, width: int) -> Cell:
    transcript = session.transcript
    began = session.created_at or (transcript.first_at if transcript is not None else None)
    moment = formatting.moment(began, at.zone, today=at.now)
    return Cell(moment if len(moment) <= width else moment.rpartition(" ")[0], "muted")


def _host(session: Session, at: CellContext, width: int) -> Cell:
    name, word = one_line(session.host), at.hosts.get(session.host, "")
    if not word:
        return Cell(cut_middle(name, width), "muted")
    room = width - cell_width(word) - 1
    if room < min(_LEAST_HOST, cell_width(name)):  # its title and the top line say what it is
        return Cell(cut_middle(name, width), "noticed")
    return Cell(f"{cut_middle(name, room)} {word}", "noticed")


CELLS: Mapping[str, CellOf] = {
    "ends": _ends,
    "state": _state,
    "listing": lambda one, _, width: Cell(cut_middle(one_line(one.listing), width)),
    "stage": lambda one, *_: Cell(formatting.stage(one.stage)),
    "title": _title,
    "quiet": lambda one, at, _: Cell(formatting.elapsed(last_sign(one), at.now), "muted"),
    "size": lambda one, *_: Cell(size_text(one.bytes) if one.bytes else "-", "muted"),
    "cost": lambda one, *_: Cell(formatting.cost(one.cost_usd), "muted"),
    "id": lambda one, _, width: Cell(formatting.short_id(one.session_id)[:width], "muted"),
    "model": _model,
    "owner": lambda one, _, width: Cell(cut_middle(owner_of(one), width) or "-", "muted"),
    "context": _context,
    "created": _created,
    "tags": lambda one, _, width: Cell(cut(tags_of(one), width), "muted"),
    "note": lambda one, _, width: Cell(cut(one_line(one.note), width), "muted"),
    "host": _host,
    "expires": lambda one, at, _: Cell(formatting.moment(one.expires_at, at.zone), "muted"),
    "swept": lambda one, at, _: Cell(formatting.moment(one.sweep_at, at.zone), "muted"),
}
