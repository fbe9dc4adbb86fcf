"""The doctor's verdict in the one line that the console shows at its start."""

from __future__ import annotations

from tui.core.text.safe_text import cell_width, cut, fit, one_line

_NAMED, _EXPLAINED, _ENDING = "doctor: ", "; `doctor` explains", "; :doctor explains"


def line(said: str, width: int) -> str:
    """Return the doctor's verdict cut to `width`: the counts, `:doctor`, and the worst if it fits.

    A verdict without findings is returned unchanged.
    """
    said = one_line(said)
    if not said.endswith(_EXPLAINED):
        return cut(said, width)
    found = said.removeprefix(_NAMED).removesuffix(_EXPLAINED)
    counts, _, worst = found.partition(": ")
    first = worst.partition(", ")[0].replace("would be ", "")
    for text in (f"{counts}, worst: {first}" if first else counts, counts):
        if cell_width(text + _ENDING) <= width:
            return text + _ENDING
    return fit(counts, max(1, width - len(_ENDING))) + _ENDING
