"""Listing, saving, sharing and deleting named views."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tui.core.console.named_view import MOST_VIEWS, SHIPPED, NamedView, Origin, joined, view_name
from tui.core.errors import ConsoleError, Reason, Refused, UsageError
from tui.core.models.audit import AuditEvent
from tui.core.sessions.session_filter import parse_filter
from tui.core.values import replace
from tui.operations.context import Context
from tui.operations.logbook_entry import log_act
from tui.storage.state.named_views import (
    change_own_views,
    change_shared_views,
    read_own_views,
    read_shared_views,
)

Views = tuple[NamedView, ...]


def views_and_problem(context: Context) -> tuple[tuple[NamedView, ...], str]:
    """Return all views, and why those that are shared cannot be read: the others still work.

    Raises `ConsoleError` when the operator's own cannot be read.
    """
    own = _own_or_error(context)
    try:
        return joined(own, read_shared_views(context.root)), ""
    except OSError as error:
        return joined(own, ()), f"the shared views cannot be read: {error.strerror or error}"


def save_view(context: Context, view: NamedView, *, is_shared: bool) -> str:
    """Save a view as the operator's own, or for all operators of the root; return what was done.

    Raises `UsageError` for a wrong name or filter, and `ConsoleError` when it cannot be stored.
    """
    view = replace(view, name=view_name(view.name))
    parse_filter(view.filter)
    return _share(context, view) if is_shared else _save(context, view)


def delete_view(context: Context, name: str, *, is_shared: bool) -> str:
    """Delete an own view, or a shared one, whoever shared it; return what was done.

    Raises `Refused` for a view that is shipped, `ConsoleError` when there is none of that name.
    """
    name = view_name(name)
    if is_shared:
        return _unshare(context, name)

    def without(own: Views) -> Views:
        if all(one.name != name for one in own):
            raise _no_own_view(context, name)
        return tuple(one for one in own if one.name != name)

    _change_own(context, without)
    return f"view {name} deleted"


def _save(context: Context, view: NamedView) -> str:
    def with_it(own: Views) -> Views:
        others = tuple(one for one in own if one.name != view.name)
        if len(others) >= MOST_VIEWS:
            raise Refused(f"there are {len(others)} views already: delete one first")
        return (*others, view)

    _change_own(context, with_it)
    return f"view {view.name} saved"


def _share(context: Context, view: NamedView) -> str:
    context.require_writable()
    if any(one.name == view.name for one in SHIPPED):
        raise Refused(f"{view.name} is a view of the console: share it by another name")
    operator = context.settings.operator

    def with_it(views: Views) -> Views:
        before = next((one for one in views if one.name == view.name), None)
        if before is not None and not context.is_mine(before.by):
            raise Refused(f"{view.name} is shared by {before.by}: use another name", Reason.IN_USE)
        others = tuple(one for one in views if one.name != view.name)
        if len(others) >= MOST_VIEWS:
            raise Refused(f"{len(others)} views are shared already: delete one first")
        return (*others, replace(view, origin=Origin.SHARED, by=operator))

    _change_shared(context, with_it)
    said = f"view {view.name} saved for all operators of this root"
    return _logged(context, "share-view", view.name, said)


def _unshare(context: Context, name: str) -> str:
    context.require_writable()
    by = ""

    def without(views: Views) -> Views:
        nonlocal by
        by = next((one.by for one in views if one.name == name), "")
        if not by:
            raise UsageError(f"no view {name!r} is shared in this root")
        return tuple(one for one in views if one.name != name)

    _change_shared(context, without)
    whose = "" if context.is_mine(by) else f", which {by} had shared"
    said = f"view {name}{whose}, deleted for all operators of this root"
    return _logged(context, "unshare-view", f"{name}{whose}", said)


def _logged(context: Context, action: str, note: str, said: str) -> str:
    return log_act(context, AuditEvent(at=context.clock(), action=action, note=note), said)


def _no_own_view(context: Context, name: str) -> ConsoleError:
    views, problem = views_and_problem(context)
    there = next((one for one in views if one.name == name), None)
    if there is None and problem:
        return ConsoleError(problem, Reason.UNREAD)
    if there is None:
        return UsageError(f"no view is called {name!r}: `view` lists them")
    if there.origin is Origin.SHIPPED:
        return Refused(f"{name} is a view of the console: it stays")
    return Refused(f"{name} is shared by {there.by}", remedy=f"view delete {name} --shared")


def _folder(context: Context) -> Path | None:
    return context.settings.state_dir


def _who(context: Context) -> str:
    return context.settings.login or context.settings.operator


def _own(context: Context) -> tuple[NamedView, ...]:
    folder = _folder(context)
    return read_own_views(folder, context.root, _who(context)) if folder is not None else ()


def _own_or_error(context: Context) -> tuple[NamedView, ...]:
    try:
        return _own(context)
    except OSError as error:
        raise ConsoleError(f"your views cannot be read: {error.strerror or error}") from error


def _change_own(context: Context, change: Callable[[Views], Views]) -> None:
    folder = _folder(context)
    if folder is None:
        raise ConsoleError("there is no folder for an operator's state")
    try:
        change_own_views(folder, context.root, _who(context), change)
    except OSError as error:
        raise ConsoleError(f"your views cannot be changed: {error.strerror or error}") from error


def _change_shared(context: Context, change: Callable[[Views], Views]) -> None:
    try:
        change_shared_views(context.root, change)
    except OSError as error:
        raise ConsoleError(f"the shared views cannot be written: {error.strerror}") from error
