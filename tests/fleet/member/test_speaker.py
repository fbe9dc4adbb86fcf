"""One root has the name of a host, and one member speaks for it, whatever was copied where."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fleet.test_joining import context_of
from tests.support.fleet_host import FleetHost
from tests.support.listings.sample_listing import SampleListing, of_three, snapshot
from tests.support.processes.runs_site import wait
from tui.core.errors import ConsoleError, Refused
from tui.fleet import speaker
from tui.fleet.joining import join, leave
from tui.fleet.marks import MARKS, read_marks
from tui.fleet.speaker import Speaker
from tui.fleet.store.connection import Store
from tui.operations.context import Context
from tui.safe_io.folders import OURS


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a report not grow old, however slow the machine is."""
    monkeypatch.setattr(speaker, "beat_s", lambda _: 1200.0)


@pytest.fixture
def context(dsn: str, tmp_path: Path) -> Context:
    """The host `c`, which has joined."""
    made = context_of(of_three(tmp_path / "outputs"), dsn, "c")
    join(made, lambda _: None)
    return made


def member_of(context: Context, store: Store) -> Speaker:
    one = Speaker(context, store)
    assert one.become_member()
    one.report()
    return one


def copied(context: Context, dsn: str, name: str = "copy") -> Context:
    """Copy a root with all that is in it, and the settings of its host."""
    root = context.root.parent / name / "outputs"
    shutil.copytree(context.root, root, symlinks=True)
    return context_of(SampleListing(root), dsn, "c")


def silence(store: Store) -> None:
    with store.transaction() as tx:
        tx.run("UPDATE host SET beat_at = clock_timestamp() - interval '2 hours'")


def test_a_root_of_another_machine_at_the_same_place_is_told_apart(
    dsn: str, store: Store, context: Context
) -> None:
    """Two machines were set up from one recipe: same name, same path."""
    context.root.rename(context.root.with_name("first"))
    of_three(context.root)
    other = Speaker(context, store)
    for _ in range(2):
        with pytest.raises(Refused, match="another root has the name c"):
            join(context, lambda _: None)
        with pytest.raises(Refused, match="another root has the name c"):
            other.become_member()
        silence(store)
    assert join(context, lambda _: None, replaces=True).sessions == 3
    assert other.become_member()


def test_what_is_there_is_not_replaced(dsn: str, store: Store, context: Context) -> None:
    other = copied(context, dsn)
    member_of(context, store)
    with pytest.raises(Refused, match="and is there: give this one another name"):
        join(other, lambda _: None, replaces=True)


def test_of_a_root_and_its_copy_one_has_the_name(dsn: str, store: Store, context: Context) -> None:
    """Whichever speaks for the host first, as a disk does that was put into another machine."""
    first, second = copied(context, dsn, "first"), copied(context, dsn, "second")
    member_of(first, store).end(store)
    silence(store)
    for one in (context, second):
        with pytest.raises(Refused, match="or this one was restored from a copy") as caught:
            Speaker(one, store).become_member()
        assert caught.value.remedy == "fleet join --replace"


def test_a_copy_does_not_join_beside_the_member_of_what_it_was_copied_from(
    dsn: str, store: Store, context: Context
) -> None:
    one = member_of(context, store)
    other = copied(context, dsn)
    with pytest.raises(Refused, match="does not run on this root"):
        join(other, lambda _: None)
    join(context, lambda _: None)
    one.report()


def test_a_second_member_of_a_root_is_refused_at_once(store: Store, context: Context) -> None:
    one = member_of(context, store)
    with pytest.raises(Refused, match="another member speaks for c"):
        Speaker(context, store).become_member()
    one.report()


def test_a_second_member_elsewhere_is_refused_once_the_first_reports(
    dsn: str, store: Store, context: Context
) -> None:
    one = member_of(context, store)
    other = Speaker(copied(context, dsn), store)
    for _ in range(2):
        assert not other.become_member()
    one.report()
    with pytest.raises(Refused, match="another member speaks for c"):
        other.become_member()
    one.report()


