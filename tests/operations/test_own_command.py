"""Own commands: real processes without a shell, without secrets, within bounds, and logged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes.runs_site import wait
from tui.core.console.keymap import Keymap
from tui.core.console.own_command import OwnCommand
from tui.core.errors import ConsoleError, Refused
from tui.core.limits import COMMAND_BYTES
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.child_process import ended
from tui.operations.context import Context
from tui.operations.monitor.history import history
from tui.operations.own_command import (
    CommandOutput,
    command_environment,
    plan_command,
    run_command,
)

SHOW = (
    "import json, os, sys;"
    "stdin = os.readlink('/proc/self/fd/0');"
    "print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), stdin]))"
)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    return listing


def command(*argv: str, **more: Any) -> OwnCommand:
    return OwnCommand(name="open-log", key="L", argv=argv, **more)


@contextmanager
def typed_in(given: bytes) -> Iterator[None]:
    """Have something to read on this process's stdin."""
    ours, (there, end) = os.dup(0), os.pipe()
    os.write(end, given)
    os.dup2(there, 0)
    try:
        yield
    finally:
        os.dup2(ours, 0)
        for fd in (ours, there, end):
            os.close(fd)


def run(context: Context, one: OwnCommand, listing: SampleListing) -> CommandOutput:
    return run_command(context, plan_command(context, one, listing.session(FIRST), ""))


def shell(text: str, **more: Any) -> OwnCommand:
    return command("sh", "-c", text, **more)


