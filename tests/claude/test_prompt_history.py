"""Only the session's prompts are removed from the CLI's own history."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND
from tui.claude.prompt_history import scrub_history

APPENDER = """
import json, sys
print("begun", flush=True)
for number in range(2000):
    with open(sys.argv[1], "a") as history:
        history.write(json.dumps({"display": f"word {number}", "sessionId": sys.argv[2]}) + "\\n")
"""


def line(session_id: str, words: str) -> str:
    return json.dumps({"display": words, "sessionId": session_id}) + "\n"


def entries(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    return [json.loads(one)["display"] for one in lines if one.strip()]


def test_only_its_prompts_go_and_the_file_stays_the_one_it_was(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(
        line(FIRST, "secret") + line(SECOND, f"of {FIRST}") + "torn\n" + line(FIRST, "2")
    )
    path.chmod(0o640)
    os.chown(path, 1234, 4321)
    before = path.stat()
    scrub_history(tmp_path, FIRST)
    text = path.read_text()
    assert "secret" not in text
    assert [one for one in text.split("\n") if one.strip()] == [
        line(SECOND, f"of {FIRST}").strip(),
        "torn",
    ]
    after = path.stat()
    for name in ("st_ino", "st_uid", "st_gid", "st_mode", "st_size"):
        assert getattr(after, name) == getattr(before, name)
    scrub_history(tmp_path, FIRST)
    assert path.read_text() == text


def test_what_a_cli_appends_meanwhile_is_not_lost(tmp_path: Path) -> None:
    """If the file were replaced by what was read before, lines written meanwhile would be lost."""
    path = tmp_path / "history.jsonl"
    path.write_text(line(FIRST, "secret"))
    with subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(path), SECOND], stdout=subprocess.PIPE, text=True
    ) as appender:
        assert appender.stdout is not None
        appender.stdout.readline()
        while appender.poll() is None:
            with path.open("a") as history:
                history.write(line(FIRST, "secret"))
            scrub_history(tmp_path, FIRST)
    assert entries(path) == [f"word {number}" for number in range(2000)]


def test_what_is_no_history_is_left_alone_and_told(tmp_path: Path) -> None:
    scrub_history(tmp_path, FIRST)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(line(FIRST, "theirs"))
    (tmp_path / "history.jsonl").symlink_to(elsewhere)
    scrub_history(tmp_path, FIRST)
    assert entries(elsewhere) == ["theirs"]
    (tmp_path / "history.jsonl").unlink()
    os.mkfifo(tmp_path / "history.jsonl")
    with pytest.raises(OSError, match="no file"):
        scrub_history(tmp_path, FIRST)
