"""What the console knows of the verbs is read off their declarations."""

from __future__ import annotations

import pytest

from tui.__main__ import _VERBS
from tui.cli.verb_info import verb_infos

VERBS = {verb.name: verb for verb in verb_infos()}


def test_every_verb_is_there_with_its_summary() -> None:
    assert set(VERBS) == set(_VERBS)
    assert all(verb.summary for verb in VERBS.values())


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
