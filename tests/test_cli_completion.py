"""Shell completion as shipped: what bash offers, and that the files are those of the verbs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image import DEPLOY
from tests.sample_listing import FIRST, SampleListing
from tui.cli.completion import SHELLS
from tui.cli.parser import build_parser
from tui.cli.taken import verb_infos
from tui.cli.words import declare

OFFER = """
source "$1"
complete -p session-console >/dev/null || exit 9
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_session_console "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words: str) -> set[str]:
    """Return what bash offers for the last of the words."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", OFFER, "bash", str(DEPLOY / "completion.bash"), "session-console", *words],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


@pytest.mark.parametrize("name", SHELLS)
def test_the_shipped_files_are_those_of_the_verbs(name: str) -> None:
    """`python -m tui.cli.completion tui/deploy` writes them anew."""
    assert (DEPLOY / name).read_text() == SHELLS[name](verb_infos())


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ext"], {"extend"}),
        (["--dem"], {"--demo"}),
        (["ls", "--re"], {"--read-only", "--restricted"}),
        (["cleanup", "--dry"], {"--dry-run"}),
        (["show", "ls", "--li"], set()),
        (["--operator", "ls", "un"], {"undo"}),
    ],
)
def test_bash_offers_verbs_and_their_flags(words: list[str], found: set[str]) -> None:
    assert offered(*words) == found


def test_bash_offers_sessions_and_listings_and_runs_no_name(tmp_path: Path) -> None:
    """A shell expands what it is offered: a folder's name must not be a command."""
    for name in ("hollis_park", "$(touch owned)", "`touch owned`"):
        SampleListing(tmp_path, name).add(FIRST)
    root = ["--root", str(tmp_path)]
    assert offered(*root, "show", "") == {FIRST, "hollis_park"}
    assert offered("show", *root, "9f") == {FIRST}
    assert not Path("owned").exists()


@pytest.mark.parametrize("verb", [info.name for info in verb_infos()])
def test_the_help_of_every_verb_shows_an_example_that_is_right(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser(declare).read([verb, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    program, *words = shlex.split(told.partition("example: ")[2])
    assert (program, words[0]) == ("session-console", verb)
    assert build_parser(declare).read(words).verb == verb
