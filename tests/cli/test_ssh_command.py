"""A command received over SSH is one of our verbs or refused, and overrides no restriction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot
from tui.__main__ import main
from tui.cli.ssh_command import ssh_words
from tui.core.errors import UsageError


@pytest.fixture
def listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.chdir(tmp_path)
    return listing


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("session-console", []),
        ("ls --json", ["ls", "--json"]),
        ("session-console ls", ["ls"]),
        ("resume 9f2c 'Go on; please'", ["resume", "9f2c", "Go on; please"]),
        ("ls; id", ["ls;", "id"]),
        ("ls\n$(id)", ["ls", "$(id)"]),
        ("session-console session-console", ["session-console"]),
    ],
)
def test_a_line_is_words_and_never_a_shells(line: str, words: list[str]) -> None:
    assert ssh_words({"SSH_ORIGINAL_COMMAND": line}) == words


def test_a_line_that_is_none_is_refused_in_clean_words() -> None:
    with pytest.raises(UsageError, match="No closing quotation") as raised:
        ssh_words({"SSH_ORIGINAL_COMMAND": "ls 'x\x1b[2J"})
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ls --json", 0),
        ("session-console ls --json", 0),
        ("--json ls", 0),
        (f"show {FIRST} --json", 0),
        ("sh", 2),
        ("sh -c id", 2),
        ("-c id", 2),
        ("ls; touch made", 2),
        ("ls --json; touch made", 2),
        ("ls && touch made", 2),
        ("ls | tee made", 2),
        ("ls > made", 2),
        ("internal-sftp", 2),
        ("/usr/lib/openssh/sftp-server", 2),
        ("scp -t made", 2),
        ("rsync --server . made", 2),
        ("'", 2),
        ("--demo", 4),
        ("--root / ls", 4),
        ("ls --root=/", 4),
        ("ls --roo /", 4),
        ("--operator bert", 4),
        (f"extend {FIRST} 30d --op bert", 4),
        (f"extend {FIRST} 30d --read-only", 4),
        (f"export {FIRST} -o made", 4),
        (f"export {FIRST} --out=made", 4),
        (f"export {FIRST} -omade", 4),
        (f"resume {FIRST} --tools Bash Go", 2),
        (f"resume {FIRST} --mode acceptEdits Go", 2),
        (f"resume {FIRST} --mode bypassPermissions Go", 2),
        (f"resume {FIRST} 'Look at @/etc/passwd'", 4),
        ("new hollis_park 'Look at @~/.ssh/id' --stage stage_3", 4),
        (f"mode {FIRST} auto", 2),
        ("check --notify", 4),
    ],
)
def test_what_a_client_asks_for(
    listing: SampleListing,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    code: int,
) -> None:
    monkeypatch.setenv("SESSION_CONSOLE_NOTIFY_COMMAND", "touch made")
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", line)
    before = snapshot(listing.root.parent)
    assert main(["--restricted", "--root", str(listing.root), "--operator", "anna"]) == code
    said = capsys.readouterr()
    assert bool(said.out) == (code == 0)
    assert bool(said.err) == (code != 0)
    assert snapshot(listing.root.parent) == before


def test_the_given_operator_and_rights_stay(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--root", str(listing.root), "--operator", "anna", "--read-only", "--restricted"]
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "info --json")
    assert main(given) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["operator"], facts["read_only"], facts["restricted"]) == ("anna", "true", "true")
    assert facts["root"] == str(listing.root)


def test_an_unrestricted_console_is_not_told_by_a_client(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", f"extend {FIRST} 30d")
    before = snapshot(listing.root)
    assert main(["--root", str(listing.root), "ls"]) == 0
    assert main(["--root", str(listing.root)]) == 2
    assert snapshot(listing.root) == before


def test_an_error_of_a_command_that_wants_json_is_json(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "show zz --json")
    assert main(["--restricted", "--root", str(listing.root)]) == 3
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "unknown"
