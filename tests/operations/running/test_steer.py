"""Steering a run from a console: what is posted, and what is said of a stalled runner."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.planted_request import plant_request
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes.children import Child
from tests.support.processes.runs_site import wait
from tui.core.errors import ConfirmationRequired, ConsoleError, Refused, UsageError
from tui.core.limits import REQUEST
from tui.core.models.session import Session
from tui.operations.context import ActionResult, Context
from tui.operations.running.steer import answer, interrupt, put_off, send, stop
from tui.runs.folder.inbox import Inbox
from tui.runs.folder.permission_requests import REQUESTS
from tui.runs.folder.protocol import (
    EVENTS,
    HEARTBEAT,
    INBOX,
    MAX_PROMPT_BYTES,
    OWNER,
    SPEC,
    describe,
    read_run,
)
from tui.safe_io.processes import own_domain, started, started_with
from tui.storage.session_locks import SessionLock
from tui.storage.state.logbook import read_logbook

ELSEWHERE = {"pid_domain": "linux:elsewhere:pid:[1]", "host": "worker-7\x1b[31m"}


def add_run(
    listing: SampleListing, *, silent_s: float = 0, session_id: str = FIRST, **owner: Any
) -> Path:
    """Give a session a run that this process owns and that last moved `silent_s` ago."""
    name = f"20261122T071530Z-1f{session_id[:4]}"
    folder = listing.folder / ".session_console" / "runs" / name
    (folder / INBOX).mkdir(parents=True)
    now = datetime.now(UTC)
    spec = {"session_id": session_id, "created_at": now.isoformat()}
    (folder / SPEC).write_text(json.dumps(spec))
    (folder / EVENTS).write_text(json.dumps({"type": "init"}) + "\n")
    (folder / OWNER).write_text(json.dumps(describe(os.getpid()) | owner))
    (folder / HEARTBEAT).touch()
    beat = (now - timedelta(seconds=silent_s)).timestamp()
    os.utime(folder / HEARTBEAT, (beat, beat))
    return folder


def held(listing: SampleListing, act: Callable[[Context, Session], ActionResult]) -> ActionResult:
    """Do `act` while something holds the session's lock, as its runner would."""
    with SessionLock.take(listing.folder, FIRST):
        return act(listing.context(), listing.session(FIRST))


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (lambda context, session: send(context, session, " go on "), "prompt"),
        (interrupt, "interrupt"),
        (stop, "stop"),
    ],
)
def test_a_command_is_posted_to_the_run(
    listing: SampleListing, act: Callable[[Context, Session], ActionResult], kind: str
) -> None:
    folder = add_run(listing)
    words = held(listing, act).words
    assert words.endswith(f"{FIRST[:8]}; not accepted yet")
    (command,) = Inbox(folder).take()
    assert (command.kind, command.by) == (kind, "anna")
    assert command.text == ("go on" if kind == "prompt" else "")


@pytest.mark.parametrize(
    ("silent_s", "owner", "words"),
    [
        (5, {}, ""),
        (40, {}, f"has not responded for 40s: `stop {FIRST[:8]}` ends it"),
        (40, ELSEWHERE, "for 40s: it cannot be reached from here, so end it on work"),
        (400, {}, "has not responded for 6 min"),
    ],
)
def test_a_runner_that_hangs_is_told_of(
    listing: SampleListing, silent_s: float, owner: dict[str, str], words: str
) -> None:
    add_run(listing, silent_s=silent_s, **owner)
    said = held(listing, lambda context, session: send(context, session, "go on")).words
    assert words in said
    assert ("not responded" in said) is bool(words)
    assert "\x1b" not in said


def test_stop_of_a_runner_elsewhere_that_hangs_says_where_to_go(listing: SampleListing) -> None:
    folder = add_run(listing, silent_s=40, **ELSEWHERE)
    said = held(listing, stop).words
    assert "stop sent to" in said
    assert "end it on worker-7" in said
    assert [command.kind for command in Inbox(folder).take()] == ["stop"]


def test_stop_never_ends_a_process_that_is_only_named_as_a_runner(listing: SampleListing) -> None:
    """Without the proof this test would kill itself."""
    add_run(listing, silent_s=40)
    with pytest.raises(Refused, match="is not proven"):
        held(listing, stop)


@pytest.mark.parametrize(
    ("count", "said", "answered"),
    [
        (1, "yes; but no", ["yes; but no"]),
        (2, "yes; but no", ["yes", "but no"]),
    ],
)
def test_only_several_answers_are_parted(
    listing: SampleListing, count: int, said: str, answered: list[str]
) -> None:
    folder = add_run(listing)
    asked = [{"question": f"Q{number}?", "options": [{"label": "A"}]} for number in range(count)]
    shown = plant_request(folder, datetime.now(UTC), "AskUserQuestion", {"questions": asked})
    held(listing, lambda context, session: answer(context, session, said, shown=shown))
    (command,) = Inbox(folder).take()
    assert (list(command.answers), command.digest) == (answered, shown)


