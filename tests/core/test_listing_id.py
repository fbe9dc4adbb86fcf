"""A listing's name comes from files that others write: none may leave the root."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.listing_id import is_listing_id


@given(st.text(alphabet=st.sampled_from("./\\\0~a-_\n\u2028é ") | st.characters(), max_size=30))
def test_no_name_leaves_its_folder(name: str) -> None:
    base = Path("/base")
    if is_listing_id(name):
        assert (base / name).parent == base


@pytest.mark.parametrize("name", ["hollis_park", "Müller & Söhne", "a b", "[red]"])
def test_a_listing_may_be_called_anything_plain(name: str) -> None:
    assert is_listing_id(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "/abs", "a\0b"])
def test_a_listing_is_one_plain_folder(name: str) -> None:
    assert not is_listing_id(name)
