"""README and guides are true: generated parts match the code, and what they name exists."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import datetime
import enum
import pathlib
import re
import shlex
import typing
from collections.abc import Iterator
from pathlib import Path

import claude_agent_sdk
import pytest

import tui
from tests.make_readme import GUIDES, MADE, README, TEXTS, made_names, renewed, without_made
from tests.support.place import REPOSITORY
from tests.torture import suite
from tui.cli.parser import build_parser
from tui.cli.verb_info import verb_infos
from tui.core.console.keymap import KEYS
from tui.core.sessions.session_state import StateWord
from tui.guides import topic_names
from tui.ui.actions.verb_line.verbs import OWN

MOST_LINES, WIDEST = 200, 80
EVERYWHERE = ("--help", "--json", "--operator", "--read-only", "--restricted", "--root")
TEXT = README.read_text("utf-8")
VERBS = {one.name for one in verb_infos()}
_CODE = re.compile(r"^```python\n(.*?)^```$", re.S | re.M)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
_SPAN = re.compile(r"`([^`\n]+)`")
ANSWERS = set("ynAlw7")
texts = pytest.mark.parametrize("path", TEXTS, ids=[one.stem for one in TEXTS])


def prose(text: str) -> str:
    """Return a text without its generated parts and code blocks."""
    return _FENCE.sub("", without_made(text))


def spans(text: str) -> list[str]:
    """Return the texts between backticks, with line breaks as blanks."""
    return [" ".join(one.split()) for one in re.findall(r"`([^`]+)`", prose(text))]


@texts
def test_what_is_made_from_the_code_is_as_the_code_is(path: Path) -> None:
    text = path.read_text("utf-8")
    assert renewed(text) == text, "run `python -m tests.make_readme`"


def test_all_that_can_be_made_is_shown_once() -> None:
    shown = [name for path in TEXTS for name in made_names(path.read_text("utf-8"))]
    assert sorted(shown) == sorted(MADE)


def test_the_readme_is_short() -> None:
    assert len(TEXT.splitlines()) <= MOST_LINES


@texts
def test_a_guide_is_short_and_fits_a_narrow_terminal(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(without_made(text).splitlines()) <= MOST_LINES
    lines = (one for one in prose(text).splitlines() if not one.startswith(("|", "![")))
    assert [one for one in lines if len(one) > WIDEST] == []


@texts
def test_no_code_is_split_over_two_lines(path: Path) -> None:
    """`help` styles guides line by line, so no markup may span lines."""
    lines = prose(path.read_text("utf-8")).splitlines()
    assert [one for one in lines if one.count("`") % 2] == []


@pytest.mark.parametrize("path", sorted(GUIDES.glob("*.md")), ids=lambda path: str(path.stem))
def test_a_guide_begins_with_what_it_is_about(path: Path) -> None:
    assert re.match(r"# [^:\n]+: \S.*\n\n", path.read_text("utf-8"))


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each of our commands shown in a text without placeholders."""
    blocks = "\n".join(block.replace("\\\n", "") for _, block in _FENCE.findall(text))
    for line in [*blocks.splitlines(), *spans(text)]:
        found = re.search(r"(?:^|&& |\s)session-console( .*)?$", line)
        if found and not re.search(r"\b[A-Z]{2,}\b|\.\.\.|=", found[1] or ""):
            yield shlex.split((found[1] or "").partition(" #")[0])


@texts
def test_every_command_is_understood(path: Path) -> None:
    for words in commands(path.read_text("utf-8")):
        build_parser().read([word.replace("$USER", "anna") for word in words])


@texts
def test_every_option_of_a_verb_is_one(path: Path) -> None:
    """For example the value in `cleanup --max-size 5G`."""
    flags = {one.name: {*one.flags, *EVERYWHERE} for one in verb_infos()}
    for words in (one.split() for one in spans(path.read_text("utf-8"))):
        named = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert named <= flags.get(words[0], named), " ".join(words)


@texts
def test_every_verb_of_the_console_is_one(path: Path) -> None:
    said = (re.match(r":([a-z]+)", one) for one in spans(path.read_text("utf-8")))
    assert {one[1] for one in said if one} <= VERBS | {one.name for one in OWN}


