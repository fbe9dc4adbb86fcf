"""Finds the sessions that a verb's arguments name, scanning no more than needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from tui.cli.declarations.verb import Verb
from tui.cli.output import say
from tui.core.errors import ConfirmationRequired, ConsoleError, Reason, Refused
from tui.core.listing_id import is_listing_id
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session, sessions_of, whole_listing
from tui.operations.context import Context
from tui.operations.formatting import count
from tui.operations.listing_health import is_whole
from tui.safe_io.folders import is_folder

Tell = Callable[[str], object]


def look(context: Context, listing: str = "", wanted: str = "", tell: Tell = say) -> Catalog:
    """Return the catalog, of one listing when it is named, and pass its problems to `tell`.

    Sessions whose ids start with `wanted` are read first where there are very many. Raises
    `ConsoleError` when the root cannot be read.
    """
    is_named = is_listing_id(listing) and is_folder(context.root / listing, unknown=True)
    only = listing if is_named else None
    catalog = context.elsewhere.joined(CatalogScanner(context, wanted).look(only), only)
    if only is None and (one := catalog.listing(listing)) and not catalog.is_here(one):
        catalog = replace(catalog, listings=(one,))
    if catalog.problem:
        raise ConsoleError(catalog.problem)
    if catalog.unheard:
        tell(catalog.unheard)
    for one in catalog.listings:
        if one.problem and only is not None:
            tell(f"{one.listing_id}: {one.problem}")
    return catalog


def say_unreadable(catalog: Catalog, named: str = "") -> bool:
    """Print which listings were not read completely; return whether there are any.

    `look` has already printed it for a listing that was `named`.
    """
    unread = [one for one in catalog.listings if not is_whole(one)]
    for one in () if named else unread:
        say(f"{one.listing_id}: {one.problem}")
    return bool(unread or catalog.unheard)


def session_named(context: Context, address: str, tell: Tell = say) -> Session:
    """Return the session that an id, a prefix of one or LISTING/ID names.

    `tell` gets the problem of each listing that could hide another match.
    """
    return _named(context, address, tell)[0]


def session_at_hand(context: Context, address: str) -> Session:
    """Return the session that is named, whose files can be read here."""
    session = session_named(context, address)
    context.elsewhere.fetch(session)
    return session


def sessions_named(
    context: Context, verb: Verb, words: Iterable[str], *, is_sure: bool
) -> dict[str, Session | None]:
    """Return what each word names: `LISTING/` by its sessions, of any other word only the word.

    Of a listing, those with which the verb can do nothing are left out, and stderr says how many.
    Raises `ConfirmationRequired` for a listing unless the operator `is_sure`, `Refused` when it has
    nothing for the verb, and as `sessions_of` does.
    """
    named: dict[str, Session | None] = {}
    asks: list[str] = []
    for word in words:
        if not (name := whole_listing(word)):
            named[word] = None
            continue
        every = sessions_of(look(context, name), name)
        why_not = {one.address: verb.why_not(one, _as_verb) for one in every}
        found = {one.address: one for one in every if not why_not[one.address]}
        reasons = Counter(filter(None, why_not.values())).most_common(1)
        left = f"{len(every) - len(found)} left out, such as: {reasons[0][0]}" if reasons else ""
        if not found:
            nothing = f"no session of {name} to {verb.name}{f': {left}' if left else ''}"
            raise Refused(nothing, Reason.NOTHING_TO_DO)
        asks.append(f"{count(len(found), 'session')} of {name}{f' ({left})' if left else ''}")
        named |= found
        if left and is_sure:
            say(f"{name}: {left}")
    if asks and not is_sure:
        raise ConfirmationRequired(f"would {verb.name} {', '.join(asks)}", many=len(named))
    return named


def _as_verb(action: str) -> str:
    return f"`{action}`"


def session_and_problem(context: Context, address: str) -> tuple[Session, str]:
    """Return the session that is named, and why it may be incomplete, or an empty string.

    The problem is also printed to stderr.
    """
    session, catalog = _named(context, address, say)
    if session.host and (catalog.unheard or session.host in catalog.silent):
        last = f"{one_line(session.host)} is {catalog.hosts.get(session.host) or 'not heard'}"
        say(f"{last}: this is what it last told")
        return session, last
    listing = catalog.listing(session.listing)
    if listing is None or is_whole(listing):
        return session, ""
    problem = f"{listing.listing_id}: {listing.problem}"
    if "/" not in address and not _may_hide_ids(listing, catalog):
        say(problem)
    return session, problem


def _named(context: Context, address: str, tell: Tell) -> tuple[Session, Catalog]:
    listing, _, wanted = address.rpartition("/")
    catalog = look(context, listing, wanted, tell)
    for one in catalog.listings:
        if _may_hide_ids(one, catalog):
            tell(f"{one.listing_id}: {one.problem}")
    return find_session(catalog, address), catalog


def _may_hide_ids(one: Listing, catalog: Catalog) -> bool:
    """Whether a listing was not read completely, so that it may hide more matching ids."""
    is_short = (one.is_stale or one.is_cut) and not one.is_vanished
    return is_short and len(catalog.listings) > 1
