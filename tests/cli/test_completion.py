"""Shell completion as shipped: what bash offers, and that the files match the verbs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.processes.image import DEPLOY
from tests.support.processes.terminal import Terminal
from tests.support.programs import need
from tui.cli.completion import SHELLS
from tui.cli.declarations.table import VERBS
from tui.cli.declarations.verb import Verb
from tui.cli.parser import build_parser
from tui.core.sessions.session_order import SORTS
from tui.core.sessions.status_filter import STATE_WORDS
from tui.guides import topic_names
from tui.operations.trash.delete import delete

THIRD = "9f2e0000-1111-4222-8333-444455556666"

OFFER = """
source "$1"
complete -p session-console >/dev/null || exit 9
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_session_console "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(autouse=True)
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow a busy machine a minute to answer, not 3 s."""
    shim(tmp_path / "bin" / "timeout", f'shift; exec {need("timeout")} 60 "$@"')
    path = f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", "/dev/null")


def shim(path: Path, words: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o755)


def offered(*words: str) -> set[str]:
    """Return what bash offers for the last of the words."""
    done = subprocess.run(
        ["bash", "-c", OFFER, "bash", str(DEPLOY / "completion.bash"), "session-console", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


@pytest.mark.parametrize("name", SHELLS)
def test_the_shipped_files_are_those_of_the_verbs(name: str) -> None:
    """`python -m tui.cli.completion tui/deploy` rewrites them."""
    assert (DEPLOY / name).read_text() == SHELLS[name](VERBS)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ext"], {"extend"}),
        (["--dem"], {"--demo"}),
        (["ls", "--re"], {"--read-only", "--restricted"}),
        (["cleanup", "--dry"], {"--dry-run"}),
        (["show", "ls", "--li"], set()),
        (["--operator", "ls", "un"], {"undo"}),
        (["--root", "=", "ls", "un"], {"undo"}),
        (["ls", "--status", "q"], {"queued", "quiet"}),
        (["ls", "--status", "="], set(STATE_WORDS)),
        (["ls", "--status", "=", "api"], {"api-error"}),
        (["ls", "--sort", ""], set(SORTS)),
        (["view", "save", "x", "--sort", "ow"], {"owner"}),
        (["cleanup", "--older-than", ""], set()),
        (["help", ""], set(topic_names())),
    ],
)
def test_bash_offers_verbs_and_their_flags(words: list[str], found: set[str]) -> None:
    assert offered(*words) == found


def test_bash_offers_what_is_meant_and_runs_no_name(tmp_path: Path) -> None:
    """A shell expands completions: a folder's name must not become a command."""
    for name in ("hollis_park", "$(touch owned)", "`touch owned`"):
        listing = SampleListing(tmp_path / "outputs", name)
        listing.add(FIRST, stage="stage_2")
    listing = SampleListing(tmp_path / "outputs")
    listing.add(SECOND, stage="stage_3; touch owned")
    listing.add(THIRD)
    delete(listing.context(), listing.session(THIRD))
    (tmp_path / "outputs" / "empty" / ".claude_sessions").mkdir(parents=True)
    root = ["--root", str(tmp_path / "outputs")]
    for verb in ("show", "extend", "resume"):
        assert offered(*root, verb, "") >= {FIRST, SECOND}, verb
        assert "hollis_park" not in offered(*root, verb, ""), verb
        assert ({"hollis_park/"} == offered(*root, verb, "hol")) is (verb != "show"), verb
    for verb in ("restore", "trash"):
        assert offered(*root, verb, "") == {THIRD}, verb
    assert offered(*root, "purge", "") >= {FIRST, SECOND, THIRD}
    for verb in ("ls", "new", "stats"):
        assert offered(*root, verb, "") == {"hollis_park", "empty"}, verb
    assert offered(*root, "new", "empty", "--stage", "") == {"stage_2", "stage_3"}
    assert offered(*root, "adopt", "--listing", "h") == {"hollis_park"}
    assert offered("show", "--root", "=", root[1], "9f2c") == {FIRST}
    assert not Path("owned").exists()


def test_bash_offers_nothing_and_says_nothing_where_a_root_is_broken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in ("file", "missing"):
        for words in (["show", ""], ["restore", ""], ["ls", ""], ["new", "x", "--stage", ""]):
            assert offered("--root", str(tmp_path / root), *words) == set()


def test_bash_waits_no_longer_than_a_few_seconds(tmp_path: Path) -> None:
    (tmp_path / "bin" / "timeout").unlink()
    shim(tmp_path / "bin" / "session-console", "exec sleep 600")
    assert offered("show", "") == set()


def test_tab_completes_in_a_real_bash(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    bash = ("bash", "--norc", "--noprofile", "-i")
    with Terminal(bash, size=(160, 24)) as screen:
        screen.send(f"source {DEPLOY / 'completion.bash'}; PS1='re''ady> '\r")
        screen.wait_for("ready>")
        screen.send("session-console ls --status=ru\t")
        screen.wait_for("--status=running")
        screen.send(f"\x15session-console --root={listing.root} show 9\t")
        screen.wait_for(f"show {FIRST}")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_help_of_every_verb_shows_examples_that_parse(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser().read([verb.name, "--help"])
    shown = capsys.readouterr().out
    for example in verb.examples:
        assert f"example: session-console {example}\n" in shown
        assert build_parser().read(shlex.split(example)).verb == verb.name
