"""Files of ours are made and replaced by descriptor: no swap meanwhile, no right and no write lost.

As root, in a folder that others may write.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST
from tests.support.open_files import open_files
from tests.support.place import REPOSITORY
from tui.core.errors import ConsoleError
from tui.safe_io import rewriting
from tui.safe_io.folders import console_folder
from tui.safe_io.renaming import rename_new
from tui.safe_io.replacing import OpenFolders, make_folders, rename_anew, write_atomically
from tui.safe_io.rewriting import rewrite
from tui.storage.session_locks import SessionLock

GROUP, OTHER = 4321, 4322
ROUNDS = 150


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that a group may write, without the bit that hands its group on."""
    folder = tmp_path / "hollis_park"
    folder.mkdir()
    os.chown(folder, -1, GROUP)
    folder.chmod(0o770)
    return folder


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file of root's own, in a folder of root's own."""
    path = tmp_path / "precious"
    path.write_text("secret")
    path.chmod(0o600)
    return path


def rights(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Do it again and again in another thread; what fails of it is tried anew."""
    is_over = threading.Event()

    def again() -> None:
        while not is_over.is_set():
            with suppress(OSError):
                act()

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_what_is_made_has_the_rights_of_its_folder(shared: Path) -> None:
    write_atomically(console_folder(shared) / "acks.json", "{}")
    with SessionLock.take(shared, FIRST):
        pass
    ours = shared / ".session_console"
    assert rights(ours) == rights(ours / "locks") == (0, GROUP, 0o770)
    assert rights(ours / "acks.json") == rights(ours / "locks" / FIRST) == (0, GROUP, 0o660)
    assert sorted(one.name for one in ours.iterdir()) == ["acks.json", "locks"]


@pytest.mark.parametrize("mode", [0o640, 0o660, 0o604])
def test_what_is_replaced_keeps_owner_group_and_rights(shared: Path, mode: int) -> None:
    """Without that one login extends, and the next reads a sweep of 30 days."""
    path = shared / "settings.json"
    path.write_text("{}")
    os.chown(path, 1234, OTHER)
    path.chmod(mode)
    write_atomically(path, '{"a": 1}')
    assert (path.read_text(), rights(path)) == ('{"a": 1}', (1234, OTHER, mode))
    assert rewrite(path, lambda stored: stored and stored + b" ")
    assert (path.read_text(), rights(path)) == ('{"a": 1} ', (1234, OTHER, mode))


def test_a_group_is_not_locked_out_by_who_is_not_of_it(shared: Path) -> None:
    path = shared / "settings.json"
    path.write_text("{}")
    path.chmod(0o664)
    os.chown(path, -1, GROUP)
    shared.chmod(0o777)
    code = "from pathlib import Path; from tui.safe_io.replacing import write_atomically\n"
    code += "import os, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    code += "write_atomically(Path(sys.argv[1]), '{}')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        check=False,
        timeout=60,
    )
    assert "would be locked out" in done.stderr or "Permission denied" in done.stderr
    assert rights(path) == (0, GROUP, 0o664)
    assert [one.name for one in shared.iterdir()] == ["settings.json"]


def test_a_file_that_was_moved_into_our_place_gets_no_rights(shared: Path, precious: Path) -> None:
    """Whoever may write the folder may put a file of ours there that nobody else may read."""
    locks = console_folder(shared, "locks")
    precious.rename(locks / FIRST)
    SessionLock.take(shared, FIRST).close()
    assert rights(locks / FIRST) == (0, 0, 0o600)


