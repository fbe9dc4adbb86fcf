"""What can be copied: an id, an entry of the stream, or the command line of the last act."""

from __future__ import annotations

from typing import Any

from textual.app import App

from tui.core.console.pane_table import LISTINGS, LIVE
from tui.core.models.entry import Entry
from tui.core.sessions.session_order import order_words
from tui.core.text.safe_text import one_line
from tui.core.text.shell_line import shell_line
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.key_targets import KeyTargets
from tui.ui.actions.outcome import Commands
from tui.ui.engine.engine import Engine
from tui.ui.state.list_query import ListQuery
from tui.ui.terminal import clipboard

_SHOWN = 200


def command_line(engine: Engine, commands: Commands, targets: KeyTargets) -> str:
    """Return commands as one shell line; without any, that of what is visible."""
    root = "" if engine.is_root_configured else str(engine.root.absolute())
    return "; ".join(shell_line(words, root) for words in commands or (_in_sight(targets),))


def _in_sight(targets: KeyTargets) -> tuple[str, ...]:
    view, session = targets.view, targets.selected
    if view.pane == LISTINGS:
        return listed(ListQuery(view.query.quiet_after, view.listing))
    if session is None:
        return listed(view.query)
    return ("tail", "-f", session.address) if view.pane == LIVE else ("show", session.address)


def listed(query: ListQuery) -> tuple[str, ...]:
    """Return the arguments of `ls` that list what a query shows."""
    listing = (query.listing,) if query.listing else ()
    sort = ("--sort", order_words(query.sort, query.is_reversed)) if query.arrow else ()
    return ("ls", *listing, *(("--filter", query.filter) if query.filter else ()), *sort)


def entry_text(entry: Entry | None, result: Entry | None) -> str:
    """Return an entry with its result."""
    if entry is None:
        return ""
    said = (entry.tool, entry.detail or entry.text, result.detail if result else "")
    return "\n".join(text for text in said if text)


async def copy(app: App[Any], context: ActionContext, text: str) -> None:
    """Copy text; say how it was sent and how it begins."""
    way = await clipboard.copy(app, text, may_run=not context.engine.is_restricted)
    shown = text if len(text) <= _SHOWN and "\n" not in text else f"{text[:_SHOWN]}..."
    context.question.say(f"{way}: {shown}", is_whole=True)


async def copy_command(app: App[Any], context: ActionContext, text: str) -> None:
    """Copy a command and show it in full: on a page if the message line has no room for it."""
    way = await clipboard.copy(app, text, may_run=not context.engine.is_restricted)
    if context.question.has_room(f"{way}: {text}"):
        context.question.say(f"{way}: {text}", is_whole=True)
    else:
        context.pages.open("The command", [one_line(text)])
        context.question.say(way, is_whole=True)
