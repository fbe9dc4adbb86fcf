"""The programs that tests start, and the packages that have them.

A run of all tests installs missing ones where it may: on Debian and its like, as root or by `sudo`
without a password. Elsewhere it says what is missing and why, and the tests that need it are
skipped and named at the end; so are tests that need a right the user does not have.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

PACKAGES = {
    "tmux": "tmux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "unshare": "util-linux",
    "mount": "mount",
    "initdb": "postgresql",
}
_ALSO = "/usr/sbin:/usr/local/sbin:/sbin"
_SERVERS = Path("/usr/lib/postgresql")  # Debian's, by version
_NO_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
_NETWORK = ("-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20")
_PATIENCE_S = 300
_SERVICE_MANAGER = Path("/run/systemd/system")


class NotInstalled(Exception):
    """A missing program could not be installed; the text says why."""


def found(name: str) -> str | None:
    """Return where a program is; the folders of sshd and PostgreSQL may not be on the PATH."""
    servers = sorted(_SERVERS.glob("*/bin"), key=_version, reverse=True)
    places = [os.environ.get("PATH", ""), _ALSO, *map(str, servers)]
    return shutil.which(name, path=":".join(places))


def missing() -> list[str]:
    """Return the packages of missing programs."""
    return sorted({package for name, package in PACKAGES.items() if found(name) is None})


def need(name: str) -> str:
    """Return where a program is, or skip the test."""
    path = found(name)
    if path is None:
        pytest.skip(f"{name} is missing (apt-get install {PACKAGES[name]})")
    return path


def need_right(may: bool, what: str) -> None:
    """Skip the test when this user lacks the right to do something."""
    if not may:
        pytest.skip(f"this user may not {what} here")


def unshared(mapping: str) -> list[str]:
    """Return the arguments that start a program in a new pid namespace; add --fork.

    For other users than root, a user namespace with this `mapping` is created too.
    """
    words = [need("unshare"), *([] if os.geteuid() == 0 else ["--user", mapping]), "--pid"]
    need_right(_returns_zero([*words, "--fork", "true"]), "make a pid namespace")
    return words


def provide() -> list[str]:
    """Install what is missing, and return a message about it."""
    wanted = missing()
    if not wanted:
        return []
    try:
        _install(wanted)
    except NotInstalled as error:
        return [f"missing: {' '.join(wanted)}, and not installed: {error}"]
    left = missing()
    if left:
        return [f"still missing after apt-get install: {' '.join(left)}"]
    return [f"installed: {' '.join(wanted)}"]


def not_tried(reasons: Iterable[str]) -> list[str]:
    """Return lines that say what kept how many tests from running."""
    told = Counter(reason.removeprefix("Skipped: ") for reason in reasons)
    return [f"not tried, {number} tests: {reason}" for reason, number in sorted(told.items())]


def _install(packages: Sequence[str]) -> None:
    if shutil.which("apt-get") is None:
        raise NotInstalled("there is no apt-get here; install them by this system's own means")
    if "openssh-server" in packages and _SERVICE_MANAGER.exists():
        raise NotInstalled(
            "openssh-server would open this machine's port 22; "
            f"if you want that: apt-get install {' '.join(packages)}"
        )
    before = _as_root(packages)
    if "postgresql" in packages and not _NO_CLUSTER.exists():
        # Its package starts a server of its own otherwise, which the tests have no use for.
        told = f"mkdir -p {_NO_CLUSTER.parent} && echo create_main_cluster = false > {_NO_CLUSTER}"
        _run([*before, "sh", "-c", told])
    _run([*before, "apt-get", *_NETWORK, "-qq", "update"])
    kept = ("-o", "Dpkg::Options::=--force-confold")
    words = ["install", "-y", "-qq", "--no-install-recommends", *kept, *packages]
    _run([*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *_NETWORK, *words])


def _version(folder: Path) -> float:
    """Return the version of PostgreSQL that a folder of programs is of."""
    return float(folder.parent.name) if folder.parent.name.isdecimal() else 0.0


def _as_root(packages: Sequence[str]) -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and _returns_zero(["sudo", "-n", "true"]):
        return ["sudo", "-n"]
    raise NotInstalled(
        "that takes root, or sudo without a password; "
        f"as a user who may: apt-get install {' '.join(packages)}"
    )


def _returns_zero(words: Sequence[str]) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _run(words: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{' '.join(words)}: no end after {_PATIENCE_S} s") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no word why").splitlines()[-1]
        raise NotInstalled(f"{' '.join(words)}: {last}")
