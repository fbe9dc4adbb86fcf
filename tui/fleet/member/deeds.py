"""Carries out what other hosts ask of this one, by the same operations as a console here.

This host's own settings bound it: what is restricted or read-only here stays so, whoever asks.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tui.core.errors import ConsoleError, Reason, Refused, UnknownId
from tui.core.models.audit import new_act_id
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.fleet import bus
from tui.fleet.seen import require_as_seen
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.operations.context import ActionResult, Context
from tui.operations.running import steer
from tui.operations.sessions import acknowledge, annotate, extend, rename
from tui.operations.trash import cleanup, delete, restore, undo
from tui.operations.trash.undoable_acts import last_batch, may_be_undone
from tui.storage.trash.trash import read_trash

logger = logging.getLogger(__name__)
_ACT_ID = re.compile(r"[0-9a-f]{16}")
_Deed = Callable[[Context, Session, Any], ActionResult]


class Deeds:
    """Carries out commands; not for several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._scanner = CatalogScanner(context)

    def carry_out(
        self, key: Key, kind: str, payload: str, by_whom: str, *, act_id: str = ""
    ) -> bus.Outcome:
        """Carry out a command to a session that lives here; no error is raised.

        What it does is the act of that id, if that is a sound one.
        """
        try:
            command, is_restricted = bus.decode(kind, payload)
            context = acting_for(self._context, by_whom, is_restricted=is_restricted, act_id=act_id)
            done = self._do(context, key, command)
        except ConsoleError as error:
            return bus.outcome_of(error)
        except OSError as error:
            return bus.Outcome(words=f"it failed there: {error.strerror or error}"[:1000])
        except Exception as error:  # one fault must not stop what others ask
            return bus.Outcome(words=failed(error))
        return bus.Outcome(
            words=done.words[:100_000],
            is_done=True,
            is_needless=done.is_needless,
            act_id=done.act_id[:200],
        )

    def _do(self, context: Context, key: Key, command: bus.Command) -> ActionResult:
        context.require_writable()
        if isinstance(command, bus.Restore):
            return _restore(context, key, command)
        if isinstance(command, bus.Undo):
            return _undo(context, command)
        catalog = self.look(key[0])
        if isinstance(command, bus.CleanUp):
            return _clean_up(context, catalog, key[0], command)
        if (deed := _DEEDS.get(type(command))) is None:
            raise bus.BadCommand("this host does not know how to do that as yet")
        session = session_of(catalog, key)
        require_as_seen(session, command)
        return deed(context, session, command)

    def look(self, listing: str) -> Catalog:
        """Return one listing as it is now."""
        return self._scanner.look(only=listing, is_asked=True)


def failed(error: Exception) -> str:
    """Note a fault of this program, so that what else was asked is done; return it in words."""
    logger.exception("what another host asked failed")
    return f"it failed there, by a fault of the program: {type(error).__name__}: {error}"[:1000]


def acting_for(context: Context, by_whom: str, *, is_restricted: bool, act_id: str = "") -> Context:
    """Return the context of one act of an operator elsewhere, with no more rights than this host's.

    Acts that share an id would be undone together: without a sound one it gets another.
    """
    settings = context.settings
    return replace(
        context,
        act_id=act_id if _ACT_ID.fullmatch(act_id) else new_act_id(),
        settings=replace(
            settings,
            operator=one_line(by_whom)[:64] or "unknown",
            login="",
            restricted=settings.restricted or is_restricted,
        ),
    )


def session_of(catalog: Catalog, key: Key) -> Session:
    """Return a session by its key; raises `UnknownId`, `ConsoleError` when it cannot be read."""
    if catalog.problem:
        raise ConsoleError(catalog.problem)
    found = next((one for one in catalog.sessions if one.key == key), None)
    if found is None:
        raise UnknownId(f"its home has no session {key[1][:8]} in {one_line(key[0])}")
    return found


def _require_waiting(session: Session, request_id: str) -> None:
    waiting = session.run.request if session.run is not None else None
    if waiting is None or waiting.request_id != request_id:
        raise Refused(
            f"{session.session_id[:8]} does not wait for that answer any more", Reason.CHANGED
        )


