"""No verb prints outside text to the terminal uncleaned."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.hostile.hostile_root import (
    ALL,
    ASKING,
    MARKUP,
    TRASHED,
    WAITING,
    HostileRoot,
    hostile_root,
)
from tests.support.hostile.payloads import LITTER, PAYLOADS, acts
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tests.support.verb_lines import verb_lines
from tui.__main__ import main
from tui.cli.verb_info import verb_infos
from tui.core.text.safe_text import safe_text
from tui.operations.context import VerbInfo

VERBS = {info.name: info for info in verb_infos()}
# Beside the examples of every verb, what shows more of the payloads.
READING = (
    "ls", "ls --live", "ls --status failed", f"show {FIRST}", f"show {WAITING}", f"show {ASKING}",
    f"show {TRASHED}", "show 77gooden", f"tail {FIRST}", f"tail {WAITING}", "grep good",
    f"export {FIRST}", f"export {WAITING}", f"export {TRASHED}", "cleanup --dry-run --max-size 1kB",
    "hold", "trash", f"trash {TRASHED}", "log", f"log {SECOND}", "stats", "doctor", "check", "info",
    "help goodend",
)  # fmt: skip
ACTING = (
    "new x go --stage [/red]", f"resume {SECOND} go", f"resume {FIRST} --also {SECOND}",
    f"send {WAITING} go", f"answer {WAITING} allow", f"answer {ASKING} 1", f"interrupt {WAITING}",
    f"stop {ASKING}", f"model {WAITING} opus", f"mode {WAITING} plan", f"extend {SECOND} 7d",
    f"delete {SECOND} {FIRST} --yes", f"delete {SECOND}", f"delete {WAITING} --yes",
    f"restore {TRASHED}", "undo", f"purge {TRASHED}", f"purge {TRASHED} --yes", f"fail {SECOND}",
    f"activate {FIRST}", f"ack {FIRST}", f"rename {SECOND} Pumps", "adopt --all",
    f"reapply {SECOND}", "cleanup --yes --older-than 1m", "hold off", "doctor --fix",
)  # fmt: skip
EXAMPLES = [shlex.join(words) for words in verb_lines(acting=True, session=SECOND, listing="x")]
SPELLED_OUT = re.compile(r"\\(?:x|u00)([0-9a-f]{2})")  # as JSON and Python quote what acts


@dataclass(frozen=True)
class Said:
    """What a verb printed."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Said]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileRoot]:
    """A root that is only read."""
    with hostile_root(tmp_path_factory.mktemp("still")) as root:
        yield root


@pytest.fixture
def root(tmp_path: Path) -> Iterator[HostileRoot]:
    with hostile_root(tmp_path) as root:
        yield root


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a verb as an operator with a hostile login and name."""
    monkeypatch.chdir(tmp_path)

    def do(root: HostileRoot, *words: str) -> Said:
        for name, value in root.environment.items():
            monkeypatch.setenv(name, value)
        try:
            code = main([*words, "--root", str(root.root)])
        except SystemExit as left:
            code = int(left.code or 0)
        return Said(code, *capsys.readouterr())

    return do


def assert_harmless(said: Said) -> None:
    for text in (said.stdout, said.stderr):
        assert not acts(text)
        plain = safe_text(SPELLED_OUT.sub(lambda found: chr(int(found[1], 16)), text))
        assert not [one for one in LITTER if one in plain]
        assert "Traceback" not in text


def assert_harmless_when_decoded(said: Said) -> None:
    """Scripts print decoded JSON."""
    for line in (said.stdout + said.stderr).splitlines():
        if line.startswith(("{", "[")):
            assert not [text for text in _texts(json.loads(line)) if acts(text)]


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []


@pytest.mark.parametrize("words", verb_lines(acting=False, session=FIRST), ids=" ".join)
def test_no_example_that_reads_lets_a_payload_through(
    still: HostileRoot, run: Run, words: list[str]
) -> None:
    assert_harmless(run(still, *words))
    told = run(still, *words, "--json")
    assert_harmless(told)
    assert_harmless_when_decoded(told)


@pytest.mark.parametrize("line", READING)
def test_no_verb_that_reads_lets_a_payload_through(still: HostileRoot, run: Run, line: str) -> None:
    said = run(still, *line.split())
    assert_harmless(said)
    assert "goodend" in said.stdout + said.stderr
    told = run(still, *line.split(), "--json")
    assert_harmless(told)
    assert_harmless_when_decoded(told)


@pytest.mark.parametrize("options", [[], ["--json"]], ids=str)
@pytest.mark.parametrize("line", [*ACTING, *EXAMPLES])
def test_no_verb_that_acts_lets_a_payload_through(
    root: HostileRoot, run: Run, line: str, options: list[str]
) -> None:
    said = run(root, *shlex.split(line), "--operator", ALL, *options)
    assert_harmless(said)
    assert_harmless_when_decoded(said)
    assert root.driver.poll() is None
    after = run(root, "log")
    assert_harmless(after)
    assert "goodend" in after.stdout


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_hostile_words_are_named_harmlessly_in_every_verb(
    still: HostileRoot, run: Run, verb: VerbInfo
) -> None:
    """As every argument and every option's value, with and without --json."""
    before = snapshot(still.listing.root)
    tries = [[*[ALL] * max(1, verb.needs)], [*[ALL] * (verb.needs + 9)]]
    tries += [[*[ALL] * verb.needs, option, ALL] for option in verb.valued if option != "--output"]
    for words in tries:
        for option in ([], ["--json"]):
            said = run(still, verb.name, *words, *option)
            assert said.code in (0, 1, 2, 3, 4, 5)
            assert_harmless(said)
            assert_harmless_when_decoded(said)
    assert snapshot(still.listing.root) == before


