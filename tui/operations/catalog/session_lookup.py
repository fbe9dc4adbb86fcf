"""Finds the session that an operator typed: `ID`, a prefix of it, or `LISTING/ID`."""

from __future__ import annotations

import re
from contextlib import suppress

from tui.claude.session_id import is_cli_id, is_session_id
from tui.core.errors import AmbiguousId, Inconclusive, UnknownId
from tui.core.listing_id import is_listing_id
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.core.sessions.listing_join import is_gone
from tui.core.text.late_pattern import late_pattern
from tui.core.text.near_names import nearest
from tui.core.text.safe_text import one_line
from tui.operations.catalog.root_state import listing_names

_SLOW = "it did not answer in time"
_FEW = 3
_START_OF_ID = late_pattern(r"[0-9a-f]{4}[0-9a-f-]*", re.IGNORECASE)


def is_address(catalog: Catalog, word: str) -> bool:
    """Whether `word` must mean a session, there or not, and is no text such as `and/or`.

    Such are a whole id, and `LISTING/ID` where the listing is known or the id looks like one.
    """
    listing, slash, tail = word.rpartition("/")
    if not slash:
        return is_cli_id(word)
    if not is_listing_id(listing):
        return False
    is_known = any(listing in (one.listing_id, one.path.name) for one in catalog.listings)
    return is_known or _START_OF_ID.fullmatch(tail) is not None


def whole_listing(word: str) -> str:
    """Return the listing of which `LISTING/` means every session; empty for any other word."""
    name = word.removesuffix("/")
    return name if name != word and is_listing_id(name) else ""


def sessions_of(catalog: Catalog, name: str) -> tuple[Session, ...]:
    """Return the sessions of a listing, without those of which only a row is left.

    Raises `UnknownId` when there is no such listing, `Inconclusive` when it may have others.
    """
    listing = find_listing(catalog, name)
    if listing.is_vanished:
        raise UnknownId(f"{listing.listing_id}: {listing.problem}")
    if not listing.is_whole:
        raise Inconclusive(
            f"{listing.listing_id}: {listing.problem or _SLOW}: not all its sessions are known, "
            "so nothing was done"
        )
    return tuple(one for one in listing.sessions if not is_gone(one))


def find_session(catalog: Catalog, address: str) -> Session:
    """Return the session that `address` names.

    Raises `UnknownId` when there is none or the id is malformed, `Inconclusive` when it may be in a
    place that could not be read, `AmbiguousId` with the candidates.
    """
    listing, slash, prefix = address.rpartition("/")
    if not is_session_id(prefix) or (slash and not is_listing_id(listing)):
        raise UnknownId(f"{one_line(address)[:80]!r} is not a session id", remedy="ls")
    sessions = [
        one for one in catalog.sessions if not slash or listing in (one.listing, one.folder.name)
    ]
    exact = [one for one in sessions if one.session_id == prefix and not _is_disguised(one)]
    matches = exact or [one for one in sessions if one.session_id.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        _require_whole(catalog, listing, address)
        gone = _vanished_words(catalog, listing)
        raise UnknownId(f"no session {one_line(address)[:80]!r} below {catalog.root}{gone}")
    candidates = tuple(one.address for one in matches[:20])
    raise AmbiguousId(
        f"{one_line(address)[:80]!r} matches {len(matches)} sessions: {', '.join(candidates)}",
        candidates,
    )


def _require_whole(catalog: Catalog, listing: str, address: str) -> None:
    """Raise `Inconclusive` when the session may be in a listing that could not be read."""
    unread = [
        one
        for one in catalog.listings
        if listing in ("", one.listing_id, one.path.name)
        if not (one.is_whole or one.is_vanished)
    ]
    if unread or catalog.unheard:
        said = [f"{one.listing_id}: {one.problem or _SLOW}" for one in unread[:3]]
        named = "; ".join([*said, *filter(None, (catalog.unheard,))])
        more = f"; and {len(unread) - 3} more" if len(unread) > 3 else ""
        raise Inconclusive(
            f"{one_line(address)[:80]!r} was not found, but not everything could be read: "
            f"{named}{more}"
        )


def _vanished_words(catalog: Catalog, listing: str) -> str:
    """Name the vanished listings that may have held the session; empty for none."""
    gone = [
        one
        for one in catalog.listings
        if one.is_vanished and listing in ("", one.listing_id, one.path.name)
    ]
    if not gone:
        return ""
    if listing:
        return f": {gone[0].listing_id}: {gone[0].problem}"
    return f"; it may have been in {', '.join(one.listing_id for one in gone[:5])}, which vanished"


def _is_disguised(session: Session) -> bool:
    """Whether the stored id differs from the cleaned one shown: nothing may act on it."""
    return session.row is not None and session.row.session_id != session.session_id


def find_listing(catalog: Catalog, name: str) -> Listing:
    """Return the listing called `name`; raises `UnknownId` when there is none."""
    listing = catalog.listing(name)
    if listing is None:
        near = _near_names(catalog, name)
        raise UnknownId(f"no listing {one_line(name)[:80]!r} below {catalog.root}{near}")
    return listing


def _near_names(catalog: Catalog, typed: str) -> str:
    """Ask whether a listing was meant whose name has what was typed, or else is most like it."""
    known = {one.listing_id for one in catalog.listings}
    with suppress(OSError):  # a catalog of one listing does not name the others
        known |= {one_line(name) for name in listing_names(catalog.root)}
    sought = typed.casefold()
    having = sorted(one for one in known if sought and sought in one.casefold())
    found = having or [one for one in (nearest(typed, known),) if one]
    more = f", ... ({len(found)} in all)" if len(found) > _FEW else ""
    return f"; did you mean {', '.join(found[:_FEW])}{more}?" if found else ""
