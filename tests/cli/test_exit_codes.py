"""The exit code of each verb while one listing of the root cannot be read: the guide's table."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli

NOBODY = "ffffffff-0000-4000-8000-000000000000"
OVER_ALL = (
    "ls", "grep pumps", "grep zzzzqq", "stats", "log", "report", "doctor", "check",
    "cleanup --expired --dry-run", "cleanup --expired --yes", "adopt --all",
)  # fmt: skip
OF_ONE = (
    "ls hollis_park", "grep pumps hollis_park", "stats hollis_park", "report hollis_park",
    "cleanup hollis_park --expired --yes", "extend hollis_park/ 9d --yes",
    "delete hollis_park/ --yes", "hold on", "view", "info",
    *(f"{verb} {FIRST}" for verb in ("show", "tail", "export", "fail", "log")),
    f"extend {FIRST} 9d", f"tag {FIRST} x", f"note {FIRST} x", f"rename {FIRST} x",
    f"delete {SECOND} --yes", f"purge {SECOND} --yes", "extend 9f2c 9d",
)  # fmt: skip
OF_NOBODY = (
    *(
        "show",
        "tail",
        "export",
        "fail",
        "activate",
        "ack",
        "stop",
        "interrupt",
        "resume",
        "reapply",
    ),
    *("extend", "delete", "purge", "rename", "tag", "note", "snooze", "send", "model", "answer"),
)
REST = {
    **dict.fromkeys(("delete", "purge"), ("--yes",)),
    **dict.fromkeys(("rename", "tag", "note", "send", "model"), ("x",)),
    **{"extend": ("9d",), "snooze": ("4h",), "answer": ("deny",)},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=2)
    broken = listing.root / "broken_b"
    broken.mkdir()
    (broken / "buyers.db").write_bytes(b"no database" * 999)
    return listing.root


@pytest.mark.parametrize("line", OVER_ALL)
def test_what_looks_at_all_names_it_and_exits_with_1(root: Path, line: str) -> None:
    done = run_cli(root, *line.split())
    assert done.returncode == 1
    assert "listing cannot be read" in done.stderr or "broken_b" in done.stderr + done.stdout


@pytest.mark.parametrize("line", OF_ONE)
def test_what_was_done_elsewhere_is_done(root: Path, line: str) -> None:
    done = run_cli(root, *line.split())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", OF_NOBODY)
def test_an_id_that_was_not_found_may_be_in_it(root: Path, verb: str) -> None:
    done = run_cli(root, verb, NOBODY, *REST.get(verb, ()))
    assert (done.returncode, done.stdout) == (1, "")
    assert "not everything could be read: broken_b" in done.stderr
    if verb != "purge":  # that looks into the trash, too
        done = run_cli(root, verb, f"hollis_park/{NOBODY}", *REST.get(verb, ()))
        assert (done.returncode, done.stdout) == (3, "")


def test_nothing_is_done_to_all_of_it(root: Path) -> None:
    assert run_cli(root, "delete", "broken_b/", "--yes").returncode == 1


@pytest.mark.parametrize("verb", ["ls", "check", "show"])
def test_a_shell_in_a_folder_that_is_gone_is_told_so_unless_the_root_is_absolute(
    root: Path, tmp_path: Path, verb: str
) -> None:
    """It was told that its own output cannot be written."""
    gone = tmp_path / "gone"
    words = shlex.join([verb, FIRST] if verb == "show" else [verb])

    def run(given: str) -> subprocess.CompletedProcess[str]:
        gone.mkdir()
        program = (
            f"exec {shlex.quote(sys.executable)} -P -m tui --root {shlex.quote(given)} {words}"
        )
        line = f"cd {shlex.quote(str(gone))} && rmdir {shlex.quote(str(gone))} && {program}"
        environment = {**os.environ, "SESSION_CONSOLE_CONFIG": "/dev/null"}
        return subprocess.run(
            ["sh", "-c", line], env=environment, capture_output=True, text=True, check=False
        )

    told = run("outputs")
    assert (told.returncode, told.stdout) == (1, "")
    assert "the folder that this shell is in cannot be used: No such file" in told.stderr
    assert "stdout" not in run(str(root)).stderr