@texts
def test_every_topic_is_one(path: Path) -> None:
    said = (
        re.match(r"(?:session-console |:)?help ([\w-]+)$", one) for one in spans(path.read_text())
    )
    assert {one[1] for one in said if one} - {"TOPIC"} <= set(topic_names())


def test_every_state_says_what_to_do() -> None:
    text = (GUIDES / "states.md").read_text("utf-8").partition("## What to do\n")[2]
    heads = re.findall(r"^- ((?:`[\w-]+`,? ?)+):", text.partition("\n## ")[0], re.M)
    assert {one for head in heads for one in re.findall(r"[\w-]+", head)} == set(StateWord)


def test_the_page_of_the_api_has_all_that_a_pipeline_can_call() -> None:
    page = (GUIDES / "api.md").read_text("utf-8")
    for own in (tui.SessionManager, tui.SessionRun):
        public = {name for name in dir(own) if not name.startswith("_")}
        told = set(re.findall(r"^(?:### (\w+)|`(\w+)` \(property\))", page, re.M))
        assert public - {one for pair in told for one in pair} == set()
    assert all(f"`{one}`" in page for one in vars(tui.SessionManager("x")) if one[0] != "_")


def test_every_name_in_a_public_signature_is_on_the_page_and_can_be_imported() -> None:
    page = (GUIDES / "api.md").read_text("utf-8")
    shown = re.findall(r"^## (\w+)$", page, re.M)
    assert set(shown) == {one for one in tui.__all__ if one[0] != "_"}
    homes = (builtins, typing, collections.abc, datetime, pathlib, enum, claude_agent_sdk)
    known = {*shown, *(name for home in homes for name in dir(home))}
    types = [
        word for code in _CODE.findall(page) for word in re.findall(r"[:>=(,|\[] ?([A-Z]\w+)", code)
    ]
    assert len(types) > 50
    assert {*types} - known == set()


def test_the_walk_presses_keys_that_exist() -> None:
    text = (GUIDES / "first-night-shift.md").read_text("utf-8")
    pressed = {one for one in spans(text) if len(one) == 1}
    assert pressed >= set("!areducF3iq")
    assert pressed <= {key for keys in KEYS.values() for key in keys} | ANSWERS


@texts
def test_every_picture_and_file_is_there(path: Path) -> None:
    text = path.read_text("utf-8")
    named = [path.parent / one for one in re.findall(r"\]\(([^)#:\s]+)\)", text)]
    named += [
        REPOSITORY / one
        for one in spans(text)
        if re.fullmatch(r"(?:tui|tests|screenshots)/[\w/.*-]+", one) and one != "tests/PATH"
    ]
    assert [one for one in named if not list(REPOSITORY.glob(relative(one)))] == []


def relative(path: Path) -> str:
    """Return a path in the repository, without a trailing `/`."""
    return str(path.relative_to(REPOSITORY)).rstrip("/")


def test_every_promise_names_tests_that_exist() -> None:
    named = [
        found
        for span in spans((GUIDES / "promises.md").read_text("utf-8"))
        if (found := re.fullmatch(r"([\w/]+\.py)(?:::(\w+))?", span))
    ]
    assert len(named) > 20
    for one in named:
        tree = ast.parse((REPOSITORY / "tests" / one[1]).read_text("utf-8"))
        functions = {each.name for each in ast.walk(tree) if hasattr(each, "name")}
        assert not one[2] or one[2] in functions, one[0]


@pytest.mark.parametrize("way", ["a key, say `r`", "a token"])
def test_a_way_is_short_and_returns_to_no_room(way: str) -> None:
    text = (GUIDES / "code-map.md").read_text("utf-8")
    _, found, rest = text.partition(f"## The way of {way}\n")
    stations = re.findall(r"^\d+\. `([\w/]+\.py)`", rest.partition("\n## ")[0], re.M)
    rooms = [one.rpartition("/")[0] for one in stations]
    assert found
    assert 4 <= len(stations) <= 8
    assert len(set(rooms)) == len(rooms)


def test_the_test_command_is_the_one_that_is_run_before_a_change_is_kept() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    (pattern,) = re.findall(r"grep -m1 -oE '([^']+)' README.md", ci)
    assert re.findall(pattern, TEXT, re.M) == ["python3 -m uv run pytest"]
    assert suite.command()[1:] == ["-m", "pytest"]
