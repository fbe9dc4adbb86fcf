"""Write what the README shows of the code into it again: `python -m tests.make_readme`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

from tui.demo import pipeline
from tui.settings import Settings

README = Path(__file__).parent.parent / "README.md"


def settings_table() -> str:
    """Return a table of every setting, its default, and what it is for."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = [
        f"| `{one.name}` | {_default(one.default)} | {hints[one.name].__metadata__[0]} |"
        for one in fields(Settings)
        if hasattr(hints[one.name], "__metadata__")
    ]
    return "\n".join(["| setting | default | |", "| --- | --- | --- |", *rows])


def example() -> str:
    """Return the example pipeline, word for word."""
    return f"```python\n{Path(pipeline.__file__).read_text('utf-8')}```"


MADE: dict[str, Callable[[], str]] = {"settings": settings_table, "pipeline": example}


def renewed(text: str) -> str:
    """Return the README's text with all that is made from the code made again."""
    for name, make in MADE.items():
        start, end = f"<!-- {name}: made -->\n\n", f"\n\n<!-- /{name} -->"
        before, _, rest = text.partition(start)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"the README has no place for {name}")
        text = f"{before}{start}{make()}{end}{after}"
    return text


def _default(value: Any) -> str:
    if value is MISSING or value is None or value == "":
        return ""
    if isinstance(value, timedelta):
        minutes = value // timedelta(minutes=1)
        return f"`{minutes // 1440}d`" if minutes % 1440 == 0 else f"`{minutes}m`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    README.write_text(renewed(README.read_text("utf-8")), "utf-8")
