"""The doctor's verdict in the one line that the console shows at its start."""

from __future__ import annotations

from tui.core.models.verdict import Verdict
from tui.core.text.safe_text import cell_width, cut, fit, one_line

_ENDING = "; :doctor explains"


def line(verdict: Verdict, width: int) -> str:
    """Return the doctor's verdict cut to `width`: the counts, `:doctor`, and the worst if it fits.

    A verdict without findings is shown as in a shell.
    """
    if verdict.is_clear:
        return cut(one_line(verdict), width)
    counts = one_line(verdict.counts)
    worst = [f"{counts}, worst: {one_line(one)}" for one in verdict.worst[:1]]
    for text in (*worst, counts):
        if cell_width(text + _ENDING) <= width:
            return text + _ENDING
    return fit(counts, max(1, width - len(_ENDING))) + _ENDING
