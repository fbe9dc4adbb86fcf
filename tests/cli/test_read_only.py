"""A read-only console refuses every acting verb, and nothing overrides that."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tests.support.verb_lines import verb_lines
from tui.__main__ import main, say_verb
from tui.cli.declarations.table import VERBS
from tui.cli.declarations.verb import Verb
from tui.cli.parser import build_parser
from tui.core.errors import Refused, UsageError
from tui.operations.context import Context

ACTS = [
    *verb_lines(acting=True, session=FIRST),
    ["export", FIRST, "-o", "{root}/hollis_park/pumps.md"],
    ["extend", FIRST, SECOND, "30d"],
]
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


def words(listing: SampleListing, line: list[str]) -> list[str]:
    return [word.format(root=listing.root) for word in line]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_examples_of_a_verb_show_whether_it_acts(verb: Verb) -> None:
    """The tests below try every verb both ways only if this holds."""
    kinds = {verb.acts_on(build_parser().read(shlex.split(one))) for one in verb.examples}
    assert verb.acts in kinds
    assert len(kinds) == 2 or verb.acts_when is None


@pytest.mark.parametrize("line", ACTS, ids=" ".join)
def test_what_acts_is_refused_and_changes_nothing(
    listing: SampleListing, line: list[str], capsys: pytest.CaptureFixture[str]
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
    """Return a verb's refusal at the `:` line."""
    try:
        said = say_verb(context, asked)
    except Refused as error:
        return str(error)
    assert said.code == Refused.exit_code
    return "".join(said.lines)


# The trash holds no such session, and there is no fleet.
NEED_MORE = (["trash", FIRST], ["hosts"], ["fleet", "status"], ["fleet", "log"])


@pytest.mark.parametrize("line", verb_lines(acting=False, session=FIRST), ids=" ".join)
def test_what_looks_is_answered_and_changes_nothing(
    listing: SampleListing, line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(listing.root)
    code = main(["--read-only", "--root", str(listing.root), *line])
    assert code in (0, 1) or line in NEED_MORE
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
        say_verb(listing.context(), ["ls", *lifts.format(root=listing.root).split()])


def test_another_root_of_the_same_settings_may_be_written(
    listing: SampleListing, capsys: pytest.CaptureFixture[str]
) -> None:
    (listing.root.parent / "config.toml").write_text('[roots."/srv/other"]\nread_only = true')
    assert main(["--root", str(listing.root), "extend", FIRST, "30d"]) == 0
    assert "->" in capsys.readouterr().out
