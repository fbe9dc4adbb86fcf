"""Only what is proven to be a run's own process is ended by force."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.processes.children import Child
from tests.support.processes.runs_site import wait
from tui.core.errors import Refused
from tui.runs.folder.protocol import OWNER, describe
from tui.runs.termination import end_cli, end_runner, interrupt_cli
from tui.safe_io.processes import started, started_with


def is_at(pid: int, name: bytes) -> bool:
    """Whether a process is the program by now that its environment is for."""
    return started_with(pid, "environ")[0].startswith(name)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is started as a CLI of `config`, and as the runner of `run`."""
    for name in ("config", "other", "run"):
        (tmp_path / name).mkdir()
    child = subprocess.Popen(
        ["claude", "-c", "input()", str(tmp_path / "run")],
        executable=sys.executable,
        stdin=subprocess.PIPE,
        env={"CLAUDE_CONFIG_DIR": str(tmp_path / "config")},
    )
    wait(lambda: Path(f"/proc/{child.pid}/environ").read_bytes().startswith(b"CLAUDE"))
    yield child
    child.kill()
    child.communicate()


def test_a_cli_of_this_config_dir_is_ended(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "way").symlink_to(tmp_path)
    end_cli(process.pid, str(started(process.pid)), tmp_path / "way" / "config")
    assert process.wait(60) < 0


def test_a_process_that_somebody_only_named_is_left_alone(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    """Without the proof, a registry file ends any process of the operator's."""
    start = str(started(process.pid))
    with pytest.raises(Refused, match="is not proven to be a CLI"):
        end_cli(process.pid, start, tmp_path / "other")
    (tmp_path / "other" / OWNER).write_text(json.dumps(describe(process.pid)))
    with pytest.raises(Refused, match="is not proven to be the runner"):
        end_runner(tmp_path / "other")
    end_cli(process.pid, start + "1", tmp_path / "config")
    end_cli(2**22, "5", tmp_path / "config")
    assert process.poll() is None


def test_a_cli_is_interrupted_only_when_it_is_proven(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    start = str(started(process.pid))
    for named, config_dir in ((start, "other"), (start + "1", "config"), ("", "config")):
        with pytest.raises(Refused):
            interrupt_cli(process.pid, named, tmp_path / config_dir)
    with pytest.raises(Refused):
        interrupt_cli(2**22, "5", tmp_path / "config")
    assert process.poll() is None
    interrupt_cli(process.pid, start, tmp_path / "config")
    assert process.wait(60) != 0


def test_at_home_only_what_is_called_claude_is_a_cli(tmp_path: Path) -> None:
    """Every process of a user has the same home."""
    home = tmp_path / "home"
    (home / ".claude").mkdir(parents=True)
    for name, is_cli in (("worker", False), ("claude", True)):
        (tmp_path / name).symlink_to(Path("/bin/sleep").resolve())
        with Child([str(tmp_path / name), "600"], env={"HOME": str(home)}) as child:
            wait(partial(is_at, child.pid, b"HOME"))
            start = str(started(child.pid))
            if is_cli:
                interrupt_cli(child.pid, start, home / ".claude")
                assert child.wait(60) < 0
            else:
                with pytest.raises(Refused, match="is not proven"):
                    interrupt_cli(child.pid, start, home / ".claude")
                child.kill()


@pytest.mark.parametrize(
    ("command", "is_cli"),
    [
        (["sleep"], False),
        (["/opt/claude/python"], False),
        (["node", "/opt/tool/cli.js"], False),
        (["/opt/claude"], True),
        (["node", "/opt/@anthropic-ai/claude-code/cli.js"], True),
    ],
)
def test_what_only_has_a_cli_s_environment_is_none(
    tmp_path: Path, command: list[str], is_cli: bool
) -> None:
    """All that a CLI starts, and whatever its user starts beside it, may have it."""
    pipe = tmp_path / command[-1].lstrip("/")
    pipe.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(pipe)
    with Child(
        [command[0], str(pipe)],
        executable="/bin/cat",
        env={"CLAUDE_CONFIG_DIR": str(tmp_path)},
    ) as child:
        wait(partial(is_at, child.pid, b"CLAUDE"))
        start = str(started(child.pid))
        if is_cli:
            interrupt_cli(child.pid, start, tmp_path)
            assert child.wait(60) < 0
            return
        for act in (interrupt_cli, end_cli):
            with pytest.raises(Refused, match="is not proven"):
                act(child.pid, start, tmp_path)
        child.kill()


def test_a_runner_of_this_folder_is_ended(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    (tmp_path / "run" / OWNER).write_text(json.dumps(describe(process.pid)))
    assert end_runner(tmp_path / "run") == process.pid
    assert process.wait(60) < 0


@pytest.mark.parametrize("domain", ["", "linux:elsewhere:pid:[1]"])
def test_a_runner_elsewhere_cannot_be_reached(
    tmp_path: Path, process: subprocess.Popen[bytes], domain: str
) -> None:
    owner = describe(process.pid) | {"pid_domain": domain}
    (tmp_path / "run" / OWNER).write_text(json.dumps(owner))
    with pytest.raises(Refused, match="cannot be reached from here"):
        end_runner(tmp_path / "run")
    assert process.poll() is None


def test_our_own_process_is_no_runner(tmp_path: Path) -> None:
    (tmp_path / OWNER).write_text(json.dumps(describe(os.getpid())))
    with pytest.raises(Refused, match="left alone"):
        end_runner(tmp_path)
