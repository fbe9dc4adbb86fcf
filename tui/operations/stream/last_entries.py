"""The last entries of a session's stream, as far back as the bounds allow."""

from __future__ import annotations

from collections.abc import Mapping

from tui.core.limits import BACK_S, MOST_BACK
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session
from tui.core.text.sizes import size_text
from tui.core.values import dataclass, replace
from tui.operations.stream.follow import StreamFollower, StreamUpdate
from tui.operations.transcripts.branches import NOT_KNOWN
from tui.operations.transcripts.last_line import unfinished_line
from tui.safe_io.walking import Budget

_MOST_ASIDE = 1001  # one more than is shown, so that a cut is noticed


@dataclass(frozen=True, slots=True)
class LastEntries:
    """The last entries of a stream, and the `StreamFollower` that continues from there.

    `asides` is what sub-agents said, as in a `StreamUpdate`; `notices` say what could not be read.
    """

    follow: StreamFollower
    entries: tuple[Entry, ...]
    asides: Mapping[str, tuple[Entry, ...]]
    ended: tuple[Entry, ...] = ()
    branches: str = ""
    notices: tuple[str, ...] = ()


def last_entries(session: Session, count: int) -> LastEntries:
    """Return the last `count` entries of any length, and what sub-agents said under their calls.

    Where a bound is reached, a notice stands for what comes before.
    """
    follow = StreamFollower(session, waits=True)
    asides: dict[str, tuple[Entry, ...]] = {}
    first = _everything(follow, session, count, asides)
    entries, start, unread = first.entries, first.start, tuple[str, ...]()
    budget, begun = Budget(MOST_BACK, BACK_S), start
    while len(entries) < count and start > 0:
        if not budget.spend() or begun - start > MOST_BACK:
            entries = (_left_out(start), *entries)[: max(count, 1)]
            break
        page = follow.before(start, next((one.at for one in entries if one.at), None))
        if page.start >= start:
            break
        entries, start, unread = (*page.entries, *entries), page.start, (*unread, *page.problems)
    more = _everything(follow, session, count, asides)
    entries = (*entries, *more.entries)
    if session.is_live and session.transcript is not None:
        entries += unfinished_line(session.transcript.path, more.end)
    ended = (*first.ended, *more.ended)
    shown = entries[-count:] if count > 0 else ()
    notices = tuple(dict.fromkeys((*first.notices, *unread, *more.notices)))
    said = [one.place for one in shown if one.kind is not EntryKind.NOTICE and one.place >= 0]
    is_doubted = min(said, default=more.end) < (more.branches_from or 0)
    branches = more.branches or (NOT_KNOWN if is_doubted else "")
    return LastEntries(follow, shown, asides, ended, branches, notices)


def _left_out(size: int) -> Entry:
    words = f"[the {size_text(size)} before were not read: it took too long]"
    return Entry(EntryKind.NOTICE, words)


def _everything(
    follow: StreamFollower, session: Session, count: int, asides: dict[str, tuple[Entry, ...]]
) -> StreamUpdate:
    """Return the results of the first polls: the last entries, and all `asides` together."""
    budget, entries, ended = Budget(MOST_BACK, BACK_S), tuple[Entry, ...](), tuple[Entry, ...]()
    notices: tuple[str, ...] = ()
    while True:
        update = follow.poll(session)
        entries, ended = (*entries, *update.entries), (*ended, *update.ended)
        notices += update.notices
        if update.has_more:
            entries = entries[-max(count, 1) :]
        for tool_id, said in update.asides.items():
            asides[tool_id] = (*asides.get(tool_id, ()), *said)[-_MOST_ASIDE:]
        if not (update.has_more and budget.spend()):
            return replace(update, entries=entries, ended=ended, notices=notices)
