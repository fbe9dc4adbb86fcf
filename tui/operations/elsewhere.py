"""Decides where an act is carried out: here, or by the host where its session lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from tui.core.models.catalog import Catalog
from tui.core.models.session import Session
from tui.core.values import replace
from tui.operations.context import Context


class HasHost(Protocol):
    """A session, or what is planned or was done with one; `host` is empty when it lives here."""

    @property
    def host(self) -> str: ...


_Subject = TypeVar("_Subject", bound=HasHost)
_Words = ParamSpec("_Words")
_Result = TypeVar("_Result")
_Act = Callable[Concatenate[Context, _Subject, _Words], _Result]


def at_home(act: _Act[_Subject, _Words, _Result]) -> _Act[_Subject, _Words, _Result]:
    """Have an operation carried out where its subject lives."""

    @wraps(act)
    def decided(
        context: Context, subject: _Subject, /, *words: _Words.args, **more: _Words.kwargs
    ) -> _Result:
        if not subject.host:
            return act(context, subject, *words, **more)
        context.require_writable()
        name = act.__name__.lstrip("_")
        done: Any = context.elsewhere.carry_out(context, name, subject, *words, **more)
        result: _Result = done
        return result

    return decided


def parted(sessions: Iterable[Session]) -> tuple[list[Session], list[Session]]:
    """Return the sessions that live here, and those that do not."""
    here: list[Session] = []
    elsewhere: list[Session] = []
    for one in sessions:
        (elsewhere if one.host else here).append(one)
    return here, elsewhere


def here(catalog: Catalog) -> Catalog:
    """Return a catalog without the sessions that live on other hosts.

    Without those of their listings that have no folder here, too.
    """
    if not any(one.host for one in catalog.sessions):
        return catalog
    listings = (
        replace(one, sessions=tuple(parted(one.sessions)[0]))
        for one in catalog.listings
        if one.path.parent == catalog.root
    )
    return replace(catalog, listings=tuple(listings))
