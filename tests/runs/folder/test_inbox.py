"""The inbox of a run: each command once, in order, and the first answer wins."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.hostile.read_errors import reads_fail
from tui.core.errors import Refused, UsageError
from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox, post
from tui.runs.folder.protocol import INBOX, MAX_PROMPT_BYTES

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
PROMPT = Command("prompt", at=NOW, by="anna", text="go on")
NAME = "20261122T071529.000000-0123abcd-prompt.json"
ANSWER = Command("answer", at=NOW, by="anna", text="", request_id="p1", decision="allow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / INBOX).mkdir()
    return tmp_path


def test_each_command_is_taken_once_and_in_order(folder: Path) -> None:
    posted = [replace(PROMPT, at=NOW + timedelta(microseconds=n), text=str(n)) for n in range(20)]
    for command in reversed(posted):
        post(folder, command)
    inbox = Inbox(folder)
    assert inbox.take() == tuple(posted)
    assert inbox.take() == ()
    post(folder, Command("stop", at=NOW, by="anna"))
    assert [command.kind for command in inbox.take()] == ["stop"]


def test_the_first_answer_wins_even_after_it_was_taken(folder: Path) -> None:
    inbox = Inbox(folder)
    post(folder, ANSWER)
    for _ in range(2):
        with pytest.raises(Refused, match="anna has already answered this"):
            post(folder, replace(ANSWER, by="bert", decision="deny"))
        inbox.take()
    assert inbox.take() == ()


def _folder(place: Path) -> None:
    place.mkdir()
    (place / "x").touch()


def _link(place: Path) -> None:
    place.symlink_to(place.parent)


PLANTED: dict[str, Callable[[Path], object]] = {
    "a folder": _folder,
    "a link": _link,
    "a pipe": os.mkfifo,
    "nothing": Path.touch,
    "garbage": lambda place: place.write_text("{"),
    "another command": lambda place: place.write_text(
        json.dumps(asdict(PROMPT) | {"at": NOW.isoformat()})
    ),
    "an answer to another request": lambda place: place.write_text(
        json.dumps(asdict(replace(ANSWER, request_id="p2")) | {"at": NOW.isoformat()})
    ),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_what_is_no_answer_stands_in_the_way_of_none(
    folder: Path, plant: Callable[[Path], object]
) -> None:
    plant(folder / INBOX / "answer-p1.json")
    post(folder, replace(ANSWER, decision="deny"))
    with pytest.raises(Refused, match="anna has already answered this"):
        post(folder, replace(ANSWER, by="bert"))
    assert [command.decision for command in Inbox(folder).take()] == ["deny"]


def test_an_answer_that_nobody_here_can_read_is_one(folder: Path) -> None:
    post(folder, ANSWER)
    unread = reads_fail(folder / INBOX / "answer-p1.json", errno.EACCES)
    with unread, pytest.raises(Refused, match="somebody has already answered this"):
        post(folder, replace(ANSWER, by="bert"))
    assert [command.by for command in Inbox(folder).take()] == ["anna"]


@pytest.mark.parametrize("plant", [None, *PLANTED.values()], ids=["no file", *PLANTED])
def test_of_many_answers_at_the_same_instant_one_wins(
    folder: Path, plant: Callable[[Path], object] | None
) -> None:
    if plant is not None:
        plant(folder / INBOX / "answer-p1.json")
    gate = threading.Barrier(8)

    def answer(number: int) -> bool:
        gate.wait()
        try:
            post(folder, replace(ANSWER, by=f"operator {number}"))
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(answer, range(8))) == 1
    assert len(Inbox(folder).take()) == 1
    assert len([one for one in (folder / INBOX).iterdir() if one.name[0] != "."]) == 1


def test_a_closed_inbox_refuses_and_loses_nothing(folder: Path) -> None:
    inbox = Inbox(folder)
    post(folder, PROMPT)
    assert inbox.close() == (PROMPT,)
    with pytest.raises(Refused, match="is over"):
        post(folder, PROMPT)
    inbox.reopen()
    post(folder, PROMPT)
    assert inbox.take() == (PROMPT,)


@pytest.mark.parametrize("request_id", ["", "../../x", "a/b", "p1\n", "x" * 65, "\x1b[2J"])
def test_an_answer_cannot_leave_the_inbox(folder: Path, request_id: str) -> None:
    with pytest.raises(UsageError):
        post(folder, replace(ANSWER, request_id=request_id))
    assert not list((folder / INBOX).iterdir())


def test_what_is_no_file_is_left_alone_and_not_read_again(folder: Path, tmp_path: Path) -> None:
    (folder / INBOX / NAME).mkdir()
    (folder / INBOX / NAME.replace("0", "1")).symlink_to(tmp_path)
    os.mkfifo(folder / INBOX / NAME.replace("0", "2"))
    post(folder, PROMPT)
    inbox = Inbox(folder)
    assert inbox.take() == (PROMPT,)
    assert inbox.take() == ()
    assert len(list((folder / INBOX).iterdir())) == 3


LINKS: dict[str, Callable[[Path], Path]] = {
    "the inbox": lambda run: run / INBOX,
    "the run": lambda run: run,
    "the runs": lambda run: run.parent,
    "our folder": lambda run: run.parent.parent,
}


@pytest.mark.parametrize("linked", LINKS)
@pytest.mark.parametrize("is_known", [True, False])
def test_nothing_is_posted_taken_or_removed_through_a_link(
    tmp_path: Path, linked: str, is_known: bool
) -> None:
    """Without descriptors, a run empties whatever folder its inbox was replaced by a link to."""
    run = tmp_path / "hollis_park" / ".session_console" / "runs" / "r1"
    (run / INBOX).mkdir(parents=True)
    inbox = Inbox(run)
    if is_known:
        assert inbox.take() == ()
    place, moved = LINKS[linked](run), tmp_path / "moved"
    place.rename(moved)
    place.symlink_to(moved)
    elsewhere = (run / INBOX).resolve()
    for name in (NAME, "answer-p1.json"):
        (elsewhere / name).write_text(json.dumps(asdict(PROMPT) | {"at": NOW.isoformat()}))
    with pytest.raises(Refused, match=r"cannot be written: .* by a link"):
        post(run, PROMPT)
    if linked == "the inbox" or not is_known:
        assert (inbox.take(), inbox.close()) == ((), ())
        assert {path.name for path in elsewhere.iterdir()} == {NAME, "answer-p1.json"}


def test_files_that_no_command_is_named_like_are_neither_read_nor_removed(folder: Path) -> None:
    named = ("thesis.tex", "a.json", f"{NAME}~", f"x{NAME}", "answer-..json")
    for name in named:
        (folder / INBOX / name).write_text(json.dumps(asdict(PROMPT) | {"at": NOW.isoformat()}))
    inbox = Inbox(folder)
    assert inbox.take() == ()
    assert sorted(path.name for path in (folder / INBOX).iterdir()) == sorted(named)


def test_a_command_that_cannot_be_removed_is_obeyed_once() -> None:
    """Without a note of it, a runner would be told to say the same for ever."""
    with _without_rights(), TemporaryDirectory() as base:
        folder = Path(base) / "run"
        (folder / INBOX).mkdir(parents=True)
        post(folder, PROMPT)
        (folder / INBOX).chmod(0o500)
        inbox = Inbox(folder)
        assert inbox.take() == (PROMPT,)
        assert len(list((folder / INBOX).iterdir())) == 1
        assert inbox.take() == ()
        (folder / INBOX).chmod(0o700)


@contextmanager
def _without_rights() -> Iterator[None]:
    """Be nobody for a while, when we are root: no mode would stop root."""
    was = os.geteuid()
    with suppress(PermissionError):
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_prompt_that_no_reader_would_take_is_refused(folder: Path) -> None:
    post(folder, replace(PROMPT, text="\x01" * MAX_PROMPT_BYTES))
    with pytest.raises(UsageError, match="put it into a file"):
        post(folder, replace(PROMPT, text="\x01" * (MAX_PROMPT_BYTES + 1)))
    assert len(list((folder / INBOX).iterdir())) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"kind": "prompt"}',
        '{"kind": "prompt", "at": "soon"}',
        '{"kind": "format", "at": "2026-11-22T07:15:30+00:00"}',
        '{"kind": "answer", "at": "2026-11-22T07:15:30+00:00", "request_id": "p1"}',
        '{"kind": "answer", "at": "2026-11-22T07:15:30+00:00", "decision": "allow"}',
        '{"kind": [], "at": "2026-11-22T07:15:30+00:00"}',
    ],
)
def test_what_is_no_command_is_thrown_away(folder: Path, text: str) -> None:
    (folder / INBOX / NAME).write_text(text)
    post(folder, PROMPT)
    inbox = Inbox(folder)
    assert inbox.take() == (PROMPT,)
    assert inbox.take() == ()
