"""Who asked what of which host is known for a month, and then forgotten with all that is over."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.fleet.test_residence import KEY, home, silence
from tests.support.postgres import Cluster
from tui.fleet import bus
from tui.fleet.residence import hand_over, take_over
from tui.fleet.store import commands, erasures, history, hosts, runs, sessions
from tui.fleet.store.connection import FleetForbidden, Store
from tui.fleet.store.grants import grants
from tui.fleet.store.runs import RunState
from tui.fleet.store.schema import MIGRATIONS
from tui.fleet.store.sessions import Key

FORGED: tuple[LiteralString, ...] = (
    "UPDATE command SET by_role = 'forger'",
    "UPDATE command SET by_whom = 'ben'",
    "UPDATE command SET from_host = 'c'",
    "UPDATE command SET kind = 'send'",
    "UPDATE command SET payload = '{ }'",
    "UPDATE command SET nonce = nonce || 'x'",
    "UPDATE command SET at = at - interval '1 h'",
    "UPDATE run SET by_role = 'forger'",
    "UPDATE run SET by_whom = 'ben'",
    "UPDATE run SET from_host = 'c'",
    "UPDATE run SET request = '{ }'",
    "UPDATE run SET nonce = nonce || 'x'",
    "UPDATE run SET created_at = created_at - interval '1 h'",
)
# Before these were looked up in one schema alone, a function of the forger's own was asked.
OWN: tuple[LiteralString, ...] = (
    "CREATE FUNCTION public.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql "
    "AS 'SELECT true'",
    "SET search_path = public, pg_catalog, session_console",
)


def acts(store: Store, session_id: str = "") -> list[tuple[str, ...]]:
    with store.transaction() as tx:
        return [
            (one.kind, one.by_whom, one.by_role, one.from_host, one.on_host, one.state)
            for one in history.acts(tx, session_id)
        ]


def age(store: Store) -> None:
    """Let all that is there be older than what is kept."""
    with store.transaction() as tx:
        for text in (
            "UPDATE command SET at = at - interval '31 days'",
            "UPDATE run SET created_at = created_at - interval '31 days', "
            "ended_at = ended_at - interval '31 days'",
            "UPDATE session SET gone_at = gone_at - interval '31 days'",
        ):
            tx.run(text)


def forget(store: Store) -> None:
    with store.transaction() as tx:
        assert not history.forget_some(tx)


def keys(store: Store) -> set[Key]:
    with store.transaction() as tx:
        return {(one[0], one[1]) for one in tx.run("SELECT listing, session_id FROM session")}


def test_it_is_known_who_asked_what_from_where_and_who_did_it(dsn: str, store: Store) -> None:
    home(store)
    with Store(dsn, host="b") as there, there.transaction() as tx:
        commands.post(tx, KEY, "stop", "{}", "ann")
        runs.enqueue(tx, KEY, "{}", "ben", want_host="a")
    with Store(dsn, host="a") as here, here.transaction() as tx:
        (taken,) = commands.take(tx, "a")
        commands.finish(tx, taken.nonce, "{}")
        claimed = runs.claim(tx, "a")
        assert claimed is not None
        runs.note_state(tx, claimed.nonce, "a", RunState.DONE)
    assert acts(store, KEY[1][:4]) == [
        ("stop", "ann", "postgres", "b", "a", ""),
        ("run", "ben", "postgres", "b", "a", "done"),
    ]
    assert acts(store, "%") == []


def test_a_take_over_is_known_too(dsn: str, store: Store) -> None:
    known = home(store)
    silence(store, "a")
    with Store(dsn, host="b") as there:
        take_over(there, KEY, known, "b", "ann")
    with store.transaction() as tx:
        (act,) = history.acts(tx)
    assert (act.kind, act.by_whom, act.from_host, act.on_host) == ("take-over", "ann", "b", "b")
    assert bus.decode_outcome(act.outcome).words == "taken over from a"


def test_what_is_over_for_a_month_is_forgotten_and_what_runs_is_not(store: Store) -> None:
    home(store)
    with store.transaction() as tx:
        commands.post(tx, KEY, "stop", "{}", "ann")
        runs.enqueue(tx, KEY, "{}", "ann", want_host="a")
    with store.transaction() as tx:
        claimed = runs.claim(tx, "a")
    assert claimed is not None
    forget(store)
    assert len(acts(store)) == 2
    age(store)
    forget(store)
    assert [one[0] for one in acts(store)] == ["run"]
    with store.transaction() as tx:
        runs.note_state(tx, claimed.nonce, "a", RunState.FAILED)
    forget(store)
    assert [one[0] for one in acts(store)] == ["run"]  # from its end on
    age(store)
    forget(store)
    assert acts(store) == []
    assert keys(store) == {KEY}


def test_the_key_of_what_was_purged_is_kept_for_whoever_may_come_back_with_it(
    store: Store,
) -> None:
    """A host that had it was away meanwhile; it would take its files for a new session."""
    stayed, moved = ("hollis_park", "stayed"), ("hollis_park", "moved")
    home(store, stayed)
    hand_over(store, moved, home(store, moved), "b")
    with store.transaction() as tx:
        erasures.bury(tx, stayed, moved)
        while erasures.erase_some(tx):
            pass
    forget(store)
    assert keys(store) == {stayed, moved}
    age(store)
    forget(store)
    assert keys(store) == {moved}
    with store.transaction() as tx:
        hosts.leave(tx, "a")
    forget(store)
    assert keys(store) == set()


def test_a_host_s_role_forgets_and_deletes_no_other_session(dsn: str, store: Store) -> None:
    home(store)
    with store.transaction() as tx:
        for text in grants("forgetter").splitlines():
            tx.run(text)
        erasures.bury(tx, KEY)
    age(store)
    with Store(dsn.replace("user=postgres", "user=forgetter")) as mine:
        with pytest.raises(FleetForbidden), mine.transaction() as tx:
            tx.run("DELETE FROM session")
        forget(mine)
    assert keys(store) == set()


def test_no_host_s_role_passes_for_another_or_changes_what_was_asked(
    dsn: str, store: Store
) -> None:
    home(store)
    with store.transaction() as tx:
        for text in (*grants("forger").splitlines(), "GRANT CREATE ON SCHEMA public TO forger"):
            tx.run(text)
        commands.post(tx, KEY, "stop", "{}", "ann")
        runs.enqueue(tx, KEY, "{}", "ann")
    with Store(dsn.replace("user=postgres", "user=forger"), host="b") as mine:
        with mine.transaction() as tx:
            tx.run(
                "INSERT INTO command (listing, session_id, kind, payload, by_whom, by_role) "
                "VALUES (%s, %s, 'send', '{}', 'ann', 'postgres')",
                *KEY,
            )
            tx.run(
                "INSERT INTO run (listing, session_id, request, by_whom, by_role) "
                "VALUES (%s, %s, '{}', 'ann', 'postgres')",
                *KEY,
            )
            for text in OWN:
                tx.run(text)
        before = acts(store)
        for text in FORGED:
            with pytest.raises(FleetForbidden, match="who asked what"), mine.transaction() as tx:
                tx.run(text)
        with mine.transaction() as tx:
            commands.take(tx, "a")
            assert runs.claim(tx, "a") is not None
    assert [one[:4] for one in acts(store)] == [one[:4] for one in before]
    assert [one[:3] for one in before] == [
        ("stop", "ann", "postgres"),
        ("run", "ann", "postgres"),
        ("send", "ann", "forger"),
        ("run", "ann", "forger"),
    ]


def test_the_first_tables_become_the_present_ones_with_what_they_have(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = cluster.create("grown")
    with Store(dsn) as store:
        with monkeypatch.context() as earlier:
            earlier.setattr("tui.fleet.store.connection.MIGRATIONS", MIGRATIONS[:1])
            assert store.migrate() == 1
        with store.transaction() as tx:
            tx.run(
                "INSERT INTO host (host, root, version) VALUES ('a', '/a', '1'), ('b', '/b', '1')"
            )
            tx.run(
                "INSERT INTO session (listing, session_id, home_host, came_from) "
                "VALUES ('x', 'moved', 'b', 'a'), ('x', 'stayed', 'b', NULL)"
            )
            tx.run(
                "INSERT INTO command (listing, session_id, kind, payload, by_whom) "
                "VALUES ('x', 'moved', 'stop', '{}', 'ann')"
            )
        assert store.migrate() == len(MIGRATIONS) - 1
        store.check()
        with store.transaction() as tx:
            assert sessions.lost(tx, "a").keys() == {("x", "moved")}
        assert acts(store) == [("stop", "ann", "", "", "", "")]


def test_numbers_that_were_given_out_twice_have_names_of_their_own_afterwards(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = cluster.create("doubled")
    with Store(dsn) as store:
        with monkeypatch.context() as earlier:
            earlier.setattr("tui.fleet.store.connection.MIGRATIONS", MIGRATIONS[:8])
            store.migrate()
        with store.transaction() as tx:
            tx.run("INSERT INTO host (host, root, version) VALUES ('a', '/a', '1')")
            tx.run("INSERT INTO session (listing, session_id, home_host) VALUES ('x', 'y', 'a')")
            for nonce in ("same", "same", "other"):
                tx.run(
                    "INSERT INTO command (listing, session_id, kind, payload, by_whom, nonce) "
                    "VALUES ('x', 'y', 'stop', '{}', 'ann', %s)",
                    nonce,
                )
        store.migrate()
        with store.transaction() as tx:
            names = [one[0] for one in tx.run("SELECT nonce FROM command ORDER BY command_id")]
    assert (names[0], names[2], len(set(names))) == ("same", "other", 3)
