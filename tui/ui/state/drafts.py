"""Unsent prompts, offered again when the same question is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from tui.core.console.keymap import Keymap
from tui.core.console.saved_view import MOST_DRAFTS, Draft
from tui.core.models.session import Key
from tui.ui.widgets.prompt import Cancelled, PromptBar, StoppedWaiting

About = tuple[str, str, str]


class Drafts:
    """Unsent text by the verb that asked, the listing, and the session id."""

    def __init__(self, question: PromptBar) -> None:
        self._question = question
        self._kept: dict[About, str] = {}
        self._asking: About | None = None

    @property
    def all(self) -> tuple[Draft, ...]:
        """All unsent texts, the open line included; the latest last."""
        kept = dict(self._kept)
        if self._asking is not None:
            _keep(kept, self._asking, self._question.editor.text)
        return tuple(Draft(*about, text) for about, text in kept.items())

    def restore(self, drafts: Iterable[Draft]) -> None:
        """Take over an earlier console's drafts, except where something was typed here since."""
        there = {(one.question, one.listing, one.session_id): one.text for one in drafts}
        self._kept = {**there, **self._kept}

    def forget(self, keys: Collection[Key]) -> None:
        """Drop drafts for sessions that were erased: they may quote them."""
        for about in [one for one in self._kept if one[0] != "new" and one[1:] in keys]:
            del self._kept[about]

    def text(self, about: About) -> str:
        """Return the draft; empty for none."""
        return self._kept.get(about, "")

    @contextmanager
    def written(self, about: About, again: str) -> Iterator[None]:
        """Keep the line asked for inside this context as a draft, unless it is sent.

        `again` is the key or verb that asks it again. The line must be asked for at once.
        """
        self._asking = about
        try:
            yield
        except Cancelled as error:
            text = _keep(self._kept, about, self._question.editor.text)
            if text and not isinstance(error, StoppedWaiting):
                kept = StoppedWaiting(f"not sent, draft kept: {again} brings it back")
                kept.commands = error.commands
                raise kept from None
            raise
        except BaseException:  # whatever it was, the words are the operator's
            _keep(self._kept, about, self._question.editor.text)
            raise
        else:
            self._kept.pop(about, None)
        finally:
            self._asking = None


def again(question: str, keys: Keymap) -> str:
    """Return the key or verb that asks the same question."""
    verbs = {"fork": ":resume --fork", "send": ":send", "new": ":new"}
    return verbs.get(question) or keys.sign("resume")


def _keep(kept: dict[About, str], about: About, text: str) -> str:
    """Keep a text, or drop the kept one when it is empty; return it."""
    kept.pop(about, None)
    if text.strip():
        kept[about] = text
    while len(kept) > MOST_DRAFTS:
        del kept[next(iter(kept))]
    return text.strip()
