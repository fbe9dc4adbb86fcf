"""Looks at one listing for a pipeline, which is raised what it is not to take for nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tui.core.errors import ConsoleError, DatabaseProblem, Inconclusive, Kind, Reason
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.safe_io.folders import may_be_there
from tui.storage.sqlite import connection

_PAUSE_S = 0.1


def look_patiently(context: Context, folder: Path) -> Listing | None:
    """Return a listing; a busy database is waited for as long as writes wait for it.

    Raises `DatabaseProblem` when its table cannot be read, `ConsoleError` when the root cannot.
    """
    found = None
    for catalog in _looks(context, folder):
        found = catalog.listing(folder.name)
    return found


def find_patiently(
    context: Context, folder: Path, session_id: str, *, needs_row: bool = False
) -> Session:
    """Return the session with this id, or one that it may mean; waits as `look_patiently`.

    With `needs_row` also while only its row is not known. Raises `UnknownId`, and as that.
    """
    for catalog in _looks(context, folder):
        is_known = any(one.session_id == session_id for one in catalog.sessions)
        sought = session_id if is_known else session_id.lower()
        try:
            session = find_session(catalog, f"{folder.name}/{sought}")
        except Inconclusive as error:
            unsure = error
        else:
            if not (needs_row and session.row_problem):
                return session
    raise unsure


def _looks(context: Context, folder: Path) -> Iterator[Catalog]:
    """Look again and again while the table cannot be read, and at last at what can be."""
    until = time.monotonic() + connection.WRITE_TIMEOUT_S
    while True:
        catalog = CatalogScanner(context).look(only=folder.name)
        if catalog.problem and may_be_there(context.root):
            raise ConsoleError(catalog.problem, Reason.UNREAD)
        yield catalog
        listing = catalog.listing(folder.name)
        if listing is None or listing.has_rows or listing.trouble is Reason.NO_TABLE:
            return
        unread = DatabaseProblem(listing.problem, listing.trouble or None)
        if unread.kind is not Kind.BUSY or time.monotonic() > until:
            raise unread
        time.sleep(_PAUSE_S)
