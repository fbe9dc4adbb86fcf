"""A real sshd on a loopback port, behind a connection that a test can cut or stall."""

from __future__ import annotations

import os
import pwd
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support.processes.terminal import Terminal
from tests.support.programs import need

PROGRAM = Path(sys.executable).with_name("session-console")
LOGIN = pwd.getpwuid(os.getuid()).pw_name
_HOST = "127.0.0.1"
_SETTINGS = """
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
AcceptEnv LC_*
"""
_CLIENT = {
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "IdentitiesOnly": "yes",
    "IdentityAgent": "none",
    "LogLevel": "ERROR",
    "ConnectTimeout": "60",
}


class Sshd:
    """A server in a folder of its own, for the login that runs the tests, reached through `wire`.

    `settings` are additional lines of sshd_config.
    """

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._make_key("host_key")
        (folder / "authorized_keys").touch()
        (folder / "sshd_config").write_text(_SETTINGS.format(folder=folder) + settings)
        if os.getuid() == 0:  # sshd's chroot for its unprivileged process
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)

    def __enter__(self) -> Self:
        port = _free_port()
        self.log = self.folder / "sshd.log"
        program = need("sshd")
        listens = ("-o", f"ListenAddress={_HOST}:{port}")
        words = [program, "-D", "-f", str(self.folder / "sshd_config"), *listens]
        self._server = subprocess.Popen([*words, "-E", str(self.log)])
        self.pid = self._server.pid
        _wait_for(port, self._server, self.log)
        self.wire = Wire(port)
        return self

    def __exit__(self, *error: object) -> None:
        self.wire.close()
        self._server.terminate()
        self._server.wait(60)

    def add_key(self, name: str, options: str = "") -> None:
        """Allow a new key of this name; `options` are those of authorized_keys."""
        self._make_key(name)
        public = (self.folder / f"{name}.pub").read_text()
        with (self.folder / "authorized_keys").open("a") as file:
            file.write(f"{options} {public}".lstrip())

    def connect(
        self,
        command: str = "",
        *,
        key: str,
        options: Sequence[str] = (),
        size: tuple[int, int] = (80, 24),
    ) -> Terminal:
        """Log in with a terminal, as an operator does, and run `command` or the forced one."""
        return Terminal(
            self.client("-tt", *options, command=command, key=key), size=size, is_far=True
        )

    def run(
        self, command: str = "", *, key: str, options: Sequence[str] = (), said: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Log in without a terminal, send `said`, and wait for the end."""
        return subprocess.run(
            self.client("-T", *options, command=command, key=key),
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def client(self, *options: str, command: str = "", key: str) -> list[str]:
        """Return the arguments that start the client."""
        words = [need("ssh"), *self.client_options(key), "-p", str(self.wire.port), *options]
        return [*words, f"{LOGIN}@{_HOST}", *(["--", command] if command else [])]

    def client_options(self, key: str) -> list[str]:
        """Return the options that `ssh`, `scp` and `sftp` all take."""
        set_to = [word for name, value in _CLIENT.items() for word in ("-o", f"{name}={value}")]
        return ["-F", "none", "-i", str(self.folder / key), *set_to]

    def _make_key(self, name: str) -> None:
        path = str(self.folder / name)
        words = [need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path]
        subprocess.run(words, check=True, timeout=120)


class Wire:
    """Forwards bytes to a port of this machine until it is told to fail."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server((_HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._is_open = threading.Event()
        self._is_open.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Reset every connection: both ends notice at once."""
        for end in self._ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def stall(self) -> None:
        """Forward nothing more and keep the connections open, as in a tunnel."""
        self._is_open.clear()

    def mend(self) -> None:
        """Reset stalled connections, and let new ones through."""
        self.cut()
        self._is_open.set()

    def close(self) -> None:
        """Reset open connections and accept no new ones."""
        self._listener.close()
        self.mend()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection((_HOST, self._server_port))
            except OSError:
                return
            self._ends += [client, server]
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._is_open.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), socket.create_connection((_HOST, port)):
            return
        time.sleep(0.02)
    raise AssertionError(f"sshd does not listen: {log.read_text() if log.exists() else ''}")
