"""The screenshots are golden files: `python -m tests.make_screenshots` draws them again."""

from __future__ import annotations

import pytest

from tests.make_screenshots import FOLDER, SHOTS, shot


@pytest.mark.parametrize(("name", "size", "keys"), SHOTS, ids=[one[0] for one in SHOTS])
async def test_the_console_looks_as_in_its_screenshot(
    name: str, size: tuple[int, int], keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    golden = (FOLDER / f"{name}.svg").read_text("utf-8")
    assert await shot(name, size, keys) == golden, "run `python -m tests.make_screenshots` and look"