def _answer(context: Context, session: Session, asked: bus.Answer) -> ActionResult:
    _require_waiting(session, asked.request_id)
    if asked.answers:
        return steer.answer_questions(context, session, asked.answers, shown=asked.digest)
    return steer.answer(context, session, asked.decision, asked.reason, shown=asked.digest)


def _put_off(context: Context, session: Session, asked: bus.PutOff) -> ActionResult:
    _require_waiting(session, asked.request_id)
    return steer.put_off(context, session, asked.duration)


def _extend(context: Context, session: Session, asked: bus.Extend) -> ActionResult:
    plan = extend.plan_extension(session, asked.until, context.clock())
    return extend.extend(context, plan)


def _acknowledge(context: Context, session: Session, asked: bus.Acknowledge) -> ActionResult:
    if asked.until:
        return acknowledge.snooze(context, session, asked.until)
    return acknowledge.acknowledge(context, session)


def _note(context: Context, session: Session, asked: bus.SetNote) -> ActionResult:
    seen = replace(session, annotation=replace(session.annotation, note=asked.was))
    return annotate.note(context, seen, asked.content)


_DEEDS: dict[type, _Deed] = {
    bus.Send: lambda at, one, asked: steer.send(at, one, asked.prompt),
    bus.Answer: _answer,
    bus.PutOff: _put_off,
    bus.Interrupt: lambda at, one, asked: steer.interrupt(at, one, is_sure=asked.is_sure),
    bus.Stop: lambda at, one, _: steer.stop(at, one),
    bus.SetModel: lambda at, one, asked: steer.model(at, one, asked.name),
    bus.SetMode: lambda at, one, asked: steer.mode(at, one, asked.name),
    bus.Extend: _extend,
    bus.Delete: lambda at, one, _: delete.delete(at, one),
    bus.Acknowledge: _acknowledge,
    bus.Rename: lambda at, one, asked: rename.rename(at, one, asked.title),
    bus.SetTags: lambda at, one, asked: annotate.tag(at, one, asked.added, removed=asked.removed),
    bus.SetNote: _note,
}


def _restore(context: Context, key: Key, asked: bus.Restore) -> ActionResult:
    folder: Path = context.root / key[0]
    if asked.trash_id:
        found, _ = read_trash(context.root, listing_paths(context.root))
        own = {one.trash_id for one in found if (one.listing, one.session_id) == key}
        if asked.trash_id not in own:
            raise UnknownId(f"its home has no such trash of {key[1][:8]}")
    return restore.restore(context, asked.trash_id or key[1], only=folder)


def _undo(context: Context, asked: bus.Undo) -> ActionResult:
    batch = last_batch(context)
    if {one.act_id for one in batch} != {asked.act_id}:
        if not may_be_undone(context, asked.act_id):
            words = "that is not there to be undone: it was undone already, or never done"
            raise Refused(words, Reason.NOTHING_TO_DO)
        raise Refused("something else was done there meanwhile: undo it there", Reason.CHANGED)
    told: list[str] = []
    done = undo.undo_last(context, told.append, batch)
    if all(one.is_needless for one in done):
        raise Refused("; ".join(one.words for one in done)[:1000])
    return replace(done[0], words="; ".join(told)[:10_000] or done[0].words)


def _clean_up(context: Context, catalog: Catalog, listing: str, asked: bus.CleanUp) -> ActionResult:
    plan = cleanup.plan_cleanup(
        context,
        catalog,
        listing=listing,
        is_expired=asked.is_expired,
        older_than=timedelta(seconds=asked.older_than_s) if asked.older_than_s else None,
        max_bytes=asked.max_bytes,
    )
    seen = frozenset(asked.sessions)
    taken = tuple(one for one in plan.taken if one[0].session_id in seen)
    done = cleanup.clean_up(context, replace(plan, taken=taken, purges=(), purge_sizes=()))
    act_id = done.acts[0].act_id if done.acts else ""
    return ActionResult(kind="clean-up", at=context.clock(), words=done.words, act_id=act_id)
