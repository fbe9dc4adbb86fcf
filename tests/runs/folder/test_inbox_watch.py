"""Nothing that is posted is missed, and an empty inbox is asked for little."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox, post
from tui.runs.folder.inbox_watch import InboxWatch
from tui.runs.folder.protocol import INBOX


def test_everything_posted_is_noticed_and_then_it_is_quiet(tmp_path: Path) -> None:
    (tmp_path / INBOX).mkdir()
    inbox, told = Inbox(tmp_path), threading.Event()
    watch = InboxWatch(inbox.stamp, told.set)
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
        time.sleep(1)
        assert [watch.may_have_mail() for _ in range(20)][-1] is False
        assert not watch.is_alert
    finally:
        watch.end()


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
