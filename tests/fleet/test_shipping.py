"""Whatever a session's files hold, and whatever becomes of them, the stored bytes are theirs."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.fleet.fetching import Fetched, NotFetched, fetch
from tui.fleet.shipping import LocalFile, Shipper, session_files
from tui.fleet.store import connection, sessions
from tui.fleet.store import files as stored_files
from tui.fleet.store.connection import FleetAway, Store
from tui.fleet.store.sessions import Key, Residence

SESSION = "9f2c0000-1111-4222-8333-444455556666"
KEY: Key = ("hollis_park", SESSION)
MB = 1024 * 1024
ROOM = 200 * MB
CONTENTS = {
    "nothing": b"",
    "NUL": b'{"text": "a\0b"}\n',
    "a lone surrogate": b'{"text": "\\ud800"}\n\xed\xa0\x80\n',
    "no UTF-8": b"\xff\xfe\x00 \x80\n",
    "a torn tail": b'{"type": "user"}\n{"type": "assis',
    "a line of 30 MB": b'{"text": "' + b"x" * 30 * MB + b'"}\n',
    "what cannot be compressed": random.Random(3).randbytes(3 * MB),  # noqa: S311 (sample data)
}


@pytest.fixture
def home(store: Store) -> Residence:
    with store.transaction() as tx:
        sessions.add(tx, KEY, "a")
        found = sessions.residence(tx, KEY)
    assert found is not None
    return found


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    path = tmp_path / "project" / f"{SESSION}.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"".join(b'{"line": %d}\n' % number for number in range(20_000)))
    return path


def stored(store: Store, name: bytes = f"{SESSION}.jsonl".encode()) -> bytes:
    with store.transaction() as tx:
        (file,) = (one for one in stored_files.files(tx, KEY) if one.path == name)
        content = b""
        while bodies := stored_files.bodies(tx, file, len(content)):
            content += b"".join(bodies)
    return content


def epoch(store: Store) -> int:
    with store.transaction() as tx:
        return stored_files.files(tx, KEY)[0].epoch


@pytest.mark.parametrize("what", CONTENTS)
def test_every_byte_arrives_and_comes_back(
    store: Store, home: Residence, transcript: Path, tmp_path: Path, what: str
) -> None:
    transcript.write_bytes(CONTENTS[what])
    beside = transcript.with_suffix("") / "subagents" / "agent-\udcff.jsonl"  # not UTF-8 either
    beside.parent.mkdir(parents=True)
    beside.write_bytes(CONTENTS[what][::-1])
    (beside.parent / "link").symlink_to("/etc/passwd")
    os.mkfifo(beside.parent / "pipe")
    Shipper(store, KEY, home).ship(session_files(transcript))
    assert stored(store) == CONTENTS[what]
    fetched = fetch(store, KEY, tmp_path / "there", most_bytes=ROOM)
    assert fetched == Fetched(files=2, bytes=2 * len(CONTENTS[what]))
    there = tmp_path / "there" / transcript.name
    assert there.read_bytes() == CONTENTS[what]
    again = there.with_suffix("") / "subagents" / "agent-\udcff.jsonl"
    assert again.read_bytes() == CONTENTS[what][::-1]
    assert [path for path in (tmp_path / "there").rglob("*") if path.is_symlink()] == []


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"more": 1}\n')


def truncate(path: Path) -> None:
    os.truncate(path, 1000)


def take_a_line_out(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:700] + lines[701:]))


def take_a_line_out_and_append_more(path: Path) -> None:
    take_a_line_out(path)
    for _ in range(5):
        append(path)


def replace_by_another(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"another\n" * 100_000)
    other.rename(path)


def replace_by_the_same(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


def overwrite_the_end(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-20, os.SEEK_END)
        file.write(b"X")


CHANGES: dict[str, tuple[Callable[[Path], None], int]] = {
    "appended to": (append, 0),
    "replaced by the same": (replace_by_the_same, 0),
    "truncated": (truncate, 1),
    "a line taken out": (take_a_line_out, 1),
    "a line taken out, then appended to": (take_a_line_out_and_append_more, 1),
    "replaced by another": (replace_by_another, 1),
    "overwritten at its end": (overwrite_the_end, 1),
}


@pytest.mark.parametrize(
    ("what", "is_new"),
    [
        (what, is_new)
        for what in CHANGES
        for is_new in (False, True)
        if not (is_new and what == "truncated")
    ],
)
def test_a_file_that_was_written_anew_is_stored_as_it_is(
    store: Store, home: Residence, transcript: Path, what: str, is_new: bool
) -> None:
    """Also when this host's program was started again in between; followers see the epoch."""
    change, anew = CHANGES[what]
    shipper = Shipper(store, KEY, home)
    shipper.ship(session_files(transcript))
    change(transcript)
    shipper = Shipper(store, KEY, home) if is_new else shipper
    shipper.ship(session_files(transcript))
    assert stored(store) == transcript.read_bytes()
    assert epoch(store) == anew


