"""One lock a session: told apart by the kernel, handed on by its descriptor."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND
from tests.support.place import REPOSITORY
from tests.support.processes.children import Child
from tui.core.errors import Reason, Refused
from tui.safe_io.file_lock import NO_LOCKS
from tui.storage.session_locks import (
    SessionLock,
    batch_lock,
    discard_locks,
    has_locks,
    held,
    lock_path,
    look_at_locks,
)

TAKE = """
import sys, time
from pathlib import Path
from unittest.mock import Mock
from tui.core.errors import Reason, Refused
from tui.storage.session_locks import SessionLock
sys.stdin.readline()
try:
    with SessionLock.take(Path(sys.argv[1]), "9f2c"):
        print("mine", flush=True)
        sys.stdin.readline()
except Refused:
    print("refused", flush=True)
"""


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    folder = tmp_path / "hollis_park"
    folder.mkdir()
    return folder


def contender(listing: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TAKE, str(listing)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


def test_of_many_at_the_same_instant_one_wins(listing: Path) -> None:
    """Without the lock all of them would."""
    contenders = [contender(listing) for _ in range(4)]
    for one in contenders:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    answers = [one.stdout.readline().strip() for one in contenders if one.stdout]
    assert sorted(answers) == ["mine", "refused", "refused", "refused"]
    assert held(listing) == {"9f2c"}
    for one in contenders:
        one.communicate("done\n", timeout=120)
    assert held(listing) == frozenset()


def test_a_killed_owner_leaves_it_free(listing: Path) -> None:
    owner = contender(listing)
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdin.write("go\n")
    owner.stdin.flush()
    assert owner.stdout.readline() == "mine\n"
    with pytest.raises(Refused, match="9f2c is in use"):
        SessionLock.take(listing, "9f2c")
    owner.kill()
    owner.communicate()
    SessionLock.take(listing, "9f2c").close()


def test_a_descriptor_handed_on_keeps_it(listing: Path) -> None:
    lock = SessionLock.take(listing, "9f2c")
    with Child(
        [sys.executable, "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        pass_fds=(lock.fd,),
    ):
        lock.close()
        lock.close()
        assert held(listing) == {"9f2c"}
        with pytest.raises(Refused):
            SessionLock.take(listing, "9f2c")
        SessionLock.take(listing, "a1b2").close()
    assert held(listing) == frozenset()


def test_a_look_never_refuses_an_owner_and_changes_nothing(listing: Path) -> None:
    """A look holds the lock for microseconds: without a second try it would refuse an owner."""
    SessionLock.take(listing, "9f2c").close()
    before = (listing / ".session_console" / "locks").stat().st_mtime_ns
    is_over = threading.Event()
    looker = threading.Thread(target=lambda: [held(listing) for _ in iter(is_over.is_set, True)])
    looker.start()
    begun = time.monotonic()
    try:
        while time.monotonic() - begun < 0.3:
            SessionLock.take(listing, "9f2c").close()
    finally:
        is_over.set()
        looker.join()
    assert (listing / ".session_console" / "locks").stat().st_mtime_ns == before


def test_nothing_is_made_by_looking(listing: Path) -> None:
    assert held(listing) == frozenset()
    assert list(listing.iterdir()) == []


@pytest.mark.parametrize("place", [".session_console", ".session_console/locks"])
def test_a_link_in_the_way_is_not_followed(listing: Path, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (listing / place).parent.mkdir(exist_ok=True)
    (listing / place).symlink_to(outside)
    with pytest.raises(OSError, match="not a folder of ours"):
        SessionLock.take(listing, "9f2c")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("place", [".session_console", ".session_console/locks"])
def test_locks_behind_a_link_are_not_looked_at(listing: Path, tmp_path: Path, place: str) -> None:
    """The lock is held: only the link keeps it from being seen."""
    with SessionLock.take(listing, "9f2c"):
        assert held(listing) == {"9f2c"}
        (listing / place).rename(tmp_path / "outside")
        (listing / place).symlink_to(tmp_path / "outside")
        assert look_at_locks(listing).is_blind


def test_a_link_for_a_lock_is_not_followed(listing: Path, tmp_path: Path) -> None:
    lock_path(listing, "9f2c").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="symbolic links"):
        SessionLock.take(listing, "9f2c")
    assert not (tmp_path / "outside").exists()
    assert look_at_locks(listing).unsure == {"9f2c"}


def test_colleagues_get_the_rights_of_the_listing(listing: Path) -> None:
    listing.chmod(0o2770)
    SessionLock.take(listing, "9f2c").close()
    folder = listing / ".session_console" / "locks"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o2770
    assert stat.S_IMODE((folder / "9f2c").stat().st_mode) == 0o660
    assert (folder / "9f2c").stat().st_gid == listing.stat().st_gid


def test_a_release_frees_the_copies_that_others_keep_open(listing: Path) -> None:
    lock = SessionLock.take(listing, "9f2c")
    copy = lock.handed_on()
    lock.close()
    assert held(listing) == {"9f2c"}
    forked = copy.handed_on()
    copy.release()
    assert not held(listing)
    forked.close()


@pytest.mark.parametrize("closes", [True, False])
def test_a_forked_child_neither_keeps_a_lock_nor_frees_it(listing: Path, closes: bool) -> None:
    """Without the hook, the worker of a pipeline that was killed keeps its session in use."""
    lock = SessionLock.take(listing, "9f2c")
    with batch_lock(listing, ["a1b2"]):
        (until, done), (told, ready) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.close(done)
            lock.release()
            os.write(ready, b"1")
            os.read(until, 1)
            os._exit(0)
        os.read(told, 1)
        assert held(listing) >= {"9f2c", "a1b2"}
    (lock.close if closes else lock.release)()
    assert not held(listing)
    os.close(done)
    os.waitpid(child, 0)
    for fd in (until, told, ready):
        os.close(fd)


def test_a_batch_holds_its_sessions_and_no_other(tmp_path: Path) -> None:
    with SessionLock.take(tmp_path, SECOND), batch_lock(tmp_path, [FIRST, SECOND, "new"]) as busy:
        assert busy == {SECOND: ""}
        for session_id in (FIRST, "new"):
            with pytest.raises(Refused, match="in use"):
                SessionLock.take(tmp_path, session_id)
        SessionLock.take(tmp_path, "stranger").close()
    SessionLock.take(tmp_path, FIRST).close()


def test_a_batch_that_could_not_be_written_down_holds_every_session(tmp_path: Path) -> None:
    with batch_lock(tmp_path, []), pytest.raises(Refused):
        SessionLock.take(tmp_path, FIRST)


def test_of_two_batches_one_waits(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:

        def second() -> float:
            with batch_lock(tmp_path, [FIRST]):
                return time.monotonic()

        with batch_lock(tmp_path, [FIRST]):
            waiting = pool.submit(second)
            time.sleep(0.1)
            ended = time.monotonic()
        assert waiting.result(60) >= ended


def test_a_batch_and_a_session_never_both_have_a_lock(tmp_path: Path) -> None:
    """Without the look for a batch after its lock, or at a removed file, both have it at times."""
    until, holders, overlaps = time.monotonic() + 1.0, [0], list[int]()

    def take() -> None:
        while time.monotonic() < until:
            with suppress(Refused), SessionLock.take(tmp_path, FIRST) as lock:
                _hold(holders, overlaps)
                lock.discard()

    def sweep() -> None:
        while time.monotonic() < until:
            with suppress(Refused), batch_lock(tmp_path, [FIRST]) as busy:
                if not busy:
                    _hold(holders, overlaps)
                    discard_locks(tmp_path, [FIRST])

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(one) for one in (take, take, sweep, sweep)]:
            done.result()
    assert overlaps == []


def _hold(holders: list[int], overlaps: list[int]) -> None:
    holders[0] += 1
    if holders[0] != 1:
        overlaps.append(holders[0])
    time.sleep(0.0005)
    if holders[0] != 1:
        overlaps.append(holders[0])
    holders[0] -= 1


NOT_FREE = [errno.EACCES, errno.EMFILE, errno.ENFILE, errno.EIO, errno.ESTALE, errno.ENOLCK]


@pytest.mark.parametrize("number", NOT_FREE)
def test_a_lock_that_cannot_be_looked_at_is_not_free(
    listing: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Taken for free, its session is deleted while somebody runs it."""
    SessionLock.take(listing, "9f2c").close()
    lock_path(listing, "a1b2")
    opened = os.open

    def fail(path: os.PathLike[str] | str, flags: int, *more: int, **named: int) -> int:
        if str(path).endswith("9f2c"):
            raise OSError(number, os.strerror(number), path)
        return opened(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", fail)
    seen = look_at_locks(listing)
    assert (seen.held, seen.is_blind) == (frozenset(), False)
    assert seen.unsure == {"9f2c"}
    assert os.strerror(number) in seen.why
    with pytest.raises(OSError, match=os.strerror(number)):
        SessionLock.take(listing, "9f2c")
    with batch_lock(listing, ["9f2c", "a1b2"]) as busy:
        assert busy == {"9f2c": os.strerror(number)}


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.EOPNOTSUPP])
def test_a_mount_without_locks_says_so_and_nothing_there_is_free(
    listing: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    SessionLock.take(listing, "9f2c").close()

    def fail(fd: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", fail)
    seen = look_at_locks(listing)
    assert (seen.held, seen.is_blind) == (frozenset(), True)
    assert seen.unsure == {"9f2c"}
    assert seen.reason is Reason.NO_LOCKS
    with pytest.raises(OSError, match=NO_LOCKS):
        SessionLock.take(listing, "a1b2")
    with pytest.raises(OSError, match=NO_LOCKS), batch_lock(listing, ["a1b2"]):
        pass


def test_only_a_file_that_was_asked_proves_that_its_device_has_locks(
    listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file that is just gone must not vouch for a mount without locks."""
    path, known = listing / "here.jsonl", set[int]()
    path.touch()
    assert has_locks(listing / "gone.jsonl", known)
    assert not known
    with monkeypatch.context() as patch:
        patch.setattr("fcntl.flock", Mock(side_effect=OSError(errno.ENOLCK, "No locks")))
        assert not has_locks(path, known)
    assert not known
    assert has_locks(path, known)
    assert known == {path.stat().st_dev}


def test_a_batch_that_cannot_be_looked_at_may_hold_every_session(
    listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lock_path(listing, ".batch")).symlink_to("nowhere")
    assert look_at_locks(listing).is_blind
    with pytest.raises(OSError, match="the lock of a clean-up cannot be checked"):
        SessionLock.take(listing, "9f2c")
    monkeypatch.undo()


def test_locks_in_a_folder_of_another_login_are_not_free(listing: Path) -> None:
    """By umask 027 the folder of the one who came first is his group's alone."""
    with SessionLock.take(listing, "9f2c"):
        lock_path(listing, "9f2c").parent.chmod(0o750)
        listing.chmod(0o777)
        code = """if True:
            import os, sys
            from pathlib import Path
            from tui.storage.session_locks import SessionLock, look_at_locks
            os.setgroups([]), os.setgid(65534), os.setuid(65534)
            seen = look_at_locks(Path(sys.argv[1]))
            print(seen.is_blind, seen.why)
            try:
                SessionLock.take(Path(sys.argv[1]), "9f2c")
            except OSError as error:
                print(error.strerror)
        """
        said = subprocess.run(
            [sys.executable, "-c", code, str(listing)],
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            check=True,
            timeout=60,
        ).stdout.splitlines()
    assert said == ["True its locks cannot be read: Permission denied", "Permission denied"]
