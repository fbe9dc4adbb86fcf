"""Ids come from files and tables that others write: none may lead out of the base folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.claude.session_id import is_cli_id, is_session_id, require_session_id
from tui.core.errors import UnknownId


@pytest.mark.parametrize("name", ["9f2c", "9f2c0000-1111-4222-8333-444455556666", "a_b", "A" * 128])
def test_an_id_is_taken(name: str) -> None:
    assert require_session_id(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../../x", "/etc/passwd", "a/b", "a\\b", "a.jsonl", "a\0b", "abc\n", "\nabc",
     "\x1b[31m", "-rf", "_a", "a b", "é", "\u202eabc", "A" * 129, "%2e%2e", "~root", "*",
     "projects", "Sessions", "memory", "shell-snapshots"],
)  # fmt: skip
def test_a_hostile_id_is_refused_and_named_harmlessly(name: str) -> None:
    with pytest.raises(UnknownId) as raised:
        require_session_id(name)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("9f2c0000-1111-4222-8333-444455556666", True),
        ("9F2C0000-1111-4222-8333-444455556666", True),
        ("9f2c0000-1111-4222-8333-44445555666", False),
        ("9f2c00001111422283334444555566666666", False),
        ("session-abc123", False),
    ],
)
def test_an_id_of_the_clis_is_a_uuid(name: str, is_so: bool) -> None:
    assert is_cli_id(name) is is_so


@given(st.text(alphabet=st.sampled_from("./\\\0~a-_\n\u2028é ") | st.characters(), max_size=30))
def test_no_id_leaves_its_folder(name: str) -> None:
    base = Path("/base")
    if is_session_id(name):
        assert (base / name).parent == base
        assert name.isascii()
