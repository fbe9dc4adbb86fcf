"""What no terminal shows, or shows elsewhere, is an escape in a permission request."""

from __future__ import annotations

import pytest

from tui.core.text.visible_escapes import original, revealed


@pytest.mark.parametrize(
    "char",
    [
        *"\u200b\u00a0\u2800\u3164\ufffc\U00016fe4\U0001d159\u202e\x1b\0",
        *"\u05d0\u0627\u0660\U00010a50",  # a terminal may move what stands beside them
    ],
)
def test_it_is_escaped(char: str) -> None:
    shown = revealed(f"rm {char} 1")
    assert shown.isascii()
    assert original(shown) == f"rm {char} 1"


@pytest.mark.parametrize("text", ["für Zürich", "株式会社", "Łódź → ½ €"])
def test_what_is_seen_stays(text: str) -> None:
    assert revealed(text) == text
    assert revealed(text, is_ascii=True).isascii()
