"""A line that stays open until what was typed into it is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from tui.core.errors import ConsoleError
from tui.core.explanation import Explanation
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
    record: Callable[[str], object] | None = None,
    counts_on_it: bool = True,
) -> T:
    """Ask for a line until `take` takes it, and return what came of that.

    Why it was refused stands there in full, with the line as it was typed: were the line closed,
    what is typed next would be commands. Enter takes nothing before the line was shown, where a
    flow `counts_on_it`. Raises `Cancelled`.
    """
    while True:
        text = await question.ask(
            asks,
            placeholder=placeholder,
            text=text,
            preview=preview,
            complete=complete,
            warns=warns,
            record=record,
            refused=refused,
            counts_on_it=counts_on_it,
        )
        try:
            return await take(text)
        except Cancelled:
            raise
        except ConsoleError as error:
            refused = f"refused: {error}".replace("refused: refused: ", "refused: ")
