"""A console that may only look: every verb that would act is refused, and nothing lifts that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tui.__main__ import main, say_verb
from tui.cli.verb_info import verb_infos
from tui.core.errors import Refused, UsageError
from tui.operations.context import Context

LOOKS = {
    "ls": "ls hollis_park",
    "show": f"show {FIRST}",
    "tail": f"tail {FIRST}",
    "grep": "grep pumps",
    "export": f"export {FIRST}",
    "trash": "trash",
    "log": "log",
    "stats": "stats",
    "doctor": "doctor",
    "check": "check",
    "info": "info",
    "help": "help security",
    "hold": "hold",
    "cleanup": "cleanup --older-than 1d --dry-run",
}
ACTS = {
    "export": f"export {FIRST} -o {{root}}/hollis_park/pumps.md",
    "new": "new hollis_park Go --stage stage_3",
    "resume": f"resume {FIRST} Go",
    "send": f"send {FIRST} Go",
    "answer": f"answer {FIRST} allow",
    "interrupt": f"interrupt {FIRST} --yes",
    "stop": f"stop {FIRST}",
    "model": f"model {FIRST} opus",
    "mode": f"mode {FIRST} plan",
    "extend": f"extend {FIRST} {SECOND} 30d",
    "delete": f"delete {FIRST} --yes",
    "restore": f"restore {FIRST}",
    "undo": "undo",
    "purge": f"purge {FIRST} --yes",
    "fail": f"fail {FIRST}",
    "activate": f"activate {FIRST}",
    "ack": f"ack {FIRST}",
    "rename": f"rename {FIRST} Pumps",
    "adopt": "adopt --all",
    "reapply": f"reapply {FIRST}",
    "cleanup": "cleanup --older-than 1d --purge-trash --yes",
    "hold": "hold on",
    "doctor": "doctor --fix",
    "check": "check --notify",
}
REFUSED = "this console is read-only"


@pytest.fixture
def listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=2)
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("SESSION_CONSOLE_NOTIFY_COMMAND", "touch told")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    return listing


def words(listing: SampleListing, line: str) -> list[str]:
    return line.format(root=listing.root).split()


def test_every_verb_is_known_to_look_or_to_act() -> None:
    assert set(LOOKS) | set(ACTS) == {verb.name for verb in verb_infos()}


@pytest.mark.parametrize("line", ACTS.values(), ids=ACTS)
def test_what_acts_is_refused_and_changes_nothing(
    listing: SampleListing, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(listing.root)
    asked = words(listing, line)
    assert main(["--root", str(listing.root), *asked, "--read-only"]) == Refused.exit_code
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"session-console: {REFUSED}\n")
    context = listing.context(read_only=True, notify_command="touch told")
    assert refusal(context, asked) == REFUSED
    assert snapshot(listing.root) == before


def refusal(context: Context, asked: list[str]) -> str:
    """Return what a verb says at the `:` line when it is refused."""
    try:
        said = say_verb(context, asked)
    except Refused as error:
        return str(error)
    assert said.code == Refused.exit_code
    return "".join(said.lines).removeprefix("session-console: ")


@pytest.mark.parametrize("line", LOOKS.values(), ids=LOOKS)
def test_what_looks_is_answered_and_changes_nothing(
    listing: SampleListing, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(listing.root)
    assert main(["--read-only", "--root", str(listing.root), *words(listing, line)]) in (0, 1)
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert REFUSED not in said.err
    assert snapshot(listing.root) == before


@pytest.mark.parametrize(
    ("toml", "environment"),
    [
        ("read_only = true", ""),
        ("read_only = true", "false"),
        ("read_only = false", "true"),
        ('[roots."{root}"]\nread_only = true', "false"),
        ('read_only = true\n[roots."{root}"]\nread_only = false', ""),
        ('[roots."{root}/../outputs/"]\nread_only = true', ""),
    ],
)
def test_nothing_lifts_what_one_place_says(
    listing: SampleListing,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    toml: str,
    environment: str,
) -> None:
    (listing.root.parent / "config.toml").write_text(toml.format(root=listing.root))
    if environment:
        monkeypatch.setenv("SESSION_CONSOLE_READ_ONLY", environment)
    asked = ["--root", str(listing.root), "extend", FIRST, "30d"]
    assert main(asked) == Refused.exit_code
    assert REFUSED in capsys.readouterr().err


@pytest.mark.parametrize(
    "lifts", ["--root {root}/..", "--operator bert", "--read-only", "--restricted", "--roo={root}"]
)
def test_the_verb_line_changes_neither_root_nor_rights(listing: SampleListing, lifts: str) -> None:
    with pytest.raises(UsageError, match="the console's own"):
        say_verb(listing.context(), ["ls", *words(listing, lifts)])


def test_another_root_of_the_same_settings_may_be_written(
    listing: SampleListing, capsys: pytest.CaptureFixture[str]
) -> None:
    (listing.root.parent / "config.toml").write_text('[roots."/srv/other"]\nread_only = true')
    assert main(["--root", str(listing.root), "extend", FIRST, "30d"]) == 0
    assert "->" in capsys.readouterr().out
