"""A line that stays open until its text is accepted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from tui.core.errors import ConsoleError
from tui.core.explanation import Explanation
from tui.ui.actions.outcome import Commands, CommandsOf
from tui.ui.widgets.prompt import Cancelled, Complete, Preview, PromptBar

T = TypeVar("T")


async def until_taken(
    question: PromptBar,
    asks: str,
    take: Callable[[str], Awaitable[T]],
    *,
    text: str = "",
    refused: str = "",
    placeholder: str = "",
    preview: Preview | None = None,
    complete: Complete | None = None,
    warns: Sequence[Explanation] = (),
    commands: CommandsOf | None = None,
    must_be_shown: bool = True,
) -> T:
    """Ask for a line until `take` accepts it, and return its result.

    The reason for a refusal is shown in full, with the line as typed: if the line closed, the next
    letters would be commands. Where a flow `must_be_shown`, Enter before the line was shown does
    nothing. Raises `Cancelled` with the `commands` of the line, else of the last refusal.
    """
    ask = partial(question.ask, asks, placeholder=placeholder, preview=preview, complete=complete)
    last: Commands | None = None
    while True:
        try:
            text = await ask(text=text, warns=warns, refused=refused, must_be_shown=must_be_shown)
            return await take(text)
        except Cancelled as error:
            if error.commands is None:
                line = text if error.line is None else error.line
                error.commands = commands(line) if commands is not None else last
            raise
        except ConsoleError as error:
            last = error.commands
            refused = f"refused: {error}".replace("refused: refused: ", "refused: ")
