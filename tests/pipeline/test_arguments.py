"""What starts an agent takes the same arguments, and says so to people and programs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui import SessionManager

WAYS = (SessionManager.query, SessionManager.session, SessionManager.run)


@pytest.mark.parametrize("way", WAYS, ids=[one.__name__ for one in WAYS])
def test_every_way_of_starting_an_agent_has_all_arguments_with_defaults(
    way: Callable[..., Any],
) -> None:
    known = inspect.signature(way).parameters
    assert list(known)[:2] == ["self", "prompt"]
    needed = [name for name, one in known.items() if one.default is inspect.Parameter.empty]
    assert needed == ["self", "prompt", "stage"]
    assert {"take_over", "retry_of", "on_event", "follow_ups", "metadata"} < known.keys()
    assert known == inspect.signature(SessionManager.query).parameters
    assert "Any" not in str(inspect.signature(way).return_annotation)
    assert way.__doc__


def test_a_wrong_argument_is_told_at_once(tmp_path: Path) -> None:
    manager = SessionManager(tmp_path / "hollis_park")
    short: dict[str, Any] = {"listing_id": "hollis_park"}
    wrong = short | {"stage": "stage_3", "takeover": True}
    for way in (manager.query, manager.session, manager.run):
        with pytest.raises(TypeError, match="takeover"):
            way("go", **wrong)
        with pytest.raises(TypeError, match="stage"):
            way("go", **short)
    assert not any(tmp_path.iterdir())
