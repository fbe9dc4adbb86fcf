"""Who may read how to connect to the fleet, and what a program without a fleet imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.place import REPOSITORY
from tests.support.programs import need_right
from tui.core.errors import Refused
from tui.fleet.dsn import fleet_of, read_dsn
from tui.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dsn"
    path.write_text("host=/run dbname=fleet\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400, 0o440])
def test_its_owner_reads_it_and_a_group_may(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert read_dsn(file) == "host=/run dbname=fleet"


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(Refused, match=f"mode {mode:03o}"):
        read_dsn(file)


def test_a_file_of_another_login_is_refused(file: Path) -> None:
    need_right(os.geteuid() == 0, "give a file to another login")
    os.chown(file, 4711, -1)
    with pytest.raises(Refused, match="belongs to uid 4711"):
        read_dsn(file)


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb\n", b"a\0b", b"\xff"])
def test_what_is_no_line_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(Refused):
        read_dsn(file)


def test_what_is_no_file_is_refused(file: Path) -> None:
    file.unlink()
    with pytest.raises(Refused, match="cannot be read"):
        read_dsn(file)
    os.mkfifo(file, 0o600)
    with pytest.raises(Refused, match="does not say"):
        read_dsn(file)


def test_without_the_setting_there_is_no_fleet() -> None:
    with pytest.raises(Refused, match="in no fleet"):
        fleet_of(Settings())


@pytest.mark.parametrize("words", ["ls", "info", "doctor", "check", "help"])
def test_without_a_fleet_no_verb_imports_it(tmp_path: Path, words: str) -> None:
    """Neither the driver of PostgreSQL nor a module of the fleet."""
    script = (
        "import sys\n"
        "from tui.__main__ import main\n"
        "main(sys.argv[1:])\n"
        "found = [one for one in sys.modules if one.startswith(('psycopg', 'tui.fleet'))]\n"
        "sys.exit(repr(found) if found else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--root", str(tmp_path), words],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "HOME": str(tmp_path), "SESSION_CONSOLE_CONFIG": str(tmp_path / "none")},
    )
    assert done.returncode == 0, done.stderr


def test_without_a_fleet_the_console_does_not_import_it() -> None:
    script = (
        "import sys\n"
        "import tui.cli.verb_info, tui.ui.engine.real_engine, tui.ui.start\n"
        "found = [one for one in sys.modules if one.startswith(('psycopg', 'tui.fleet'))]\n"
        "sys.exit(repr(found) if found else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
