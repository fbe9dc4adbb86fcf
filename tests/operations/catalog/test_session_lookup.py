"""Finding the session that an operator typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.core.errors import AmbiguousId, UnknownId
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.row import Row
from tui.core.models.session import Liveness, Session, State
from tui.operations.catalog.session_lookup import find_listing, find_session, is_address
from tui.operations.target import target_of


def session(listing: str, session_id: str, stored: str = "") -> Session:
    row = Row(stored or session_id, listing, "3", "", "", "active")
    return Session(
        session_id,
        listing,
        stage="3",
        status="active",
        liveness=Liveness.NONE,
        state=State.OK,
        row=row,
    )


CATALOG = Catalog(
    Path("/root"),
    datetime(2026, 11, 20, tzinfo=UTC),
    listings=(
        Listing("a", Path("/root/a"), sessions=(session("a", "9f2c11"), session("a", "9f2d22"))),
        Listing("b", Path("/root/b"), sessions=(session("b", "9f2c11"), session("b", "77"))),
        Listing(
            "c", Path("/root/c"), sessions=(session("c", "771"), session("c", "e1", "e1\x1b[31m"))
        ),
        Listing("d", Path("/root/d"), sessions=(session("d", "e1"),)),
    ),
)


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("9f2d", "a/9f2d22"),
        ("a/9f2c", "a/9f2c11"),
        ("b/9f", "b/9f2c11"),
        ("77", "b/77"),
        ("771", "c/771"),
        ("d/e1", "d/e1"),
    ],
)
def test_a_session_is_found(words: str, address: str) -> None:
    assert find_session(CATALOG, words).address == address


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("9f2c", ("a/9f2c11", "b/9f2c11")),
        ("9f2c11", ("a/9f2c11", "b/9f2c11")),
        ("a/9f", ("a/9f2c11", "a/9f2d22")),
    ],
)
def test_several_are_named(words: str, candidates: tuple[str, ...]) -> None:
    with pytest.raises(AmbiguousId, match=candidates[1]) as raised:
        find_session(CATALOG, words)
    assert raised.value.candidates == candidates
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    "words",
    ["", "/", "a/", "../../x", "/etc/passwd", "..", "a/b/9f2c", "../a/9f2c", ".hid/9f", "9f2c\n",
     "\x1b[31m9f2c", "9f2c*", "zz", "x/9f2c11", "d/77", "-rf", "9f2c11 "],
)  # fmt: skip
def test_what_names_nothing_is_unknown(words: str) -> None:
    with pytest.raises(UnknownId) as raised:
        find_session(CATALOG, words)
    assert "\x1b" not in str(raised.value)


def test_a_row_whose_id_only_looks_like_another_cannot_be_acted_on() -> None:
    """Its cleaned id is shown; acting on that would act on another session."""
    (disguised,) = (one for one in CATALOG.sessions if one.address == "c/e1")
    with pytest.raises(UnknownId):
        target_of(disguised)


def test_a_disguised_row_does_not_hide_its_namesake() -> None:
    assert find_session(CATALOG, "e1").address == "d/e1"


def test_a_listing_is_found_by_its_whole_name() -> None:
    assert find_listing(CATALOG, "a").listing_id == "a"
    for words in ("", "A", "a ", "../a"):
        with pytest.raises(UnknownId):
            find_listing(CATALOG, words)


def test_a_session_of_a_listing_that_vanished_is_told_so() -> None:
    gone = Listing(
        "g", Path("/root/g"), problem="its folder vanished: 3 sessions", is_vanished=True
    )
    catalog = replace(CATALOG, listings=(*CATALOG.listings, gone))
    for words, told in (
        ("g/9f2c", ": g: its folder vanished: 3 sessions"),
        ("zz", "; it may have been in g, which vanished"),
        ("a/zz", "'a/zz' below /root"),
    ):
        with pytest.raises(UnknownId) as raised:
            find_session(catalog, words)
        assert str(raised.value).endswith(told)


@pytest.mark.parametrize(
    "word",
    [
        "a/9f2d22",
        "a/none such",
        "no such/9f2c0000",
        "no_such/9F2C",
        "no such/9f2c0000-1111-4222-8333-444455556666",
        "9f2c0000-1111-4222-8333-444455556666",
    ],
)
def test_what_must_mean_a_session_is_an_address(word: str) -> None:
    assert is_address(CATALOG, word)


@pytest.mark.parametrize(
    "word", ["and/or", "w/e", "24/7", "inputs/pumps/2026", "/9f2c0000", "9f2c", "call them", ""]
)
def test_what_may_be_text_is_no_address(word: str) -> None:
    assert not is_address(CATALOG, word)


def test_a_name_that_is_none_asks_for_those_that_have_it(tmp_path: Path) -> None:
    """`stats cranbury` knew none, where other verbs match a part of a name."""
    names = ("cranbury_dental", "cranbury_vets", "hollis_park", "cranbury_a", "cranbury_b")
    for name in names:
        (tmp_path / name).mkdir()
    catalog = Catalog(tmp_path, datetime.now(UTC), listings=(Listing("hollis_park", tmp_path),))
    asked = {
        "Cranbury": "; did you mean cranbury_a, cranbury_b, cranbury_dental, ... (4 in all)?",
        "holis_park": "; did you mean hollis_park?",
        "zz": "",
    }
    for typed, words in asked.items():
        with pytest.raises(UnknownId) as refused:
            find_listing(catalog, typed)
        assert str(refused.value) == f"no listing {typed!r} below {tmp_path}{words}"
