"""Commands to a session's home, and the messages that its agent is writing."""

from __future__ import annotations

import pytest

from tui.fleet.residence import hand_over, residence
from tui.fleet.store import commands, erasures, live, sessions
from tui.fleet.store.commands import CommandState
from tui.fleet.store.connection import AlreadyThere, NotHome, Store
from tui.fleet.store.sessions import Key, Residence

KEY: Key = ("hollis_park", "9f2c")


@pytest.fixture(autouse=True)
def session(store: Store) -> None:
    with store.transaction() as tx:
        sessions.add(tx, KEY, "a")


def post(store: Store, kind: str = "send", payload: str = "{}", request_id: str = "") -> str:
    with store.transaction() as tx:
        return commands.post(tx, KEY, kind, payload, "ann", request_id=request_id)


def take(store: Store, host: str) -> list[tuple[str, str]]:
    with store.transaction() as tx:
        return [(one.nonce, one.kind) for one in commands.take(tx, host)]


def state(store: Store, command_id: str) -> CommandState | None:
    with store.transaction() as tx:
        return commands.state(tx, command_id)


def test_the_home_takes_each_command_once_and_in_order(store: Store) -> None:
    ids = [post(store, kind) for kind in ("send", "interrupt", "stop")]
    assert take(store, "b") == []
    assert take(store, "a") == list(zip(ids, ("send", "interrupt", "stop"), strict=True))
    assert take(store, "a") == []
    assert state(store, ids[0]) == CommandState(is_taken=True, outcome=None)
    with store.transaction() as tx:
        commands.finish(tx, ids[0], '{"words": "sent"}')
    assert state(store, ids[0]) == CommandState(is_taken=True, outcome='{"words": "sent"}')


def test_a_command_follows_its_session_to_another_home(store: Store) -> None:
    command_id = post(store)
    home = hand_over(store, KEY, Residence(host="a", fence=1), "b")
    assert take(store, "a") == []
    assert take(store, "b") == []  # its files are still coming
    with store.transaction() as tx:
        sessions.note_arrival(tx, KEY, home)
    assert take(store, "b") == [(command_id, "send")]


def test_of_two_answers_to_a_request_one_wins(dsn: str, store: Store) -> None:
    """Also when both are open at the same time."""
    with Store(dsn) as other:
        with store.transaction() as tx:
            first = commands.post(tx, KEY, "answer", '{"allow": true}', "ann", request_id="r1")
        with pytest.raises(AlreadyThere):
            post(other, "answer", '{"allow": false}', request_id="r1")
        second = post(other, "answer", '{"allow": false}', request_id="r2")
    assert take(store, "a") == [(first, "answer"), (second, "answer")]


@pytest.mark.parametrize("is_given_up", [False, True])
def test_an_answer_that_was_refused_leaves_its_request_to_others(
    store: Store, *, is_given_up: bool
) -> None:
    first = post(store, "answer", request_id="r1")
    take(store, "a")
    with store.transaction() as tx:
        if is_given_up:
            assert commands.give_up(tx, "a", "{}") == 1
        else:
            commands.finish(tx, first, "{}", is_done=False)
    second = post(store, "answer", request_id="r1")
    with store.transaction() as tx:
        commands.finish(tx, second, "{}")
    with pytest.raises(AlreadyThere):
        post(store, "answer", request_id="r1")


def test_what_no_home_took_in_time_is_left_and_its_request_is_free(store: Store) -> None:
    late = post(store, "answer", request_id="r1")
    with store.transaction() as tx:
        tx.run("UPDATE command SET at = at - interval '61 s'")
    fresh = post(store, "stop")
    assert take(store, "a") == [(fresh, "stop")]
    with pytest.raises(AlreadyThere):
        post(store, "answer", request_id="r1")
    with store.transaction() as tx:
        assert commands.late(tx, "b") == ()
        (one,) = commands.late(tx, "a")
        assert one.nonce == late
        assert one.age_s > 61
        assert commands.lapse_of_silent(tx, '{"words": "silent"}') == 0
        assert commands.lapse(tx, late, '{"words": "late"}')
        assert not commands.lapse(tx, late, '{"words": "late"}')
        assert not commands.withdraw(tx, late)
    assert state(store, late) == CommandState(is_taken=True, outcome='{"words": "late"}')
    again = post(store, "answer", request_id="r1")
    assert take(store, "a") == [(again, "answer")]


