"""From a verb's words to the sessions it means, looking no wider than they ask."""

from __future__ import annotations

from tui.cli.output import say
from tui.core.errors import ConsoleError
from tui.core.models import Catalog, Session
from tui.core.session_id import is_listing_id
from tui.operations.context import Context
from tui.operations.find import find_session
from tui.operations.refresh import Watch
from tui.operations.trouble import is_whole
from tui.storage.folders import is_folder


def look(context: Context, listing: str = "", wanted: str = "") -> Catalog:
    """Return the catalog, of one listing when it is named; problems are said on stderr.

    With `wanted` sessions whose ids begin so are looked at first where there are very many.

    Raises `ConsoleError` when the root cannot be read.
    """
    is_named = is_listing_id(listing) and is_folder(context.root / listing, unknown=True)
    only = listing if is_named else None
    catalog = Watch(context, wanted).look(only)
    if catalog.problem:
        raise ConsoleError(catalog.problem)
    for one in catalog.listings:
        if one.problem and only is not None:
            say(f"{one.listing_id}: {one.problem}")
    return catalog


def say_unread(catalog: Catalog, named: str = "") -> bool:
    """Say which listings were not wholly read; return whether any was not.

    Of one that was named `look` has said it.
    """
    unread = [one for one in catalog.listings if not is_whole(one)]
    for one in () if named else unread:
        say(f"{one.listing_id}: {one.problem}")
    return bool(unread)


def session_named(context: Context, words: str) -> Session:
    """Return the session that an ID, a prefix of it or LISTING/ID names.

    Where it may be in a listing that did not answer, that is said on stderr.
    """
    listing, _, wanted = words.rpartition("/")
    catalog = look(context, listing, wanted)
    for one in catalog.listings:
        if (one.is_stale or one.is_cut) and not one.is_vanished and len(catalog.listings) > 1:
            say(f"{one.listing_id}: {one.problem}")
    return find_session(catalog, words)
