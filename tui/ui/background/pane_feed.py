"""Draws the catalog and the clock in the panes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from tui.core.console.pane_table import LIVE, SESSIONS
from tui.core.models.session import Key, Session
from tui.core.sessions.listing_join import is_gone
from tui.core.sessions.rows import row_order
from tui.core.sessions.rows.finished import Row
from tui.core.values import replace
from tui.ui.background.clock_rest import ClockRest
from tui.ui.background.loops import BackgroundLoops
from tui.ui.background.pollers import StreamPoller
from tui.ui.engine.engine import Engine
from tui.ui.state import layout
from tui.ui.state.batch_watch import BatchWatch
from tui.ui.state.notifications import Notifications
from tui.ui.state.sent_prompts import SentPrompts
from tui.ui.state.unread import UnreadTracker
from tui.ui.state.view_model import ViewModel
from tui.ui.state.view_store import ViewStore
from tui.ui.widgets.panes import Panes
from tui.ui.widgets.table import Table
from tui.view.panes import top_line
from tui.view.panes.sessions import group_words
from tui.view.stream.empty_stream import empty_words
from tui.view.text import formatting
from tui.view.text.lines import Line


class PaneFeed:
    """Draws the view of a store in the panes; only what changed is painted.

    `listing` returns the listing of the selection, `keys` the line of keys, and `fit` lays the
    screen out; `has_taken` is whether this operator deleted a session or cleaned it up.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        panes: Panes,
        store: ViewStore,
        following: StreamPoller,
        unseen: UnreadTracker,
        news: Notifications,
        sent: SentPrompts,
        loops: BackgroundLoops,
        listing: Callable[[], str],
        keys: Callable[[], Line],
        fit: Callable[[], None],
        has_taken: Callable[[Key], bool],
    ) -> None:
        self._engine = engine
        self._panes = panes
        self._store = store
        self._following = following
        self._unseen = unseen
        self._news = news
        self._sent = sent
        self._loops = loops
        self._listing = listing
        self._keys = keys
        self._fit = fit
        self._has_taken = has_taken
        self._rest = ClockRest(panes)
        self._batches = BatchWatch(engine, panes.question, news, sent)
        self._rows: tuple[Sequence[Row], Key | None, Sequence[Row]] = ((), None, ())
        self._stays: Key | None = None
        self._follows_after = False
        self._lost = ""

    def tick(self) -> None:
        """Redraw from the catalog and the clock."""
        panes, now = self._panes, self._engine.now()
        self._rest.end()
        found = self._store.latest()
        self.show_top()
        for table in (panes.listings, panes.sessions, panes.expiry):
            table.say_unread(self._store.unread)
        if found is not None and not self._store.unread:
            self._news.compare_needs(found.needs, found.catalog)
            is_busy, is_held = self._store.is_busy, found.catalog.hold is not None
            panes.listings.needs, panes.expiry.needs = found.needs, found.ends_soon
            before = panes.needed_size
            panes.listings.update(found.groups, is_busy=is_busy, is_held=is_held)
            is_part = found.groups[0].is_part
            panes.expiry.update(
                found.ending,
                found.pending,
                now,
                is_busy=is_busy,
                is_part=is_part,
                expired=found.expired,
            )
            ended = panes.expiry.lost
            self._let_go(panes.expiry, (ended,) if ended is not None else ())
            if panes.needed_size != before:
                self._fit()  # which comes back here
                return
            for pane in panes.numbered.values():
                pane.look(found.catalog, now)
            self._batches.look(found.catalog)
        self.show_sessions()
        self.show_live()

    def second(self) -> bool:
        """Note what was visible this second, and redraw for the clock; return whether it did.

        Nothing is drawn for a second that changes nothing.
        """
        panes, now = self._panes, self._engine.now()
        view = self._store.view
        in_sight = panes.live.region.area > 0 and not (view.is_page_open or view.is_tiny)
        is_there = panes.sessions.selection_pinned or self._store.is_busy
        before = self._unseen.unseen
        self._unseen.tick(self._read if in_sight else None, now, is_somebody_there=is_there)
        self._news.tick()
        is_same = before is self._unseen.unseen and not (self._store.is_busy or self._store.trouble)
        if is_same and self._rest.covers(now):
            return False
        panes.page.tick()
        self.tick()
        if is_same and not (view.is_page_open or view.is_question_open):
            self._rest.begin(now)
        return True

    @property
    def _read(self) -> Session | None:
        """The session whose stream is read: in full it is the same whatever the filter takes."""
        read = self._following.session if self._store.view.is_full else None
        selected, catalog = self._panes.sessions.session, self._store.catalog
        if read is None or (selected is not None and selected.key == read.key):
            return selected
        there = catalog.sessions if catalog else ()
        return next((one for one in there if one.key == read.key and not is_gone(one)), None)

    def show_top(self) -> None:
        """Draw the top line."""
        engine, store, found = self._engine, self._store, self._store.model
        width = self._panes.top_line.screen.size.width
        trouble = layout.stale(store.catalog, store.trouble, engine.now()) or self._loops.trouble
        self._panes.top_line.show(
            top_line.line(
                store.catalog,
                found.facts if found else (),
                width,
                trouble=trouble,
                selected=store.catalog.listing(self._listing()) if store.catalog else None,
                is_read_only=engine.is_read_only,
            )
        )

    def show_sessions(self) -> None:
        """Draw the Sessions pane."""
        store, pane, query = self._store, self._panes.sessions, self._store.query
        found = store.latest()
        pane.says, pane.marks = query.says(), store.view.marks
        pane.hint = "" if pane.marks else query.hint(self._engine.keys)
        pane.sort, pane.arrow = query.sort, query.arrow
        pane.is_unseen = self._unseen.is_unseen
        if found is None or store.unread:
            pane.redraw()
            return
        pane.empty = query.empty(found.catalog, self._engine.keys)
        pane.is_part = any(one.is_part for one in found.groups if one.name == query.listing)
        pane.vanished, pane.needs = found.gone, found.needs
        pane.hosts = found.catalog.hosts
        before, is_same = pane.key, not pane.is_asked_anew(query.order)
        name = pane.name_of(before) if before is not None else ""
        rows = self._with_selected(found)
        pane.stays = self._stays
        pane.update(
            rows,
            found.shape,
            self._engine.now(),
            asks=query.order,
            opened=query.opened,
            is_busy=store.is_busy,
        )
        self._let_go(pane, pane.lost_sessions)
        self._say_lost()
        if before not in (None, pane.key) and is_same and pane.selection_pinned:
            self._say_gone(name)

    def _with_selected(self, found: ViewModel) -> Sequence[Row]:
        """Return the rows to show; the filter takes the selected one once it is no longer selected.

        Otherwise the selection would be on another session when the next key comes.
        """
        store, pane = self._store, self._panes.sessions
        asks_anew = pane.is_asked_anew(store.query.order)
        is_chosen = pane.selection_pinned and not asks_anew
        key = pane.key if is_chosen and pane.session is not None else None
        if self._rows[0] is found.shown and self._rows[1] == key:
            return self._rows[2]
        one = next((one for one in found.catalog.sessions if one.key == key), None)
        rows: Sequence[Row] = found.shown
        if one is not None and not is_gone(one):
            rows = row_order.with_selected(rows, one, pane.index)
        self._rows = (found.shown, key, rows)
        stays, self._stays = self._stays, None if rows is found.shown else key
        if one is not None and self._stays not in (None, stays):
            short = formatting.short_id(one.session_id)
            said = f"{short} no longer matches the filter: it stays until the selection moves"
            self._news.tell(said, is_true=lambda: self._stays == one.key)
        return rows

    def _let_go(self, table: Table, keys: Collection[Key]) -> None:
        """Let the selection go on to the neighbour of what this operator took away."""
        if keys and all(map(self._has_taken, keys)):
            table.let_go()

    def _say_gone(self, name: str) -> None:
        """Say that another row is selected because its own has gone."""
        pane = self._panes.sessions
        key = pane.key
        now = pane.name_of(key) if key is not None else ""
        said = f"{name} is out of sight in the new order: {now} is selected now"
        if pane.group is not None:
            said = f"{name} is in a group now: the {len(pane.group.sessions)} of it are selected"
        if key is not None and not self._store.view.is_full:
            self._news.tell(said, is_true=lambda: pane.key == key)

    def _say_lost(self) -> None:
        """Say that the selected row is gone; where a key has just an answer, that says it."""
        lost, view = self._store.view.lost, self._store.view
        if lost and lost != self._lost and view.is_in_panes:
            is_answered = self._store.is_busy and self._panes.question.message_id
            if not is_answered:
                said = f"{lost} is gone: nothing is selected until you move"
                self._news.tell(said, is_true=lambda: self._store.view.lost == lost)
        self._lost = lost

    def show_live(self) -> None:
        """Draw the Live pane: the session read in full, else the one selected in Sessions."""
        live, session = self._panes.live, self._read
        read = self._following.session if self._store.view.is_full else None
        if read is not None and session is None:
            self._leave_erased(read)
            return
        if read is None and self._follows_after:
            self._follows_after = False
            live.follow(is_on=True)
        live.says = self._empty_words(session) or live.says
        begun = self._sent.begun if read is None else None
        live.sending = self._sent.of(begun or session)
        if begun is not None and (live.session is None or live.session.key != begun.key):
            live.begin(begun)
        self._following.follow(begun or session)
        live.update(begun or session, self._engine.now())
        self.show_keys()

    def _empty_words(self, session: Session | None) -> str:
        """Return what Live says while it is empty; nothing before the stream was read."""
        engine, store, group = self._engine, self._store, self._panes.sessions.group
        if group is not None:
            return group_words(group, is_open=group.cause in store.query.opened)
        if session is None and store.view.lost:
            return "nothing is selected until you move"
        if session is None:
            there = store.catalog
            words = store.query.empty(there, engine.keys) if there is not None else ()
            return "\n".join(store.unread or words)
        followed = self._following.session
        if self._following.follower is None or followed is None or followed.key != session.key:
            return ""
        sign_of, can_act = engine.keys.sign, not engine.is_read_only
        return empty_words(session, engine.now(), engine.zone, sign_of, can_act=can_act)

    def show_keys(self) -> None:
        """Draw the line of keys."""
        self._panes.question.keys = self._keys()
        self._panes.question.redraw()

    def read_in_full(self, in_live: Session | None = None) -> None:
        """Give the stream of what Live shows, else of the selected session, the whole screen.

        Where its end was followed, it is again once the panes are back.
        """
        sessions, live = self._panes.sessions, self._panes.live
        sessions.selection_pinned = True
        session, shown = in_live or sessions.session, live.session
        if in_live is not None and in_live is self._sent.begun:
            said = "this session is only beginning: it opens once it is there"
            self._panes.question.say(said, is_brief=True)
            return
        if not self._store.view.is_full:
            is_other = shown is None or session is None or shown.key != session.key
            self._follows_after = is_other or live.is_following
        self._following.follow(session)
        if session is not None and (shown is None or shown.key != session.key):
            live.begin(session, "reading...")
        self._store.change(pane=LIVE, is_full=True)

    def _leave_erased(self, gone: Session) -> None:
        """Go back to the panes: the text of another session must not appear in its place."""
        self._store.change(pane=SESSIONS, is_full=False)
        said = f"{formatting.short_id(gone.session_id)} is gone: its transcript was deleted"
        self._news.tell(said, "bad")
        self._fit()

    def return_to(self, keys: Sequence[Key]) -> bool:
        """Select the first of these sessions that is listed; return whether one is."""
        sessions = self._panes.sessions
        self.show_sessions()
        listed = next((key for key in keys if sessions.row_of(key) is not None), None)
        if listed is None:
            return False
        sessions.take_order()
        self.show_sessions()
        if (row := sessions.row_of(listed)) is not None:
            sessions.move_to(row)
        return True

    def go_to(self, session: Session) -> bool:
        """Select a session; take off a listing or filter that hides it, and say so."""
        store, sessions = self._store, self._panes.sessions
        sessions.take_order()
        if store.query.listing not in ("", session.listing):
            store.change(query=replace(store.query, listing=""))
        self.show_sessions()
        if not sessions.select(session.key) and store.query.filter:
            said = f"filter `{store.query.filter}` cleared: it hid this session"
            self._panes.question.say(said)
            store.change(query=replace(store.query, filter=""))
            self.show_sessions()
        for group in sessions.groups.values():
            if session in group.sessions and group.cause not in store.query.opened:
                store.change(query=store.query.opens(group.cause))
                self.show_sessions()
        is_there = sessions.select(session.key)
        if is_there:
            self._following.follow(session)
        return is_there
