"""What a console copies of sessions elsewhere: the bytes of their homes, and never for long."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.fleet.console.fleet import Fleet
from tui.fleet.console.following import Following
from tui.fleet.console.mirror import Mirror, run_place, transcript_place
from tui.fleet.console.mirror_folder import MirrorFolder
from tui.fleet.fetching import NotFetched
from tui.fleet.shipping import Shipper, session_files
from tui.fleet.store import files as stored_files
from tui.fleet.store import live, sessions
from tui.fleet.store.connection import Store
from tui.fleet.store.sessions import Key, Residence
from tui.runs.folder.protocol import PARTIAL

HOME = Residence(host="a", fence=1)
MB = 1024 * 1024
LEAVES_ONE = """
import sys, time
from pathlib import Path
from tui.fleet.console.mirror_folder import MirrorFolder
folder = MirrorFolder(Path(sys.argv[1])).path
(folder / "precious").write_text("bytes")
print(folder, flush=True)
time.sleep(600)
"""


class Home:
    """A session on another host, whose files are shipped when it is told to."""

    def __init__(self, store: Store, folder: Path, session_id: str) -> None:
        self.key: Key = ("hollis_park", session_id)
        self.transcript = folder / f"{session_id}.jsonl"
        self.transcript.parent.mkdir(exist_ok=True)
        with store.transaction() as tx:
            sessions.add(tx, self.key, "a")
        self._shipper = Shipper(store, self.key, HOME)

    def write(self, content: bytes, name: str = "") -> None:
        path = self.transcript.with_suffix("") / name if name else self.transcript
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._shipper.ship(session_files(self.transcript), is_whole=True)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[MirrorFolder]:
    with MirrorFolder(tmp_path / "mirrors") as one:
        yield one


@pytest.fixture
def home(store: Store, tmp_path: Path) -> Home:
    return Home(store, tmp_path / "project", "9f2c")


def test_the_copy_has_the_bytes_of_the_home_and_belongs_to_its_owner_alone(
    store: Store, folder: MirrorFolder, home: Home
) -> None:
    mirror, content = Mirror(store, folder), b'{"a": "\xff\0"}\n' * MB
    home.write(content)
    home.write(b"[]\n", "subagents/agent-1.jsonl")
    assert mirror.bring(home.key)
    copy = transcript_place(folder.path, home.key)
    assert copy.read_bytes() == content
    assert (copy.with_suffix("") / "subagents/agent-1.jsonl").read_bytes() == b"[]\n"
    for path in folder.path.parent, folder.path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_what_is_appended_grows_the_copy_and_what_is_written_anew_is_another_file(
    store: Store, folder: MirrorFolder, home: Home
) -> None:
    mirror, copy = Mirror(store, folder), transcript_place(folder.path, home.key)
    home.write(b"one\n")
    mirror.bring(home.key)
    first = copy.stat().st_ino
    home.write(b"one\ntwo\n")
    mirror.bring(home.key)
    assert (copy.read_bytes(), copy.stat().st_ino) == (b"one\ntwo\n", first)
    home.write(b"one\nTWO\n")
    mirror.bring(home.key)
    assert copy.read_bytes() == b"one\nTWO\n"
    assert copy.stat().st_ino != first


def test_copies_that_were_not_looked_at_make_room(
    store: Store, folder: MirrorFolder, tmp_path: Path
) -> None:
    homes = [Home(store, tmp_path / "project", name) for name in ("one", "two", "big")]
    for home in homes[:2]:
        home.write(b"x" * MB)
    homes[2].write(b"x" * 3 * MB)
    mirror = Mirror(store, folder, most_bytes=2 * MB)
    one, two, _ = (transcript_place(folder.path, home.key) for home in homes)
    mirror.bring(homes[0].key)
    mirror.bring(homes[1].key)
    assert one.exists()
    assert two.exists()
    homes[0].write(b"y" * (MB + 1))
    mirror.bring(homes[0].key)
    assert one.read_bytes() == b"y" * (MB + 1)
    assert not two.exists()
    with pytest.raises(NotFetched, match="on its own host"):
        mirror.bring(homes[2].key)


@pytest.mark.parametrize("path", [b"other.jsonl", b"9f2c/../../x", b"/etc/x", b"9f2c//x"])
def test_a_path_that_leads_elsewhere_is_not_written(
    store: Store, folder: MirrorFolder, home: Home, path: bytes
) -> None:
    with store.transaction() as tx:
        stored_files.append(tx, stored_files.add_file(tx, home.key, path), [b"x"])
    with pytest.raises(NotFetched, match="not its own"):
        Mirror(store, folder).bring(home.key)
    assert not [one for one in folder.path.rglob("*") if one.is_file() and one.name != "lock"]


@pytest.mark.parametrize("key", [("..", "9f2c"), ("a/b", "9f2c"), ("hollis_park", "../x")])
def test_a_session_whose_name_leads_elsewhere_has_no_place(tmp_path: Path, key: Key) -> None:
    with pytest.raises(NotFetched, match="is no session"):
        transcript_place(tmp_path, key)


def test_the_folder_of_a_console_that_was_killed_is_erased_by_the_next_start_alone(
    tmp_path: Path,
) -> None:
    parent = tmp_path / "mirrors"
    words = [sys.executable, "-c", LEAVES_ONE, str(parent)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().strip())
        with MirrorFolder(parent) as beside:
            assert beside.path != left
            assert (left / "precious").exists()
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert (left / "precious").exists()
    with MirrorFolder(parent) as after:
        made = after.path
        assert not left.exists()
    assert not made.exists()


def test_what_a_killed_console_left_goes_with_the_next_look_at_the_fleet(
    dsn: str, tmp_path: Path
) -> None:
    parent = tmp_path / "mirrors"
    words = [sys.executable, "-c", LEAVES_ONE, str(parent)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().strip())
        other.terminate()
        other.wait()
    assert (left / "precious").exists()
    with Fleet(lambda: Store(dsn), "b", parent, patience_s=60) as fleet:
        assert fleet.find("9f2c") is None
        wait(lambda: not left.exists())
        assert [one.name for one in parent.iterdir()] == ["lock"]


def test_a_copy_that_another_made_is_erased_too(
    store: Store, folder: MirrorFolder, home: Home
) -> None:
    home.write(b"one\n")
    home.write(b"[]\n", "subagents/agent-1.jsonl")
    Mirror(store, folder).bring(home.key)
    copy = transcript_place(folder.path, home.key)
    Mirror(store, folder).erase(home.key)
    assert not copy.exists()
    assert not copy.with_suffix("").exists()
    Mirror(store, folder).erase(home.key)


def test_what_could_not_be_erased_is_tried_again(
    dsn: str,
    folder: MirrorFolder,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    following, erase, tries = Following(lambda: Store(dsn), folder), Mirror.erase, list[Key]()

    def erased(mirror: Mirror, key: Key) -> None:
        tries.append(key)
        if len(tries) == 1:
            raise OSError(16, "Device or resource busy")
        erase(mirror, key)

    monkeypatch.setattr(Mirror, "erase", erased)
    try:
        home.write(b"one\n")
        wait(lambda: following.want(home.key) == "")
        following.bury(("hollis_park", "../x"))
        following.bury(home.key)
        copy = transcript_place(folder.path, home.key)
        wait(lambda: not copy.exists())
    finally:
        following.close()
    assert tries == [home.key, home.key]


def test_what_is_wanted_is_followed_and_what_is_buried_is_erased(
    dsn: str, store: Store, folder: MirrorFolder, home: Home
) -> None:
    following = Following(lambda: Store(dsn), folder)
    copy = transcript_place(folder.path, home.key)
    partial = run_place(folder.path, home.key) / PARTIAL
    try:
        home.write(b"one\n")
        assert following.want(home.key) is None
        wait(lambda: following.want(home.key) == "")
        assert copy.read_bytes() == b"one\n"
        home.write(b"one\ntwo\n")
        wait(lambda: following.want(home.key) == "" and copy.read_bytes() == b"one\ntwo\n")
        with store.transaction() as tx:
            live.write(tx, "a", {home.key: b'{"text": "wri"}'})
        wait(lambda: following.want(home.key) == "" and partial.exists())
        assert partial.read_bytes() == b'{"text": "wri"}'
        with store.transaction() as tx:
            live.drop(tx, "a", home.key)
        wait(lambda: following.want(home.key) == "" and not partial.exists())
        following.bury(home.key)
        wait(lambda: not copy.exists())
    finally:
        following.close()
    assert not os.path.lexists(copy.parents[2])


def test_while_the_database_is_away_the_copy_stays_and_says_why(
    cluster: Cluster, dsn: str, folder: MirrorFolder, home: Home
) -> None:
    following = Following(lambda: Store(dsn), folder)
    copy = transcript_place(folder.path, home.key)
    try:
        home.write(b"one\n")
        wait(lambda: following.want(home.key) == "" and copy.exists())
        cluster.stop()
        try:
            wait(lambda: "away" in (following.want(home.key) or ""))
            assert copy.read_bytes() == b"one\n"
        finally:
            cluster.start()
        wait(lambda: following.want(home.key) == "")
    finally:
        following.close()
