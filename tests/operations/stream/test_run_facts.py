"""The run of a followed session, as it is now."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.runs.folder.test_protocol import spec
from tui.core.models.run import Phase
from tui.operations.stream.run_facts import RunFacts
from tui.runs.folder.protocol import SPEC, read_run
from tui.runs.journal.run_journal import Journal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "outputs" / "hollis_park" / ".session-console" / "runs" / "one"
    path.mkdir(parents=True)
    (path / SPEC).write_text(spec(prompt="Find buyers").to_json())
    return path


def test_each_event_is_known_at_the_next_poll(folder: Path) -> None:
    pen, facts = Journal(folder, lambda: datetime.now(UTC)), RunFacts()
    run = read_run(folder)
    for kind, phase in (("started", "cli"), ("turn", "api"), ("heard", "work")):
        pen.event(kind, by="anna", id="")
        found = facts.poll(run)
        assert found is not None
        assert found.progress.phase == phase
    assert run.progress.phase is Phase.CLI


def test_an_answered_prompt_stays_for_the_moment_that_the_transcript_takes(folder: Path) -> None:
    """The CLI may write it only after the first words of its answer."""
    pen, facts = Journal(folder, lambda: datetime.now(UTC)), RunFacts()
    run = read_run(folder)
    pen.event("turn", by="anna", id="")
    facts.poll(run)
    pen.event("heard")

    found, fresh = facts.poll(run), RunFacts().poll(run)

    assert found is not None
    assert fresh is not None
    assert found.asked is not None
    assert found.asked.text == "Find buyers"
    assert fresh.asked is None


def test_a_folder_that_is_gone_or_another_runs_changes_nothing(
    folder: Path, tmp_path: Path
) -> None:
    facts, run = RunFacts(), read_run(folder)
    (folder / SPEC).write_text(spec(session_id="other", prompt="Delete it").to_json())
    assert facts.poll(run) == run
    (folder / SPEC).write_text(spec(prompt="Delete it").to_json())
    moved = tmp_path / "moved"
    folder.rename(moved)
    folder.symlink_to(moved)
    assert RunFacts().poll(run) == run
    folder.unlink()
    shutil.rmtree(moved)
    assert facts.poll(run) == run
    assert facts.poll(None) is None
