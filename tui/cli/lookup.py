"""From a verb's words to the sessions it means, looking no wider than they ask."""

from __future__ import annotations

from collections.abc import Callable

from tui.cli.output import say
from tui.core.errors import ConsoleError
from tui.core.listing_id import is_listing_id
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.listing_health import is_whole
from tui.safe_io.folders import is_folder

Tell = Callable[[str], object]


def look(context: Context, listing: str = "", wanted: str = "", tell: Tell = say) -> Catalog:
    """Return the catalog, of one listing when it is named; `tell` gets the problems.

    With `wanted` sessions whose ids begin so are looked at first where there are very many.

    Raises `ConsoleError` when the root cannot be read.
    """
    is_named = is_listing_id(listing) and is_folder(context.root / listing, unknown=True)
    only = listing if is_named else None
    catalog = CatalogScanner(context, wanted).look(only)
    if catalog.problem:
        raise ConsoleError(catalog.problem)
    for one in catalog.listings:
        if one.problem and only is not None:
            tell(f"{one.listing_id}: {one.problem}")
    return catalog


def say_unread(catalog: Catalog, named: str = "") -> bool:
    """Say which listings were not wholly read; return whether any was not.

    Of one that was named `look` has said it.
    """
    unread = [one for one in catalog.listings if not is_whole(one)]
    for one in () if named else unread:
        say(f"{one.listing_id}: {one.problem}")
    return bool(unread)


def session_named(context: Context, words: str, tell: Tell = say) -> Session:
    """Return the session that an ID, a prefix of it or LISTING/ID names.

    `tell` gets the words where it may be in a listing that did not answer.
    """
    return _named(context, words, tell)[0]


def session_and_problem(context: Context, words: str) -> tuple[Session, str]:
    """Do as `session_named`, and return why not all may be known of the session, empty if all is.

    That is said on stderr too.
    """
    session, catalog = _named(context, words, say)
    listing = catalog.listing(session.listing)
    if listing is None or is_whole(listing):
        return session, ""
    problem = f"{listing.listing_id}: {listing.problem}"
    if "/" not in words and not _is_said(listing, catalog):
        say(problem)
    return session, problem


def _named(context: Context, words: str, tell: Tell) -> tuple[Session, Catalog]:
    listing, _, wanted = words.rpartition("/")
    catalog = look(context, listing, wanted, tell)
    for one in catalog.listings:
        if _is_said(one, catalog):
            tell(f"{one.listing_id}: {one.problem}")
    return find_session(catalog, words), catalog


def _is_said(one: Listing, catalog: Catalog) -> bool:
    """Whether a listing may hide others of the ids that were looked for."""
    is_short = (one.is_stale or one.is_cut) and not one.is_vanished
    return is_short and len(catalog.listings) > 1
