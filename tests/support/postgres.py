"""A real PostgreSQL of the tests' own: its programs, its data and its socket are theirs alone."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.processes.runs_site import wait
from tests.support.programs import need, need_right

_USER = "postgres"  # that its package makes; initdb refuses root
_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "max_connections": "100",
    "shared_buffers": "'64MB'",
    "fsync": "off",  # the machine does not crash; the processes, which do, lose nothing by it
}


class Cluster:
    """A cluster in a folder of its own, on a socket in it and a port of this machine."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.port = _free_port()
        self._postgres: subprocess.Popen[bytes] | None = None
        self._log = self.folder / "log"
        if os.geteuid() == 0:
            who = pwd.getpwnam(_USER)
            os.chown(self.folder, who.pw_uid, who.pw_gid)
        self._do("initdb", "-D", self.data, "-U", _USER, "-A", "trust", "-E", "UTF8", "-N")
        settings = {**_SETTINGS, "port": self.port, "unix_socket_directories": f"'{self.folder}'"}
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def dsn(self, database: str = "postgres", *, is_tcp: bool = False) -> str:
        """Return how to connect, over the socket or over TCP."""
        host = "127.0.0.1" if is_tcp else self.folder
        return f"host={host} port={self.port} user={_USER} dbname={database}"

    def create(self, database: str) -> str:
        """Make a database, and return how to connect to it."""
        self._do("createdb", "-h", self.folder, "-p", str(self.port), "-U", _USER, database)
        return self.dsn(database)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        words = self._words("postgres", "-D", self.data)
        with self._log.open("ab") as log:
            self._postgres = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.folder)
        asked = self._words("pg_isready", "-q", "-h", self.folder, "-p", str(self.port))
        try:
            wait(lambda: subprocess.run(asked, check=False, cwd=self.folder).returncode == 0)
        except AssertionError:
            raise AssertionError(self._log.read_text()[-2000:]) from None

    def stop(self, how: int = signal.SIGINT) -> None:
        """End the server: fast by default, as in a crash with `SIGQUIT`."""
        if (postgres := self._postgres) is not None:
            self._postgres = None
            os.kill(self._postmaster(), how)
            postgres.wait(60)

    def freeze(self) -> None:
        """Let no process of the server do anything, so that connections hang."""
        first = self._postmaster()
        os.kill(
            first, signal.SIGSTOP
        )  # before its children are looked for: it starts and ends them
        wait(lambda: _stat(first)[0] == "T")
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    @property
    def cpu_s(self) -> float:
        """The seconds of a core that all its processes have used, those that ended too."""
        ticks = 0
        for pid in self._processes():
            with suppress(FileNotFoundError, ProcessLookupError):
                ticks += sum(map(int, _stat(pid)[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split("\n")[0])

    def _processes(self) -> tuple[int, ...]:
        first = self._postmaster()
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return (first, *map(int, children))

    def _signal_all(self, number: int) -> None:
        for pid in self._processes():
            os.kill(pid, number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _words(self, program: str, *words: str | Path) -> list[str]:
        return [*_as_user(), str(server_programs() / program), *map(str, words)]

    def _do(self, program: str, *words: str | Path) -> None:
        done = subprocess.run(
            self._words(program, *words), capture_output=True, text=True, cwd=self.folder
        )
        assert done.returncode == 0, done.stderr


def server_programs() -> Path:
    """Return the folder of the server's programs, or skip the test."""
    return Path(need("initdb")).resolve().parent


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _as_user() -> Sequence[str]:
    if os.geteuid() != 0:
        return ()
    need_right(_has_user(), f"become the user {_USER}, whom the package postgresql makes")
    return ("setpriv", "--reuid", _USER, "--regid", _USER, "--init-groups")


def _has_user() -> bool:
    try:
        return bool(pwd.getpwnam(_USER))
    except KeyError:
        return False


def _free_port() -> int:
    """Return a port that nothing else takes before the server does, or while it is stopped.

    The kernel gives none of these away, and processes that run beside this one begin elsewhere.
    """
    ports = range(10_000, 32_000)
    for step in range(len(ports)):
        port = ports[(8 * os.getpid() + step) % len(ports)]
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "there is no free port")
