"""What is copied: an id, an entry of the stream, or the command that does what was done here."""

from __future__ import annotations

import shlex
from typing import Any

from textual.app import App

from tui.core.models.entry import Entry
from tui.core.text.safe_text import one_line
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.key_targets import LISTINGS, LIVE
from tui.ui.picture import PictureScreen
from tui.ui.state.list_query import ListQuery
from tui.ui.terminal import clipboard

_SHOWN = 200


def command_line(screen: PictureScreen) -> str:
    """Return the command line, as a shell anywhere takes it, of what was asked for last.

    Once the operator has moved on, it is the one that shows what is in sight.
    """
    engine = screen.engine
    root = () if engine.is_root_configured else ("--root", str(engine.root.absolute()))
    meant = screen.desk.commands or (_in_sight(screen),)
    return "; ".join(shlex.join(["session-console", *root, *words]) for words in meant)


def _in_sight(screen: PictureScreen) -> tuple[str, ...]:
    if screen.pane == LISTINGS:
        return listed(ListQuery(screen.board.quiet_after, screen.listings.listing))
    session = screen.selected
    if session is None:
        return listed(screen.board)
    return ("tail", "-f", session.address) if screen.pane == LIVE else ("show", session.address)


def listed(board: ListQuery) -> tuple[str, ...]:
    """Return the words of the verb that lists what a board shows."""
    listing = (board.listing,) if board.listing else ()
    return ("ls", *listing, *(("--filter", board.filter) if board.filter else ()))


def entry_text(entry: Entry | None, result: Entry | None) -> str:
    """Return an entry with what came of it."""
    if entry is None:
        return ""
    said = (entry.tool, entry.detail or entry.text, result.detail if result else "")
    return "\n".join(text for text in said if text)


async def copy(app: App[Any], desk: ActionContext, text: str) -> None:
    """Copy text, and say which way it went and how it begins."""
    way = await clipboard.copy(app, text, may_run=not desk.engine.is_restricted)
    shown = text if len(text) <= _SHOWN and "\n" not in text else f"{text[:_SHOWN]}..."
    desk.question.say(f"{way}: {shown}", is_whole=True)


async def copy_command(app: App[Any], desk: ActionContext, text: str) -> None:
    """Copy a command, and show it in full: on a page when the message line has no room for it."""
    way = await clipboard.copy(app, text, may_run=not desk.engine.is_restricted)
    if desk.question.has_room(f"{way}: {text}"):
        desk.question.say(f"{way}: {text}", is_whole=True)
    else:
        desk.open_page("The command", [one_line(text)])
        desk.question.say(way, is_whole=True)
