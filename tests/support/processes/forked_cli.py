"""Verbs as separate processes, forked from one that has imported everything.

A fresh interpreter would spend a fifth of a second on imports, hundreds of times. Tests that depend
on how the interpreter starts (its locale, its own variables) start a fresh one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import IO

from tests.support.place import REPOSITORY

_HERE = REPOSITORY
_PATIENCE_S = 300
_MOST = 100_000  # the limit of one message
_OF_THE_START = ("LANG", "LC_", "PYTHON")
KEPT = ("PATH", "TZ", "PYTHONPYCACHEPREFIX")

# Two forks: the first waits for the verb and reports its end, and the server goes on.
_SERVER = """
import gc, importlib, json, os, socket, sys, time
from tui.__main__ import main
from tui.cli.declarations.table import VERBS
for module in {one.module for one in VERBS}:
    importlib.import_module(f"tui.cli.verbs.{module}")
gc.freeze()
line, own = socket.socket(fileno=int(sys.argv[1])), os.environ.get("LC_CTYPE")
at_work = set()
while True:
    asked, fds, _, _ = socket.recv_fds(line, 1 << 20, 3)
    at_work = {pid for pid in at_work if not os.waitpid(pid, 0 if not asked else os.WNOHANG)[0]}
    if not asked:
        sys.exit()
    if pid := os.fork():
        at_work.add(pid)
        for fd in fds:
            os.close(fd)
        continue
    out, err, told = fds
    if pid := os.fork():
        os.write(told, b"%15d " % pid)  # as long as what is read: the end may follow at once
        _, status, used = os.wait4(pid, 0)
        os.write(told, b"%d %d" % (os.waitstatus_to_exitcode(status), used.ru_maxrss))
        os._exit(0)
    break
os.dup2(out, 1)
os.dup2(err, 2)
for fd in (out, err, told, line.detach()):
    os.close(fd)
request = json.loads(asked)
os.environ.clear()
os.environ.update(request["environment"] | ({"LC_CTYPE": own} if own else {}))
time.tzset()
sys.argv = ["session-console", *request["words"]]
sys.exit(main())
"""


class _Server:
    """The process that verbs are forked from; it ends with its parent."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVER, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd=_HERE,
                env=kept,
            )

    def ask(self, words: Sequence[str], environment: Mapping[str, str], fds: list[int]) -> None:
        asked = json.dumps({"words": words, "environment": environment}).encode()
        with self._lock:
            socket.send_fds(self._line, [asked], fds)

    def end(self) -> None:
        self._line.close()
        self._process.wait(_PATIENCE_S)


_server = cache(_Server)


def end() -> None:
    """Stop the server, if there is one."""
    if _server.cache_info().currsize:
        _server().end()
        _server.cache_clear()


def _is_of_the_start(name: str, value: str) -> bool:
    """Whether the interpreter reads this variable at its start, except for the usual locale."""
    is_usual = name in KEPT or (name, value) == ("LANG", "C.UTF-8")
    return name.startswith(_OF_THE_START) and not is_usual


class Verb(subprocess.CompletedProcess[str]):
    """The result of a verb, and its peak memory."""

    peak_kb = 0


def run_verb(words: Sequence[str], environment: Mapping[str, str]) -> Verb:
    """Run a verb in exactly this environment, and return its result."""
    is_long = sum(map(len, words)) > _MOST
    if is_long or any(_is_of_the_start(*one) for one in environment.items()):
        return started(words, environment)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code, peak = _ended(words, environment, out, err)
        texts = [one.read().decode() for one in (out, err) if not one.seek(0)]
        done = Verb([*words], code, *texts)
        done.peak_kb = peak
        return done


def _ended(
    words: Sequence[str], environment: Mapping[str, str], out: IO[bytes], err: IO[bytes]
) -> tuple[int, int]:
    """Return a verb's exit code and its memory; one that does not end is killed."""
    read, told = os.pipe()
    with os.fdopen(read, "rb", 0) as answer:
        with os.fdopen(told, "wb", 0):
            _server().ask(words, environment, [out.fileno(), err.fileno(), told])
        pid = int(answer.read(16).split()[0])
        late = threading.Timer(_PATIENCE_S, os.kill, (pid, 9))
        late.start()
        said = answer.read()
        late.cancel()
    code, peak = map(int, said.split())
    return code, peak


def started(words: Sequence[str], environment: Mapping[str, str]) -> Verb:
    """Run a verb in a fresh interpreter; its memory is not measured."""
    done = subprocess.run(
        [sys.executable, "-m", "tui", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        cwd=_HERE,
    )
    return Verb([*words], done.returncode, done.stdout, done.stderr)
