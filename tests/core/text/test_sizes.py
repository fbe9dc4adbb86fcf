"""Sizes as an operator types them."""

from __future__ import annotations

import pytest

from tui.core.errors import UsageError
from tui.core.text.sizes import parse_size


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("512b", 512),
        ("5GB", 5_000_000_000),
        ("5 gb", 5_000_000_000),
        ("1.5MB", 1_500_000),
        ("2GiB", 2 * 1024**3),
        ("2G", 2 * 1024**3),
        ("3k", 3072),
        (" 1TiB ", 1024**4),
    ],
)
def test_a_size_is_read(words: str, size: int) -> None:
    assert parse_size(words) == size


@pytest.mark.parametrize("words", ["", "GB", "-1", "5XB", "1e9", "5iB", "\u0665GB", "1\x1b[31mGB"])
def test_what_is_no_size_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse_size(words)
