"""The files that a prompt mentions with `@`, in every way in which the CLI may read them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

# Ends a word for some reader: where readers may differ, every part is checked.
_FORMS = tuple(map(re.compile, (r'@"([^"]*)', r"@'([^']*)", r"@([^ \t\n\r\f\v]+)")))
_BOUNDARY = late_pattern(r"\b|(?=\W)|$", re.ASCII)
# The CLI removes such a link, which may contain spaces, before it looks for mentions.
_LINK = "@["
_QUOTES = "\"'`"
_MOST, _LONGEST = 50, 400


def stray_mention(prompt: str, cwd: Path, config_dir: Path) -> str:
    """Return the first mention that may name a file outside `cwd`, or inside `config_dir`.

    Returns an empty string when there is none; an uncertain mention counts.
    """
    if _LINK in prompt:
        return _LINK
    if prompt.count("@") > _MOST:
        return one_line("@" + prompt.split("@", 1)[1])[:40]
    home, hidden = cwd.resolve(), config_dir.resolve()
    for mention in _mentions(prompt):
        for path in _paths(mention):
            if not _is_inside(path, home, hidden):
                return f"@{one_line(mention)[:40]}"
    return ""


def _mentions(prompt: str) -> Iterator[str]:
    for at in re.finditer("@", prompt):
        for form in _FORMS:
            found = form.match(prompt, at.start())
            if found is not None:
                yield found[1]


def _paths(mention: str) -> Iterator[str]:
    """Yield the paths that a mention may name: each prefix that ends where a word may."""
    trimmed = _trimmed(mention)
    if len(trimmed) > _LONGEST:
        yield "/"
    yield mention
    for end in [found.start() for found in _BOUNDARY.finditer(trimmed[:_LONGEST])][1:]:
        yield _trimmed(trimmed[:end])


def _trimmed(mention: str) -> str:
    """Return it without the spaces, marks and quotes that the CLI or JavaScript may strip."""
    is_kept = [one.isprintable() and not one.isspace() and one not in _QUOTES for one in mention]
    if True not in is_kept:
        return ""
    first, last = is_kept.index(True), len(mention) - is_kept[::-1].index(True)
    return mention[first:last]


def _is_inside(path: str, home: Path, hidden: Path) -> bool:
    if path.startswith(("/", "~", "\\")) or "\\" in path:
        return False
    try:
        # `link/..` may be resolved as text or through the link.
        plain = Path(os.path.normpath(home / path))
        found = (plain, plain.resolve(), (home / path).resolve())
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, or a ring of links
        return False
    return all(one.is_relative_to(home) and not one.is_relative_to(hidden) for one in found)
