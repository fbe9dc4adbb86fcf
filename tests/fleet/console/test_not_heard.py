"""What the verbs say of other hosts: what is not heard, or not here, is not taken for absent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.console.elsewhere import OtherHost
from tests.support.listings.sample_listing import FIRST, SECOND, THIRD, SampleListing
from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.__main__ import say_verb
from tui.cli.parser import build_parser
from tui.cli.verbs.sessions.grep import grep
from tui.core.errors import Refused
from tui.core.models.catalog import Catalog
from tui.core.models.session import State
from tui.fleet.console.fleet import Fleet
from tui.fleet.store import files as stored_files
from tui.fleet.store import sessions
from tui.fleet.store.connection import Store
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.cause import cause_of
from tui.operations.context import Context, VerbOutput

SILENT = "the host a is silent"
AWAY = "the fleet's database is away"


@pytest.fixture
def context(dsn: str, store: Store, tmp_path: Path) -> Iterator[Context]:
    """The console of `b`, which has `THIRD`; `a` has `FIRST` and `SECOND` in another listing."""
    there = SampleListing(tmp_path / "there")
    there.add(FIRST)
    there.add(SECOND)
    OtherHost(store, there).tell()
    here = SampleListing(tmp_path / "here", "acme")
    here.add(THIRD)
    with Fleet(lambda: Store(dsn), "b", tmp_path / "mirrors", patience_s=60) as fleet:
        yield replace(here.context(), elsewhere=fleet)


def joined(context: Context) -> Catalog:
    return context.elsewhere.joined(CatalogScanner(context).look())


def silence(context: Context, store: Store, host: str = "a") -> None:
    """Have a host be silent for 3 h, and the console know of it."""
    with store.transaction() as tx:
        tx.run("UPDATE host SET beat_at = clock_timestamp() - interval '3 h' WHERE host = %s", host)
    wait(lambda: host in joined(context).silent)


def told(done: VerbOutput) -> str:
    return "\n".join(done.lines)


def parsed(context: Context, *words: str) -> Any:
    lines = say_verb(context, [*words, "--json"]).lines
    return json.loads(next(one for one in lines if one.startswith(("[", "{"))))


def test_check_tells_of_a_silent_host_and_exits_with_1(context: Context, store: Store) -> None:
    assert SILENT not in told(say_verb(context, ["check"]))
    silence(context, store)
    done = say_verb(context, ["check"])
    assert f"{SILENT} 3h" in told(done)
    assert done.code == 1
    (alert,) = [one for one in parsed(context, "check") if one["what"] == "host_silent"]
    assert (alert["level"], alert["host"]) == ("error", "a")


def test_what_counts_and_what_lists_names_a_silent_host_and_exits_with_1(
    context: Context, store: Store
) -> None:
    assert [say_verb(context, [one]).code for one in ("stats", "report", "ls")] == [0, 0, 0]
    silence(context, store)
    for one in ("stats", "report"):
        done = say_verb(context, [one])
        assert (SILENT in told(done), done.code) == (True, 1), one
    listed = say_verb(context, ["ls"])
    assert ("a: silent 3h" in told(listed), listed.code) == (True, 1)
    assert SILENT in parsed(context, "stats")["total"]["problem"]
    assert SILENT in parsed(context, "report")["unread"][0]
    whole = {one["listing"]: one["is_whole"] for one in parsed(context, "stats")["listings"]}
    assert whole == {"acme": True, "hollis_park": False}


def test_the_doctor_says_how_the_fleet_stands(context: Context, store: Store) -> None:
    assert "the fleet is heard, with 1 other host: a" in told(say_verb(context, ["doctor"]))
    silence(context, store)
    done = say_verb(context, ["doctor"])
    assert SILENT in told(done)
    assert done.code == 1


def test_a_host_is_told_that_the_fleet_has_more_than_its_root(
    context: Context, store: Store
) -> None:
    """And the others of it, in a word."""
    with store.transaction() as tx:
        sessions.add(tx, ("acme", THIRD), "b")
        stored_files.add_file(tx, ("acme", THIRD), b"x")
        tx.run("UPDATE file SET is_kept = true")
    wait(lambda: joined(context).kept and joined(context).hosts["a"])
    for one in ("doctor", "check", "report"):
        done = say_verb(context, [one])
        assert (
            f"the fleet has more of 1 session of this host than its root, such as {THIRD[:8]}"
            in (told(done))
        )
        assert done.code == (0 if one == "report" else 1)
        assert "not all that the host a has is shown: 2 kept back" in told(done)


def test_a_host_whose_own_member_is_silent_is_told_so(context: Context, store: Store) -> None:
    silence(context, store, "b")
    for one in ("doctor", "check"):
        assert "this host, b, does not report to the fleet" in told(say_verb(context, [one]))
    with store.transaction() as tx:
        sessions.beat(tx, "b", "/data/b", "1", max_runs=4, lease_s=600)
    wait(lambda: not joined(context).silent - {"a"})
    with store.transaction() as tx:
        tx.run("DELETE FROM host WHERE host = 'b'")
    wait(lambda: "b" in joined(context).silent)


def test_while_the_database_is_away_nothing_is_all_clear(
    cluster: Cluster, context: Context
) -> None:
    joined(context)
    cluster.stop()
    try:
        wait(lambda: joined(context).unheard)
        for line in ("check --json", "stats", "report", "doctor", "ls"):
            done = say_verb(context, line.split())
            assert AWAY in told(done), line
            assert done.code == 1, line
            if "check" in line:
                found = json.loads(done.lines[-1])
        counted = parsed(context, "stats")
    finally:
        cluster.start()
    assert [one["what"] for one in found if one["level"] == "error"] == ["fleet_unheard"]
    assert not any(one["is_whole"] for one in (*counted["listings"], counted["total"]))


def test_a_listing_of_other_hosts_alone_is_counted_alone_and_is_no_matter_of_this_doctor(
    context: Context,
) -> None:
    counted = parsed(context, "stats", "hollis_park")["listings"]
    assert [(one["listing"], one["sessions"]) for one in counted] == [("hollis_park", 2)]
    with pytest.raises(Refused, match="ask the doctor there"):
        say_verb(context, ["doctor", "hollis_park"])


def test_grep_searches_what_is_here_and_says_once_how_much_is_not(
    context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    assert grep(context, build_parser().read(["grep", "Let me"])) == 0
    said = capsys.readouterr()
    assert THIRD in said.out
    assert FIRST not in said.out
    assert said.err == "2 sessions of other hosts not searched, 2 on a: `grep` there\n"


def test_a_session_elsewhere_whose_files_never_came_is_shown_as_its_row_tells_of_it(
    context: Context, store: Store
) -> None:
    with store.transaction() as tx:
        tx.run("DELETE FROM file")
    done = say_verb(context, ["show", FIRST])
    assert done.code == 1
    assert "host          a" in done.lines
    assert any(one.startswith("stage ") for one in done.lines)
    assert "its host has not told of any file of it" in told(done)
    assert "mirrors" not in told(done)
    shown = parsed(context, "show", FIRST)
    assert "has not told of any file" in shown["not_here"]
    assert (shown["answers"], shown["branches"]) == (None, None)


def test_the_causes_of_a_session_elsewhere_do_not_come_from_the_copies_here(
    context: Context, store: Store
) -> None:
    """The folder of copies has no trash and no config dir, and was said to have vanished."""
    wait(lambda: FIRST in {one.session_id for one in joined(context).sessions})
    known = next(one for one in joined(context).sessions if one.session_id == FIRST)
    assert cause_of(known, context) == ""
    bare = replace(known, transcript=None)
    said = {
        "deleted": "deleted; `restore 9f2c0000` brings it back if the trash of a has it",
        "expired": "cleaned up; `restore 9f2c0000` brings it back if the trash of a has it",
    }
    for status, words in said.items():
        assert cause_of(replace(bare, status=status), context) == words
    ghost = replace(bare, state=State.GHOST)
    assert "`show 9f2c0000` on a says why" in cause_of(ghost, context)