def test_a_command_gets_its_arguments_and_no_secret(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "DB_PASSWORD", "MY_SECRET", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("LC_TIME", "C")
    one = command(sys.executable, "-c", SHOW, "{session}", "--in={listing}", "{transcript}; ls")
    with typed_in(b"typed"):
        done = run(listing.context(), one, listing)
    argv, environment, folder, stdin = json.loads(done.lines[0])
    path = str(listing.transcript_path(FIRST))
    assert argv == [FIRST, "--in=hollis_park", f"{path}; ls"]
    assert "hunter2" not in json.dumps(environment)
    assert environment["PATH"] == os.environ["PATH"]
    assert environment["LC_TIME"] == "C"
    assert folder == os.path.realpath(os.environ["HOME"])
    assert stdin == "/dev/null"
    assert (done.words, done.is_good) == ("open-log: done", True)


def test_an_environment_is_taken_by_name() -> None:
    given = {"PATH": "/bin", "LC_ALL": "C", "AWS_KEY": "x", "LD_PRELOAD": "x", "PYTHONPATH": "x"}
    assert command_environment(given) == {"PATH": "/bin", "LC_ALL": "C"}


def test_its_output_is_cleaned_and_its_exit_status_said(listing: SampleListing) -> None:
    one = shell("printf 'a\\033[31mb\\n'; printf '\\033]0;owned\\007c\\n' >&2; exit 3")
    done = run(listing.context(), one, listing)
    assert (done.lines, done.is_good) == (("ab", "c"), False)
    assert done.words == "open-log: exit 3"


def test_a_program_that_is_not_there_is_said(listing: SampleListing) -> None:
    with pytest.raises(ConsoleError, match="no-such-program: No such file"):
        run(listing.context(), command("no-such-program"), listing)


def test_one_that_takes_too_long_is_ended_with_its_children(
    listing: SampleListing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"

    def once_begun(process: subprocess.Popen[bytes], patience_s: float) -> int | None:
        wait(lambda: pid.exists() and pid.read_text().endswith("\n"))
        return ended(process, patience_s)

    monkeypatch.setattr("tui.operations.own_command.ended", once_begun)
    one = shell(f"echo begun; sleep 600 & echo $! > {pid}; wait", timeout=timedelta(seconds=1))
    done = run(listing.context(), one, listing)
    assert (done.words, done.lines, done.is_good) == (
        "open-log: ended after 1 s",
        ("begun",),
        False,
    )
    child = int(pid.read_text())
    assert wait(lambda: not Path(f"/proc/{child}").exists() or _is_dead(child))


def _is_dead(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"


def test_too_much_output_is_cut_and_the_program_goes_on(
    listing: SampleListing, tmp_path: Path
) -> None:
    ends = tmp_path / "ended"
    one = shell(f"yes | head -c {10 * COMMAND_BYTES} && touch {ends}")
    done = run(listing.context(), one, listing)
    assert ends.exists()
    assert done.words == "open-log: done, its output was cut"
    assert sum(len(line) + 1 for line in done.lines) <= COMMAND_BYTES + 1


def test_what_it_leaves_in_the_background_is_not_waited_for_and_can_write_on(
    listing: SampleListing, tmp_path: Path
) -> None:
    pid, ends = tmp_path / "pid", tmp_path / "ended"
    text = f"(while [ ! -e {ends} ]; do echo on; sleep 0.1; done) & echo $! > {pid}"
    done = run(listing.context(), shell(text, timeout=timedelta(minutes=2)), listing)
    assert done.is_good
    child = int(pid.read_text())
    try:
        assert not _is_dead(child)
        ends.touch()
        assert wait(lambda: not Path(f"/proc/{child}").exists() or _is_dead(child))
    finally:
        if Path(f"/proc/{child}").exists() and not _is_dead(child):
            os.kill(child, signal.SIGKILL)


def test_who_ran_what_on_what_is_logged_also_if_it_fails(listing: SampleListing) -> None:
    run(listing.context(), shell("exit 1"), listing)
    run(listing.context(), command("true", "{session}"), listing)
    last, before = history(listing.context())
    assert (last.operator, last.action, last.note) == ("anna", "command", "open-log")
    assert (last.listing, last.session_id) == ("hollis_park", FIRST)
    assert (before.action, before.session_id) == ("command", "")


@pytest.mark.parametrize("own", ["{id}", "{listing}", "{transcript}"])
def test_none_runs_on_what_is_here_for_a_session_of_another_host(
    listing: SampleListing, own: str
) -> None:
    """There may be a listing, and a session, of the same name here."""
    session = replace(listing.session(FIRST), host="b")
    with pytest.raises(Refused, match="lives on b"):
        plan_command(listing.context(), command("true", own), session, "")
    assert plan_command(listing.context(), command("true"), session, "").argv == ("true",)


@pytest.mark.parametrize(
    "settings",
    [
        {"read_only": True},
        {"restricted": True},
        {"keys": Keymap(no_commands="config.toml can be written by others")},
    ],
    ids=["read-only", "restricted", "others may write the settings"],
)
def test_where_none_may_run_none_runs(
    listing: SampleListing, tmp_path: Path, settings: dict[str, Any]
) -> None:
    ran = tmp_path / "ran"
    one = command("touch", str(ran))
    plan = plan_command(listing.context(), one, listing.session(FIRST), "")
    refusing = listing.context(**settings)
    with pytest.raises(Refused):
        plan_command(refusing, one, listing.session(FIRST), "")
    with pytest.raises(Refused):
        run_command(refusing, plan)
    assert not ran.exists()
    assert history(listing.context()) == ()


@pytest.mark.parametrize("own", ["-rf", "--help", "a b", "x;ls", "$(ls)", "../up"])
def test_a_hostile_id_is_refused(listing: SampleListing, own: str) -> None:
    listing.track(own)
    sessions = [one for one in _sessions(listing) if one.session_id == own]
    with pytest.raises(Refused):
        plan_command(listing.context(), command("echo", "{session}"), sessions[0], "")


def _sessions(listing: SampleListing) -> Any:
    return CatalogScanner(listing.context()).look().sessions


@pytest.mark.parametrize("name", ["-rf", "--all", "..", ".", "", "a/b", "none"])
def test_a_listing_that_is_none_or_begins_with_a_dash_is_refused(
    listing: SampleListing, name: str
) -> None:
    (listing.root / "-rf").mkdir()
    (listing.root / "--all").mkdir()
    one = command("echo", "{listing}")
    with pytest.raises(Refused):
        plan_command(listing.context(), one, None, name)
    assert plan_command(listing.context(), one, None, "hollis_park").argv[1] == "hollis_park"


def test_a_transcript_must_be_a_file_within_the_root(
    listing: SampleListing, tmp_path: Path
) -> None:
    one, path = command("cat", "{transcript}"), listing.transcript_path(FIRST)
    session = listing.session(FIRST)
    outside = tmp_path / "secret"
    outside.write_text("secret")
    path.unlink()
    with pytest.raises(Refused, match="cannot be read"):
        plan_command(listing.context(), one, session, "")
    path.symlink_to(outside)
    with pytest.raises(Refused, match="outside"):
        plan_command(listing.context(), one, session, "")
    path.unlink()
    path.symlink_to(listing.db_path)
    with pytest.raises(Refused, match="cannot be read"):
        plan_command(listing.context(), one, session, "")
    listing.track("9f2f0000-1111-4222-8333-444455556666")
    ghost = listing.session("9f2f")
    with pytest.raises(Refused, match="no transcript"):
        plan_command(listing.context(), one, ghost, "")


def test_a_transcript_is_looked_at_again_when_the_command_is_run(
    listing: SampleListing, tmp_path: Path
) -> None:
    """The question may stand open for long, and what it named may be a link by then."""
    path, outside = listing.transcript_path(FIRST), tmp_path / "secret"
    outside.write_text("secret")
    context = listing.context()
    plan = plan_command(context, command("cat", "{transcript}"), listing.session(FIRST), "")
    path.unlink()
    path.symlink_to(outside)
    with pytest.raises(Refused, match="outside"):
        run_command(context, plan)


def test_other_arguments_than_those_shown_are_never_run(
    listing: SampleListing, tmp_path: Path
) -> None:
    """The question showed the ones that it was planned with."""
    context, made = listing.context(), tmp_path / "made"
    plan = plan_command(context, command("echo", "{session}"), listing.session(FIRST), "")
    other = replace(plan, argv=("touch", str(made)))
    with pytest.raises(Refused, match="its arguments have changed"):
        run_command(context, other)
    assert not made.exists()
