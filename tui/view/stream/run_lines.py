"""The end of the Live pane: what the run asks, what it was sent, and how far it is with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from tui.core.models.entry import Entry, EntryKind
from tui.core.models.run import Run, SentCommand
from tui.core.models.session import Session
from tui.core.text.safe_text import cut, one_line, safe_text
from tui.core.values import dataclass, replace
from tui.view.stream.entry_lines import INDENT, TIME_WIDTH, Access, request_lines
from tui.view.text import formatting
from tui.view.text.lines import Cell, Line
from tui.view.text.sent_commands import asked_words, prompt_words, sent_words
from tui.view.text.styled_text import wrap

_MOST_SENT = 6
_MOST_LINES = 8
_COMPARED = 500
_CLOCKS_DIFFER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run's lines depend on besides the run.

    `entries` are the last ones of the stream: a prompt that is among them is not shown again, nor
    one that may be before them; with `is_whole` they are all there are.
    `sending` is what was typed here and is in no file yet. The key `resume` goes on with a turn
    of the `session` that was left.
    """

    now: datetime
    zone: tzinfo
    entries: Sequence[Entry] = ()
    is_whole: bool = True
    sending: SentCommand | None = None
    is_ascii: bool = False
    access: Access = "full"
    session: Session | None = None
    resume: str = ""


def latest(session: Session | None, polled: Run | None) -> Run | None:
    """Return a session's run as last polled; what it asks is as the keys know it."""
    run = session.run if session is not None else None
    if run is None or polled is None or polled.run_id != run.run_id:
        return run
    return replace(polled, request=run.request)


def asked_lines(run: Run | None, at: RunContext, width: int) -> tuple[Line, ...]:
    """Return the prompt that the API has not answered, until the transcript has it."""
    asked = run.asked if run is not None else None
    if run is None or asked is None or _is_among(asked, at):
        return ()
    words, room = asked_words(asked, at.now, is_over=run.is_over), width - TIME_WIDTH
    return tuple((INDENT, *line) for line in _prompt_lines(asked, words, room))


def run_lines(run: Run | None, at: RunContext, width: int) -> tuple[Line, ...]:
    """Return a run's request, what else it was sent, by whom, and how far it is with that."""
    asked: tuple[Line, ...] = ()
    if run is not None and run.request is not None and not run.is_over:
        is_ascii, access = at.is_ascii, at.access
        asked = request_lines(run.request, width, at.now, at.zone, is_ascii=is_ascii, access=access)
    room = width - TIME_WIDTH
    lines = (*_sent_lines(run, at, room), *_state_lines(run, at, room))
    return (*asked, *((INDENT, *line) for line in lines))


def _sent_lines(run: Run | None, at: RunContext, room: int) -> Iterator[Line]:
    """Yield the commands that are pending, in their order, and what was typed here."""
    shown = [run.asked] if run is not None and run.asked is not None else []
    for one in run.sent[-_MOST_SENT:] if run is not None else ():
        is_over = run is not None and run.is_over
        if one.kind == "prompt":
            shown.append(one)
            yield from _prompt_lines(one, prompt_words(one, at.now, is_over=is_over), room)
        else:
            yield (Cell(cut(sent_words(one, at.now, is_over=is_over), room), "muted"),)
    typed = at.sending
    is_told = typed is not None and any(_is_same(one.text, typed.text) for one in shown)
    if typed is not None and not is_told and not _is_among(typed, at):
        yield from _prompt_lines(typed, asked_words(typed, at.now, is_over=False), room)


def _state_lines(run: Run | None, at: RunContext, room: int) -> Iterator[Line]:
    """Yield what the run waits for, unless it is an operator."""
    yield from _left_lines(at, room)
    if run is None or run.is_over:
        return
    if run.queued_for:
        yield (Cell(cut(f"queued: {run.queued_for}", room), "muted"),)
    elif run.request is None and (words := formatting.progress_words(run.progress, at.now)):
        yield (Cell(cut(words, room), "muted"),)
    if run.stalled_since is not None:
        gone = formatting.elapsed(run.stalled_since, at.now)
        yield (Cell(cut(f"stalled: nothing received for {gone}", room), "muted"),)


def _left_lines(at: RunContext, room: int) -> Iterator[Line]:
    """Yield that the last turn was left, and what goes on with it."""
    session = at.session
    if session is None or session.cut_off_at is None:
        return
    when = formatting.moment(session.cut_off_at, at.zone, today=at.now)
    words = f"left in the middle of a turn at {when}: {at.resume} resumes"
    if session.transcript is None:
        words = f"its run ended before it began, at {when}: `new` starts it again"
    yield (Cell(cut(words, room), "bad"),)


def _prompt_lines(sent: SentCommand, words: str, room: int) -> Iterator[Line]:
    """Yield a prompt that is not in the transcript yet, greyed, and what became of it."""
    lines = wrap(safe_text(sent.text).strip("\n"), max(8, room - 2))
    more = len(lines) - _MOST_LINES
    if more > 0:
        lines = [*lines[:_MOST_LINES], f"[{more} more lines]"]
    for index, line in enumerate(lines):
        yield (Cell("> " if index == 0 else "  ", "prompt"), Cell(line, "muted"))
    yield (Cell("  "), Cell(cut(words, max(8, room - 2)), "noticed"))


def _is_among(sent: SentCommand, at: RunContext) -> bool:
    """Whether the transcript has a prompt by now; without a time in it none can be told."""
    since = sent.at - _CLOCKS_DIFFER
    for entry in reversed(at.entries):
        if entry.at is not None and entry.at < since:
            return False
        if entry.kind is EntryKind.PROMPT and entry.at and _is_same(entry.text, sent.text):
            return True
    return not at.is_whole


def _is_same(one: str, other: str) -> bool:
    return one_line(one)[:_COMPARED].split() == one_line(other)[:_COMPARED].split()
