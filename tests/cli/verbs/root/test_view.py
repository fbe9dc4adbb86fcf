"""Named views on the command line: view, and `ls --view`."""

from __future__ import annotations

import json

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli


@pytest.fixture
def two(listing: SampleListing) -> SampleListing:
    listing.add(SECOND, days=3)
    return listing


def ids(listing: SampleListing, *words: str) -> list[str]:
    done = run_cli(listing.root, "ls", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [one["session_id"] for one in json.loads(done.stdout)]


def test_a_saved_view_lists_what_it_was_saved_with(two: SampleListing) -> None:
    words = ("--filter", f"id:{FIRST[:4]} or id:{SECOND[:4]}", "--sort", "ends:desc")
    assert run_cli(two.root, "view", "save", "both", *words).stdout == "view both saved\n"
    assert ids(two, "--view", "both") == list(reversed(ids(two)))
    assert ids(two, "--view", "both", "--filter", f"id:{SECOND}") == [SECOND]
    assert ids(two, "--view", "both", "--sort", "ends") == ids(two)
    (shown,) = json.loads(run_cli(two.root, "view", "both", "--json").stdout)
    assert (shown["filter"], shown["sort"], shown["is_descending"]) == (words[1], "ends", True)
    assert run_cli(two.root, "view", "delete", "both").stdout == "view both deleted\n"
    assert run_cli(two.root, "ls", "--view", "both").returncode == 2


def test_the_list_says_where_each_view_comes_from(two: SampleListing) -> None:
    run_cli(two.root, "--operator", "anna", "view", "save", "x", "--filter", "live", "--shared")
    shown = run_cli(two.root, "--operator", "ben", "view").stdout
    assert [line.split()[0] for line in shown.splitlines()] == [
        *("VIEW", "ends-today", "expensive", "needs-attention", "running", "x"),
    ]
    assert "shared by anna" in shown.splitlines()[-1]
    log = run_cli(two.root, "log").stdout
    assert "share-view" in log
    assert "anna" in log


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("view", "runing"), 2, "did you mean 'running'?"),
        (("view", "save"), 2, "needs a name"),
        (("view", "show", "x"), 2, "save or delete"),
        (("view", "save", "x", "--filter", "cost:5"), 2, "compared with < or >"),
        (("view", "save", "x", "--sort", "cots"), 2, "did you mean 'cost'?"),
        (("view", "delete", "running"), 4, "it stays"),
        (("ls", "--view", "x y"), 2, "no view is called 'x y'"),
        (("ls", "--sort", "cost:up"), 2, "is no direction"),
        (("--read-only", "view", "save", "x", "--shared"), 4, "read-only"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right(
    two: SampleListing, words: tuple[str, ...], code: int, says: str
) -> None:
    done = run_cli(two.root, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
