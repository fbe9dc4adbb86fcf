"""What the program does when its streams are closed, broken or no terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli, text_line
from tests.support.processes.terminal import Terminal

TUI = (sys.executable, "-m", "tui")


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    return listing


@pytest.mark.parametrize("words", [(), ("--demo",)])
def test_a_console_without_a_terminal_says_what_to_use_instead(
    listing: SampleListing, words: tuple[str, ...]
) -> None:
    done = run_cli(listing.root, *words, TERM="xterm")
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs a terminal" in done.stderr
    assert "`ls`" in done.stderr


def test_a_terminal_that_can_draw_nothing_is_refused(listing: SampleListing) -> None:
    command = (*TUI, "--root", str(listing.root))
    with Terminal(command, environment={"TERM": "dumb"}) as screen:
        assert screen.process.wait(60) == 2
        screen.wait_for("cannot draw", "use a verb")


def test_json_without_a_verb_is_a_usage_error(listing: SampleListing) -> None:
    done = run_cli(listing.root, "--json")
    assert done.returncode == 2
    assert json.loads(done.stderr)["error"]["code"] == "usage"


def test_the_console_leaves_at_the_end_of_input_though_no_signal_says_so(
    listing: SampleListing,
) -> None:
    with Terminal((*TUI, "--root", str(listing.root)), owns=False) as screen:
        screen.wait_for("hollis_park")
        screen.hang_up()
        assert screen.process.wait(60) is not None


@pytest.mark.parametrize(
    ("redirection", "code", "says"),
    [
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        (">/dev/full", 1, "No space left"),
        ("| head -c 1 >/dev/null", 0, ""),
    ],
)
def test_closed_and_full_streams_end_in_no_traceback(
    listing: SampleListing, redirection: str, code: int, says: str
) -> None:
    script = f'set -o pipefail; "$0" -m tui --root "$1" ls --json {redirection}'
    command = ["bash", "-c", script, sys.executable, str(listing.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert says in done.stderr


def test_an_error_never_goes_to_stdout_when_stderr_is_closed(listing: SampleListing) -> None:
    command = ["bash", "-c", '"$0" -m tui --root "$1" show nothing 2>&-', sys.executable]
    done = subprocess.run(
        [*command, str(listing.root)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (3, "")


def test_a_user_without_a_home_is_served(listing: SampleListing) -> None:
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [*TUI, "--root", str(listing.root), "ls"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "hollis_park" in done.stdout


def test_a_time_beyond_the_calendar_is_a_usage_error(listing: SampleListing) -> None:
    done = run_cli(listing.root, "ls", "--ends", "999999w")
    assert done.returncode == 2
    assert "hundred years" in done.stderr


@pytest.mark.parametrize("name", ["Smith  Co", "Müller & Söhne", "new\nline", "-rf"])
def test_a_listing_is_found_by_its_folder_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    listing.folder.rename(listing.root / name)
    for words in (("ls", "--json", "--", name), ("show", "--json", "--", f"{name}/{FIRST}")):
        done = run_cli(listing.root, *words)
        assert done.returncode == 0, done.stderr
        assert FIRST in done.stdout


def test_tail_prints_as_many_entries_as_asked_for_however_long_they_are(
    listing: SampleListing,
) -> None:
    path = listing.transcript_path(FIRST)
    with path.open("a") as file:
        for number in range(60):
            line = text_line(f"{number} " + "x" * 20_000, datetime.now(UTC))
            file.write(json.dumps(line) + "\n")
        file.write(json.dumps(text_line("last " + "y" * 9_000_000, datetime.now(UTC))) + "\n")
    done = run_cli(listing.root, "tail", "-n", "50", "--json", FIRST)
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(entries) == 50
    assert entries[-1]["text"].startswith("last yyy")
    assert entries[0]["text"].startswith("11 ")