def test_what_a_host_still_has_before_it_is_not_given_up(store: Store) -> None:
    waiting, lost = post(store), post(store)
    take(store, "a")
    with store.transaction() as tx:
        assert commands.give_up(tx, "a", "{}", but=[waiting]) == 1
    assert state(store, waiting) == CommandState(is_taken=True, outcome=None)
    assert state(store, lost) == CommandState(is_taken=True, outcome="{}")


def test_a_command_that_nobody_took_can_be_withdrawn(store: Store) -> None:
    first, second = post(store), post(store)
    with store.transaction() as tx:
        assert commands.withdraw(tx, first)
    assert take(store, "a") == [(second, "send")]
    with store.transaction() as tx:
        assert not commands.withdraw(tx, second)
    assert state(store, first) is None


def test_a_purge_erases_what_was_sent_and_written(store: Store) -> None:
    post(store, payload='{"prompt": "precious"}')
    with store.transaction() as tx:
        live.write(tx, "a", {KEY: b"precious"})
        erasures.bury(tx, KEY)
        assert tx.run("SELECT FROM command").fetchall() == tx.run("SELECT FROM live").fetchall()
        assert live.read(tx, {KEY: -1}) == ((), frozenset({KEY}))
    with pytest.raises(NotHome, match="no session of that id"):
        post(store)


def seen(store: Store, last: int = -1) -> tuple[int, bytes] | None:
    """Return what is new of the message that is being written, with its number."""
    with store.transaction() as tx:
        news, _ = live.read(tx, {KEY: last})
    return (news[0].seq, news[0].body) if news else None


def test_the_message_being_written_is_the_latest_and_any_bytes(store: Store) -> None:
    others = {("hollis_park", f"session-{number}"): b"x" for number in range(50)}
    with store.transaction() as tx:
        for key in others:
            sessions.add(tx, key, "a")
        live.write(tx, "a", {KEY: b"\0\xff\xed\xa0\x80", **others})
        live.write(tx, "a", {KEY: b"x" * (live.MOST_BODY + 1)})
        live.write(tx, "a", {})
    there = seen(store)
    assert there is not None
    assert there[1] == b"\0\xff\xed\xa0\x80"
    assert seen(store, there[0]) is None
    assert seen(store, there[0] + 1) == there
    with store.transaction() as tx:
        assert live.read(tx, {}) == ((), frozenset())
        live.drop(tx, "a", KEY)
        assert live.read(tx, {KEY: -1}) == ((), frozenset({KEY}))


def test_what_is_written_later_is_seen_whatever_the_clock_says(store: Store) -> None:
    """The clock of the database was set back, or that of a host is far ahead."""
    with store.transaction() as tx:
        live.write(tx, "a", {KEY: b"first"})
        tx.run("UPDATE live SET seq = seq + 3600000000")
    first = seen(store)
    assert first is not None
    with store.transaction() as tx:
        live.write(tx, "a", {KEY: b"second"})
    second = seen(store, first[0])
    assert second == (first[0] + 1, b"second")
    with store.transaction() as tx:
        live.drop(tx, "a", KEY)
        live.write(tx, "a", {KEY: b"another message"})
    third = seen(store, second[0])
    assert third is not None
    assert third[1] == b"another message"


def test_who_lost_a_session_writes_and_drops_no_message_of_it(store: Store) -> None:
    with store.transaction() as tx:
        live.write(tx, "a", {KEY: b"of a"})
    home = residence(store, KEY)
    assert home is not None
    hand_over(store, KEY, home, "b")
    assert seen(store) is None
    with store.transaction() as tx:
        live.write(tx, "a", {KEY: b"of a zombie"})
    assert seen(store) is None
    with store.transaction() as tx:
        live.write(tx, "b", {KEY: b"of b"})
        live.drop(tx, "a", KEY)
    there = seen(store)
    assert there is not None
    assert there[1] == b"of b"
