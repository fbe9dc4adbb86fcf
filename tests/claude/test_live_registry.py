"""Liveness is proven; what cannot be proven is unknown, never dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.place import REPOSITORY
from tests.support.processes.children import Child
from tests.support.processes.runs_site import wait
from tests.support.programs import unshared
from tui.claude.live_registry import read_registry
from tui.core.models.session import Liveness, Process
from tui.safe_io.processes import end_process, is_running, own_domain, started


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    folder = tmp_path / "sessions"
    folder.mkdir()
    return folder


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    with Child([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def entry(pid: int | None = None, **changes: Any) -> dict[str, Any]:
    pid = pid or os.getpid()
    return {
        "pid": pid,
        "sessionId": "9f2c",
        "cwd": "/data",
        "startedAt": 1795000000000,
        "procStart": started(pid) or "0",
        "pidDomain": own_domain(),
        "status": "busy",
    } | changes


def read(sessions: Path, value: dict[str, Any]) -> Process | None:
    (sessions / f"{value['pid'] % 2**23}.json").write_text(json.dumps(value))
    found = read_registry(sessions.parent)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("changes", "liveness"),
    [
        ({}, Liveness.BUSY),
        ({"status": "idle"}, Liveness.IDLE),
        ({"status": "waiting", "waitingFor": "permission prompt"}, Liveness.WAITING),
        ({"status": None}, Liveness.BUSY),
        ({"status": "a new word"}, Liveness.BUSY),
        ({"procStart": "1"}, None),
        ({"procStart": ""}, Liveness.UNKNOWN),
        ({"procStart": None}, Liveness.UNKNOWN),
        ({"procStart": "soon"}, Liveness.UNKNOWN),
        ({"procStart": "", "pid": 2**22 + 5}, None),
        ({"pid": 2**22 + 5}, None),
        ({"pid": -1}, None),
        ({"pidDomain": "linux:other:pid:[1]"}, Liveness.UNKNOWN),
        ({"pidDomain": "linux:other:pid:[1]", "pid": 2**22 + 5}, Liveness.UNKNOWN),
        ({"pidDomain": ""}, Liveness.BUSY),
        ({"pidDomain": "", "procStart": "1"}, Liveness.UNKNOWN),
        ({"pidDomain": "", "pid": 2**22 + 5}, Liveness.UNKNOWN),
        ({"pidDomain": None, "procStart": ""}, Liveness.UNKNOWN),
    ],
)
def test_an_entry_is_proven(
    sessions: Path, changes: dict[str, Any], liveness: Liveness | None
) -> None:
    process = read(sessions, entry(**changes))
    assert (process.liveness if process else None) == liveness


MACHINE = own_domain().split(":")[1]
LONG_AGO = 1000000000000
OWN_NAMESPACE = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 (a name of the kernel's)
SEES_ALL = OWN_NAMESPACE == "pid:[4026531836]"


@contextmanager
def namespace() -> Iterator[str]:
    """A pid namespace on this machine with one named process, removed afterwards."""
    command = [*unshared("--map-root-user"), "--fork", "--kill-child", "sleep", "600"]
    with Child(command) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        try:
            child = wait(lambda: children.read_text().split())[0]
            yield wait(lambda: _other_namespace(child))
        finally:
            process.kill()


def _other_namespace(pid: str) -> str:
    name = os.readlink(f"/proc/{pid}/ns/pid")  # noqa: PTH115 (a name of the kernel's)
    return "" if name == OWN_NAMESPACE else name


def test_an_owner_in_a_namespace_that_is_gone_is_dead(sessions: Path) -> None:
    """While the namespace exists, the owner may be alive; a pid here proves nothing there.

    The kernel gives the number of one that is gone to the next, which other tests may make.
    """

    def is_dead() -> bool:
        with namespace() as name:
            now = int(time.time() * 1000)
            foreign = entry(pidDomain=f"linux:{MACHINE}:{name}", startedAt=now)
            process = read(sessions, foreign)
            assert process is not None
            assert process.liveness is Liveness.UNKNOWN
        for _ in range(20):
            if (read(sessions, foreign) is None) is SEES_ALL:
                return True
            time.sleep(0.1)
        return False

    wait(is_dead)
    now = int(time.time() * 1000)
    elsewhere = read(sessions, entry(pidDomain=f"linux:{'0' * 32}:pid:[1]", startedAt=now))
    assert elsewhere is not None


def test_an_owner_of_before_the_machine_s_start_is_dead(sessions: Path) -> None:
    now = int(time.time() * 1000)
    with namespace() as name:
        foreign = entry(pidDomain=f"linux:{MACHINE}:{name}", startedAt=LONG_AGO)
        assert (read(sessions, foreign) is None) is SEES_ALL
        assert read(sessions, foreign | {"updatedAt": now}) is not None
        assert read(sessions, foreign | {"startedAt": now}) is not None
        assert read(sessions, foreign | {"startedAt": "soon"}) is not None


GONE = """
import os, sys
from tui.safe_io.processes import is_domain_gone
is_domain_gone(sys.argv[1])  # loads what only root may, where root has a Python of its own
if sys.argv[2] == "nobody" and os.geteuid() == 0:
    os.seteuid(65534)