def test_bytes_overwritten_in_their_place_are_noticed_by_a_whole_check(
    store: Store, home: Residence, transcript: Path
) -> None:
    shipper = Shipper(store, KEY, home)
    shipper.ship(session_files(transcript))
    shipper.ship(session_files(transcript))
    with transcript.open("r+b") as file:
        file.write(b"X")
    append(transcript)
    shipper.ship(session_files(transcript), is_whole=True)
    assert stored(store) == transcript.read_bytes()


def test_what_did_not_change_costs_nothing_and_small_appends_share_a_chunk(
    store: Store, home: Residence, transcript: Path
) -> None:
    shipper = Shipper(store, KEY, home)
    assert shipper.ship(session_files(transcript)) == transcript.stat().st_size
    for _ in range(50):
        append(transcript)
        assert shipper.ship(session_files(transcript)) == len(b'{"more": 1}\n')
    wait(lambda: shipper.ship(session_files(transcript)) == 0)
    with store.transaction() as tx:
        (file,) = stored_files.files(tx, KEY)
        assert len(stored_files.chunks(tx, file, 0)) <= 3
    assert stored(store) == transcript.read_bytes()


def test_a_file_that_is_swept_stays_stored(store: Store, home: Residence, transcript: Path) -> None:
    shipper, content = Shipper(store, KEY, home), transcript.read_bytes()
    shipper.ship(session_files(transcript))
    transcript.unlink()
    assert shipper.ship(session_files(transcript)) == 0
    assert stored(store) == content


def test_a_writer_in_the_middle_of_everything_is_stored_whole_in_the_end(
    store: Store, home: Residence, transcript: Path
) -> None:
    chance, is_over = random.Random(7), threading.Event()  # noqa: S311 (a test's dice)

    def write() -> None:
        for _ in range(150):
            chance.choice((append, append, append, take_a_line_out, truncate))(transcript)
            with transcript.open("ab") as file:
                file.write(chance.randbytes(chance.randint(0, 40_000)))
        is_over.set()

    writer = threading.Thread(target=write)
    writer.start()
    shipper = Shipper(store, KEY, home)
    while not is_over.is_set():
        shipper.ship(session_files(transcript))
    writer.join()
    shipper.ship(session_files(transcript))
    assert stored(store) == transcript.read_bytes()


@pytest.fixture
def doomed() -> Iterator[tuple[Cluster, str]]:
    """A server of this test's own, which it kills, and a database in it."""
    with Cluster() as cluster:
        dsn = cluster.dsn(is_tcp=True)
        with Store(dsn) as store:
            store.migrate()
            with store.transaction() as tx:
                sessions.beat(tx, "a", "/data/a", "1", max_runs=4, lease_s=15)
                sessions.add(tx, KEY, "a")
        yield cluster, dsn


def test_a_server_that_dies_and_comes_back_has_every_byte(
    doomed: tuple[Cluster, str], transcript: Path
) -> None:
    cluster, dsn = doomed
    with Store(dsn) as store:
        shipper = Shipper(store, KEY, Residence(host="a", fence=1))
        shipper.ship(session_files(transcript))
        append(transcript)
        cluster.stop(signal.SIGQUIT)
        for _ in range(2):
            with pytest.raises(FleetAway, match="is away"):
                shipper.ship(session_files(transcript))
            append(transcript)
        cluster.start()
        shipper.ship(session_files(transcript))
        assert stored(store) == transcript.read_bytes()


