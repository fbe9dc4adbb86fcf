"""Where the lines of verbs lead in the console: data, never found in what was printed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.console.fixed_catalog import NOW, ROOT, catalog
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.__main__ import say_verb
from tui.cli.parser import build_parser
from tui.core.models.line_target import LineTarget
from tui.operations.context import Context, VerbOutput
from tui.operations.doctor.doctor import examine
from tui.operations.doctor.machine_findings import MachineFacts
from tui.operations.finding import Command
from tui.operations.monitor.needs import needs
from tui.settings import Settings


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    return listing


def line_of(said: VerbOutput, words: str) -> int:
    (found,) = [at for at, line in enumerate(said.lines) if words in line]
    return found


def say(listing: SampleListing, *words: str) -> VerbOutput:
    return say_verb(listing.context(), words, 78)


@pytest.mark.parametrize("words", [("ls",), ("log",)])
def test_a_line_of_a_session_leads_to_it(listing: SampleListing, words: tuple[str, ...]) -> None:
    say(listing, "fail", FIRST)
    said = say(listing, *words)
    at = line_of(said, FIRST[:8])
    assert said.targets[at] == LineTarget(listing="hollis_park", session_id=FIRST)
    assert 0 not in said.targets


def test_a_line_of_stats_leads_to_its_listing(listing: SampleListing) -> None:
    said = say(listing, "stats")
    assert said.targets == {1: LineTarget(listing="hollis_park")}


def test_a_line_of_the_trash_has_what_restores_it_and_an_older_delete_its_own_id(
    listing: SampleListing,
) -> None:
    say(listing, "delete", FIRST, "--yes")
    listing.write_transcript(FIRST, "Again.")
    say(listing, "delete", FIRST, "--yes")
    said = say(listing, "trash")
    newest, older = (said.targets[at].command for at in (1, 2))
    assert newest == ("restore", f"hollis_park/{FIRST}")
    assert older[0] == "restore"
    assert FIRST not in older[1]
    say(listing, *older)
    assert len(say(listing, "trash").targets) == 1


def test_both_lines_of_a_finding_lead_to_the_verb_that_ends_it(listing: SampleListing) -> None:
    listing.transcript_path(FIRST).unlink()
    said = say(listing, "doctor")
    at = line_of(said, f"{FIRST[:8]}: a ghost")
    remedy = next(one for one in range(at, len(said.lines)) if "->" in said.lines[one])
    assert said.targets[at].command == ("delete", f"hollis_park/{FIRST}")
    assert said.targets[at] is said.targets[remedy]


def test_an_alert_leads_to_the_verb_that_deals_with_it(listing: SampleListing) -> None:
    say(listing, "fail", FIRST)
    said = say(listing, "check")
    at = line_of(said, FIRST[:8])
    assert said.targets[at].command == ("resume", f"hollis_park/{FIRST}")


def _commands() -> set[Command]:
    context = Context(Settings(root=ROOT, env_file=Path("/dev/null")), lambda: NOW)
    found = examine(context, catalog(), MachineFacts(refuses_bypass=True))
    alerts = needs(catalog(), NOW, timedelta(minutes=10), timedelta(hours=9))
    commands = (*(one.command for one in found), *(one.command for one in alerts))
    return {command for command in commands if command}


def test_every_command_that_is_offered_is_one_that_is_taken() -> None:
    commands = _commands()
    assert len({command[0] for command in commands}) >= 7
    lacking = {"answer": "allow", "adopt": "stage_1"}
    for verb, *rest in commands:
        more = (lacking[verb],) if verb == "answer" or rest[-1:] == ["--stage"] else ()
        assert build_parser().read((verb, *rest, *more)).verb == verb
