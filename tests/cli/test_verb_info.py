"""The console's facts about verbs come from their declarations."""

from __future__ import annotations

import pytest

from tui.cli.declarations.table import BY_NAME
from tui.cli.verb_info import verb_infos
from tui.core.console.key_table import KEY_ACTIONS

KEYS = {key.name: key for key in KEY_ACTIONS}
VERBS = {verb.name: verb for verb in verb_infos()}


def test_every_verb_is_there_with_its_summary() -> None:
    assert {name: verb.summary for name, verb in VERBS.items()} == {
        name: verb.summary for name, verb in BY_NAME.items()
    }


@pytest.mark.parametrize(
    ("name", "takes", "needs"),
    [
        ("show", "id", 1),
        ("extend", "ids", 2),
        ("delete", "ids", 1),
        ("adopt", "ids", 1),
        ("rename", "id", 2),
        ("log", "id", 0),
        ("stats", "listing", 0),
        ("info", "", 0),
    ],
)
def test_what_a_verb_takes(name: str, takes: str, needs: int) -> None:
    assert (VERBS[name].takes, VERBS[name].needs) == (takes, needs)


def test_options_with_a_value_are_told_from_those_without() -> None:
    cleanup = VERBS["cleanup"]
    assert "--older-than" in cleanup.valued
    assert "--dry-run" not in cleanup.valued
    assert {"--older-than", "--dry-run"} <= set(cleanup.flags)
    assert "--root" not in cleanup.flags


@pytest.mark.parametrize(
    ("name", "target", "acts"),
    [
        ("stop", "marked", True),
        ("answer", "one", True),
        ("delete", "marked", True),
        ("show", "marked", False),
        ("trash", "none", False),
        ("hold", "none", True),
        ("doctor", "none", False),
    ],
)
def test_what_a_verb_is_run_on_and_whether_it_acts(name: str, target: str, acts: bool) -> None:
    assert (VERBS[name].target, VERBS[name].acts) == (target, acts)


@pytest.mark.parametrize("name", sorted(VERBS.keys() & KEYS.keys()))
def test_a_verb_and_its_key_are_disabled_for_the_same_reason(name: str) -> None:
    assert VERBS[name].why_not is KEYS[name].why_not