def test_a_server_that_hangs_is_away_too(
    doomed: tuple[Cluster, str], transcript: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for it is let go; once it goes on, nothing is stored twice."""
    cluster, dsn = doomed
    with Store(dsn) as store:
        shipper = Shipper(store, KEY, Residence(host="a", fence=1))
        shipper.ship(session_files(transcript))
        append(transcript)
        monkeypatch.setattr(connection, "ANSWER_S", 0.5)
        cluster.freeze()
        try:
            with pytest.raises(FleetAway, match="no answer"):
                shipper.ship(session_files(transcript))
        finally:
            cluster.thaw()
        monkeypatch.undo()
        shipper.ship(session_files(transcript))
        assert stored(store) == transcript.read_bytes()


HOSTILE = (
    b"../../etc/cron.d/x",
    b"/etc/passwd",
    b"other.jsonl",
    f"{SESSION}".encode(),
    f"{SESSION}/../../x".encode(),
    f"{SESSION}/./x".encode(),
    f"{SESSION}//x".encode(),
    f"{SESSION}/a\0b".encode(),
    f"{SESSION}/{'x' * 256}".encode(),
    f"{SESSION}/{'d/' * 40}x".encode(),
)


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_from_the_database_leads_nowhere(
    store: Store, home: Residence, tmp_path: Path, path: bytes
) -> None:
    with store.transaction() as tx:
        sessions.hold(tx, KEY, home)
        stored_files.append(tx, stored_files.add_file(tx, KEY, path), [b"evil"])
    with pytest.raises(NotFetched, match="not its own"):
        fetch(store, KEY, tmp_path / "there", most_bytes=ROOM)
    assert list(tmp_path.iterdir()) == []


def test_more_than_there_is_room_for_is_not_fetched(
    store: Store, home: Residence, transcript: Path, tmp_path: Path
) -> None:
    Shipper(store, KEY, home).ship(session_files(transcript))
    with pytest.raises(NotFetched, match="more than there is room for"):
        fetch(store, KEY, tmp_path / "there", most_bytes=1000)
    assert not (tmp_path / "there").exists()
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError):
        fetch(store, KEY, tmp_path / "there", most_bytes=ROOM)
    assert list((tmp_path / "there").iterdir()) == []


def test_a_file_is_only_shipped_through_no_link(
    store: Store, home: Residence, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    link = tmp_path / f"{SESSION}.jsonl"
    link.symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match=r"[Ll]evels of symbolic links|symlink"):
        Shipper(store, KEY, home).ship([LocalFile(link.name.encode(), link)])
    with store.transaction() as tx:
        assert stored_files.files(tx, KEY) == ()


@pytest.mark.parametrize("is_cut", [False, True])
def test_what_somebody_else_stored_is_not_written_over(
    store: Store, home: Residence, transcript: Path, *, is_cut: bool
) -> None:
    """A second join beside a member, or a failover that lost the last bytes."""
    first, second = Shipper(store, KEY, home), Shipper(store, KEY, home)
    for change in (append, append, truncate if is_cut else append, append):
        for one in (first, second):
            one.ship(session_files(transcript))
            change(transcript)
    first.ship(session_files(transcript))
    assert stored(store) == transcript.read_bytes()
    with store.transaction() as tx:
        (file,) = stored_files.files(tx, KEY)
        stored_files.cut(tx, file, 0)
        tx.run("UPDATE file SET epoch = %s", file.epoch)
    append(transcript)
    first.ship(session_files(transcript))
    assert stored(store) == transcript.read_bytes()


def test_two_that_ship_a_new_file_at_once_store_it_once(
    store: Store, home: Residence, transcript: Path
) -> None:
    first, second = Shipper(store, KEY, home), Shipper(store, KEY, home)
    other = LocalFile(f"{SESSION}/other".encode(), transcript)
    for one in (first, second):
        one.ship(session_files(transcript))
    first.ship([other])
    second.ship([other])
    assert stored(store, other.name) == transcript.read_bytes()
