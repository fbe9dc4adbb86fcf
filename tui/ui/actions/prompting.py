"""A line that stays open until its text is accepted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypedDict, TypeVar, Unpack

from tui.core.errors import ConsoleError
from tui.core.explanation import Explanation
from tui.ui.actions.outcome import Commands, CommandsOf
from tui.ui.leaving import Cancelled
from tui.ui.widgets.prompt import Complete, Preview, PromptBar, Typed

T = TypeVar("T")


class LineOptions(TypedDict, total=False):
    """What a line may have besides its text; see `PromptBar.ask`."""

    placeholder: str
    preview: Preview | None
    complete: Complete | None
    typed: Typed | None
    has_lines: bool
    why_one_line: str


async def until_taken(
    question: PromptBar,
    asks: str,
    take: Callable[[str], Awaitable[T]],
    *,
    text: str = "",
    refused: str = "",
    warns: Sequence[Explanation] = (),
    commands: CommandsOf | None = None,
    must_be_shown: bool = True,
    **line: Unpack[LineOptions],
) -> T:
    """Ask for a line until `take` accepts it, and return its result.

    The reason for a refusal is shown in full, with the line as typed: if the line closed, the next
    letters would be commands. Where a flow `must_be_shown`, Enter before the line was shown does
    nothing. Raises `Cancelled` with the `commands` of the line, else of the last refusal.
    """
    ask = partial(question.ask, asks, **line)
    last: Commands | None = None
    while True:
        try:
            text = await ask(text=text, warns=warns, refused=refused, must_be_shown=must_be_shown)
            return await take(text)
        except Cancelled as error:
            if error.commands is None:
                typed = text if error.line is None else error.line
                error.commands = commands(typed) if commands is not None else last
            raise
        except ConsoleError as error:
            last = error.commands
            refused = f"refused: {error}".replace("refused: refused: ", "refused: ")
