"""Each way in which a CLI can end, and each error of the SDK, is said in plain words."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import claude_agent_sdk
import pytest
from claude_agent_sdk import (
    ClaudeSDKError,
    CLIConnectionError,
    CLIJSONDecodeError,
    CLINotFoundError,
    ProcessError,
    ResultError,
)
from claude_agent_sdk._errors import MessageParseError

from tests.support.processes.runs_site import Site, over, wait
from tui.runs.agent.cli_errors import error_words
from tui.runs.folder.protocol import read_owner, read_run

PLACEHOLDER = "Check stderr output for details"
AGAIN = "`resume 9f2c0000` continues from its transcript"


def dead(code: int) -> ProcessError:
    return ProcessError(f"Command failed with exit code {code}", code, PLACEHOLDER)


def words(error: Exception, said: str = "", *, is_out_of_memory: bool = False) -> str:
    told = error_words(error, said, AGAIN, is_out_of_memory=is_out_of_memory)
    assert "ProcessError" not in told
    assert PLACEHOLDER not in told
    return told


@pytest.mark.parametrize(
    ("error", "said", "is_out_of_memory", "told"),
    [
        (dead(-9), "", False, "the CLI was ended by SIGKILL (exit code: -9; by someone, or by the "
         f"system when memory ran out), without saying why; {AGAIN}"),
        (dead(-9), "", True, "the CLI was killed (SIGKILL), while the system was out "
         f"of memory: free some, or lower max_runs, without saying why; {AGAIN}"),
        (dead(137), "Killed", False, "the CLI was ended by SIGKILL (exit code: 137; by someone, "
         f"or by the system when memory ran out): Killed; {AGAIN}"),
        (dead(-11), "", False, "ended by SIGSEGV (exit code: -11; it crashed)"),
        (dead(-15), "", True, "ended by SIGTERM (exit code: -15; on request"),
        (dead(-63), "", False, "the CLI was ended by signal 63, without saying why"),
        (dead(200), "", False, "the CLI ended by itself with exit code 200"),
        (dead(1), "no config\x1b[31m", False,
         f"the CLI ended by itself with exit code 1: no config; {AGAIN}"),
        (dead(1), "a " * 400, False, "the CLI ended by itself with exit code 1: a a"),
        (CLIConnectionError("Cannot write to terminated process (exit code: -9)"), "", False,
         "the CLI was ended by SIGKILL"),
        (CLIConnectionError(f"Cannot write to process that exited with error: {dead(2)}"), "",
         False, "the CLI ended by itself with exit code 2"),
        (CLIConnectionError("Working directory does not exist: /x"), "", False,
         f"the CLI cannot be reached (Working directory does not exist: /x): {AGAIN}"),
        (CLIConnectionError("Failed to write to process stdin: "), "oops", False,
         f"the CLI ended: oops; {AGAIN}"),
        (CLIConnectionError("on_failure is not supported"), "", False, "the CLI is too old"),
        (CLINotFoundError("Claude Code not found", "/x"), "", False,
         "the Claude CLI is missing: Claude Code not found: /x; reinstall the SDK"),
        (CLIJSONDecodeError("{ho", ValueError()), "", False,
         f"the CLI wrote something that is not a message ({{ho...): wrong version? {AGAIN}"),
        (MessageParseError("Unknown message type: x"), "", False,
         "the CLI sent a message that the SDK does not know (Unknown message type: x): update"),
        (ResultError("Claude Code returned an error result: x", {"errors": ["no conversation"]}, 1),
         "", False, "no conversation"),
        (Exception("Control request timeout: initialize"), "", False,
         "the CLI did not answer initialize in time"),
        (KeyError("x"), "", False, "KeyError: 'x'"),
        # What the SDK tells of a CLI that died comes as a plain error too.
        (Exception(str(dead(-9))), "boom", False, "the CLI was ended by SIGKILL (exit code: -9"),
        (TimeoutError(), "", False, f"TimeoutError, for an unknown reason; {AGAIN}"),
        (ResultError("", {}), "", False, f"the CLI failed without saying why; {AGAIN}"),
        (ResultError("", {"errors": [" ", None]}), "", False, "the CLI failed without saying why"),
    ],
)  # fmt: skip
def test_each_error_says_what_happened_and_what_to_do(
    error: Exception, said: str, is_out_of_memory: bool, told: str
) -> None:
    found = words(error, said, is_out_of_memory=is_out_of_memory)
    assert told in found
    assert "\x1b" not in found


def every(kind: type[Exception]) -> Iterator[type[Exception]]:
    for one in kind.__subclasses__():
        yield one
        yield from every(one)


def test_no_error_of_the_sdk_is_unknown() -> None:
    """A new version may bring another."""
    assert claude_agent_sdk.__version__
    ours = {one.__name__ for one in every(ClaudeSDKError) if "claude_agent_sdk" in one.__module__}
    assert ours == {
        "CLIConnectionError", "CLIJSONDecodeError", "CLINotFoundError", "MessageParseError",
        "ProcessError", "ResultError",
    }  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_real_cli_that_is_killed_in_its_turn_is_told_of(site: Site, number: int) -> None:
    folder = site.start("LONG")
    pid = wait(lambda: read_owner(folder).get("cli_pid"))
    session_id = read_run(folder).session_id
    wait(lambda: read_run(folder).state == "busy" and site.transcript(session_id))
    os.kill(pid, number)
    run = over(folder)
    name = signal.Signals(number).name
    assert run.state == "failed"
    assert "ProcessError" not in run.error
    assert PLACEHOLDER not in run.error
    if number != signal.SIGTERM:  # which the CLI takes for itself
        assert f"ended by {name}" in run.error
    assert f"`resume {run.session_id[:8]}` continues" in run.error
    row = site.row(run.session_id)
    assert row is not None
    assert row.details()["last_error"] == run.error
    assert json.loads(row.metadata or "")["last_error"] == run.error
