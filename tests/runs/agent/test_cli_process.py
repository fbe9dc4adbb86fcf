"""The CLI of a run is found by its mark, and nothing else that this process started is."""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from claude_agent_sdk import InMemorySessionStore

from tests.support.listings.run_spec import run_spec
from tests.support.processes.children import Child
from tests.support.processes.runs_site import wait
from tui.runs.agent.cli_process import (
    RUN_VARIABLE,
    find_cli_process,
    kill_cli,
    kill_cli_surely,
    session_options,
)
from tui.safe_io.processes import started

OURS, OTHER = "20261122T071530Z-1f9c00", "20261122T071530Z-1f9c01"


@pytest.fixture
def sleepers() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """A child for each run, one that is none's, and one whose own child has the mark."""
    marks = {OURS: {RUN_VARIABLE: OURS}, OTHER: {RUN_VARIABLE: OTHER}, "": {}}
    with ExitStack() as stack:
        found = {}
        for name, mark in marks.items():
            environment = {"PATH": os.environ["PATH"], **mark}
            found[name] = stack.enter_context(subprocess.Popen(["sleep", "60"], env=environment))
            stack.callback(found[name].kill)
        yield found


def test_a_run_has_its_own_cli_and_no_other_is_ended(
    sleepers: dict[str, subprocess.Popen[bytes]],
) -> None:
    found = wait(lambda: find_cli_process(OURS))
    assert found == (sleepers[OURS].pid, started(sleepers[OURS].pid))
    assert find_cli_process("20261122T071530Z-1f9c02") is None
    kill_cli(OURS)
    assert sleepers[OURS].wait(60) == -9
    assert find_cli_process(OURS) is None
    assert (sleepers[OTHER].poll(), sleepers[""].poll()) == (None, None)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_a_cli_that_cannot_be_looked_at_is_not_gone(
    sleepers: dict[str, subprocess.Popen[bytes]], number: int
) -> None:
    wait(lambda: find_cli_process(OURS))
    for opens, what in ((os, "stat"), (io, "environ")):
        open_file = opens.open
        place = Path(f"/proc/{sleepers[OURS].pid}/{what}")
        with pytest.MonkeyPatch.context() as patch:

            def refused(
                path: Any,
                *given: Any,
                place: Path = place,
                open_file: Callable[..., Any] = open_file,
                **named: Any,
            ) -> Any:
                if str(path) == str(place):
                    raise OSError(number, os.strerror(number), str(path))
                return open_file(path, *given, **named)

            patch.setattr(opens, "open", refused)
            with pytest.raises(OSError, match=re.escape(os.strerror(number))):
                find_cli_process(OURS)
            assert not kill_cli(OURS)
            patch.setattr("tui.runs.agent.cli_process._PAUSE_S", 0.0)
            assert "could not tell" in kill_cli_surely(OURS)
    assert sleepers[OURS].poll() is None
    assert kill_cli_surely(OURS) == ""
    assert sleepers[OURS].wait(60) == -9


def test_the_child_of_a_child_is_none_of_ours() -> None:
    environment = {"PATH": os.environ["PATH"]}
    words = ["sh", "-c", f"{RUN_VARIABLE}={OTHER} sleep 60 & echo $!; wait"]
    with Child(words, env=environment, stdout=subprocess.PIPE) as shell:
        assert shell.stdout
        grandchild = int(shell.stdout.readline())
        assert find_cli_process(OTHER) is None
        os.kill(grandchild, signal.SIGKILL)


class Slow(InMemorySessionStore):
    async def append(self, *_: Any) -> None:
        await anyio.sleep_forever()


async def test_a_store_that_the_sdk_gives_up_is_cancelled_and_has_no_fault(tmp_path: Path) -> None:
    spec = run_spec(tmp_path, datetime.now(UTC))
    store = session_options(spec, Slow())["session_store"]
    with anyio.CancelScope() as patience:
        patience.cancel()
        await store.append({}, [])
    assert patience.cancelled_caught
