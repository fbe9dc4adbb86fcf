"""Nothing that is posted is missed, and an empty inbox is asked for little."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox, post
from tui.runs.folder.inbox_watch import InboxWatch
from tui.runs.folder.protocol import INBOX


def test_everything_posted_is_noticed_and_then_it_is_quiet(tmp_path: Path) -> None:
    (tmp_path / INBOX).mkdir()
    inbox, told, looked = Inbox(tmp_path), threading.Event(), threading.Semaphore(0)

    def stamp() -> object:
        looked.release()
        return inbox.stamp()

    watch = InboxWatch(stamp, told.set)
    watch.start()
    taken: list[str] = []
    try:
        for number in range(5):
            post(tmp_path, Command("prompt", at=datetime.now(UTC), by="anna", text=str(number)))
            assert told.wait(60)
            told.clear()
            assert watch.is_alert
            give_up = time.monotonic() + 60
            while len(taken) <= number:
                assert time.monotonic() < give_up
                if watch.may_have_mail():
                    taken += [one.text for one in inbox.take()]
                time.sleep(0.01)
        assert taken == list("01234")
        while looked.acquire(blocking=False):
            pass
        for _ in range(3):  # by the third look, what was noticed of the last one has been told
            assert looked.acquire(timeout=60)
        assert [watch.may_have_mail() for _ in range(20)][-1] is False
        assert not watch.is_alert
    finally:
        watch.end()


def test_once_it_is_over_no_thread_is_left(tmp_path: Path) -> None:
    (tmp_path / INBOX).mkdir()
    watch, others = InboxWatch(Inbox(tmp_path).stamp, lambda: None), set(threading.enumerate())
    watch.start()
    (own,) = set(threading.enumerate()) - others
    watch.end()
    own.join(60)
    assert not own.is_alive()


@pytest.mark.parametrize("kind", ["link", "pipe", "file"])
def test_what_is_no_folder_is_neither_followed_nor_waited_for(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "run" / INBOX
    place.parent.mkdir()
    (tmp_path / "elsewhere").mkdir()
    match kind:
        case "link":
            place.symlink_to(tmp_path / "elsewhere")
        case "pipe":
            os.mkfifo(place)
        case "file":
            place.touch()
    with pytest.raises(OSError, match="replaced by a link or a file"):
        Inbox(tmp_path / "run").stamp()
    assert Inbox(tmp_path / "run").take() == ()


def test_a_disk_that_does_not_answer_holds_up_nobody(tmp_path: Path) -> None:
    answers = threading.Event()
    watch = InboxWatch(lambda: answers.wait(60), lambda: None)
    watch.start()
    for _ in range(100):
        watch.may_have_mail()
    watch.end()
    assert not answers.is_set()
    answers.set()


def test_a_folder_that_cannot_be_looked_at_ends_no_watch(tmp_path: Path) -> None:
    inbox, looked = Inbox(tmp_path), threading.Semaphore(0)

    def stamp() -> object:
        looked.release()
        return inbox.stamp()

    watch = InboxWatch(stamp, lambda: None)
    watch.start()
    try:
        for _ in range(2):  # the second time, it has failed once and goes on
            assert looked.acquire(timeout=60)
        for _ in range(20):
            watch.may_have_mail()
        (tmp_path / INBOX).mkdir()
        post(tmp_path, Command("prompt", at=datetime.now(UTC), by="anna", text="hello"))
        give_up = time.monotonic() + 60
        while not watch.may_have_mail():
            assert time.monotonic() < give_up
            time.sleep(0.01)
    finally:
        watch.end()
