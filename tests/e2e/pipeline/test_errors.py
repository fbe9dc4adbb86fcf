"""What a pipeline catches, with the real CLI: its kind, its facts, and the SDK's own class."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import (
    ClaudeAgentOptions,
    CLIConnectionError,
    CLINotFoundError,
    ProcessError,
    ResultError,
)

from tests.support.processes.own_pipeline import Heard, ask, console, last_run, listening, soon
from tests.support.processes.runs_site import WORDS, Site
from tui import ConsoleError, DatabaseProblem, Kind, Refused, RunFailed, RunStopped, SessionManager
from tui.core.models.catalog import Hold
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Failure, Text, ToolUse, Turn, say
from tui.operations.running.steer import stop
from tui.runs.folder.protocol import read_owner, read_run, run_folders
from tui.storage.state.hold import write_hold

RESETS_AT = 4_000_000_000
FAILURES = {
    "E400": Failure(400, "invalid_request_error", "no such thing"),
    "E401": Failure(401, "authentication_error", "invalid x-api-key"),
    "E403": Failure(403, "permission_error", "not for you"),
    "E413": Failure(413, "request_too_large", "too much"),
    "E429": Failure(429, "rate_limit_error", "slow down", resets_at=RESETS_AT),
    "E500": Failure(500, "api_error", "Internal"),
    "E529": Failure(529, "overloaded_error", "Overloaded"),
    "POOR": Failure(400, "invalid_request_error", "Your credit balance is too low to access it."),
    # Its words name another kind: they decide nothing.
    "LIES": Failure(529, "overloaded_error", "rate limit: invalid API key, budget, max turns"),
}


def _fails(word: str, asked: ApiRequest) -> Turn | Failure:
    return FAILURES[word]


SCENES = by_word(
    {
        **{word: partial(_fails, word) for word in FAILURES},
        "LONG": lambda asked: say(Text(WORDS * 20, 20)),
        "TOOL": lambda asked: say(ToolUse("Bash", {"command": "true"})),
    },
    default=lambda asked: say("Very well."),
)


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    with LoopbackApi(SCENES) as server:
        yield server


async def caught(site: Site, manager: SessionManager, prompt: str, **more: Any) -> ConsoleError:
    """Return what a query raises, which names its session if the agent began."""
    heard = Heard(site)
    with pytest.raises(ConsoleError) as raised:
        await heard.listen(ask(manager, prompt, **more))
    if heard.session_id:
        assert raised.value.session_id == heard.session_id
    return raised.value


@pytest.mark.parametrize(
    ("prompt", "kind", "is_retryable"),
    [
        ("E400", Kind.REQUEST, False),
        ("E401", Kind.CREDENTIAL, False),
        ("E403", Kind.CREDENTIAL, False),
        ("E413", Kind.REQUEST, False),
        ("E429", Kind.RATE_LIMIT, True),
        ("E500", Kind.API, True),
        ("E529", Kind.OVERLOADED, True),
        ("POOR", Kind.BILLING, False),
        ("LIES", Kind.OVERLOADED, True),
    ],
)
async def test_what_the_api_answers_has_its_kind_and_is_the_sdks_error_too(
    site: Site, manager: SessionManager, prompt: str, kind: Kind, is_retryable: bool
) -> None:
    error = await caught(site, manager, prompt)
    assert (error.kind, error.is_retryable) == (kind, is_retryable)
    assert isinstance(error, RunFailed)
    assert isinstance(error, ResultError)
    assert isinstance(error.__cause__, ResultError)
    status = FAILURES[prompt].status
    assert (error.api_error_status, error.__cause__.api_error_status) == (status, status)
    assert (error.cost_usd, error.resets_at) == (0.0, None)  # a key's limit says no time
    row = site.row(error.session_id)
    assert row
    assert row.details()["last_error_kind"] == kind


async def test_a_limit_of_a_login_says_when_it_is_over(
    site: Site, manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-loopback")
    error = await caught(site, manager, "E429")
    assert error.kind is Kind.RATE_LIMIT
    assert error.resets_at == datetime.fromtimestamp(RESETS_AT, UTC)


async def test_an_api_that_cannot_be_reached_is_the_network(
    site: Site, manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    error = await caught(site, manager, "go")
    assert (error.kind, error.is_retryable) == (Kind.NETWORK, True)


@pytest.mark.parametrize(
    ("bound", "kind"), [({"max_turns": 1}, Kind.TURNS), ({"max_budget_usd": 1e-6}, Kind.BUDGET)]
)
async def test_a_bound_of_the_query_is_named_with_what_it_cost(
    site: Site, manager: SessionManager, bound: dict[str, Any], kind: Kind
) -> None:
    options = ClaudeAgentOptions(**bound, allowed_tools=["Bash"])
    error = await caught(site, manager, "TOOL", options=options)
    assert (error.kind, error.is_retryable) == (kind, False)
    assert error.cost_usd
    assert isinstance(error, ResultError)


async def test_a_cli_that_dies_or_is_missing_is_caught_as_the_sdk_raises_it(
    site: Site, manager: SessionManager
) -> None:
    task = asyncio.create_task(caught(site, manager, "LONG tale"))
    await soon(lambda: run_folders(site.listing) and read_run(last_run(site)).model)
    os.kill(read_owner(last_run(site))["cli_pid"], signal.SIGKILL)
    died = await task
    assert isinstance(died, ProcessError)
    assert (died.exit_code, died.kind, died.is_retryable) == (-9, Kind.CLI_DIED, True)
    missing = await caught(site, manager, "go", options=ClaudeAgentOptions(cli_path="/nowhere"))
    assert isinstance(missing, CLINotFoundError)
    assert isinstance(missing, CLIConnectionError)
    assert missing.session_id
    assert (missing.kind, missing.is_retryable) == (Kind.SETUP, False)


async def test_what_others_do_has_its_kind(site: Site, manager: SessionManager) -> None:
    heard, task = await listening(site, ask(manager, "LONG tale"))
    refused = await caught(site, manager, "more", resume=heard.session_id)
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.session_id) == (Kind.REFUSED, heard.session_id)
    stop(console(site), heard.session())
    with pytest.raises(RunStopped) as stopped:
        await task
    assert (stopped.value.kind, stopped.value.is_retryable) == (Kind.STOPPED, False)
    write_hold(site.listing.parent, Hold("bert", datetime.now(UTC), ""))
    assert (await caught(site, manager, "more")).kind is Kind.REFUSED


def test_an_error_reaches_the_parent_of_a_pool_whole() -> None:
    """Unless it can be pickled, a pool of processes breaks instead of telling what failed."""
    from tui.runs.agent.cli_errors import as_both

    gone = as_both(ProcessError("gone", -9, "said"), "the CLI was killed")
    gone.session_id, gone.cost_usd = "9f2c", 0.5
    for error in (gone, RunStopped("bert", "9f2c"), DatabaseProblem("busy", remedy="wait")):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
        assert type(again) is type(error)
        assert (str(again), again.kind, vars(again)) == (str(error), error.kind, vars(error))
    assert (gone.exit_code, gone.stderr, gone.args) == (-9, "said", ("the CLI was killed",))  # type: ignore[attr-defined]


async def test_a_busy_database_is_busy(tmp_path: Path) -> None:
    manager = SessionManager(tmp_path)
    await manager.init_table()
    with sqlite3.connect(manager.db_path) as held:
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseProblem) as busy:
            await manager.list_active_sessions()
        held.execute("ROLLBACK")
    held.close()
    assert (busy.value.kind, busy.value.is_retryable) == (Kind.BUSY, True)
