"""A table of the pipeline's own that takes no row of ours: it is told, named, and written later."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ResultMessage

from tests.support.listings.sample_listing import run_cli
from tests.support.processes.own_pipeline import Heard, ask, last_run, soon
from tests.support.processes.runs_site import Site
from tui import RunEnded, RunEvent, RunFailed, SessionManager
from tui.runs.folder.protocol import read_partial

COLUMNS = (
    "session_id TEXT PRIMARY KEY, listing_id TEXT NOT NULL, stage TEXT NOT NULL, "
    "created_at TEXT NOT NULL, expires_at TEXT NOT NULL, status TEXT DEFAULT 'active', "
    "metadata TEXT"
)
TABLES = {
    "a column": (
        f"CREATE TABLE claude_sessions ({COLUMNS}, client TEXT NOT NULL)",
        "buyers.db refuses the row: NOT NULL constraint failed: claude_sessions.client",
    ),
    "a check": (
        f"CREATE TABLE claude_sessions ({COLUMNS}, CHECK (stage <> 'stage_3'))",
        "buyers.db refuses the row: CHECK constraint failed: stage <> 'stage_3'",
    ),
    "a trigger": (
        f"CREATE TABLE claude_sessions ({COLUMNS}); CREATE TRIGGER mine BEFORE INSERT ON "
        "claude_sessions BEGIN SELECT RAISE(ABORT, 'not here'); END",
        "buyers.db has a trigger (mine) that our writes would run",
    ),
}


def make(site: Site, sql: str) -> None:
    with closing(sqlite3.connect(site.listing / "buyers.db")) as connection:
        connection.executescript(f"DROP TABLE IF EXISTS claude_sessions; {sql}")


@pytest.mark.parametrize("how", TABLES)
@pytest.mark.parametrize("begins", [True, False])
async def test_a_table_that_takes_no_row_is_named_until_it_does(
    site: Site, caplog: pytest.LogCaptureFixture, how: str, *, begins: bool
) -> None:
    """Without it `check` is all clear, and nothing ever extends or expires the session."""
    sql, problem = TABLES[how]
    make(site, sql)
    events: list[RunEvent] = []
    manager, heard = SessionManager(site.listing, on_event=events.append), Heard(site)
    if begins:
        await heard.listen(ask(manager, "ECHO go"))
        assert isinstance(heard.messages[-1], ResultMessage)
    else:
        options = ClaudeAgentOptions(cli_path="/bin/false")
        with pytest.raises(RunFailed):
            await heard.listen(ask(manager, "ECHO go", options=options))
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert problem in ended.unwritten
    assert problem in "".join(one.getMessage() for one in caplog.records if one.levelno > 30)
    root = site.listing.parent
    said = f"1 run could not write the session's row: {problem}"
    checked, examined = run_cli(root, "check"), run_cli(root, "doctor")
    assert (checked.returncode, examined.returncode) == (1, 1)
    assert said in checked.stdout
    assert said in examined.stdout
    assert "let buyers.db take a row of the guide's columns alone" in examined.stdout
    assert problem in run_cli(root, "doctor", "--fix").stdout
    make(site, f"CREATE TABLE claude_sessions ({COLUMNS})")
    assert "wrote the rows that were missing" in run_cli(root, "doctor", "--fix").stdout
    row = site.row(ended.session_id)
    assert row
    assert row.status == ("active" if begins else "failed")
    assert "could not write" not in run_cli(root, "check").stdout


@pytest.mark.parametrize("way", ["doctor", "adopt"])
async def test_a_failed_run_that_the_table_does_not_take_needs_somebody(
    site: Site, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """Without it nobody is alerted of the failure, and each remedy leads back to the other."""
    sql, problem = TABLES["a column"]
    make(site, sql)
    manager, root = SessionManager(site.listing), site.listing.parent
    with pytest.raises(RunFailed) as failed:
        await Heard(site).listen(ask(manager, "BADKEY go"))
    short = failed.value.session_id[:8]
    assert "failed, and not in the database: Invalid API key" in run_cli(root, "check").stdout
    assert "api-error" in run_cli(root, "ls").stdout
    assert "**1 failed**" in run_cli(root, "report").stdout
    assert await manager.recover() == ()
    (error,) = (one for one in caplog.records if one.name.endswith(".recovery"))
    said = f"{short}: its row could not be written yet: {problem}"
    assert error.getMessage().startswith(said)
    assert error.getMessage().endswith("`doctor hollis_park` says what to do")
    shown, examined = run_cli(root, "show", short).stdout, run_cli(root, "doctor").stdout
    assert "`doctor hollis_park` says what to do" in shown
    assert "adopt" not in examined
    adopted = run_cli(root, "adopt", short, "--stage", "stage_3")
    assert "let buyers.db take a row of the guide's columns alone" in adopted.stderr
    assert run_cli(root, "ack", short).returncode == 0
    assert "failed, and" not in run_cli(root, "check").stdout
    make(site, sql.replace("client TEXT NOT NULL", "client TEXT NOT NULL DEFAULT ''"))
    if way == "adopt":
        assert run_cli(root, "adopt", short, "--stage", "stage_3").returncode == 0
    else:
        run_cli(root, "doctor", "hollis_park", "--fix")
    row = site.row(failed.value.session_id)
    assert row
    assert row.status == ("failed" if way == "doctor" else "active")
    assert await manager.recover() == ()


async def test_a_row_that_the_table_refuses_hides_no_session_that_was_left(site: Site) -> None:
    """Without it a pipeline that takes up what a crash left finds none of it."""
    make(site, f"CREATE TABLE claude_sessions ({COLUMNS})")
    manager = SessionManager(site.listing)
    async with manager.session("LONG tale", stage="stage_3") as left:
        await soon(lambda: site.row(left.session_id) and read_partial(last_run(site)))
    trigger = "BEFORE INSERT ON claude_sessions BEGIN SELECT RAISE(ABORT, 'not today'); END"
    with closing(sqlite3.connect(site.listing / "buyers.db")) as connection:
        connection.execute(f"CREATE TRIGGER mine {trigger}")
    await Heard(site).listen(ask(manager, "ECHO go"))
    assert [one.session_id for one in await manager.recover()] == [left.session_id]
