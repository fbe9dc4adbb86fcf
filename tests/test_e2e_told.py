"""What only the real CLI tells of a run, and not its transcript: as a console shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.runs_site import Site, over
from tui.core.models import Liveness, Session, State, Transcript
from tui.operations.follow import Follow
from tui.runs.protocol import read_run


def followed(site: Site, folder: Path) -> tuple[Session, Follow]:
    """Return the session of a run, and what follows its stream."""
    run = read_run(folder)
    path = next(site.listing.glob(f".claude_sessions/projects/*/{run.session_id}.jsonl"))
    session = Session(
        run.session_id,
        site.listing.name,
        "stage_3",
        "active",
        Liveness.NONE,
        State.OK,
        transcript=Transcript(run.session_id, path, 1, datetime.now(UTC)),
        run=run,
    )
    return session, Follow(session)


def test_the_window_of_a_model_that_no_table_has_is_the_cli_s_own(site: Site) -> None:
    folder = site.start("ECHO hello", agent={"model": "wombat-1"})
    over(folder)
    session, follow = followed(site, folder)
    spent = follow.poll(session).spent
    assert spent.model == "wombat-1"
    assert spent.window == 1_000_000
    alone = replace(session, run=None)
    assert Follow(alone).poll(alone).spent.window == 0
