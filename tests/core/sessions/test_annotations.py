"""Which tags and notes may be written, and what becomes of those there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.hostile.payloads import PAYLOADS, acts
from tui.core.errors import UsageError
from tui.core.models.annotation import NO_ANNOTATION
from tui.core.sessions.annotations import (
    LONGEST_NOTE,
    LONGEST_TAG,
    MOST_TAGS,
    note_text,
    tag_name,
    with_note,
    with_tags,
    without_tags,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("waiting-for-client", "waiting-for-client"),
        (" Urgent\n", "urgent"),
        ("ru\u0308ckruf", "r\u00fcckruf"),
        ("v1.2_b", "v1.2_b"),
        ("x" * LONGEST_TAG, "x" * LONGEST_TAG),
    ],
)
def test_a_tag_is_stored_in_lower_case(typed: str, name: str) -> None:
    assert tag_name(typed) == name


@pytest.mark.parametrize(
    "typed", ["", " ", "-x", "!x", "a b", "a:b", "a/b", "_x", "x" * (LONGEST_TAG + 1), "<4h"]
)
def test_what_a_filter_could_not_name_is_no_tag(typed: str) -> None:
    with pytest.raises(UsageError, match="is not a tag"):
        tag_name(typed)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_no_payload_is_a_tag_or_acts_in_a_note(payload: str) -> None:
    assert not acts(note_text(payload))
    with pytest.raises(UsageError, match="is not a tag") as error:
        tag_name(f"{payload} {payload}")
    assert not acts(str(error.value))


def test_a_tag_that_is_there_keeps_who_set_it() -> None:
    first = with_tags(NO_ANNOTATION, ["b"], by="anna", at=NOW)
    both = with_tags(first, ["b", "a"], by="bert", at=LATER)
    assert [(one.name, one.by) for one in both.tags] == [("a", "bert"), ("b", "anna")]
    assert without_tags(both, ["a", "c"]) == first


def test_a_session_has_only_so_many_tags() -> None:
    full = with_tags(NO_ANNOTATION, [f"t{one}" for one in range(MOST_TAGS)], by="anna", at=NOW)
    with pytest.raises(UsageError, match=f"{MOST_TAGS} tags at most"):
        with_tags(full, ["more"], by="anna", at=NOW)
    assert with_tags(full, ["t1"], by="anna", at=NOW) == full


def test_a_note_is_replaced_kept_or_cleared() -> None:
    noted = with_note(NO_ANNOTATION, "call them", by="anna", at=NOW)
    assert with_note(noted, "call them", by="bert", at=LATER) == noted
    assert with_note(noted, "called", by="bert", at=LATER).note != noted.note
    assert with_note(noted, "", by="bert", at=LATER) == NO_ANNOTATION
    with pytest.raises(UsageError, match=str(LONGEST_NOTE)):
        note_text("x" * (LONGEST_NOTE + 1))
