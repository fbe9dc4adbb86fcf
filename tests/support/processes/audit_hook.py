"""Records what a program of ours opens, changes, starts and connects to, by an audit hook.

SQLite's own calls pass no audit hook: compare snapshots of the files for those.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.support.place import REPOSITORY

# A program begins with this and calls `watch()` once its imports are done.
WATCH = """
import json, os, sys
_PATHS = {"open", "os.listdir", "os.scandir", "os.mkdir", "os.rename", "os.link", "os.symlink",
          "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.utime",
          "os.setxattr", "os.removexattr", "shutil.move", "shutil.rmtree", "sqlite3.connect"}
_STARTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork",
           "os.forkpty", "pty.spawn"}
_NAMED = "/", "file:"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_log = os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)

def _hook(event, args):
    if event in _STARTS:
        words = [os.fsdecode(word) for word in args[1]] if len(args) > 1 else []
        told = ["start", event, words]
    elif event == "socket.connect":
        told = ["connect", event, str(args[1])]
    elif event in _PATHS:
        paths = [os.fsdecode(one) for one in args[:2] if isinstance(one, (str, bytes))]
        if not any(one.startswith(_NAMED) for one in paths):
            return  # names below an opened folder were recorded with that folder
        is_look = event in ("os.listdir", "os.scandir", "sqlite3.connect")
        is_look |= event == "open" and not (isinstance(args[2], int) and args[2] & _WRITES)
        told = ["look" if is_look else "write", event, paths]
    else:
        return
    os.write(_log, (json.dumps(told, default=str) + "\\n").encode("utf-8", "surrogateescape"))

def watch():
    sys.addaudithook(_hook)
"""

_SYSTEM = ("/proc/", "/dev/", "/sys/", "/etc/", "/usr/", "/var/lib/dbus/", "/run/systemd/")


def events_of(log: Path) -> list[tuple[str, str, list[str]]]:
    """Return what a watched program did, each once: kind, event, and its paths or arguments."""
    lines = dict.fromkeys(log.read_text("utf-8", "surrogateescape").splitlines())
    return [(kind, event, told) for kind, event, told in map(json.loads, lines)]


def require_harmless(log: Path, own: Sequence[Path], looks_at: Iterable[Path] = ()) -> None:
    """Fail if anything outside `own` was touched, or if anything was run or connected to.

    Reads of `looks_at`, of Python's own files and of system files are allowed.
    """
    compiled = os.environ.get("PYTHONPYCACHEPREFIX")
    python = (sysconfig.get_paths()["stdlib"], sys.prefix, sys.base_prefix, compiled)
    may_look = [Path(one) for one in python if one] + [REPOSITORY, *looks_at]
    ours = tuple(os.path.realpath(one) for one in own)
    looked = (*ours, *(os.path.realpath(one) for one in may_look))
    for kind, event, told in events_of(log):
        if kind == "start":
            assert event == "subprocess.Popen", (event, told)
            assert told[0] == sys.executable, told
            continue
        assert kind != "connect", (event, told)
        for path in told:
            named = Path(path.removeprefix("file://").partition("?")[0])
            if not named.is_absolute() or str(named).startswith(
                ("/dev/null", "/dev/tty", "/dev/pts")
            ):
                continue
            real = os.path.realpath(named)
            if kind == "look" and real.startswith(_SYSTEM):
                continue
            places = ours if kind == "write" else looked
            inside = any(real == one or real.startswith(f"{one}/") for one in places)
            assert inside, (kind, event, path)