def test_a_member_that_was_killed_is_followed_once_it_is_not_heard_of(
    dsn: str, store: Store, context: Context
) -> None:
    killed = member_of(context, store)
    other = Speaker(copied(context, dsn), store)
    assert not other.become_member()
    silence(store)
    assert other.become_member()
    other.report()
    with pytest.raises(Refused, match="another member speaks for c"):
        killed.report()


def test_a_database_from_before_knows_the_root_again(
    dsn: str, store: Store, context: Context
) -> None:
    """It was restored, or failed over: it has an earlier mark of this root, or none as yet."""
    (early,) = read_marks(context.root)
    member_of(context, store).end(store)
    for mark in (early, ""):
        with store.transaction() as tx:
            tx.run("UPDATE host SET mark = %s WHERE host = 'c'", mark)
        join(context, lambda _: None)


def test_a_mark_that_cannot_be_read_is_not_absent(store: Store, context: Context) -> None:
    (context.root / OURS / MARKS).write_text('{"marks": 7}')
    for act in (lambda: join(context, lambda _: None), Speaker(context, store).become_member):
        with pytest.raises(ConsoleError, match=r"fleet\.json of this root cannot be used"):
            act()


@pytest.mark.parametrize("is_left", [False, True])
def test_no_other_root_takes_a_host_out_of_the_fleet(
    dsn: str, store: Store, context: Context, tmp_path: Path, is_left: bool
) -> None:
    """Its copies in the database may be the only ones: a root set up alike erased them."""
    other, early = context_of(of_three(tmp_path / "other"), dsn, "c"), copied(context, dsn)
    member_of(context, store).end(store)
    if is_left:
        with store.transaction() as tx:
            tx.run("UPDATE host SET left_at = now() WHERE host = 'c'")
    silence(store)
    for one in (other, early):
        with pytest.raises(Refused, match="another root has the name c") as caught:
            leave(one)
        assert caught.value.remedy == "fleet join --replace"
    assert has_files(store)
    assert "has left the fleet" in leave(context)
    assert not has_files(store)


def test_a_copy_does_not_leave_while_the_member_of_what_it_was_copied_from_is_there(
    dsn: str, store: Store, context: Context
) -> None:
    member_of(context, store)
    with pytest.raises(Refused, match="does not run on this root"):
        leave(copied(context, dsn))
    assert has_files(store)


def has_files(store: Store) -> bool:
    with store.transaction() as tx:
        return tx.run("SELECT FROM file").rowcount > 0


def test_a_host_that_left_may_join_from_another_root(
    dsn: str, store: Store, context: Context, tmp_path: Path
) -> None:
    leave(context)
    other = context_of(of_three(tmp_path / "other"), dsn, "c")
    assert join(other, lambda _: None).sessions == 3
    with pytest.raises(Refused, match="another root"):
        join(context, lambda _: None)


def test_a_read_only_member_writes_nothing(dsn: str, store: Store, context: Context) -> None:
    before = snapshot(context.root)
    reading = SampleListing(context.root).context(fleet=context.settings.fleet, read_only=True)
    member_of(reading, store)
    assert snapshot(context.root) == before


def test_two_members_of_one_host_are_one(dsn: str, store: Store, tmp_path: Path) -> None:
    listing = of_three(tmp_path / "outputs")
    with FleetHost("c", tmp_path / "c", listing.root, dsn) as host:
        wait(lambda: has_member(store))
        second = host.verb("member")
        assert second.returncode == 4
        assert "another member speaks for c" in second.stderr
        assert host.member is not None
        assert host.member.poll() is None
        assert host.end() == 0
        assert not has_member(store)
        host.start()
        wait(lambda: has_member(store))


def has_member(store: Store) -> bool:
    with store.transaction() as tx:
        return tx.run("SELECT FROM host WHERE host = 'c' AND has_member").rowcount == 1


def test_a_report_from_before_the_clock_was_set_back_is_of_nobody(
    dsn: str, store: Store, context: Context
) -> None:
    """Whoever made it reports again, if it is there."""
    member_of(context, store)
    other = copied(context, dsn)
    with store.transaction() as tx:
        tx.run("UPDATE host SET beat_at = clock_timestamp() + interval '1 hour'")
    assert Speaker(other, store).become_member()
