"""The last view, restored at the start and saved whenever it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tui.core.console.column_table import known_columns
from tui.core.console.keymap import Keymap
from tui.core.console.saved_view import Draft, SavedView
from tui.core.models.catalog import Catalog
from tui.core.sessions.session_filter import is_filter
from tui.core.sessions.session_order import SORTS
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.ui.engine.engine import Engine
from tui.ui.state.drafts import again
from tui.ui.state.list_query import ListQuery
from tui.ui.state.view_state import ViewState
from tui.ui.threads import in_background
from tui.view.text import formatting

SAVE_EACH = 0.5
READ_WITHIN_S = 1.0

StillSo = Callable[[ViewState, Sequence[Draft]], bool]


class SessionRestore:
    """Reads and writes the last view; a slow or failing disk costs one message.

    A saved view that could not be read is not overwritten: it may hold unsent prompts.
    """

    def __init__(
        self, engine: Engine, current: Callable[[], SavedView], tell_once: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._current = current
        self._tell_once = tell_once
        self._saved: SavedView | None = None
        self._is_read = True
        self._touched = asyncio.Event()
        self.last = SavedView()

    async def read(self) -> None:
        """Read the last view."""
        reading = asyncio.ensure_future(in_background(self._engine.read_remembered))
        try:
            # Unlike a timeout, this takes what came while the loop was too busy to look.
            if (await asyncio.wait({reading}, timeout=READ_WITHIN_S))[0]:
                self.last = reading.result()
                return
            why = "it took too long"
        except OSError as error:
            why = error.strerror or str(error)
        finally:
            reading.cancel()
        self._is_read = False
        self._tell_once(f"the last view cannot be read, so none is restored or saved: {why}")

    def begin(self) -> None:
        """Save the view from now on, unless the last one could not be read."""
        self._saved = self.last if self._is_read else None

    def touch(self) -> None:
        """Note that the view may have changed."""
        self._touched.set()

    async def run(self) -> None:
        """Save the view soon after each change, for ever."""
        while True:
            await self._touched.wait()
            await asyncio.sleep(SAVE_EACH)
            self._touched.clear()
            view = self._current()
            if self._saved is not None and view != self._saved:
                refused = await in_background(partial(self._write, view))
                self._saved = view  # not before: a fault is told until a write succeeds
                if refused:
                    self._tell_once(f"this view cannot be saved for the next start: {refused}")

    def save(self) -> None:
        """Save the view if it changed."""
        view = self._current()
        if self._saved is not None and view != self._saved:
            self._saved = view
            self._write(view)

    def _write(self, view: SavedView) -> str:
        """Save a view; return why that failed, or an empty string."""
        try:
            self._engine.write_remembered(view)
        except OSError as error:
            return error.strerror or str(error)
        return ""


def snapshot(view: ViewState, drafts: tuple[Draft, ...]) -> SavedView:
    """Return the part of a view that the next start restores."""
    query, selected = view.query, view.selected
    return SavedView(
        listing=query.listing,
        filter=query.filter,
        sort=query.sort,
        is_reversed=query.is_reversed,
        columns=query.columns,
        opened=query.opened,
        pane=view.pane,
        selected=selected.key if selected and view.selection_pinned else None,
        row=view.row,
        marks=view.marks,
        reading=view.reading,
        drafts=drafts,
    )


def restored_query(query: ListQuery, last: SavedView) -> ListQuery:
    """Return the last query, without the parts that are no longer valid."""
    return replace(
        query,
        listing=last.listing,
        filter=last.filter if is_filter(last.filter) else "",
        sort=last.sort if last.sort in SORTS else query.sort,
        is_reversed=last.is_reversed,
        columns=known_columns(last.columns),
        opened=last.opened,
    )


def there_still(query: ListQuery, catalog: Catalog) -> ListQuery:
    """Return the query without a listing that is gone."""
    is_lost = query.listing and catalog.listing(query.listing) is None
    return replace(query, listing="") if is_lost else query


def restored_words(
    view: ViewState, drafts: Sequence[Draft], keys: Keymap, catalog: Catalog
) -> Iterator[tuple[str, StillSo]]:
    """Yield what the operator must know so as not to be misled, and whether it is still so."""
    query = view.query
    facts = [f"filter `{query.filter}`"] if query.filter else []
    facts += [f"listing {query.listing}"] if query.listing else []
    facts += [f"{len(view.marks)} marked"] if view.marks else []
    if facts:
        yield f"restored: {', '.join(facts)}; {keys.sign('back')} clears", partial(_hides, view)
    drafts = [one for one in drafts if _can_be_sent(one, catalog)]
    are_kept = partial(_are_kept, frozenset(drafts))
    if len(drafts) == 1:
        way = again(drafts[0].question, keys)
        what = "reason to deny" if drafts[0].request_id else "prompt"
        yield f"an unsent {what}{_whose(drafts[0])}: {way} brings it back", are_kept
    elif drafts:
        named = ", ".join(formatting.short_id(one.session_id) or one.question for one in drafts)
        said = f"{len(drafts)} unsent prompts ({named}): they come back when you ask again"
        yield said, are_kept


def _hides(then: ViewState, now: ViewState, drafts: Sequence[Draft]) -> bool:
    """Whether a view still hides and marks what it did then."""
    before, after = then.query, now.query
    is_same = (before.filter, before.listing) == (after.filter, after.listing)
    return is_same and then.marks == now.marks


def _are_kept(drafts: frozenset[Draft], now: ViewState, kept: Sequence[Draft]) -> bool:
    return drafts <= set(kept)


def _can_be_sent(draft: Draft, catalog: Catalog) -> bool:
    found = [one for one in catalog.sessions if one.session_id == draft.session_id]
    if draft.request_id:
        asked = (one.run.request for one in found if one.run is not None)
        return any(one is not None and one.request_id == draft.request_id for one in asked)
    return draft.question == "new" or not draft.session_id or bool(found)


def _whose(draft: Draft) -> str:
    if draft.question == "new":
        return f" for a new session in {one_line(draft.listing)}"
    return f" for {formatting.short_id(draft.session_id)}" if draft.session_id else ""
