"""Each pane fits itself to a new size exactly once."""

from __future__ import annotations

import inspect
import pkgutil
from collections import Counter
from importlib import import_module

import pytest
from textual.message_pump import MessagePump

import tui.ui
from tests.support.console.harness import console
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.page import PagePane
from tui.ui.widgets.pane import Pane
from tui.ui.widgets.table import Table

_CALLED = {"on_event"}  # by name, and not for each class that has one


@pytest.mark.parametrize("kind", [Table, LivePane, PagePane])
async def test_a_pane_is_fitted_once_to_a_new_size(
    kind: type[Pane], monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: Counter[str] = Counter()
    fit = kind.resized

    def counted(pane: Pane) -> None:
        fitted[str(pane.id)] += 1
        fit(pane)

    monkeypatch.setattr(kind, "resized", counted)
    async with console(size=(100, 24)) as at:
        await at.press(*("?" if kind is PagePane else ""))
        before = Counter(fitted)
        await at.resize(110, 30)
        await at.until(lambda: bool(fitted - before))
        await at.pause()
        assert set((fitted - before).values()) == {1}


def test_no_handler_calls_the_one_that_textual_calls_as_well() -> None:
    for module in pkgutil.walk_packages(tui.ui.__path__, "tui.ui."):
        for _, one in inspect.getmembers(import_module(module.name), inspect.isclass):
            if not issubclass(one, MessagePump) or not one.__module__.startswith("tui."):
                continue
            for name, method in vars(one).items():
                if name.startswith(("on_", "_on_")) and name not in _CALLED:
                    assert f"super().{name}(" not in inspect.getsource(method), f"{one}.{name}"
