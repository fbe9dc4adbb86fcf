"""Unsent prompts, offered again when the same question is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from tui.core.console.keymap import Keymap
from tui.core.console.saved_view import DENY, MOST_DRAFTS, Draft
from tui.core.errors import ConsoleError
from tui.core.models.session import Key
from tui.core.values import replace
from tui.ui.leaving import Cancelled, LeftRunning, StoppedWaiting, has_failed
from tui.ui.state.notifications import Notifications
from tui.ui.widgets.prompt import PromptBar

T = TypeVar("T")
About = tuple[str, str, str]


class Drafts:
    """Unsent text by the verb that asked, the listing, and the session id."""

    def __init__(self, question: PromptBar, news: Notifications) -> None:
        self._question, self._news = question, news
        self._kept: dict[About, Draft] = {}
        self._asking: Draft | None = None
        self._taken: str | None = None

    @property
    def all(self) -> tuple[Draft, ...]:
        """All unsent texts, the open line included; the latest last."""
        kept = dict(self._kept)
        if self._asking is not None:
            is_sending = self._taken is not None and not self._question.is_asking
            _keep(kept, replace(self._asking, text="" if is_sending else self._text))
        return tuple(kept.values())

    def restore(self, drafts: Iterable[Draft]) -> None:
        """Take over an earlier console's drafts, except where something was typed here since."""
        self._kept = {**{_about(one): one for one in drafts}, **self._kept}

    def forget(self, keys: Collection[Key]) -> None:
        """Drop drafts for sessions that were erased: they may quote them."""
        for about in [about for about, one in self._kept.items() if one.may_quote(keys)]:
            del self._kept[about]

    def text(self, about: About) -> str:
        """Return the draft; empty for none."""
        return self._kept[about].text if about in self._kept else ""

    @contextmanager
    def written(self, about: About, again: str, sessions: Collection[Key] = ()) -> Iterator[None]:
        """Keep the line asked for inside this context as a draft, unless it is sent.

        `again` is the key or verb that asks it again, `sessions` are those that are asked about
        where they are several. The line must be asked for at once, and be taken by `taking`.
        """
        kept = self._kept.get(about)
        for_all = dict.fromkeys((*(kept.sessions if kept else ()), *sessions))
        is_unknown = kept is not None and not kept.sessions  # for whom it was typed first
        asking = self._asking = Draft(*about, "", () if is_unknown else tuple(for_all))
        self._taken = None
        try:
            yield
        except LeftRunning as running:
            self._kept.pop(about, None)
            sent = replace(asking, text=self._text)
            running.work.add_done_callback(partial(self._ended, sent, again))
            raise
        except Cancelled as error:
            is_kept = _keep(self._kept, replace(asking, text=self._text))
            if is_kept and not isinstance(error, StoppedWaiting):
                left = StoppedWaiting(_kept_words(again))
                left.commands = error.commands
                raise left from None
            raise
        except BaseException:  # whatever it was, the words are the operator's
            _keep(self._kept, replace(asking, text=self._text))
            raise
        else:
            self._kept.pop(about, None)
        finally:
            self._asking = None

    def taking(self, take: Callable[[str], Awaitable[T]]) -> Callable[[str], Awaitable[T]]:
        """Return `take`, with the line it takes kept as the draft, whatever else it asks for."""

        async def taken(line: str) -> T:
            self._taken = line
            try:
                return await take(line)
            except Cancelled:
                raise
            except ConsoleError:  # the line is asked for again
                self._taken = None
                raise

        return taken

    @property
    def _text(self) -> str:
        return self._question.editor.text if self._taken is None else self._taken

    def _ended(self, sent: Draft, again: str, work: asyncio.Future[Any]) -> None:
        """Offer a prompt again that was being sent when its operator left, and was not."""
        about = _about(sent)
        if has_failed(work) and about not in self._kept:
            _keep(self._kept, sent)
            is_true = partial(self._is_kept, sent)
            self._news.tell(_kept_words(again), is_true=is_true)

    def _is_kept(self, draft: Draft) -> bool:
        return self._kept.get(_about(draft)) == draft


def again(question: str, keys: Keymap) -> str:
    """Return the key or verb that asks the same question."""
    verbs = {"fork": ":resume --fork", "send": ":send", "new": ":new"}
    if question.partition(" ")[0] == DENY:
        return f"{keys.sign('answer')} n"
    return verbs.get(question) or keys.sign("resume")


def _kept_words(again: str) -> str:
    return f"not sent, draft kept: {again} brings it back"


def _about(draft: Draft) -> About:
    return draft.question, draft.listing, draft.session_id


def _keep(kept: dict[About, Draft], draft: Draft) -> bool:
    """Keep a draft, or drop the kept one when it is empty; return whether it is kept."""
    about = _about(draft)
    kept.pop(about, None)
    if draft.text.strip():
        kept[about] = draft
    while len(kept) > MOST_DRAFTS:
        del kept[next(iter(kept))]
    return about in kept
