"""The doctor: each odd state, made for real, is explained with its remedy; a sound one not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings import guide_statements as guide
from tests.support.listings import sick_listing as made
from tests.support.listings.sample_listing import FIRST, SECOND, snapshot
from tests.support.listings.sick_listing import Sick, found, sick_below, write_row
from tui.claude.config_dir import postpone_sweep
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.doctor.doctor import examine, fix, verdict
from tui.operations.doctor.machine_findings import MachineFacts
from tui.operations.trash.delete import delete

DAY = timedelta(days=1)


@pytest.fixture
def sick(tmp_path: Path) -> Sick:
    return sick_below(tmp_path)


def test_a_sound_root_made_by_the_guides_own_code_has_nothing(sick: Sick) -> None:
    for number in range(3):
        one = replace(sick.listing, listing_id=f"listing_{number}")
        one.add(FIRST, days=30)
        one.add(SECOND, days=7)
        asyncio.run(guide.extend_session(one.db_path, SECOND, 14))
    before = snapshot(sick.listing.root)
    assert sick.examine() == ()
    assert snapshot(sick.listing.root) == before
    assert str(verdict(())) == "doctor: all clear"


def test_a_new_listing_that_a_pipeline_just_made_is_no_alarm(sick: Sick) -> None:
    sick.listing.config_dir.mkdir(parents=True)
    (finding,) = sick.examine()
    assert (finding.level, finding.code) == ("note", "unread_database")
    assert str(verdict([finding])) == "doctor: all clear (1 note)"


@pytest.mark.parametrize(
    ("make", "code", "level", "words", "remedy"),
    [
        (made.swept, "swept_first", "warning", "swept by the CLI in 29 d", "doctor --fix"),
        (made.swept_any_moment, "swept_first", "error", "as soon as an agent runs", "doctor --fix"),
        (made.stray, "stray", "warning", "a stray: its transcript", f"adopt {FIRST[:8]}"),
        (made.stray, "wrong_variable", "warning", "1 session lies in", "CLAUDE_CONFIG_DIR to"),
        (made.stray_swept, "stray", "error", "before it expires", "adopt --all"),
        (made.no_volume, "wrong_variable", "warning", "none of 2 sessions ever wrote", "a volume"),
        (made.ghost, "ghost", "warning", "too young for the CLI's sweep", f"delete {FIRST[:8]}"),
        (made.ghost_swept, "ghost", "warning", "was swept by the CLI, which deletes", "delete"),
        (made.ghost_of_the_guide, "ghost", "warning", "the guide's clean-up by age", "delete"),
        (made.untracked, "untracked", "note", "it has no row", f"adopt {SECOND[:8]} --stage"),
        (made.leftover, "leftover", "note", "marked expired", "cleanup"),
        (made.sketch, "sketch", "note", "conversation.json", "delete"),
        (made.orphan, "orphan", "error", f"pid {os.getpid()}", f"stop {FIRST[:8]}"),
        (made.lost_run, "lost_run", "error", "left in the middle of a turn", f"resume {FIRST[:8]}"),
        (made.foreign, "foreign_owner", "warning", "last sign of life was 1 h ago", "--take-over"),
        (
            made.unproven,
            "unproven_owner",
            "warning",
            "does not say since when",
            "remove that file",
        ),
        (made.torn_registry, "unread_registry", "warning", "is not readable in", "end it, or"),
        (made.stale_registry, "stale_registry", "note", "1 entry of dead CLIs", "none needed"),
        (made.old_folder, "old_folder", "warning", "(30 d) would take", "doctor --fix"),
        (made.no_database, "unread_database", "error", "not a SQLite database", "put an intact"),
        (made.linked_folder, "linked_folder", "error", "is a link", "remove the link"),
        (made.linked_config_dir, "unread_database", "error", "is a link", "put a folder in place"),
        (made.bypass_failed, "root_bypass", "error", "as root", "IS_SANDBOX=1"),
        (made.bad_date, "bad_date", "warning", "'next tuesday' cannot be read", "7d` sets"),
        (made.acting_settings, "acting_settings", "warning", "hooks, permissions.allow", "who"),
        (made.allowing_settings, "acting_settings", "note", "has permissions.allow: ", "who"),
        (made.held, "long_hold", "warning", "new runs and clean-up paused by bert", "hold off"),
    ],
)
def test_what_is_odd_is_explained_with_what_mends_it(
    sick: Sick, make: Callable[[Sick], None], code: str, level: str, words: str, remedy: str
) -> None:
    sick.home.mkdir(parents=True)
    make(sick)
    before = snapshot(sick.listing.root)
    finding = found(sick, code)
    assert finding.level == level
    assert words in finding.words
    assert remedy in finding.remedy
    assert snapshot(sick.listing.root) == before


def test_a_command_never_names_an_id_that_could_be_obeyed(sick: Sick) -> None:
    sick.listing.add(FIRST)
    write_row(sick, "UPDATE claude_sessions SET session_id = '$(reboot)`'")
    finding = found(sick, "bad_id")
    assert "`" not in finding.remedy
    assert not [one for one in sick.examine() if "reboot" in one.words + one.remedy]


def test_a_listing_that_vanished_is_one_finding(sick: Sick) -> None:
    sick.listing.track(FIRST)
    context = sick.context()
    watch = CatalogScanner(context)
    watch.look()
    sick.listing.folder.rename(sick.home.parent.parent / "away")
    (finding,) = examine(context, watch.look(), MachineFacts())
    assert (finding.code, finding.level) == ("vanished", "warning")
    assert finding.remedy == "`ack hollis_park` removes it, for everyone"


def test_what_no_manifest_explains_is_told(sick: Sick) -> None:
    sick.listing.add(FIRST)
    delete(sick.context(), sick.listing.session(FIRST))
    assert sick.examine() == ()
    (manifest,) = sick.listing.root.glob(".session_console/trash/*/manifest.json")
    manifest.write_text("{")
    assert found(sick, "unreadable_trash").level == "warning"


def test_who_recorded_what_root_may_not_do_is_told(sick: Sick) -> None:
    sick.listing.add(FIRST, metadata={"agent": {"permission_mode": "bypassPermissions"}})
    assert sick.examine() == ()
    (finding,) = sick.examine(MachineFacts(refuses_bypass=True))
    assert (finding.code, finding.level) == ("root_bypass", "note")


@pytest.mark.parametrize(
    "make", [made.ghost, made.ghost_swept, made.untracked, made.leftover, made.stray_swept]
)
def test_one_odd_session_does_not_make_its_neighbour_odd(
    sick: Sick, make: Callable[[Sick], None]
) -> None:
    make(sick)
    ids = {one.session_id for one in sick.examine() if one.session_id}
    assert len(ids) == 1


def test_what_is_elsewhere_in_the_default_config_dir_is_never_told(sick: Sick) -> None:
    sick.listing.add(FIRST)
    private = sick.home / "projects" / "-home-anna-diary" / f"{SECOND}.jsonl"
    private.parent.mkdir(parents=True)
    private.write_text('{"type": "user", "cwd": "/home/anna/diary"}\n')
    assert sick.examine() == ()


def test_a_root_without_evidence_of_its_zone_is_in_doubt_only_where_it_matters(
    sick: Sick,
) -> None:
    sick.listing.track(FIRST)
    kinds = {}
    for zone in ("UTC", "Europe/Paris"):
        catalog = CatalogScanner(sick.context(time_zone="auto")).look()
        listing = replace(catalog.listings[0], zone=zone)
        context = sick.context(time_zone="auto")
        findings = examine(context, replace(catalog, listings=(listing,)), MachineFacts())
        kinds[zone] = [one.level for one in findings if one.code == "zone_in_doubt"]
    assert kinds == {"UTC": [], "Europe/Paris": ["note"]}


@pytest.mark.parametrize(
    ("hours", "words"),
    [([-5], "-5 h off"), ([9], "+9 h off"), ([9, -5, 2], "-5 h, +2 h, +9 h off"), ([0, 0, 3], "")],
)
def test_pairs_that_contradict_the_zone_in_use_are_told(
    sick: Sick, hours: list[int], words: str
) -> None:
    for number, ahead in enumerate(hours):
        sick.listing.track(f"zone{number}", age=timedelta(hours=12 - ahead))
        sick.listing.write_transcript(f"zone{number}", "Hm.", age=timedelta(hours=12))
    told = [one for one in sick.examine(time_zone="auto") if one.code == "zone_in_doubt"]
    assert [(one.level, words in one.words) for one in told] == [("warning", True)] * bool(words)


def test_transcripts_that_speak_for_another_zone_are_told(sick: Sick) -> None:
    made.two_zones(sick)
    finding = found(sick, "zone_in_doubt", time_zone="auto")
    assert finding.level == "warning"
    assert "+3 h off" in finding.words
    assert "time_zone" in finding.remedy
    assert not [one for one in sick.examine(time_zone="UTC") if one.code == "zone_in_doubt"]


def test_fix_mends_what_is_safe_and_says_so(sick: Sick) -> None:
    made.old_folder(sick)
    sick.listing.add(SECOND, days=60)
    made.make_old(sick)
    context = sick.context()
    catalog = CatalogScanner(context).look()
    findings = examine(context, catalog, MachineFacts())
    said = fix(context, catalog, findings)
    assert any("postponed the CLI's sweep" in words for words in said)
    assert any("reset the age of" in words for words in said)
    assert not [one for one in sick.examine() if one.is_fixable]


def test_fix_leaves_alone_what_only_a_person_can_tell(sick: Sick) -> None:
    sick.home.mkdir(parents=True)
    for make in (made.stray, made.stale_registry, made.untracked, made.ghost):
        make(sick)
    context, before = sick.context(), snapshot(sick.listing.root.parent)
    catalog = CatalogScanner(context).look()
    assert fix(context, catalog, examine(context, catalog, MachineFacts())) == ()
    assert snapshot(sick.listing.root.parent) == before


def test_a_fix_that_cannot_be_done_is_told_and_keeps_no_other_from_it(sick: Sick) -> None:
    broken = replace(sick.listing, listing_id="broken")
    for one in (broken, sick.listing):
        one.add(FIRST, days=60)
    (broken.config_dir / "settings.json").write_text("[]")
    context = sick.context()
    catalog = CatalogScanner(context).look()
    said = fix(context, catalog, examine(context, catalog, MachineFacts()))
    assert any(words.startswith("broken: not fixed") for words in said)
    assert [one.listing for one in sick.examine() if one.is_fixable] == ["broken"]


def test_a_sweep_that_was_raised_is_no_finding(sick: Sick) -> None:
    sick.listing.add(FIRST, days=60)
    now = datetime.now(UTC)
    postpone_sweep(sick.listing.config_dir, now, now + 61 * DAY)
    assert sick.examine() == ()


def test_the_verdict_names_the_worst_in_one_line(sick: Sick) -> None:
    for number in range(2):
        replace(sick.listing, listing_id=f"listing_{number}").add(FIRST, days=60)
    made.ghost(sick)
    said = str(verdict(sick.examine()))
    assert said == (
        "doctor: 3 warnings: 2 are swept before they expire, 1 is a ghost; `doctor` explains"
    )
