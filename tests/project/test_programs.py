"""A missing program is named, with what was not tested; long test files start first."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support import programs
from tests.support.place import REPOSITORY
from tests.support.quick import LONG, TESTS, places

PLACE = REPOSITORY
AS_NOBODY = """
import os, sys
from tests.support import programs
programs._ALSO = os.environ["PATH"]
programs._SERVERS = programs.Path("/none")
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(*programs.provide(), sep="\\n")
"""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine whose PATH holds only what a test puts there, readable by everybody."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        monkeypatch.setenv("PATH", str(place))
        monkeypatch.setattr(programs, "_ALSO", str(place))
        monkeypatch.setattr(programs, "_SERVERS", place)
        yield place


def program(place: Path, name: str, does: str = "exit 0") -> None:
    path = place / name
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


def test_a_machine_that_has_all_is_left_alone(bare: Path) -> None:
    program(bare, "apt-get", f"echo touched > {bare}/touched")
    for name in programs.PACKAGES:
        program(bare, name)
    assert programs.provide() == []
    assert not (bare / "touched").exists()


def test_where_there_is_no_apt_get_the_missing_is_named(bare: Path) -> None:
    (said,) = programs.provide()
    assert said.startswith(
        "missing: mount openssh-client openssh-server postgresql tmux util-linux"
    )
    assert "no apt-get here" in said


def test_what_apt_get_says_last_is_said(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual cause is a missing network."""
    monkeypatch.setattr(programs, "_SERVICE_MANAGER", bare / "none")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    program(bare, "apt-get", 'echo "E: first" >&2; echo "E: Temporary failure" >&2; exit 100')
    (said,) = programs.provide()
    assert said.endswith("update: E: Temporary failure")


def test_what_is_installed_is_said_and_what_is_still_missing(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_SERVICE_MANAGER", bare / "none")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in programs.PACKAGES:
        program(bare, name)
    (bare / "tmux").unlink()
    program(bare, "env", 'shift; exec "$@"')
    program(bare, "apt-get")
    assert programs.provide() == ["still missing after apt-get install: tmux"]
    comes = f'case "$*" in *install*tmux*) /bin/cp {bare}/ssh {bare}/tmux;; esac'
    program(bare, "apt-get", comes)
    assert programs.provide() == ["installed: tmux"]
    assert programs.provide() == []


def test_no_service_is_opened_on_a_machine_that_would_start_it(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_SERVICE_MANAGER", bare)
    program(bare, "apt-get", f"echo touched > {bare}/touched")
    (said,) = programs.provide()
    assert "would open this machine's port 22" in said
    assert not (bare / "touched").exists()


def test_who_may_not_install_is_told_how(bare: Path) -> None:
    program(bare, "apt-get", f"echo touched > {bare}/touched")
    program(bare, "sudo", "exit 1")
    for name in programs.PACKAGES:
        if name != "tmux":
            program(bare, name)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY],
        cwd=PLACE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("missing: tmux, and not installed: that takes root, or sudo")
    assert not (bare / "touched").exists()


def test_a_test_that_lacks_its_program_is_named_as_not_tried(bare: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pytest", "-n", "0", "--basetemp", str(tmp_path / "inner")]
    done = subprocess.run(
        [*words, "tests/e2e/terminal/test_demo.py"],
        cwd=PLACE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout
    assert "not tried, 1 tests: tmux is missing (apt-get install tmux)" in said
    assert "1 skipped" in said.splitlines()[-1]


LACKS = "from tests.support.programs import need, need_right"
CASES = {
    "def test_one() -> None: pass": True,
    "def test_one() -> None: assert 0": False,
    f"{LACKS}\ndef test_one() -> None: need('ssh-keygen')": False,
    f"{LACKS}\ndef test_one() -> None: need_right(False, 'mount')": False,
}


@pytest.mark.parametrize("code", CASES)
def test_what_was_not_tried_fails_the_whole(tmp_path: Path, code: str) -> None:
    """Without its last lines, `.ci/run` would report success."""
    case, commands = tmp_path / "test_case.py", tmp_path / "bin"
    case.write_text(
        f"from tests.support import programs\nprograms.PACKAGES['ssh-keygen'] = 'x'\n{code}\n"
    )
    commands.mkdir()
    real = f"exec {sys.executable} -m pytest -q -p no:cacheprovider --rootdir {tmp_path} {case}"
    program(commands, "uv", f'case "$*" in "run pytest"*) PATH={commands} {real};; esac')
    program(commands, "python3", "exit 1")
    for name in ("README.md", ".ci"):
        (tmp_path / name).symlink_to(PLACE / name)
    done = subprocess.run(
        [str(tmp_path / ".ci" / "run")],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(PLACE)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "1 passed" in said or "1 failed" in said or "1 skipped" in said
    assert (done.returncode == 0) == CASES[code], said
    assert ("what was not tried is not proven" in said) == ("need" in code)


def test_the_examples_of_hypothesis_are_the_same_in_every_run() -> None:
    from hypothesis import settings

    assert settings().derandomize
    assert settings().deadline is None


def test_what_takes_long_starts_first_and_the_rest_is_spread_between() -> None:
    """A file that was moved or renamed and not here would start last, and run alone at the end."""
    assert [name for name in LONG if not (TESTS / name).is_file()] == []
    place = places(sorted(TESTS.rglob("test_*.py")))
    order = sorted(place, key=lambda path: place[path])
    long = [path for path in order if path.relative_to(TESTS).as_posix() in LONG]
    assert long == sorted(long, key=lambda path: -LONG[path.relative_to(TESTS).as_posix()])
    assert place[long[0]] == min(place.values())
    between = [order.index(after) - order.index(before) for before, after in pairwise(long)]
    assert max(between) < len(order) / 4