@pytest.mark.parametrize("payload", [*PAYLOADS.values(), MARKUP, ""], ids=ascii)
def test_a_hostile_environment_is_named_harmlessly(
    still: HostileRoot, run: Run, payload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TIME_ZONE", "MAX_RUNS", "THEME", "QUIET_AFTER", "BELL"):
        with monkeypatch.context() as patch:
            patch.setenv(f"SESSION_CONSOLE_{name}", payload)
            assert_harmless(run(still, "info"))
    assert_harmless(run(replace(still), f"frobnicate{payload}"))
    assert_harmless(run(still, "ls", f"--{payload}"))
    assert_harmless(run(still, "--root", f"/nowhere/{payload.replace(chr(0), '')}", "ls"))


def test_the_program_itself_prints_no_payload(still: HostileRoot) -> None:
    """In its own process, with the interpreter's normal exit."""
    for words in (["ls"], ["show", FIRST], ["doctor"], ["--json"], [ALL], []):
        done = run_cli(still.root, *words, **still.environment)
        assert_harmless(Said(done.returncode, done.stdout, done.stderr))


@pytest.mark.parametrize(
    "session_id", ["../../x", "..", "/etc/passwd", "a/b", "a\x1b[31m", "-rf", "a" * 500]
)
@pytest.mark.parametrize("verb", [["delete", "--yes"], ["extend", "7d"], ["resume", "Go"]])
def test_a_hostile_id_in_a_row_leads_nowhere(
    tmp_path: Path, session_id: str, verb: list[str]
) -> None:
    listing = SampleListing(tmp_path / "outputs")
    outside = tmp_path / "x.jsonl"
    outside.write_text("keep me")
    listing.track(session_id)
    shown = json.loads(run_cli(listing.root, "ls", "--json").stdout)[0]["session_id"]
    done = run_cli(listing.root, verb[0], shown or "x", *verb[1:])
    assert done.returncode in (2, 3)
    assert_harmless(Said(done.returncode, done.stdout, done.stderr))
    assert outside.read_text() == "keep me"
    assert not (listing.folder / ".session_console").exists()


def test_links_lead_nowhere(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    outside = replace(listing, root=tmp_path / "elsewhere")
    outside.add(FIRST)
    listing.add(SECOND)
    (listing.root / "linked").symlink_to(outside.folder)
    projects = listing.config_dir / "projects"
    (projects / "linked").symlink_to(outside.transcript_path(FIRST).parent)
    (projects / "-data-outputs" / f"{FIRST}.jsonl").symlink_to(outside.transcript_path(FIRST))
    before = snapshot(outside.root)
    for words in (["show", FIRST], ["delete", FIRST, "--yes"], ["tail", f"linked/{FIRST}"]):
        assert run_cli(listing.root, *words).returncode == 3
    assert snapshot(outside.root) == before
