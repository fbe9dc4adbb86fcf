"""What is in the place of a state file and cannot be read is not empty, and not written over."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile.payloads import PAYLOADS, acts
from tests.support.listings.sample_listing import FIRST, SECOND
from tui.core.console.named_view import NamedView, Origin
from tui.core.console.saved_view import SavedView
from tui.core.errors import Refused
from tui.core.models.annotation import Annotation, Tag
from tui.core.models.session import Acknowledgement
from tui.core.sessions.catalog_changes import LastLooked
from tui.safe_io.folders import OURS
from tui.storage.state.acknowledgements import ACKS, forget_ack, read_acks, write_ack
from tui.storage.state.annotations import (
    ANNOTATIONS,
    change_annotation,
    forget_annotation,
    read_annotations,
)
from tui.storage.state.last_looked import read_looks, write_looks
from tui.storage.state.logbook import read_logbook
from tui.storage.state.named_views import (
    change_own_views,
    change_shared_views,
    read_own_views,
    read_shared_views,
)
from tui.storage.state.notified import claim
from tui.storage.state.saved_views import read_remembered, write_remembered
from tui.storage.state.seen_listings import forget, read_known, remember

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = NOW.isoformat()
ACK = Acknowledgement("anna", NOW, "FAILED||because")
TAGGED = Annotation(tags=(Tag(name="urgent", by="anna", at=NOW),))
OWN = NamedView(name="big", filter="size>10M")
SHARED = NamedView(name="big", filter="size>10M", by="anna", origin=Origin.SHARED)
LOOKS = LastLooked(NOW, {("oak", FIRST): NOW})

Act = Callable[[Path], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A file of ours: what reads it, and what reads and rewrites it."""

    read: Act
    writes: tuple[Act, ...]
    shared: str = ""
    wrong: tuple[str, ...] = ()  # JSON objects of a shape that we never write


KINDS = {
    "acks": Kind(
        read_acks,
        (lambda at: write_ack(at, SECOND, ACK), lambda at: forget_ack(at, SECOND)),
        ACKS,
    ),
    "annotations": Kind(
        read_annotations,
        (
            lambda at: change_annotation(at, SECOND, lambda _: TAGGED),
            lambda at: forget_annotation(at, SECOND),
        ),
        ANNOTATIONS,
    ),
    "shared views": Kind(
        read_shared_views,
        (lambda at: change_shared_views(at, lambda views: (*views, SHARED)),),
        "views.json",
        ('{"views": []}', '{"views": null}'),
    ),
    "own views": Kind(
        lambda at: read_own_views(at, at, "anna"),
        (lambda at: change_own_views(at, at, "anna", lambda views: (*views, OWN)),),
        wrong=('{"views": []}', '{"views": null}'),
    ),
    "saved view": Kind(
        lambda at: read_remembered(at, at, "anna"),
        (lambda at: write_after_read(at),),
    ),
    "looks": Kind(
        lambda at: read_looks(at, at, "anna", NOW),
        (lambda at: write_looks(at, at, "anna", LOOKS, LOOKS.at),),
        wrong=(
            '{"at": {}}',
            '{"since": "soon", "at": {}}',
            f'{{"since": "{AT}", "at": []}}',
            f'{{"since": "{AT}", "at": {{"a": 3}}}}',
        ),
    ),
    "seen listings": Kind(
        lambda at: read_known(at, at),
        (lambda at: remember(at, at, {"oak": 1}, NOW), lambda at: forget(at, at, "oak")),
        wrong=('{"root": "x"}', '{"listings": []}'),
    ),
}


def write_after_read(at: Path) -> None:
    """Write the saved view as the console does: only when the last one could be read."""
    read_remembered(at, at, "anna")
    write_remembered(at, at, "anna", SavedView(filter="later"))


def place_of(kind: Kind, at: Path) -> Path:
    """Return where the file is, after it was written once."""
    kind.writes[0](at)
    if kind.shared:
        return at / OURS / kind.shared
    (found,) = at.glob("*.json")
    return found


def refuses(kind: Kind, at: Path) -> None:
    for act in (kind.read, *kind.writes):
        with pytest.raises(OSError, match=r"damaged|a link, or not a file|not a small file"):
            act(at)


