"""What the processes of a run inherit, and where their secrets come from."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.core.errors import RunFailed
from tui.runs.agent.environment import inherited, read_env_file


def test_a_run_inherits_neither_the_terminal_nor_the_login_of_its_operator() -> None:
    kept = {"PATH": "/bin", "HOME": "/root", "HTTPS_PROXY": "p", "IS_SANDBOX": "1"}
    dropped = {"SSH_AUTH_SOCK": "/s", "SSH_TTY": "t", "CLAUDECODE": "1", "TMUX_PANE": "%1"}
    assert inherited(kept | dropped) == kept


def test_an_env_file_is_read_as_a_shell_would(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("# keys\nA=1\nexport B='two words'\n\nC=\"x=y\"\n D = 4 \nnonsense\n=x\n")
    path.chmod(0o600)
    assert read_env_file(path) == {"A": "1", "B": "two words", "C": "x=y", "D": "4"}


@pytest.mark.parametrize(("mode", "words"), [(0o644, "chmod 600"), (0o602, "chmod 600")])
def test_secrets_open_to_everybody_are_refused(tmp_path: Path, mode: int, words: str) -> None:
    path = tmp_path / "env"
    path.write_text("A=1\n")
    path.chmod(mode)
    with pytest.raises(RunFailed, match=words):
        read_env_file(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: os.mkfifo(path, 0o600), "not a small file"),
        (Path.mkdir, "not a small file"),
        (lambda path: path.write_bytes(b"A=\xff\n"), "is not a text file"),
        (lambda path: path.write_bytes(b"A=\0\n"), "is not a text file"),
    ],
    ids=["a pipe", "a folder", "not UTF-8", "NUL"],
)
def test_what_is_no_env_file_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "env")
    with pytest.raises(RunFailed, match=words):
        read_env_file(tmp_path / "env")


def test_a_missing_env_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match="gone cannot be read"):
        read_env_file(tmp_path / "gone")
