"""A catalog as it is once something in it has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Key, Session


def without(catalog: Catalog, gone: Key) -> Catalog:
    """Return the catalog without a session."""
    return _each_listing(
        catalog,
        lambda one: replace(one, sessions=tuple(each for each in one.sessions if each.key != gone)),
    )


def with_session(catalog: Catalog, key: Key, **facts: Any) -> Catalog:
    """Return the catalog with these facts of a session changed."""
    return each_session(catalog, lambda one: replace(one, **facts) if one.key == key else one)


def with_listing(catalog: Catalog, name: str, **facts: Any) -> Catalog:
    """Return the catalog with these facts of a listing changed."""
    return _each_listing(
        catalog, lambda one: replace(one, **facts) if one.listing_id == name else one
    )


def each_session(catalog: Catalog, change: Callable[[Session], Session]) -> Catalog:
    """Return the catalog with every session as `change` returns it."""
    return _each_listing(
        catalog, lambda one: replace(one, sessions=tuple(map(change, one.sessions)))
    )


def _each_listing(catalog: Catalog, change: Callable[[Listing], Listing]) -> Catalog:
    return replace(catalog, listings=tuple(map(change, catalog.listings)))
