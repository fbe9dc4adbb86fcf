"""The verb that follows a stream: tail."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from dataclasses import replace

from tui.cli.catalog import look, session_named
from tui.cli.output import entry_json, put, put_json, say
from tui.cli.reader import is_reader_gone
from tui.core.models import Entry, EntryKind, Session
from tui.core.zones import LOCAL
from tui.operations.context import Context
from tui.operations.find import find_session
from tui.operations.follow import Follow, last_entries

_POLL_S = 0.2
_LOOK_S = 2.0


def tail(context: Context, args: argparse.Namespace) -> int:
    """Print the last entries of a session's stream, and with `-f` what comes after."""
    session = session_named(context, args.id)
    follow, entries = last_entries(session, args.n)
    if not entries and not args.follow and args.n > 0:
        say(f"{session.session_id[:8]} has no transcript to show")
    printer = _Printer(as_json=args.json)
    printer.print(entries)
    if args.follow:
        _follow(context, session, follow, printer)
    return 0


def _follow(context: Context, session: Session, follow: Follow, printer: _Printer) -> None:
    looked = time.monotonic()
    try:
        while True:
            if is_reader_gone(_POLL_S):
                return
            if time.monotonic() - looked > _LOOK_S:
                session = find_session(look(context, session.folder.name), session.address)
                looked = time.monotonic()
            update = follow.poll(session)
            for notice in update.notices:
                say(notice)
            printer.print(update.entries)
    except KeyboardInterrupt:
        return


class _Printer:
    """Prints entries as lines for a person or as one JSON object each."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._width = max(40, shutil.get_terminal_size((100, 24)).columns - 1)

    def print(self, entries: tuple[Entry, ...]) -> None:
        """Print entries; a result that came along with its call stands in the call's line."""
        results = {entry.tool_id: entry for entry in entries if entry.kind is EntryKind.RESULT}
        calls = {entry.tool_id for entry in entries if entry.kind is EntryKind.TOOL}
        for entry in entries:
            if self._as_json:
                put_json(entry_json(entry))
            elif entry.kind is EntryKind.TOOL:
                self._put(entry, results.get(entry.tool_id))
            elif entry.kind is not EntryKind.RESULT:
                self._put(entry)
            elif entry.tool_id not in calls:
                self._put(replace(entry, text=f"-> {entry.text}"))
        sys.stdout.flush()

    def _put(self, entry: Entry, result: Entry | None = None) -> None:
        from tui.view.stream import Around, entry_lines

        for line in entry_lines(entry, Around(LOCAL, result), self._width):
            put("".join(cell.text for cell in line).rstrip())
