"""Which of many sessions a deed did nothing to, and why, as the end of its message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tui.core.models.session import Key
from tui.core.text.safe_text import cut, one_line
from tui.view.text import formatting

MARKED = "left marked"
AS_BEFORE = "marks as before"
_MOST_CAUSES, _LONGEST_CAUSE = 20, 200


def not_done(why: Mapping[Key, str], marks: str = "") -> str:
    """Return how many were left, what becomes of their `marks`, and then the ids by their cause.

    The message line shows the first ids that have room, `:messages` all of them.
    """
    said = f"{len(why)} not, {marks}" if marks else f"{len(why)} not"
    return f"{said}: {'; '.join(_by_cause(why))}"


def _by_cause(why: Mapping[Key, str]) -> Iterator[str]:
    causes = dict[str, list[str]]()
    for (_, session_id), words in why.items():
        short = formatting.short_id(session_id)
        cause = one_line(words).removeprefix(short).lstrip(": ")
        cause = cut(cause, _LONGEST_CAUSE)
        causes.setdefault(cause, []).append(short)
    for cause, ids in [*causes.items()][:_MOST_CAUSES]:
        yield f"{', '.join(ids)}: {cause}"
    if rest := [ids for _, ids in [*causes.items()][_MOST_CAUSES:]]:
        yield f"{sum(map(len, rest))} more for {len(rest)} other reasons"
