"""Named views come back as they were; what anybody else wrote there does no harm."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tui.core.console.named_view import MOST_VIEWS, NamedView, Origin
from tui.core.errors import Refused
from tui.core.sessions.session_filter import MOST_CHARACTERS
from tui.storage.state.named_views import (
    change_own_views,
    change_shared_views,
    read_own_views,
    read_shared_views,
)

VIEW = NamedView(
    name="waiting-dach",
    listing="hollis_park",
    filter="waiting or dach",
    sort="cost",
    is_reversed=True,
    columns=("ends", "title"),
)


def planted(root: Path, views: object) -> tuple[NamedView, ...]:
    """Return what is read of shared views that somebody wrote."""
    folder = root / ".session_console"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "views.json").write_text(json.dumps({"views": views}))
    return read_shared_views(root)


def test_own_views_come_back_for_their_operator_and_root_alone(tmp_path: Path) -> None:
    state, root = tmp_path / "state", tmp_path / "root"
    change_own_views(state, root, "anna", lambda _: [VIEW])
    assert read_own_views(state, root, "anna") == (VIEW,)
    assert read_own_views(state, root, "ben") == ()
    assert read_own_views(state, tmp_path / "other", "anna") == ()
    (file,) = state.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_shared_views_come_back_with_who_shared_them(tmp_path: Path) -> None:
    tmp_path.joinpath("root").mkdir()
    shared = NamedView(name="x", filter="live", by="anna", origin=Origin.SHARED)
    change_shared_views(tmp_path / "root", lambda views: (*views, shared))
    assert read_shared_views(tmp_path / "root") == (shared,)
    change_shared_views(tmp_path / "root", lambda views: ())
    assert read_shared_views(tmp_path / "root") == ()


GOOD = {"listing": "", "filter": "live", "sort": "cost", "is_reversed": False, "columns": []}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("save", {}),
        ("Upper", {}),
        ("a b", {}),
        ("../x", {}),
        ("", {}),
        ("x" * 41, {}),
        ("x", {"filter": "cost>"}),
        ("x", {"filter": "y" * (MOST_CHARACTERS + 1)}),
        ("x", {"listing": "y" * 256}),
    ],
)
def test_what_is_no_view_of_ours_is_left_out(
    tmp_path: Path, name: str, change: dict[str, Any]
) -> None:
    found = planted(tmp_path, {name: GOOD | change, "good": GOOD})
    assert [one.name for one in found] == ["good"]


@pytest.mark.parametrize("views", [{"a": None}, {"a": [1]}, {"a": "live"}])
def test_another_shape_is_no_view_and_stays(tmp_path: Path, views: dict[str, object]) -> None:
    assert planted(tmp_path, views) == ()
    change_shared_views(tmp_path, lambda found: (*found, shared("new")))
    assert stored(tmp_path) == views | {"new": GOOD | {"by": "anna"}}
    with pytest.raises(Refused, match="an invalid view a is stored already"):
        change_shared_views(tmp_path, lambda found: (*found, shared("a")))


def test_what_a_later_version_added_to_a_view_stays(tmp_path: Path) -> None:
    later = GOOD | {"by": "ben", "colour": "red"}
    planted(tmp_path, {"later": later})
    change_shared_views(tmp_path, lambda found: (*found, shared("new")))
    assert stored(tmp_path)["later"] == later


@pytest.mark.parametrize("content", ["", "{", "[]", '{"views": []}', '{"views": null}'])
def test_a_damaged_file_is_not_empty_and_not_written_over(tmp_path: Path, content: str) -> None:
    planted(tmp_path, {})
    (tmp_path / ".session_console" / "views.json").write_text(content)
    with pytest.raises(OSError, match=r"views\.json is damaged"):
        read_shared_views(tmp_path)
    with pytest.raises(OSError, match=r"views\.json is damaged"):
        change_shared_views(tmp_path, lambda found: (*found, shared("new")))
    assert (tmp_path / ".session_console" / "views.json").read_text() == content


def test_a_file_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    many = [replace(shared(f"v{number}"), filter="\u00fc" * 499) for number in range(MOST_VIEWS)]
    change_shared_views(tmp_path, lambda _: many[:50])
    with pytest.raises(Refused, match="shared views are full"):
        change_shared_views(tmp_path, lambda _: many)
    assert len(read_shared_views(tmp_path)) == 50


def shared(name: str) -> NamedView:
    return NamedView(name=name, filter="live", sort="cost", by="anna", origin=Origin.SHARED)


def stored(root: Path) -> dict[str, Any]:
    found = json.loads((root / ".session_console" / "views.json").read_text())["views"]
    assert isinstance(found, dict)
    return found


def test_odd_values_are_taken_for_the_usual_ones(tmp_path: Path) -> None:
    odd = {"filter": 7, "sort": "no such", "is_reversed": 1, "columns": [1, "cost", "x"], "by": 9}
    (found,) = planted(tmp_path, {"odd": odd})
    shown = NamedView(name="odd", columns=("cost",), by="somebody", origin=Origin.SHARED)
    assert found == shown


def test_no_more_are_read_than_anybody_keeps(tmp_path: Path) -> None:
    many = {f"v{number}": GOOD for number in range(MOST_VIEWS + 5)}
    assert len(planted(tmp_path, many)) == MOST_VIEWS


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_what_others_wrote_is_cleaned(tmp_path: Path, payload: str) -> None:
    found = planted(tmp_path, {"x": GOOD | {"filter": payload, "listing": payload, "by": payload}})
    for one in found:
        assert all(is_cleaned(text) for text in (one.filter, one.listing, one.by))


def test_a_link_is_not_followed_and_a_large_file_not_read(tmp_path: Path) -> None:
    folder = tmp_path / ".session_console"
    folder.mkdir()
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"views": {"x": GOOD}}))
    (folder / "views.json").symlink_to(secret)
    with pytest.raises(OSError, match=r"views\.json is a link"):
        read_shared_views(tmp_path)
    (folder / "views.json").unlink()
    (folder / "views.json").write_text(" " * 300_000 + "{}")
    with pytest.raises(OSError, match="not a small file"):
        read_shared_views(tmp_path)
