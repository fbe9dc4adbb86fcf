"""The verb that follows a stream: tail."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from tui.cli.hangup import is_reader_gone
from tui.cli.json_fields import entry_json
from tui.cli.lookup import look, session_at_hand
from tui.cli.output import put, put_json, say
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session
from tui.core.time.zones import LOCAL
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.last_entries import last_entries
from tui.view.stream.subagent_lines import SubagentLines

_NOTHING: Mapping[str, tuple[Entry, ...]] = MappingProxyType({})
_POLL_S = 0.2
_LOOK_S = 2.0


def tail(context: Context, args: argparse.Namespace) -> int:
    """Print the last entries of a session's stream, and with `-f` new ones as they come.

    1 when not all of its transcript could be read.
    """
    session = session_at_hand(context, args.id)
    last = last_entries(session, args.n)
    for notice in last.notices:
        say(notice)
    if not (last.entries or last.notices or args.follow) and args.n > 0:
        say(f"{session.session_id[:8]} has no transcript to show")
    printer = _Printer(as_json=args.json)
    printer.print(last.entries, last.asides, last.ended)
    if last.branches and last.entries:
        printer.print((Entry(EntryKind.NOTICE, last.branches),))
    if args.follow:
        _follow(context, session, last.follow, printer)
    return int(bool(last.notices))


def _follow(context: Context, session: Session, follow: StreamFollower, printer: _Printer) -> None:
    looked = time.monotonic()
    try:
        while True:
            if is_reader_gone(_POLL_S):
                return
            if time.monotonic() - looked > _LOOK_S:
                session = find_session(look(context, session.folder.name), session.address)
                looked = time.monotonic()
            context.elsewhere.bring(session)
            update = follow.poll(session)
            for notice in update.notices:
                say(notice)
            printer.print(update.entries)
            printer.print_asides(update.asides)
    except KeyboardInterrupt:
        return


class _Printer:
    """Prints entries as lines for a person or as one JSON object each."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._speaker = ""
        self._day = datetime.now(LOCAL).date()
        self._width = max(40, shutil.get_terminal_size((100, 24)).columns - 1)

    def print(
        self,
        entries: tuple[Entry, ...],
        said: Mapping[str, tuple[Entry, ...]] = _NOTHING,
        ended: tuple[Entry, ...] = (),
    ) -> None:
        """Print entries, with those of sub-agents (`said`) under their calls.

        `ended` are the notices of sub-agents that have ended. The result of a call is printed in
        the line of the call if both are here.
        """
        results = {entry.tool_id: entry for entry in entries if entry.kind is EntryKind.RESULT}
        calls = {entry.tool_id for entry in entries if entry.kind is EntryKind.TOOL}
        asides = SubagentLines()
        asides.add(said, ended)
        asides.note(entries)
        for entry in entries:
            self._speaker = ""
            if self._as_json:
                self._put_json(entry, asides)
            elif entry.kind is EntryKind.TOOL:
                self._put(entry, asides.outcome(entry, results.get(entry.tool_id)), asides)
            elif entry.kind is not EntryKind.RESULT or entry.tool_id not in calls:
                self._put(entry)
        sys.stdout.flush()

    def print_asides(self, said: Mapping[str, tuple[Entry, ...]]) -> None:
        """Print entries of sub-agents whose calls are printed already, under their names."""
        for call, entries in said.items():
            for entry in entries:
                if self._as_json:
                    put_json(entry_json(entry) | {"parent_tool_id": call})
                    continue
                if entry.agent != self._speaker:
                    self._speaker = entry.agent
                    self._put(Entry(EntryKind.NOTICE, f"{entry.agent}:", is_sidechain=True))
                self._put(entry)
        sys.stdout.flush()

    def _put_json(self, entry: Entry, asides: SubagentLines) -> None:
        put_json(entry_json(entry))
        if entry.kind is EntryKind.TOOL:
            for step in asides.below(entry.tool_id):
                put_json(entry_json(step.entry) | {"parent_tool_id": step.call})

    def _put(
        self, entry: Entry, result: Entry | None = None, asides: SubagentLines | None = None
    ) -> None:
        from tui.view.stream.entry_lines import RenderContext, day_of, entry_lines

        around = RenderContext(LOCAL, result=result, day=self._day, asides=asides)
        self._day = day_of(entry, LOCAL) or self._day
        for line in entry_lines(entry, around, self._width):
            put("".join(cell.text for cell in line).rstrip())
