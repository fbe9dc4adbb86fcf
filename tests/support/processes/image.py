"""A container image without a container: the Dockerfile's steps in a folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.place import REPOSITORY

REPOSITORY = REPOSITORY
DEPLOY = REPOSITORY / "tui" / "deploy"
_OURS = re.compile(r"(?<![\w/.-])/(?=(opt|app|home)\b)")
# Only the real image must not contain uv's cache; here it saves time.
_NOT_HERE = {"UV_NO_CACHE", "UV_COMPILE_BYTECODE"}
_BY_ROOT = ("pip install ", "groupadd ")


@dataclass
class Image:
    """What a Dockerfile builds: its `/opt`, `/app` and `/home` below `folder`."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: Path = Path("/")
    volume: str = ""
    command: list[str] = field(default_factory=list)

    def inside(self, text: str) -> str:
        """Return a text of the image with its paths as they are here."""
        return _OURS.sub(f"{self.folder}/", text)

    def words(self, command: Sequence[str]) -> list[str]:
        """Return the arguments that run a command as the image's user.

        As root we become that user but may still read everything: this machine's Python may be
        readable by root alone. Everybody else is not root anyway.
        """
        whole = [self.inside(word) for word in command]
        if os.geteuid() != 0:
            return whole
        uid, gid = self.user.split(":")
        reads = [f"--{kind}-caps=-all,+dac_read_search" for kind in ("inh", "ambient")]
        reads.append("--securebits=+no_setuid_fixup")  # else access(2) ignores it
        return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *reads, *whole]

    def run(self, command: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command like a container of this image, with nothing else around it."""
        return subprocess.run(
            self.words(command),
            cwd=self.workdir,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def build(folder: Path) -> Image:
    """Run the Dockerfile's steps, except those that change the machine: uv and the user."""
    image = Image(folder)
    for name, rest in instructions((DEPLOY / "Dockerfile").read_text()):
        _STEPS[name](image, rest)
    for place in ("/home/app", "/app/data/outputs"):
        path = Path(image.inside(place))
        path.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, *map(int, image.user.split(":")))
    return image


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Dockerfile with its arguments."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.partition(" ")
        yield name, " ".join(rest.split())


def _from(image: Image, rest: str) -> None:
    assert rest == "python:3.11-slim"


def _env(image: Image, rest: str) -> None:
    for pair in shlex.split(rest):
        name, _, value = pair.partition("=")
        if name not in _NOT_HERE:
            image.environment[name] = image.inside(value)


def _workdir(image: Image, rest: str) -> None:
    image.workdir = Path(image.inside(rest))
    image.workdir.mkdir(parents=True, exist_ok=True)


def _copy(image: Image, rest: str) -> None:
    source, target = rest.split()
    if (REPOSITORY / source).is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / source, image.workdir / target, ignore=ignored)
    else:
        shutil.copy2(REPOSITORY / source, image.workdir / target)


def _run(image: Image, rest: str) -> None:
    if rest.startswith(_BY_ROOT):
        return
    uv = os.environ.get("UV") or shutil.which("uv") or ""
    path = f"{image.environment['PATH']}:{Path(uv).parent}:{Path(sys.executable).parent}"
    done = subprocess.run(
        ["sh", "-ec", image.inside(rest)],
        cwd=image.workdir,
        env=os.environ | image.environment | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{rest}\n{done.stdout}"


def _user(image: Image, rest: str) -> None:
    image.user = rest


def _volume(image: Image, rest: str) -> None:
    image.volume = rest


def _cmd(image: Image, rest: str) -> None:
    image.command = json.loads(rest)


_STEPS = {
    "FROM": _from,
    "ENV": _env,
    "WORKDIR": _workdir,
    "COPY": _copy,
    "RUN": _run,
    "USER": _user,
    "VOLUME": _volume,
    "CMD": _cmd,
}
