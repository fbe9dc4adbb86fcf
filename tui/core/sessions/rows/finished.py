"""Sessions that have finished, and wrote what this operator has not seen: they come after needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tui.core.models.session import Key, Liveness, Session
from tui.core.sessions.attention import FailureGroup, need_of
from tui.core.sessions.catalog_changes import LastLooked
from tui.core.sessions.listing_join import is_gone
from tui.core.values import dataclass

FINISHED = 50  # among the ranks of attention: after every `Need`
FEWEST_GROUPED = 5
_OPENED_AS = "FINISHED"  # no cause of a failure has capitals


@dataclass(frozen=True, slots=True)
class Unseen:
    """What an operator has not seen: what was written since `looks`; nothing before it is known.

    The session `looked_at` now counts as unseen until another one is looked at, if it was so when
    the look began: it does not leave its place while it is read.
    """

    looks: LastLooked | None = None
    looked_at: Key | None = None

    def is_unseen(self, session: Session) -> bool:
        """Whether a session has unseen output."""
        return self.looks is not None and self.looks.is_unseen(session)

    def is_news(self, session: Session) -> bool:
        """Whether it has unseen output, or what was unseen is being read."""
        return session.key == self.looked_at or self.is_unseen(session)


NOTHING_UNSEEN = Unseen()


@dataclass(frozen=True, slots=True)
class FinishedGroup:
    """Sessions that finished unseen, the latest first."""

    sessions: tuple[Session, ...]

    @property
    def cause(self) -> str:
        """The name by which it is opened."""
        return _OPENED_AS

    @property
    def key(self) -> Key:
        """The group's key for the selection; no listing can have this name."""
        return ("\x00finished", "")

    @property
    def since(self) -> datetime | None:
        """When the first of them wrote its last."""
        written = (one.last_activity_at for one in self.sessions)
        return min((moment for moment in written if moment is not None), default=None)


SessionGroup = FailureGroup | FinishedGroup
Row = Session | FailureGroup | FinishedGroup


def finished(
    sessions: Iterable[Session], unseen: Unseen, now: datetime, quiet_after: timedelta
) -> frozenset[Key]:
    """Return the sessions that finished unseen, and have no need, settled or not."""
    return frozenset(
        one.key
        for one in sessions
        if _has_ended(one)
        and unseen.is_news(one)
        and not is_gone(one)
        and need_of(one, now, quiet_after) is None
    )


def _has_ended(session: Session) -> bool:
    """Whether nobody is at work on it; a pipeline that holds it goes on with it."""
    is_held = session.run is not None and not session.run.is_over
    return session.liveness is Liveness.NONE or (session.is_attached and not is_held)


def gathered(
    rows: Sequence[Session | FailureGroup], keys: Collection[Key], is_open: Collection[str] = ()
) -> tuple[Row, ...]:
    """Return the rows with five or more of these finished sessions collapsed into a group.

    The group takes the place of the first; the sessions follow it while it is open.
    """
    members = tuple(one for one in rows if isinstance(one, Session) and one.key in keys)
    if len(members) < FEWEST_GROUPED:
        return tuple(rows)
    group = FinishedGroup(members)
    follow = members if group.cause in is_open else ()

    def each() -> Iterator[Row]:
        for row in rows:
            if row is members[0]:
                yield group
                yield from follow
            elif row.key not in keys:
                yield row

    return tuple(each())
