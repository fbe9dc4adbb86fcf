"""The real engine: every verb run inside the console, and the operations behind it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.runs.hosted.test_late_rows import left
from tests.support.listings.sample_listing import FIRST, SECOND, THIRD, SampleListing
from tests.support.processes.runs_site import wait
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.core.console.saved_view import SavedView
from tui.core.errors import ConfirmationRequired, ConsoleError, UsageError
from tui.core.sessions.catalog_changes import LastLooked
from tui.core.sessions.cleanup_selection import CleanupCriteria
from tui.operations.context import Context, VerbOutput
from tui.runs import bookkeeping
from tui.runs.hosted import late_rows
from tui.safe_io.processes import started
from tui.settings import Settings
from tui.storage.sqlite import connection
from tui.ui.engine.real_engine import RealEngine

GIVEN = {
    "send": ("go on",),
    "answer": ("allow",),
    "extend": ("7d",),
    "rename": ("A title",),
    "grep": ("pumps",),
    "new": ("Go", "--stage", "3"),
}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=-1)
    return listing


@pytest.fixture
def engine(listing: SampleListing, tmp_path: Path) -> RealEngine:
    settings = Settings(
        root=listing.root,
        operator="anna",
        cli_path=tmp_path / "no-cli",
        claude_home=tmp_path / "claude",
        state_dir=tmp_path / "state",
    )
    context = Context(settings, lambda: datetime.now(UTC))
    return RealEngine(context, partial(say_verb, context), verb_infos())


def test_the_view_and_the_looks_of_a_login_are_there_from_another_address(
    listing: SampleListing, tmp_path: Path
) -> None:
    def engine(operator: str, login: str) -> RealEngine:
        settings = Settings(
            root=listing.root, operator=operator, login=login, state_dir=tmp_path / "state"
        )
        return RealEngine(
            Context(settings, lambda: datetime.now(UTC)), lambda *_: VerbOutput(0, ()), ()
        )

    first = engine("anna@10.0.0.7", "anna")
    looks = LastLooked(datetime(2026, 1, 2, tzinfo=UTC))
    first.write_remembered(SavedView(filter="pumps"))
    first.write_looks(looks, [])
    again = engine("anna@10.0.0.8", "anna")
    assert (again.read_remembered().filter, again.read_looks()) == ("pumps", looks)
    for other in (("anna@10.0.0.7", ""), ("anna@x", ""), ("bert@10.0.0.7", "bert")):
        assert engine(*other).read_remembered() == SavedView()
        assert engine(*other).read_looks() != looks


def test_no_verb_prints_past_the_console(
    engine: RealEngine, capfd: pytest.CaptureFixture[str]
) -> None:
    """Anything a verb printed would appear in the middle of the screen."""
    for verb in engine.verbs:
        named = {"id": (FIRST,), "ids": (FIRST,), "listing": ("hollis_park",)}.get(verb.takes, ())
        for words in ((*named, *GIVEN.get(verb.name, ())), ("--help",)):
            try:
                said = engine.say_verb((verb.name, *words))
                assert said.lines or words != ("--help",)
            except ConsoleError:
                pass
    assert capfd.readouterr() == ("", "")


def test_what_a_verb_said_before_it_asks_is_a_note(engine: RealEngine) -> None:
    with pytest.raises(ConfirmationRequired) as asked:
        engine.say_verb(("cleanup",))
    assert any(SECOND[:8] in note for note in asked.value.__notes__)


@pytest.mark.parametrize("words", [("--version",), ("--demo",), ("ls", "--root", "/")])
def test_what_belongs_to_the_console_is_no_verb_s(
    engine: RealEngine, words: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError):
        engine.say_verb(words)
    assert capfd.readouterr() == ("", "")


def test_a_batch_is_cleaned_up_and_undone(engine: RealEngine, listing: SampleListing) -> None:
    listing.add("9f2e0000-1111-4222-8333-444455556666", days=-2)
    path = listing.transcript_path(SECOND)
    before = path.read_bytes()
    plan = engine.plan_cleanup(engine.look(), CleanupCriteria(is_expired=True), "")
    done = engine.clean_up(plan, lambda progress: None, lambda: False)
    assert len(done.acts) == 2
    assert not path.exists()
    undone = engine.undo_many(done.acts, lambda progress: None, lambda: False)
    assert (len(undone.acts), undone.refused) == (2, ())
    assert path.read_bytes() == before


def test_extensions_and_what_is_no_longer_there_are_undone_as_far_as_they_can(
    engine: RealEngine,
) -> None:
    one = next(one for one in engine.look().sessions if one.session_id == FIRST)
    act = engine.extend(engine.plan_extension(one, "30d"))
    missing = replace(act, kind="delete", trash_id="20260101T000000Z-gone", session_id=SECOND)
    done = engine.undo_many((act, missing), lambda progress: None, lambda: False)
    assert [one.session_id for one in done.acts] == [FIRST]
    assert [key for key, _ in done.refused] == [("hollis_park", SECOND)]


def test_what_was_extended_at_one_moment_the_verb_takes_back_as_one(engine: RealEngine) -> None:
    before = {one.session_id: one.expires_at for one in engine.look().sessions}
    stopped = engine.at_one_moment()
    for one in engine.look().sessions:
        stopped.extend(stopped.plan_extension(one, "30d"))
    assert {one.session_id: one.expires_at for one in engine.look().sessions} != before
    engine.say_verb(("undo",))
    assert {one.session_id: one.expires_at for one in engine.look().sessions} == before


def test_what_was_looked_at_is_kept_by_operator_and_root(engine: RealEngine) -> None:
    looks = engine.read_looks()
    one = next(one for one in engine.look().sessions if one.session_id == FIRST)
    early = replace(looks, since=looks.since - timedelta(days=2))
    engine.write_looks(early.looked(one), [one.key])
    assert not engine.read_looks().is_unseen(one)


def test_what_vanished_is_forgotten(engine: RealEngine, listing: SampleListing) -> None:
    engine.look()
    listing.folder.rename(listing.root.parent / "elsewhere")
    assert [one.is_vanished for one in engine.look().listings] == [True]
    engine.forget("hollis_park")
    assert engine.look().listings == ()


def test_what_a_first_look_makes_is_never_walked_by_a_collection(engine: RealEngine) -> None:
    engine.look()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
    engine.look()
    assert gc.get_freeze_count() == 0


def test_the_doctor_has_a_verdict_in_one_line(engine: RealEngine) -> None:
    verdict = str(engine.verdict(engine.look()))
    assert verdict.startswith("doctor: ")
    assert "\n" not in verdict


@pytest.mark.parametrize("read_only", [False, True])
def test_a_look_has_the_rows_written_that_runs_left_due_unless_it_may_only_look(
    listing: SampleListing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    """Without it the session of a run that found its database busy stays untracked."""
    monkeypatch.setattr(connection, "WRITE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(bookkeeping, "_PAUSE_S", 0.1)
    other = SampleListing(listing.root, "cranbury")
    other.write_transcript(THIRD)
    run, _ = asyncio.run(left(other.folder, session_id=THIRD))
    written: list[Path] = []
    monkeypatch.setattr(late_rows, "write_soon", lambda folder, _: written.append(folder))
    settings = Settings(root=listing.root, state_dir=tmp_path / "state", read_only=read_only)
    context = Context(settings, lambda: datetime.now(UTC))
    RealEngine(context, partial(say_verb, context), verb_infos()).look()
    assert written == ([] if read_only else [run.folder])


@pytest.mark.parametrize(
    "settings", [Settings(), Settings(restricted=True), Settings(read_only=True)]
)
def test_only_a_console_with_all_rights_has_a_runner_started_ahead(settings: Settings) -> None:
    engine = RealEngine(Context(settings, lambda: datetime.now(UTC)), _say_nothing, ())
    with engine.runner_expected():
        if settings != Settings():
            assert engine.spare is None
            return
        spare = engine.spare
        assert spare is not None
        runner = wait(lambda: spare.runner)
        assert started(runner.pid)
    wait(lambda: started(runner.pid) is None)


def _say_nothing(argv: Sequence[str], width: int | None) -> VerbOutput:
    return VerbOutput(0, ())
