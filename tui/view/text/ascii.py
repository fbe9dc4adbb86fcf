"""Text in ASCII for terminals and locales without more, at the same width."""

from __future__ import annotations

import codecs
import unicodedata
from functools import lru_cache

from tui.core.text.safe_text import cell_width

_SIGNS = dict(
    zip(
        "●○◌◍✗·•+→←↓↑↗─│┌┐├┤└┘█▌░∴…≠▸▾▲▼×–—‐‑−‘’“”«»",  # noqa: RUF001 (the signs are what is meant)
        "*oo%x..+><v^^-|++++++#|.~~=>v^vx-----''\"\"<>",
        strict=True,
    )
)
ERRORS = "session-console.plain"


def plain(text: str) -> str:
    """Return `text` in ASCII: our signs replaced, letters without accents, the rest as `?`.

    `text` is already safe; the result takes the same cells.
    """
    return text if text.isascii() else "".join(map(_plain, text))


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    if char.isascii():
        return char
    width = cell_width(char)
    letters = "".join(one for one in unicodedata.normalize("NFKD", char) if one.isascii())
    said = _SIGNS.get(char, letters)
    return said if len(said) == width and said.isprintable() else "?" * width


def encode_plainly() -> None:
    """Register the error handler `ERRORS`, which replaces what a stream cannot encode."""
    codecs.register_error(ERRORS, _unencodable)


def _unencodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end
