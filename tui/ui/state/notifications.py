"""Messages that nobody here asked for, shown one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from functools import partial

from tui.core.models.catalog import Catalog, Hold
from tui.core.models.session import Key
from tui.core.sessions.attention import Need
from tui.core.sessions.catalog_changes import changes
from tui.core.values import dataclass, replace
from tui.ui.engine.engine import Engine
from tui.ui.state.message_log import MessageLog
from tui.ui.widgets.prompt import PromptBar
from tui.view.panes import notifications

_MOST = 20
_SHOWN_S = 2
_LONG_S = 15
_FADES_S = 300
Truth = Callable[[], bool]


@dataclass(frozen=True, eq=False, slots=True)
class _News:
    text: str
    style: str
    is_brief: bool
    is_true: Truth


class Notifications:
    """Reports what others did, never over an open question or a fresh message.

    A message goes once it is no longer true, a brief one after some seconds, any other after some
    minutes; `log` keeps all of them. `is_holding` is whether this console just began or lifted a
    hold, which is then no news.
    """

    def __init__(self, engine: Engine, question: PromptBar) -> None:
        self._engine = engine
        self._question = question
        self._waiting: deque[_News] = deque(maxlen=_MOST)
        self._told: deque[str] = deque(maxlen=_MOST)
        self._shown = 0
        self._for = 0
        self._told_last: tuple[int, _News] = (0, _News("", "", False, _always))
        self.is_holding = False
        self._hold: Hold | None = None
        self._needs: Mapping[Key, Need] | None = None
        self.log = MessageLog(engine.now)
        question.note_of, question.whole_key = self.log.note, engine.keys.sign("messages")

    def tell(
        self,
        text: str,
        style: str = "noticed",
        *,
        is_brief: bool = False,
        is_true: Truth | None = None,
    ) -> None:
        """Show this as soon as the message line is free, as long as it `is_true`.

        One that `is_brief` goes with the next key.
        """
        if text:
            self._waiting.append(_News(text, style, is_brief, is_true or _always))
            self._say()

    def tell_first(self, text: str) -> None:
        """Show this as soon as no question is open, and after it what it displaces."""
        number, displaced = self._told_last
        if number and number == self._question.message_id and not self._question.is_open:
            self._waiting.appendleft(displaced)
            self._question.say("")
        self._waiting.appendleft(_News(text, "noticed", False, _always))
        self._say()

    def key_pressed(self) -> None:
        """Dismiss brief messages, those that still wait as well."""
        self._question.fold()
        for one in [one for one in self._waiting if one.is_brief]:
            self._waiting.remove(one)
        if not self._question.is_open:
            self._question.dismiss()

    def tell_once(self, text: str, style: str = "bad") -> None:
        """Show what is not among the last that this has shown."""
        if text not in self._told:
            self._told.append(text)
            self.tell(text, style)

    def compare(self, before: Catalog | None, after: Catalog) -> None:
        """Report the changes between two catalogs that this operator did not make."""
        self._hold = after.hold
        if before is None:
            return
        found = changes(before, after, self._engine.operator)
        if self.is_holding and found.hold is not None:
            found, self.is_holding = replace(found, hold=None), False
        for line in notifications.lines(replace(found, hold=None), after, self._engine.now()):
            self.tell(line)
        if found.hold is not None:
            words = notifications.hold_words(after, found.lifted_by)
            self.tell(words, is_true=partial(self._is_held_by, after.hold))

    def compare_needs(self, needs: Mapping[Key, Need], catalog: Catalog) -> None:
        """Report which sessions came to need somebody by themselves, as long as they do."""
        before, self._needs = self._needs, needs
        if before is None or before is needs:
            return
        for line, keys in notifications.need_lines(before, needs, catalog, self._engine.keys):
            self.tell(line, is_true=partial(self._still_need, keys))

    def _still_need(self, keys: Collection[Key]) -> bool:
        return self._needs is not None and any(key in self._needs for key in keys)

    def _is_held_by(self, hold: Hold | None) -> bool:
        return self._hold == hold

    def tick(self) -> None:
        """Count how long a message has been shown, and take it away in time; called each second."""
        shown = self._question.message_id
        self._for = self._for + 1 if shown == self._shown else 0
        self._shown = shown
        if shown and not self._question.is_open and self._is_over(shown):
            self._question.say("")
        self._say()

    def _is_over(self, shown: int) -> bool:
        number, news = self._told_last
        lasts = _LONG_S if self._question.is_brief else _FADES_S
        return self._for >= lasts or (shown == number and not news.is_true())

    def _say(self) -> None:
        shown = self._question.message_id
        is_same = shown == self._shown
        is_free = not shown or (is_same and self._for >= _SHOWN_S)
        if self._question.is_whole:
            is_free = is_same and self._for >= _LONG_S
        while self._waiting and is_free and not self._question.is_open:
            news = self._waiting.popleft()
            if not news.is_true():
                continue
            self._question.say(news.text, news.style, is_brief=news.is_brief)
            self._shown, self._for = self._question.message_id, 0
            self._told_last = (self._shown, news)
            return


def _always() -> bool:
    return True
