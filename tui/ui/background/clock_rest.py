"""Lets the clock draw nothing for as long as every line would stay as it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from tui.ui.widgets.panes import Panes

_AHEAD = tuple(timedelta(seconds=seconds) for seconds in (30, 8, 3))


class ClockRest:
    """Asks the panes whether what they have painted will still be right, some seconds ahead.

    What counts seconds is drawn each second, what counts minutes when one is over.
    """

    def __init__(self, panes: Panes) -> None:
        self._panes = panes
        self._from: datetime | None = None
        self._until: datetime | None = None

    def end(self) -> None:
        """Draw again each second: something else than the clock changed."""
        self._until = None

    def covers(self, now: datetime) -> bool:
        """Whether nothing has to be drawn now."""
        begun, until = self._from, self._until
        return begun is not None and until is not None and begun <= now < until

    def begin(self, now: datetime) -> None:
        """Rest from now on, if nothing that is painted changes until then."""
        panes, times = self._panes.drawn, (now + ahead for ahead in _AHEAD)
        same = (one for one in times if all(pane.is_same_at(one) for pane in panes))
        self._from, self._until = now, next(same, None)
