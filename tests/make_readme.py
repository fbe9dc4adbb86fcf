"""Write what README and guides show of the code into them again: `python -m tests.make_readme`."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_type_hints

from tests.support.api_page import api_page
from tests.support.place import REPOSITORY
from tui.cli.declarations.table import VERBS
from tui.core.console.key_table import KEY_ACTIONS
from tui.core.console.keymap import Keymap
from tui.core.console.own_command import OwnCommand
from tui.core.sessions.session_state import state_table
from tui.demo import pipeline
from tui.fleet_settings import FleetSettings
from tui.guides import topics
from tui.settings import Settings

README = REPOSITORY / "README.md"
GUIDES = REPOSITORY / "tui" / "guides"
TEXTS = (README, *sorted(GUIDES.glob("*.md")))
_BLOCK = re.compile(r"<!-- ([a-z]+): made -->\n(.*?)\n<!-- /\1 -->", re.S)


def settings_table() -> str:
    """Return a table of every setting, its default, and what it is for."""
    types = {"Keymap": Keymap, "OwnCommand": OwnCommand, "FleetSettings": FleetSettings}
    hints = get_type_hints(Settings, localns=types, include_extras=True)
    rows = [
        f"| `{one.name}` | {_default(one.default)} | {hints[one.name].__metadata__[0]} |"
        for one in fields(Settings)
        if hasattr(hints[one.name], "__metadata__")
    ]
    return "\n".join(["| setting | default | |", "| --- | --- | --- |", *rows])


def keys_table() -> str:
    """Return a table of every key, its name in the settings, and what it does."""
    rows = (f"| {_signs(one.name)} | `{one.name}` | {one.help} |" for one in KEY_ACTIONS)
    return "\n".join(["| key | name | does |", "| --- | --- | --- |", *rows])


def main_keys_table() -> str:
    """Return a table of the keys in the bottom line, in its order, two on a line."""
    there = (one for one in KEY_ACTIONS if one.order and not one.line_word)
    shown = sorted(there, key=lambda one: one.order)
    return _two_on_a_line("key", [(_signs(one.name), one.help) for one in shown])


def verbs_table() -> str:
    """Return a table of every verb and what it does, two on a line."""
    return _two_on_a_line("command", [(f"`{one.name}`", one.summary) for one in VERBS])


def usage() -> str:
    """Return every verb with its arguments, wrapped to 78 columns."""
    lines = (
        textwrap.fill(
            " ".join((verb.name, *(one.usage.replace(" ", "\0") for one in verb.arguments))),
            width=78,
            subsequent_indent="        ",
            break_long_words=False,
            break_on_hyphens=False,
        ).replace("\0", " ")
        for verb in VERBS
    )
    return "\n".join(["```text", *lines, "```"])


def topics_table() -> str:
    """Return a table of every guide and its one sentence."""
    rows = (f"| [{topic}](tui/guides/{topic}.md) | {says} |" for topic, says in topics().items())
    return "\n".join(["| topic | is about |", "| --- | --- |", *rows])


def rooms_table() -> str:
    """Return a table of every room of the program, in the words of its `__init__`."""
    rows = (f"| `{place}/` | {says} |" for place, says in rooms())
    return "\n".join(["| room | what lives there |", "| --- | --- |", *rows])


def rooms() -> Iterator[tuple[str, str]]:
    """Yield the path of each package of the program, and its docstring on one line."""
    for path in sorted((REPOSITORY / "tui").rglob("__init__.py")):
        says = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        yield path.parent.relative_to(REPOSITORY).as_posix(), " ".join(says.split())


def example() -> str:
    """Return the example pipeline, word for word."""
    return f"```python\n{Path(pipeline.__file__).read_text('utf-8')}```"


def example_tests() -> str:
    """Return the example tests without their imports."""
    text = (REPOSITORY / "tests" / "project" / "test_examples.py").read_text("utf-8")
    return f"```python\n{text[text.index('def test_') :]}```"


MADE: dict[str, Callable[[], str]] = {
    "api": api_page,
    "keys": keys_table,
    "mainkeys": main_keys_table,
    "pipeline": example,
    "rooms": rooms_table,
    "settings": settings_table,
    "tests": example_tests,
    "states": state_table,
    "topics": topics_table,
    "usage": usage,
    "verbs": verbs_table,
}


def made_names(text: str) -> list[str]:
    """Return the names of what in a text is made from the code."""
    return [found[1] for found in _BLOCK.finditer(text)]


def renewed(text: str) -> str:
    """Return a text with all that is made from the code made again."""
    return _BLOCK.sub(
        lambda found: f"<!-- {found[1]}: made -->\n\n{MADE[found[1]]()}\n\n<!-- /{found[1]} -->",
        text,
    )


def without_made(text: str) -> str:
    """Return a text without what is made from the code."""
    return _BLOCK.sub("", text)


def _two_on_a_line(head: str, named: Sequence[tuple[str, str]]) -> str:
    half = -(-len(named) // 2)
    pairs = zip_longest(named[:half], named[half:], fillvalue=("", ""))
    rows = (f"| {' | '.join((*left, *right))} |" for left, right in pairs)
    return "\n".join([f"| {head} | does | {head} | does |", "| --- | --- | --- | --- |", *rows])


def _signs(name: str) -> str:
    return " ".join(f"`{sign}`" for sign in Keymap().signs(name).split())


def _default(value: Any) -> str:
    if value is MISSING or value in (None, "", ()):
        return ""
    if isinstance(value, timedelta):
        minutes = value // timedelta(minutes=1)
        return f"`{minutes // 1440}d`" if minutes % 1440 == 0 else f"`{minutes}m`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    for each in TEXTS:
        each.write_text(renewed(each.read_text("utf-8")), "utf-8")
