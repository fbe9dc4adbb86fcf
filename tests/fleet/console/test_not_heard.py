"""What the verbs say while a host is silent, or none is heard: nothing is taken for absent."""

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
from tui.core.errors import Refused
from tui.core.models.catalog import Catalog
from tui.fleet.console.fleet import Fleet
from tui.fleet.store import sessions
from tui.fleet.store.connection import Store
from tui.operations.catalog.scanner import CatalogScanner
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
    with store.transaction() as tx:
        tx.run("UPDATE host SET lease = interval '1 h'")
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