def test_in_a_race_with_a_link_no_other_file_gets_rights(shared: Path, precious: Path) -> None:
    """With rights given by path, a link that is put there in between led to the file of root's."""
    locks, before = console_folder(shared, "locks"), rights(precious)
    other, link = shared / "other", shared / "link"

    def swap() -> None:
        link.unlink(missing_ok=True)
        link.symlink_to(precious)
        for place in (locks / FIRST, shared / ".session_console" / "acks.json"):
            link.rename(place)
            link.symlink_to(precious)
        locks.rename(other)
        locks.symlink_to(precious.parent)
        locks.unlink()
        other.rename(locks)

    with meanwhile(swap):
        for _ in range(ROUNDS):
            with suppress(OSError, ConsoleError):
                SessionLock.take(shared, FIRST).discard()
            with suppress(OSError):
                write_atomically(shared / ".session_console" / "acks.json", "{}")
    assert (rights(precious), precious.read_text()) == (before, "secret")
    assert sorted(one.name for one in precious.parent.iterdir()) == ["hollis_park", "precious"]


def test_in_a_race_with_a_folder_no_other_folder_gets_rights(shared: Path, tmp_path: Path) -> None:
    """A folder of root's own, put where one was just made: opened by its name it would be ours."""
    private = shared / "private"
    private.mkdir(mode=0o700)
    (private / "kept").touch()
    before = rights(private)

    def swap() -> None:
        for made in shared.glob("new*"):
            made.rename(shared / "gone")
            private.rename(made)
            made.rename(private)
            (shared / "gone").rmdir()

    with meanwhile(swap):
        for number in range(ROUNDS):
            with suppress(OSError):
                make_folders(shared, f"new{number}")
    found = [one for one in shared.iterdir() if (one / "kept").exists()]
    assert [rights(one) for one in found] == [before]


def test_nor_does_one_that_was_swapped_in_before_it_was_opened(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where others may write, what is opened first may be any folder of root's own."""
    private, mkdir = shared / "private", os.mkdir
    private.mkdir(mode=0o700)
    (private / "kept").touch()
    before = rights(private)

    def swapped(name: str, mode: int, *, dir_fd: int) -> None:
        mkdir(name, mode, dir_fd=dir_fd)
        if name.endswith(".new"):
            (shared / name).rename(shared / "gone")
            private.rename(shared / name)

    monkeypatch.setattr(os, "mkdir", swapped)
    make_folders(shared, "new")
    monkeypatch.undo()
    assert [rights(one) for one in shared.iterdir() if (one / "kept").exists()] == [before]


def test_nothing_is_renamed_over_what_is_there(tmp_path: Path) -> None:
    for kind in ("file", "folder"):
        source, target = tmp_path / f"{kind} a", tmp_path / f"{kind} b"
        for path in (source, target):
            path.mkdir() if kind == "folder" else path.write_text(path.name)
        with pytest.raises(FileExistsError):
            rename_anew(source, target)
        assert source.exists()
        target.rmdir() if kind == "folder" else target.unlink()
        rename_anew(source, target)
        assert not source.exists()


def test_of_the_folders_of_many_files_only_a_few_stay_open(tmp_path: Path) -> None:
    """A clean-up of sessions in a thousand projects would run out of descriptors."""
    open_before = open_files()
    folders = [tmp_path / f"{number}" for number in range(30)]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "one").write_text("kept")
    with OpenFolders() as kept:
        for source, target in pairwise(folders):
            kept.rename_anew(source / "one", target / "one")
        assert kept.is_open(folders[-1] / "another")
        assert not kept.is_open(folders[0] / "one")
        assert open_files() - open_before < 10
        for odd in ("..", "."):
            with pytest.raises(OSError, match="names nothing"):
                kept.unlink(f"{folders[-1]}/{odd}")
    assert open_files() <= open_before
    assert (folders[-1] / "one").read_text() == "kept"


def test_nor_where_the_system_has_no_such_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.safe_io.renaming._renameat2", lambda: None)
    test_nothing_is_renamed_over_what_is_there(tmp_path)
    path = tmp_path / "settings.json"
    assert rewrite(path, lambda stored: b"1" if stored is None else None)
    assert rewrite(path, lambda stored: b"2" if stored == b"1" else None)
    assert not rewrite(path, lambda stored: None)
    assert path.read_bytes() == b"2"
    fd = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(FileExistsError):
        rename_new(fd, "settings.json", fd, "settings.json")
    os.close(fd)


