"""What is remembered comes back as it was; what anybody else wrote there does no harm."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tui.core.console.saved_view import Draft, SavedView
from tui.storage.state.saved_views import read_remembered, write_remembered

VIEW = SavedView(
    listing="hollis_park",
    filter="failed !live",
    sort="ends",
    columns=("id", "cost"),
    opened=frozenset({"401"}),
    pane=3,
    selected=("hollis_park", "9f2c"),
    row=7,
    marks=frozenset({("a", "b"), ("c", "d")}),
    reading=1234,
    drafts=(
        Draft("resume", "hollis_park", "9f2c", "Go on, näher"),
        Draft("new", "a", "3", "x"),
        Draft("send", "", "", "both", (("hollis_park", "9f2c"), ("oak", "1b"))),
    ),
)


def only_file(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def test_a_view_comes_back_for_its_operator_and_root_alone(tmp_path: Path) -> None:
    state, root = tmp_path / "state", tmp_path / "root"
    root.mkdir()
    (tmp_path / "link").symlink_to(root)
    write_remembered(state, tmp_path / "link", "anna", VIEW)
    assert read_remembered(state, root, "anna") == VIEW
    assert read_remembered(state, root, "bert") == SavedView()
    assert read_remembered(state, tmp_path, "anna") == SavedView()
    assert stat.S_IMODE(only_file(state).stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ('{"filter": "live", "else": [1]}', SavedView(filter="live")),
        ('{"filter": "a\\u001b[31mb\\nc", "sort": 7}', SavedView(filter="ab c")),
        ('{"pane": true, "row": -1, "reading": 1e9}', SavedView()),
        ('{"pane": 99999999999999999999}', SavedView()),
        ('{"selected": ["a"], "marks": [["a", 1], "ab", ["a", "b"]]}',
         SavedView(marks=frozenset({("a", "b")}))),
        ('{"opened": ["a", 7, ""]}', SavedView(opened=frozenset({"a"}))),
        ('{"drafts": [["r", "a", "b", "\\u001b]52;c;x\\u0007"], ["r", "a"], 3]}', SavedView()),
        ('{"drafts": [["r", "", "", "x", 3], ["s", "", "", "y", [["a", "b"], "c"]], [4, 4]]}',
         SavedView(drafts=(Draft("r", "", "", "x"), Draft("s", "", "", "y")))),
        ('{"drafts": [["r", "a", "b", "x\\ny"]]}',
         SavedView(drafts=(Draft("r", "a", "b", "x\ny"),))),
    ],
)  # fmt: skip
def test_what_is_odd_is_left_out(tmp_path: Path, found: str, expected: SavedView) -> None:
    write_remembered(tmp_path, tmp_path / "root", "anna", VIEW)
    only_file(tmp_path).write_text(found)
    assert read_remembered(tmp_path, tmp_path / "root", "anna") == expected


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable):
        for one in value:
            yield from _texts(one)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_no_text_of_it_acts_on_the_terminal(tmp_path: Path, payload: str) -> None:
    """The file is the operator's own, and may be written by whatever runs as them."""
    key, drafts = (payload, payload), (Draft(payload, payload, payload, payload),)
    marks, opened = frozenset({key}), frozenset({payload})
    view = SavedView(
        listing=payload, filter=payload, sort=payload, opened=opened, selected=key, marks=marks
    )
    write_remembered(tmp_path, tmp_path / "root", "anna", replace(view, drafts=drafts))
    found = read_remembered(tmp_path, tmp_path / "root", "anna")
    texts = [text for one in astuple(found) for text in _texts(one)]
    assert len(texts) == 12
    assert [text for text in texts if not is_cleaned(text)] == []


def test_two_consoles_of_one_operator_leave_one_of_their_views_whole(tmp_path: Path) -> None:
    """They have one file: the last to write it wins, and nobody ever reads a mixture."""
    views = [SavedView(filter=f"{name * 5000}", marks=frozenset()) for name in "ab"]
    seen = set[SavedView]()

    def write(view: SavedView) -> None:
        for _ in range(60):
            write_remembered(tmp_path, tmp_path / "root", "anna", view)
            seen.add(read_remembered(tmp_path, tmp_path / "root", "anna"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, views))
    assert seen <= {replace(one, filter=one.filter[:1000]) for one in views}
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_more_than_can_be_read_again_is_not_written(tmp_path: Path) -> None:
    """Fails if drafts of many escaped characters make a file that no console reads."""
    write_remembered(tmp_path, tmp_path / "root", "anna", VIEW)
    text = "\U0001f600" * 250_000
    view = SavedView(drafts=tuple(Draft("new", "a", str(one), text) for one in range(8)))
    with pytest.raises(OSError, match="too large to be read again"):
        write_remembered(tmp_path, tmp_path / "root", "anna", view)
    assert read_remembered(tmp_path, tmp_path / "root", "anna") == VIEW


def test_what_is_written_over_is_whole_or_as_it_was(tmp_path: Path) -> None:
    write_remembered(tmp_path, tmp_path / "root", "anna", VIEW)
    write_remembered(tmp_path, tmp_path / "root", "anna", SavedView(filter="later"))
    assert read_remembered(tmp_path, tmp_path / "root", "anna") == SavedView(filter="later")
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]