DAMAGED = {
    "empty": b"",
    "half": b'{"a": {"by": "an',
    "two": b'{"a": 1} {}',
    "list": b"[]",
    "null": b"null",
    "number": b"7",
    "deep": b'{"a": ' + b"[" * 100_000,
    "huge number": b'{"a": ' + b"9" * 10_000 + b"}",
    "NUL": b'{"a": 1}\x00',
    "other encoding": b"\xff\xfe{",
    "many values": b"[" + b"1," * 500_001 + b"1]",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_damaged_content_is_not_written_over(tmp_path: Path, kind: Kind, content: bytes) -> None:
    place = place_of(kind, tmp_path)
    place.write_bytes(content)
    refuses(kind, tmp_path)
    assert place.read_bytes() == content


@pytest.mark.parametrize(
    ("kind", "content"), [(kind, one) for kind in KINDS.values() for one in kind.wrong]
)
def test_another_shape_is_not_written_over(tmp_path: Path, kind: Kind, content: str) -> None:
    place = place_of(kind, tmp_path)
    place.write_text(content)
    refuses(kind, tmp_path)
    assert place.read_text() == content


def make_link(place: Path) -> None:
    other = place.with_name("other")
    place.rename(other)
    place.symlink_to(other)


def make_pipe(place: Path) -> None:
    place.unlink()
    os.mkfifo(place)


def make_folder(place: Path) -> None:
    place.unlink()
    place.mkdir()


def make_sparse(place: Path) -> None:
    """Make a file of 1 GB, which takes no room and would fill the memory."""
    os.truncate(place, 2**30)


@pytest.mark.parametrize("make", [make_link, make_pipe, make_folder, make_sparse])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_not_our_file_is_not_replaced(
    tmp_path: Path, kind: Kind, make: Callable[[Path], None]
) -> None:
    place = place_of(kind, tmp_path)
    make(place)
    before = place.lstat()
    refuses(kind, tmp_path)
    after = place.lstat()
    assert (after.st_ino, after.st_mode, after.st_size) == (
        before.st_ino,
        before.st_mode,
        before.st_size,
    )


@pytest.mark.parametrize("kind", [one for one in KINDS.values() if one.shared])
def test_what_is_behind_a_linked_folder_of_ours_is_not_taken_for_nothing(
    tmp_path: Path, kind: Kind
) -> None:
    listing, outside = tmp_path / "listing", tmp_path / "outside"
    listing.mkdir()
    place = place_of(kind, listing)
    (listing / OURS).rename(outside)
    (listing / OURS).symlink_to(outside)
    before = (outside / place.name).read_bytes()
    for act in (kind.read, *kind.writes):
        with pytest.raises(OSError, match=r"is a link|not a folder of ours"):
            act(listing)
    assert (outside / place.name).read_bytes() == before


def test_alerts_are_sent_again_when_what_was_sent_is_damaged(tmp_path: Path) -> None:
    """The other way round, whoever damages the file would silence them."""
    assert claim(tmp_path, ["a"], NOW) == {"a"}
    place = tmp_path / OURS / "notified.json"
    for content in DAMAGED.values():
        place.write_bytes(content)
        assert claim(tmp_path, ["a"], NOW) == {"a"}
        assert claim(tmp_path, ["a"], NOW) == frozenset()


TEXTS = st.one_of(
    st.sampled_from([*PAYLOADS.values(), "\ud800", "\x00", AT, "anna", "live", "cost", "soon", ""]),
    st.text(max_size=20),
)
KNOWN = (
    "by at mark until tags note text views filter listing sort columns is_reversed since "
    "listings root sessions selected marks drafts opened pane operator action detail"
)
NAMES = st.one_of(st.sampled_from([*KNOWN.split(), FIRST, SECOND, "big"]), TEXTS)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**400, -(2**63), float("nan"), float("inf"), 1e308]),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=5)),
    max_leaves=12,
)


OBJECTS = st.dictionaries(NAMES, VALUES, max_size=6)


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Return an object as JSON: with a name twice, cut, or with other bytes in it, or whole."""
    text = json.dumps(draw(OBJECTS), ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        text = f"{json.dumps(draw(OBJECTS))[:-1]}, {text[1:]}" if len(text) > 2 else text
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    change = draw(st.sampled_from(["none", "none", "none", "cut", "byte"]))
    at = draw(st.integers(0, len(data) - 1))
    if change == "cut":
        del data[at:]
    elif change == "byte":
        data[at] = draw(st.integers(0, 255))
    return bytes(data)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from texts(astuple(value))
    elif isinstance(value, dict):
        yield from texts(list(value.items()))
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from texts(one)


@pytest.mark.parametrize("name", KINDS)
@given(content=contents())
def test_any_content_is_read_bounded_or_refused_and_never_lost(name: str, content: bytes) -> None:
    """No other exception, nothing that acts on a terminal, and no name is lost by a write."""
    kind = KINDS[name]
    with TemporaryDirectory() as folder:
        at = Path(folder)
        place = place_of(kind, at)
        place.write_bytes(content)
        try:
            found = kind.read(at)
        except OSError:
            refuses(kind, at)
            assert place.read_bytes() == content
            return
        if name not in ("looks", "seen listings"):  # their names are only compared
            assert [one for one in texts(found) if acts(one.replace("\n", ""))] == []
        before = stored(place)
        try:
            kind.writes[0](at)
        except Refused:
            assert place.read_bytes() == content
            return
        kind.read(at)
        if name in ("acks", "annotations", "shared views", "own views"):
            assert before.items() - stored(place).items() <= {(SECOND, repr(before.get(SECOND)))}


def stored(place: Path) -> dict[str, str]:
    """Return what is stored by session, or by view."""
    facts = json.loads(place.read_bytes())
    one_each = facts.get("views", {}) if "views" in place.name else facts
    named = {str(key): repr(value) for key, value in one_each.items()}
    return {key: value for key, value in named.items() if key != SECOND}


@given(lines=st.lists(st.one_of(contents(), st.binary(max_size=40)), max_size=6))
def test_any_logbook_is_read_bounded_and_is_safe_to_show(lines: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        at = Path(folder)
        (at / OURS).mkdir()
        (at / OURS / "log.jsonl").write_bytes(b"\n".join(lines))
        for event in read_logbook(at):
            shown = (event.operator, event.action, event.listing, event.session_id, event.note)
            assert [one for one in shown if acts(one)] == []
            assert max(map(len, shown)) <= 400