WRITER = """
import json, sys
path, count = sys.argv[1], int(sys.argv[2])
print("begun", flush=True)
for number in range(count):
    settings = json.loads(open(path).read()) | {f"key{number}": number}
    with open(path, "w") as file:
        json.dump(settings, file)
"""


def test_what_another_program_writes_in_place_at_that_moment_is_not_lost(tmp_path: Path) -> None:
    """It never writes an older state: so a key of its own that is missing, we took away."""
    path, count = tmp_path / "settings.json", 300
    path.write_text("{}")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        missing = 0
        while writer.poll() is None:
            with suppress(OSError, ValueError):  # torn at this moment, or written all the time
                rewrite(path, _counted)
        missing = count - sum(name.startswith("key") for name in json.loads(path.read_text()))
        assert (writer.returncode, missing) == (0, 0), writer.stderr and writer.stderr.read()
    assert rewrite(path, _counted)
    assert {one.name for one in tmp_path.iterdir()} == {"settings.json"}


def test_what_another_program_renames_into_place_is_not_lost_whenever_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without the look at what an exchange has taken out.

    Two such writes within the microseconds between an exchange and that look are not covered: the
    second is based on what we put there, and no rename compares.
    """
    path, moments, at = tmp_path / "settings.json", 0, -1

    def happens() -> None:
        nonlocal moments
        moments += 1
        if moments == at:
            theirs = json.loads(path.read_text()) | {"theirs": at}
            beside = tmp_path / "theirs.json"
            beside.write_text(json.dumps(theirs))
            beside.replace(path)

    def watched(works: Callable[..., Any]) -> Callable[..., Any]:
        def calls(*args: Any) -> Any:
            happens()
            found = works(*args)
            happens()
            return found

        return calls

    for name in ("exchange", "written_beside", "_is_same", "_content", "_wait_for_writers"):
        monkeypatch.setattr(rewriting, name, watched(getattr(rewriting, name)))
    while moments >= at:
        at, moments = at + 1, 0
        path.write_text('{"ours": 0}')
        assert rewrite(path, _counted)
        found = json.loads(path.read_text())
        assert found == {"ours": 1} | ({"theirs": at} if 0 < at <= moments else {}), at
        assert {one.name for one in tmp_path.iterdir()} == {"settings.json"}
    assert at > 10


def _counted(stored: bytes | None) -> bytes:
    assert stored is not None
    settings = json.loads(stored)
    return json.dumps(settings | {"ours": settings.get("ours", 0) + 1}).encode()


def test_a_file_that_another_made_meanwhile_is_changed_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"

    def change(stored: bytes | None) -> bytes:
        if stored is None:
            path.write_text("theirs")
            return b"ours"
        return stored + b" and ours"

    assert rewrite(path, change)
    assert path.read_text() == "theirs and ours"


def test_a_write_between_reading_and_replacing_is_seen(tmp_path: Path) -> None:
    """Each kind of write, at the worst moment: after the file was read."""
    path = tmp_path / "settings.json"
    for how in ("appended", "replaced", "truncated", "removed"):
        path.write_text("old")
        asked: list[bytes | None] = []

        assert rewrite(path, partial(_changed, path, how, asked))
        expected = {"appended": "old theirs ours", "removed": " ours"}.get(how, "theirs ours")
        assert (path.read_text(), len(asked)) == (expected, 2)
        assert [one.name for one in tmp_path.iterdir()] == ["settings.json"]


def _changed(path: Path, how: str, asked: list[bytes | None], stored: bytes | None) -> bytes:
    asked.append(stored)
    if len(asked) == 1:
        _write(path, how)
    return (stored or b"") + b" ours"


def _write(path: Path, how: str) -> None:
    if how == "removed":
        path.unlink()
    elif how == "replaced":
        path.with_name("new").write_text("theirs")
        path.with_name("new").rename(path)
    else:
        with path.open("a" if how == "appended" else "w") as file:
            file.write(" theirs" if how == "appended" else "theirs")
