"""The command line on a host of a fleet, and on one that is in none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet.console.elsewhere import Obeying, OtherHost
from tests.support.listings.sample_listing import FIRST, SECOND, THIRD, SampleListing
from tests.support.postgres import Cluster
from tui.fleet.bus import Delete, Outcome
from tui.fleet.store.connection import Store

Verb = Callable[..., subprocess.CompletedProcess[str]]
WHAT_IS_IMPORTED = """
import sys
from tui.__main__ import main
code = main(sys.argv[1:])
names = sorted(one for one in sys.modules if one.split(".")[0] == "psycopg" or "tui.fleet." in one)
print(names, file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def other(store: Store, tmp_path: Path) -> OtherHost:
    listing = SampleListing(tmp_path / "there")
    listing.add(FIRST)
    listing.add(SECOND)
    host = OtherHost(store, listing)
    host.tell()
    return host


@pytest.fixture
def verb(dsn: str, tmp_path: Path) -> Verb:
    """Runs a verb on the host `b`, whose root has `THIRD`, with or without its fleet."""
    here = SampleListing(tmp_path / "here", "acme")
    here.add(THIRD)
    file, config = tmp_path / "dsn", tmp_path / "config.toml"
    file.write_text(f"{dsn}\n")
    file.chmod(0o600)
    table = f'[fleet]\ndsn_file = "{file}"\nhost = "b"\n'

    def run(*words: str, has_fleet: bool = True) -> subprocess.CompletedProcess[str]:
        config.write_text(f'root = "{here.root}"\n{table if has_fleet else ""}')
        environment = {"HOME": str(tmp_path / "home"), "SESSION_CONSOLE_CONFIG": str(config)}
        return subprocess.run(
            [sys.executable, "-c", WHAT_IS_IMPORTED, *words],
            env={**os.environ, **environment, "XDG_STATE_HOME": str(tmp_path / "state")},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_sessions_of_all_hosts_are_listed_with_their_hosts(verb: Verb, other: OtherHost) -> None:
    done = verb("ls", "--json")
    assert done.returncode == 0, done.stderr
    found = {one["session_id"]: one for one in json.loads(done.stdout)}
    assert {key: one.get("host") for key, one in found.items()} == {
        FIRST: "a",
        SECOND: "a",
        THIRD: None,
    }
    assert found[FIRST]["transcript"] is None
    assert "HOST" in verb("ls").stdout
    assert len(json.loads(verb("ls", "--json", "--filter", "host:a").stdout)) == 2


def test_a_session_elsewhere_is_read_and_no_copy_of_it_stays(
    verb: Verb, other: OtherHost, tmp_path: Path
) -> None:
    for words in (["tail", FIRST[:4]], ["export", FIRST], ["show", FIRST]):
        done = verb(*words)
        assert done.returncode == 0, done.stderr
        assert "Let me look." in done.stdout or words[0] == "show"
    assert "host          a" in done.stdout
    left = [one.name for one in (tmp_path / "state").rglob("*") if one.name.startswith("mirror-")]
    assert left == []


def test_an_act_on_a_session_elsewhere_is_done_at_its_home(
    dsn: str, verb: Verb, other: OtherHost
) -> None:
    done = Outcome(words="deleted 9f2d", is_done=True)
    with Obeying(dsn, lambda key, command: done) as home:
        said = verb("delete", SECOND, "--yes")
    assert said.returncode == 0, said.stderr
    assert "deleted 9f2d (on a)" in said.stdout + said.stderr
    assert [type(one[1]) for one in home.taken] == [Delete]


def test_without_the_database_the_own_root_is_listed_and_the_exit_code_says_so(
    cluster: Cluster, verb: Verb, other: OtherHost
) -> None:
    cluster.stop()
    try:
        done = verb("ls", "--json")
        unknown = verb("show", FIRST)
    finally:
        cluster.start()
    assert [one["session_id"] for one in json.loads(done.stdout)] == [THIRD]
    assert done.returncode == 1
    assert "the fleet's database is away" in done.stderr
    assert unknown.returncode != 0
    assert "not everything could be read" in unknown.stderr


def test_without_a_fleet_nothing_of_it_is_imported_and_nothing_is_said_of_it(
    verb: Verb, other: OtherHost, tmp_path: Path
) -> None:
    for words in (["ls", "--json"], ["show", THIRD, "--json"], ["doctor"], ["tail", THIRD]):
        done = verb(*words, has_fleet=False)
        assert done.stderr.splitlines()[-1] == "[]"
        assert '"host"' not in done.stdout
    assert not list((tmp_path / "state").rglob("mirror*"))
