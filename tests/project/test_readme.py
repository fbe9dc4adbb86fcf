"""The README is true: what it takes from the code is as it is there, and what it names exists."""

from __future__ import annotations

import re

import pytest

from tests.make_readme import README, renewed
from tests.torture import suite
from tui.cli.verb_info import verb_infos
from tui.core.keymap import Keymap
from tui.ui.actions.keys import DEEDS

TEXT = README.read_text("utf-8")


def test_what_is_made_from_the_code_is_as_the_code_is() -> None:
    assert renewed(TEXT) == TEXT, "run `python -m tests.make_readme`"


@pytest.mark.parametrize("verb", [one.name for one in verb_infos()])
def test_every_verb_is_named(verb: str) -> None:
    (block,) = re.findall(r"```text\nls .*?```", TEXT, re.S)
    assert re.search(rf"(^|\s){verb}(\s|$)", block)


def test_every_key_of_the_bottom_line_is_named() -> None:
    table = TEXT.partition("## Keys")[2].partition("### ")[0]
    signs = [Keymap().sign(deed.name) for deed in DEEDS if deed.order]
    assert [sign for sign in signs if not re.search(rf"(`|, |\W){re.escape(sign)}\W", table)] == []


def test_every_picture_and_file_is_there() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)", TEXT) + re.findall(r"`(t(?:ui|ests)/[\w/.*]+)`", TEXT)
    assert named
    assert [one for one in named if not list(README.parent.glob(one.rstrip("/")))] == []


def test_the_test_command_is_the_one_that_is_run_before_a_change_is_kept() -> None:
    ci = (README.parent / ".ci" / "run").read_text("utf-8")
    (pattern,) = re.findall(r"grep -m1 -oE '([^']+)' README.md", ci)
    assert re.findall(pattern, TEXT, re.M) == ["python3 -m uv run pytest"]
    assert suite.command()[1:] == ["-m", "pytest"]