print(is_domain_gone(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("who", "domain", "is_gone"),
    [
        ("root", f"linux:{MACHINE}:pid:[1]", SEES_ALL),
        ("nobody", f"linux:{MACHINE}:pid:[1]", False),  # there is one that it may not look into
        ("container", f"linux:{MACHINE}:pid:[1]", False),
        ("root", own_domain(), False),
        ("root", f"linux:{'0' * 32}:pid:[1]", False),
        ("root", "linux::pid:[1]", False),
        ("root", f"linux:{MACHINE}:pid:[]", False),
        ("root", f"linux:{MACHINE}:", False),
        ("root", "", False),
    ],
)
def test_only_who_sees_every_process_can_tell(who: str, domain: str, is_gone: bool) -> None:
    inside = [*unshared("--map-root-user"), "--fork", "--mount-proc"] if who == "container" else []
    with namespace():
        found = subprocess.run(
            [*inside, sys.executable, "-c", GONE, domain, who],
            capture_output=True,
            text=True,
            check=True,
            cwd=REPOSITORY,
        )
    assert found.stdout.strip() == str(is_gone)


def test_an_older_entry_without_status_is_busy(sessions: Path) -> None:
    older = entry()
    del older["status"], older["pidDomain"]
    process = read(sessions, older)
    assert process is not None
    assert process.liveness is Liveness.BUSY
    assert (process.pid, process.session_id) == (os.getpid(), "9f2c")


def test_the_dead_the_zombie_and_the_reused_pid_are_dead(
    sessions: Path, child: subprocess.Popen[str]
) -> None:
    alive = entry(child.pid)
    assert read(sessions, alive) is not None
    assert read(sessions, alive | {"procStart": str(int(alive["procStart"]) - 1)}) is None
    child.kill()
    _until_zombie(child.pid)
    assert read(sessions, alive) is None
    child.wait()
    assert read(sessions, alive) is None


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 5])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b'"x"', b"null", b"\xff\xfe", b'{"pid": "x", "sessionId": 1}',
     b'{"pid": 1e999, "sessionId": "a"}', b'{"pid": null, "sessionId": "a"}', b"[" * 60_000,
     b" " * 70_000 + b"{}"],
)  # fmt: skip
def test_an_unreadable_entry_of_a_living_pid_may_run_any_session(
    sessions: Path, content: bytes, pid: int
) -> None:
    """If it were ignored, a session could be deleted while its CLI is writing."""
    (sessions / f"{pid}.json").write_bytes(content)
    odd = entry(1, startedAt="soon", waitingFor=["\x1b[31m"])
    (sessions / "1.json").write_text(json.dumps(odd))
    process, *torn = read_registry(sessions.parent)
    assert process.started_at is None
    assert "\x1b" not in process.waiting_for
    unknown = Process(os.getpid(), "", proc_start="", liveness=Liveness.UNKNOWN)
    assert torn == ([unknown] if pid == os.getpid() else [])


def test_an_entry_that_was_only_being_written_is_read_whole(sessions: Path) -> None:
    path = sessions / f"{os.getpid()}.json"
    path.write_text("{")
    timer = threading.Timer(0.01, path.write_text, [json.dumps(entry(status="idle"))])
    timer.start()
    (process,) = read_registry(sessions.parent)
    timer.join()
    assert (process.session_id, process.liveness) == ("9f2c", Liveness.IDLE)


def test_an_entry_that_names_another_process_is_not_believed(sessions: Path) -> None:
    """Otherwise anyone who can write there could have any process killed as a session's."""
    path = sessions / f"{os.getppid()}.json"
    path.write_text(json.dumps(entry()))
    assert read_registry(sessions.parent) == (
        Process(os.getppid(), "", proc_start="", liveness=Liveness.UNKNOWN),
    )
    path.rename(sessions / f"{2**22 + 5}.json")
    assert read_registry(sessions.parent) == ()


def test_what_else_the_cli_keeps_there_is_no_entry(sessions: Path) -> None:
    """Its keys and files about no session are ignored, or no listing in use could be changed."""
    key = json.dumps({"peerToken": "c940", "procStart": "1", "pidDomain": own_domain()})
    pid = os.getpid()
    for name in (
        f"{pid}.3ac4.key",
        f"{pid}.3ac4.key.tmp.bad3",
        f"{pid}.json",
        "notes.json",
        "0.json",
    ):
        (sessions / name).write_text(key if name == f"{pid}.json" else "{")
    assert read_registry(sessions.parent) == ()


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "dangling"])
def test_what_is_no_file_neither_hangs_nor_proves_anything(sessions: Path, kind: str) -> None:
    """Opening a pipe for reading waits for a writer for ever."""
    path = sessions / f"{os.getpid()}.json"
    (sessions / "elsewhere").write_text(json.dumps(entry(procStart="1")))
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("elsewhere" if kind == "link" else "nowhere")
    assert [one.liveness for one in read_registry(sessions.parent)] == [Liveness.UNKNOWN]


def test_a_registry_that_may_not_be_looked_into_proves_nobody_dead(
    sessions: Path, tmp_path: Path
) -> None:
    assert read_registry(tmp_path / "missing") == ()
    sessions.rename(tmp_path / "elsewhere")
    sessions.symlink_to(tmp_path / "elsewhere")
    assert read_registry(tmp_path) == (Process(0, "", proc_start="", liveness=Liveness.UNKNOWN),)
    sessions.unlink()
    sessions.write_text("no folder, so no CLI can write there")
    assert read_registry(tmp_path) == ()


@pytest.mark.parametrize("is_stubborn", [False, True])
def test_a_process_is_ended_by_pid_and_start(is_stubborn: bool) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    code = f"{code if is_stubborn else 'import time; '}print(1, flush=True); time.sleep(600)"
    with Child([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        start = started(process.pid)
        assert start is not None
        end_process(process.pid, "1", patience_s=0.1)
        assert is_running(process.pid, start)
        end_process(process.pid, start, patience_s=0.3)
        expected = signal.SIGKILL if is_stubborn else signal.SIGTERM
        assert process.wait(60) == -expected
    end_process(process.pid, start)


def _until_zombie(pid: int) -> None:
    wait(lambda: ") Z " in Path(f"/proc/{pid}/stat").read_text())
