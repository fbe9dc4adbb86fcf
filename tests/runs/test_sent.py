"""What a run was sent: taken, queued for its turn, or never taken; and how it stands."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.core.errors import Refused
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import SentCommand
from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox, post
from tui.runs.folder.protocol import (
    CLOSED_INBOX,
    EVENTS,
    HEARTBEAT,
    INBOX,
    OWNER,
    describe,
    is_taken,
    read_run,
    runs_folder,
    stamp,
)
from tui.view.text.sent_commands import sent_words, until_words

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
ASKED = {"type": "permission", "request_id": "p1", "tool": "Bash", "input": {"command": "ls"}}
PROMPT = Command("prompt", at=NOW, by="bert", text="and Asia?")
ANSWER = Command("answer", at=NOW, by="anna", text="", request_id="p1", decision="allow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = runs_folder(tmp_path / "hollis_park") / "20261122T071530Z-1f9c00"
    (path / INBOX).mkdir(parents=True)
    (path / OWNER).write_text(json.dumps(describe(os.getpid())))
    (path / HEARTBEAT).touch()
    write(path, {"type": "init", "model": "opus", "permission_mode": "default"}, ASKED)
    return path


def write(folder: Path, *events: dict[str, Any]) -> None:
    with (folder / EVENTS).open("a") as file:
        for event in events:
            file.write(json.dumps({"at": NOW.isoformat()} | event) + "\n")


def said(folder: Path) -> list[str]:
    run = read_run(folder)
    moment = NOW + timedelta(seconds=12)
    return [sent_words(one, moment, is_over=run.is_over) for one in run.sent]


def test_a_command_is_not_taken_until_its_acknowledgement_and_then_waits_for_its_turn(
    folder: Path,
) -> None:
    before = stamp(folder)
    prompt, answer = post(folder, PROMPT), post(folder, ANSWER)
    assert stamp(folder) != before
    assert said(folder) == [
        "sent 12s ago, not accepted yet: prompt from bert: and Asia?",
        "sent 12s ago, not accepted yet: answer from anna",
    ]
    taken = Inbox(folder).take()
    assert {one.id for one in taken} == {prompt, answer}
    ack = {"type": "ack", "command": "prompt", "by": "bert", "words": "and Asia?", "id": prompt}
    write(folder, {"type": "ack", "command": "answer", "by": "anna", "id": answer}, ack)
    assert is_taken(folder, answer, NOW)
    assert said(folder) == ["queued prompt from bert: and Asia?"]
    write(folder, {"type": "turn", "by": "bert", "id": prompt})
    assert said(folder) == []


@pytest.mark.parametrize("inbox", [INBOX, CLOSED_INBOX])
def test_what_waits_is_read_through_no_link_and_only_from_files_named_like_commands(
    folder: Path, tmp_path: Path, inbox: str
) -> None:
    name = post(folder, PROMPT)
    real = folder / INBOX
    if inbox == CLOSED_INBOX:
        real = real.rename(folder / inbox)
    (real / "thesis.json").write_bytes((real / name).read_bytes())
    assert len(said(folder)) == 1
    elsewhere = real.rename(tmp_path / "elsewhere")
    real.symlink_to(elsewhere)
    assert said(folder) == []


def test_what_a_run_never_took_is_told_after_its_end(folder: Path) -> None:
    post(folder, PROMPT)
    missed = {"type": "missed", "id": "x", "command": "interrupt", "by": "carl"}
    dropped = {"type": "notice", "kind": "dropped", "id": "y", "by": "dora", "words": "later"}
    write(folder, {"type": "ack", "command": "prompt", "id": "y", "by": "dora", "words": "later"})
    write(folder, missed, dropped, {"type": "ended"})
    assert said(folder) == [
        "never sent: interrupt from carl",
        "never sent: prompt from dora: later",
        "never sent: prompt from bert: and Asia?",
    ]


def test_the_sender_of_an_answer_that_came_too_late_is_told(folder: Path) -> None:
    answer = post(folder, ANSWER)
    write(folder, {"type": "missed", "id": answer, "command": "answer", "by": "anna"})
    with pytest.raises(Refused, match="too late"):
        is_taken(folder, answer, NOW)
    assert said(folder) == []
    write(folder, {"type": "ended"})
    assert said(folder) == ["never sent: answer from anna"]


def test_events_tell_the_queue_the_changes_and_the_stall(folder: Path) -> None:
    write(folder, {"type": "queued", "reason": "4 already running"})
    run = read_run(folder)
    assert (run.state, run.queued_for) == ("queued", "4 already running")
    write(
        folder,
        {"type": "admitted"},
        {"type": "changed", "model": "haiku"},
        {"type": "changed", "permission_mode": "plan"},
        {"type": "stalled", "quiet_s": 60},
    )
    run = read_run(folder)
    assert (run.state, run.model, run.permission_mode) == ("waiting", "haiku", "plan")
    assert run.stalled_since == NOW - timedelta(minutes=1)
    write(folder, {"type": "moving"})
    assert read_run(folder).stalled_since is None
    write(folder, {"type": "stalled", "quiet_s": 9e6, "at": "0001-01-02T00:00:00Z"})
    assert read_run(folder).state == "waiting"


def test_a_run_from_before_the_machine_started_is_lost_whoever_has_its_pid_now(
    folder: Path,
) -> None:
    """The owner named here lives, with the very start: only its heartbeat tells."""
    assert read_run(folder).state == "waiting"
    os.utime(folder / HEARTBEAT, (1000, 1000))
    assert read_run(folder).state == "lost"


def test_a_request_says_when_nobody_will_have_come() -> None:
    late, asked = (
        NOW + timedelta(minutes=5),
        PermissionRequest(request_id="p1", tool="Bash", input={}, at=NOW),
    )
    assert until_words(asked, late) == "waiting for 5m"
    until = replace(asked, until=NOW + timedelta(minutes=30))
    assert until_words(until, late) == "waiting for 5m, will be denied in 25m"
    assert until_words(until, late + timedelta(minutes=24, seconds=20)).endswith("in 40s")
    assert until_words(until, late + timedelta(hours=1)).endswith("about to be denied")
    odd = SentCommand(kind="prompt\x1b", by="", at=NOW + timedelta(hours=1), text="a\nb")
    assert (
        sent_words(odd, NOW, is_over=False)
        == "sent 0s ago, not accepted yet: prompt from somebody: a b"
    )
