"""The sessions of other hosts, for one console: seen, brought here, and steered at their homes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tui.core.errors import UnknownId
from tui.core.models.audit import new_act_id
from tui.core.models.catalog import Catalog
from tui.core.models.session import Session
from tui.core.values import replace
from tui.fleet.console import resuming
from tui.fleet.console.act_log import noted, noting_failure
from tui.fleet.console.acts import COMMANDS, command_for
from tui.fleet.console.following import Following
from tui.fleet.console.joined_catalog import JoinedCatalogs
from tui.fleet.console.known_sessions import KnownSessions
from tui.fleet.console.mirror_folder import MirrorFolder
from tui.fleet.console.posting import PATIENCE_S, carried_out
from tui.fleet.fetching import NotFetched
from tui.fleet.store.connection import Store
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import ActionResult, Context, Elsewhere
from tui.runs.folder.protocol import require_sound_prompt

_FETCH_S = 120.0
_LOOK_S = 0.05
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Fleet(Elsewhere):
    """What `host`, whose console this is, sees and steers of the others.

    Copies of their files are below `parent`. The first look waits `patience_s` for the database.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        host: str,
        parent: Path,
        *,
        patience_s: float,
        act_s: float = PATIENCE_S,
    ) -> None:
        self._open_store, self._act_s = open_store, act_s
        folder = MirrorFolder(parent)
        self._place = folder.place
        self._following = Following(open_store, folder)
        self._known = KnownSessions(
            open_store,
            host,
            folder.place,
            bury=self._following.bury,
            sweep=folder.sweep,
            patience_s=patience_s,
        )
        self._joined, self._only = JoinedCatalogs(folder.place), JoinedCatalogs(folder.place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._known.close()
        self._following.close()

    def joined(self, catalog: Catalog, only: str | None = None) -> Catalog:
        """Return a catalog, perhaps of one listing `only`, with those sessions in it."""
        catalogs = self._joined if only is None else self._only
        return catalogs.joined(catalog, self._known.look(), only)

    def find(self, address: str) -> Session | None:
        """Return the one of them that `address` names."""
        catalog = JoinedCatalogs(self._place).joined(Catalog(Path(), _EPOCH), self._known.look())
        with suppress(UnknownId):
            return find_session(catalog, address)
        return None

    def bring(self, session: Session) -> str:
        """Have the files of a session of another host here; return why they are not, if known."""
        return (self._following.want(session.key) or "") if session.host else ""

    def fetch(self, session: Session) -> None:
        """Wait until its files are here; raises `NotFetched` when they are not to be had."""
        until = time.monotonic() + _FETCH_S
        while session.host and (problem := self._following.want(session.key)) != "":
            if problem or time.monotonic() > until:
                late = f"the files of {session.session_id[:8]} did not come in time"
                raise NotFetched(problem or late)
            time.sleep(_LOOK_S)

    def carry_out(self, context: Context, name: str, subject: Any, *words: Any, **more: Any) -> Any:
        """Have the home of `subject` carry out the operation of that name."""
        if name == "plan_resume":
            return resuming.plan_resume(subject, *words, **more)
        if name == "start":
            return self._started(context, subject, *words)
        command = command_for(name, subject, *words, **more)
        session = getattr(subject, "session", subject)
        settings = context.settings
        asked = ActionResult(
            kind=COMMANDS[name][1],
            at=context.clock(),
            words="",
            listing=session.listing,
            session_id=session.session_id,
            act_id=new_act_id(),
            host=subject.host,
        )
        with noting_failure(context, asked, subject):
            done = carried_out(
                self._open_store,
                (asked.listing, asked.session_id),
                asked.host,
                command,
                settings.operator,
                is_restricted=settings.restricted,
                nonce=asked.act_id,
                patience_s=self._act_s,
            )
        told = f"{done.words} (on {asked.host})"
        act = replace(asked, words=told, is_needless=done.is_needless, act_id=done.act_id)
        return replace(act, words=noted(context, act, subject))

    def _started(self, context: Context, plan: Any, prompt: str, *_: Any) -> str:
        require_sound_prompt(prompt)
        settings = context.settings
        return resuming.start(
            self._open_store,
            plan,
            prompt.strip(),
            settings.operator,
            is_restricted=settings.restricted,
            patience_s=self._act_s,
        )