@pytest.mark.parametrize("decision", ["allow", "always"])
@pytest.mark.parametrize(
    ("shown", "refusal"),
    [
        ("", ConfirmationRequired),
        ("{digest:.16}", None),
        ("{digest}", None),
        ("{digest:.8}", Refused),
        ("0" * 64, Refused),
        ("{digest}0", Refused),
    ],
)
def test_only_what_was_shown_is_granted(
    listing: SampleListing, shown: str, refusal: type[ConsoleError] | None, decision: str
) -> None:
    folder = add_run(listing)
    digest = plant_request(folder, datetime.now(UTC))
    named = shown.format(digest=digest)
    if refusal is None:
        held(listing, lambda context, one: answer(context, one, decision, shown=named))
        (command,) = Inbox(folder).take()
        assert (command.decision, command.digest) == (decision, digest)
        return
    with pytest.raises(refusal):
        held(listing, lambda context, one: answer(context, one, decision, shown=named))
    assert Inbox(folder).take() == ()


@pytest.mark.parametrize("is_changed", [False, True])
def test_what_is_not_there_whole_or_was_changed_can_only_be_denied(
    listing: SampleListing, is_changed: bool
) -> None:
    folder = add_run(listing)
    given = {"command": "x" * (1 if is_changed else REQUEST)}
    plant_request(folder, datetime.now(UTC), given=given)
    if is_changed:
        path = folder / REQUESTS / "p1.json"
        path.write_text(path.read_text().replace("x", "y"))
    request = read_run(folder).request
    assert request is not None
    with pytest.raises(Refused, match="can only be denied"):
        held(listing, lambda context, one: answer(context, one, "allow", shown=request.digest))
    held(listing, lambda context, one: answer(context, one, "deny"))
    assert [command.decision for command in Inbox(folder).take()] == ["deny"]


@pytest.mark.parametrize("words", ["0", "8d", "soon", ""])
def test_a_request_is_put_off_for_a_sound_time_alone(listing: SampleListing, words: str) -> None:
    plant_request(add_run(listing), datetime.now(UTC))
    with pytest.raises(UsageError):
        held(listing, lambda context, one: put_off(context, one, words))


def test_a_request_can_be_put_off(listing: SampleListing) -> None:
    folder = add_run(listing)
    plant_request(folder, datetime.now(UTC))
    held(listing, lambda context, one: put_off(context, one, "2h"))
    (command,) = Inbox(folder).take()
    assert (command.kind, command.request_id, command.text) == ("wait", "p1", "7200")


@pytest.mark.parametrize("hours", [-5, 3])
def test_only_the_run_tells_how_long_its_request_waits(listing: SampleListing, hours: int) -> None:
    """Its machine's clock may be ahead: by ours, its request would wait for hours."""
    folder = add_run(listing)
    plant_request(folder, datetime.now(UTC) + timedelta(hours=hours))
    held(listing, lambda context, one: put_off(context, one, "2h"))
    assert [command.text for command in Inbox(folder).take()] == ["7200"]


def test_a_signal_to_another_program_is_written_down(listing: SampleListing) -> None:
    pipe = listing.root / "pipe"
    os.mkfifo(pipe)
    (listing.config_dir / "sessions").mkdir()
    env = {"CLAUDE_CONFIG_DIR": str(listing.config_dir)}
    with Child(["claude", pipe], executable="/bin/cat", env=env) as cli:
        wait(lambda: started_with(cli.pid, "environ")[0].startswith(b"CLAUDE"))
        entry = {"pid": cli.pid, "sessionId": FIRST, "procStart": started(cli.pid)}
        path = listing.config_dir / "sessions" / f"{cli.pid}.json"
        path.write_text(json.dumps(entry | {"pidDomain": own_domain()}))
        act = interrupt(listing.context(), listing.session(FIRST), is_sure=True)
        assert cli.wait(60) < 0
    (event,) = read_logbook(listing.root)
    assert (event.operator, event.action, event.session_id) == ("anna", "interrupt", FIRST)
    assert event.note == act.words


def test_a_prompt_to_what_cannot_be_resumed_is_not_sent_there(listing: SampleListing) -> None:
    listing.transcript_path(FIRST).unlink()
    with pytest.raises(Refused, match="is not running: `show 9f2c0000`"):
        send(listing.context(), listing.session(FIRST), "go on")


def test_what_cannot_be_asked_is_refused_in_words(listing: SampleListing) -> None:
    session, context = listing.session(FIRST), listing.context()
    for act in (interrupt, stop):
        with pytest.raises(Refused, match="it is not running"):
            act(context, session)
    with pytest.raises(Refused, match="is not running: `resume 9f2c0000`"):
        send(context, session, "go on")
    with pytest.raises(UsageError, match="give a prompt"):
        send(context, session, " ")
    add_run(listing)
    with SessionLock.take(listing.folder, FIRST):
        session = listing.session(FIRST)
        with pytest.raises(UsageError, match="put it into a file"):
            send(context, session, "x" * (MAX_PROMPT_BYTES + 1))
        with pytest.raises(UsageError, match="use allow"):
            answer(context, session, "maybe")
        with pytest.raises(Refused, match="is not waiting"):
            answer(context, session, "allow")
        read_only = replace(context, settings=replace(context.settings, read_only=True))
        with pytest.raises(Refused, match="read-only"):
            stop(read_only, session)
