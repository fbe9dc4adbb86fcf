"""A session that runs where we cannot look: shown with its owner, and taken over."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tests.support.place import REPOSITORY
from tests.support.processes.children import Child
from tests.support.processes.runs_site import over, wait
from tests.support.programs import unshared
from tui.core.errors import Refused
from tui.core.models.session import Liveness
from tui.operations.owner import owner_elsewhere
from tui.operations.running.resume import plan_resume, start
from tui.operations.running.steer import send
from tui.operations.target import hold_lock, target_of
from tui.runs.folder.inbox import Inbox
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, INBOX, OWNER, SPEC, describe, runs_folder
from tui.safe_io.processes import own_domain, started
from tui.storage.session_locks import SessionLock
from tui.storage.state.logbook import read_logbook

ELSEWHERE = "linux:elsewhere:pid:[1]"

# A CLI's registry entry, written by a process in a container.
IN_A_CONTAINER = """
import json, os, sys, time
from tui.safe_io.processes import own_domain, started
now = int(time.time() * 1000)
entry = {"pid": os.getpid(), "sessionId": sys.argv[2], "procStart": started(os.getpid())}
entry |= {"pidDomain": own_domain(), "status": "busy", "startedAt": now, "updatedAt": now}
with open(f"{sys.argv[1]}/{os.getpid()}.json", "w") as file:
    json.dump(entry, file)
time.sleep(600)
"""


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    (listing.config_dir / "sessions").mkdir()
    return listing


@contextmanager
def container(listing: SampleListing) -> Iterator[Path]:
    """Run the session in a pid namespace of its own; yield its registry entry."""
    sessions = listing.config_dir / "sessions"
    program = [sys.executable, "-c", IN_A_CONTAINER, str(sessions), FIRST]
    unshare = [*unshared("--map-root-user"), "--fork", "--mount-proc", "--kill-child", *program]
    with Child(unshare, cwd=REPOSITORY) as process:
        try:
            yield wait(lambda: next(sessions.glob("*.json"), None))
        finally:
            process.kill()


def register(listing: SampleListing, **changes: Any) -> None:
    entry = {"pid": 4_000_000, "sessionId": FIRST, "procStart": "7", "pidDomain": ELSEWHERE}
    path = listing.config_dir / "sessions" / f"{changes.get('pid', 4_000_000)}.json"
    path.write_text(json.dumps(entry | changes))


def add_run(listing: SampleListing, *, silent_s: float = 0) -> Path:
    """Give the session a run that another machine drives."""
    folder = listing.folder / ".session_console" / "runs" / "20261122T071530Z-1f9c00"
    (folder / INBOX).mkdir(parents=True)
    now = datetime.now(UTC)
    spec = {"session_id": FIRST, "created_at": now.isoformat(), "operator": "bert"}
    (folder / SPEC).write_text(json.dumps(spec))
    (folder / EVENTS).write_text(json.dumps({"type": "init"}) + "\n")
    elsewhere = {"pid_domain": ELSEWHERE, "host": "worker-7\x1b[31m"}
    (folder / OWNER).write_text(json.dumps(describe(os.getpid()) | elsewhere))
    (folder / HEARTBEAT).touch()
    beat = (now - timedelta(seconds=silent_s)).timestamp()
    os.utime(folder / HEARTBEAT, (beat, beat))
    return folder


def test_a_session_in_a_container_is_refused_and_can_be_taken_over(
    listing: SampleListing, tmp_path: Path
) -> None:
    """Without the check under the lock, two agents would run one session."""
    context = listing.context(cli_path=Path("/bin/false"))
    with container(listing) as entry:
        session = listing.session(FIRST)
        assert session.liveness is Liveness.UNKNOWN
        with pytest.raises(Refused, match=r"last sign of life was \d+ s ago.*--take-over"):
            plan_resume(context, session)
        with pytest.raises(Refused, match="--take-over"), hold_lock(target_of(session)):
            pass
        plan = plan_resume(context, session, takes_over=True)
        run_id = start(context, plan, "Go on")
        text = entry.read_text()
    over(runs_folder(listing.folder) / run_id)
    (event,) = read_logbook(listing.root)
    assert (event.action, event.operator, event.session_id) == ("take over", "anna", FIRST)
    assert "last sign of life" in event.note
    assert json.loads(text)["pidDomain"] != own_domain()


def test_a_takeover_does_not_pass_over_the_lock(listing: SampleListing) -> None:
    register(listing)
    context = listing.context()
    plan = plan_resume(context, listing.session(FIRST), takes_over=True)
    with SessionLock.take(listing.folder, FIRST), pytest.raises(Refused, match="is running"):
        start(context, plan, "Go on")


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": os.getpid(), "pidDomain": own_domain(), "procStart": ""},
        {"pid": os.getpid(), "pidDomain": own_domain(), "procStart": started(os.getpid())},
        {"pid": os.getpid(), "pidDomain": ""},
    ],
    ids=["of unknown start", "proven", "of unknown place"],
)
def test_a_living_process_of_this_machine_is_never_taken_over(
    listing: SampleListing, changes: dict[str, Any]
) -> None:
    register(listing, **changes)
    """Without telling where it lives, taking over would pass over a process that is here."""
    with pytest.raises(Refused):
        plan_resume(listing.context(), listing.session(FIRST), takes_over=True)
    target = target_of(listing.session(FIRST))
    with pytest.raises(Refused), hold_lock(target, takes_over=True):
        pass


def test_an_owner_that_moved_since_the_plan_is_not_taken_over(listing: SampleListing) -> None:
    register(listing)
    folder = add_run(listing, silent_s=400)
    context = listing.context(cli_path=Path("/bin/false"))
    plan = plan_resume(context, listing.session(FIRST), takes_over=True)
    (folder / HEARTBEAT).touch()
    with pytest.raises(Refused, match="was active a moment ago"):
        start(context, plan, "Go on")
    assert list(folder.parent.iterdir()) == [folder]


def test_a_heartbeat_of_a_clock_that_is_slow_is_watched_before_anybody_takes_over(
    listing: SampleListing,
) -> None:
    """By our clock it is silent for minutes: taken over, the session would have two writers."""
    register(listing)
    folder, is_over = add_run(listing, silent_s=400), threading.Event()
    context = listing.context(cli_path=Path("/bin/false"))
    plan = plan_resume(context, listing.session(FIRST), takes_over=True)

    def beat() -> None:
        stamp = (folder / HEARTBEAT).lstat().st_mtime
        while not is_over.wait(0.3):
            stamp += 0.3
            os.utime(folder / HEARTBEAT, (stamp, stamp))

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        with pytest.raises(Refused, match="was active a moment ago"):
            start(context, plan, "Go on")
    finally:
        is_over.set()
        beating.join()
    assert list(folder.parent.iterdir()) == [folder]


def test_a_heartbeat_of_a_clock_that_is_fast_does_not_live_for_ever(
    listing: SampleListing,
) -> None:
    register(listing)
    add_run(listing, silent_s=-4000)
    plan = plan_resume(listing.context(), listing.session(FIRST), takes_over=True)
    assert plan.taken_over


def test_a_run_that_beats_elsewhere_is_steered_and_never_taken_over(
    listing: SampleListing,
) -> None:
    register(listing)
    folder = add_run(listing)
    session, context = listing.session(FIRST), listing.context()
    owner = owner_elsewhere(session, context.clock())
    assert owner is not None
    assert owner.where == "a run of bert on worker-7"
    assert owner.is_beating
    with pytest.raises(Refused, match="is running elsewhere"):
        plan_resume(context, session, takes_over=True)
    assert "moved" not in send(context, session, "go on").words
    assert [one.text for one in Inbox(folder).take()] == ["go on"]


def test_a_run_elsewhere_that_went_silent_can_be_taken_over(listing: SampleListing) -> None:
    register(listing)
    add_run(listing, silent_s=400)
    session, context = listing.session(FIRST), listing.context()
    assert "has not responded for 6 min" in send(context, session, "go on").words
    with pytest.raises(Refused, match=r"last sign of life was 6 min ago"):
        plan_resume(context, session)
    assert "worker-7" in plan_resume(context, session, takes_over=True).taken_over


@pytest.mark.parametrize(
    ("make", "where"),
    [(register, ELSEWHERE), (add_run, "worker-7")],
    ids=["another's", "ours"],
)
def test_show_names_the_owner(
    listing: SampleListing, make: Callable[..., object], where: str
) -> None:
    register(listing)
    make(listing)
    said = run_cli(listing.root, "show", FIRST)
    assert said.returncode == 0, said.stderr
    assert where in said.stdout
    assert "last sign of life" in said.stdout
    assert "\x1b" not in said.stdout
    as_json = json.loads(run_cli(listing.root, "show", FIRST, "--json").stdout)
    assert where in as_json["owner"]


def test_a_dead_process_of_this_machine_holds_nothing_up(listing: SampleListing) -> None:
    register(listing, pidDomain=own_domain())
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert plan.taken_over == ""


def test_the_verb_says_from_whom_it_takes_over(listing: SampleListing) -> None:
    register(listing)
    refused = run_cli(listing.root, "resume", FIRST, "Go on")
    assert refused.returncode == 4
    assert "--take-over" in refused.stderr
    settings = {"SESSION_CONSOLE_CLI_PATH": "/bin/false"}
    taken = run_cli(listing.root, "resume", FIRST, "Go on", "--take-over", **settings)
    assert f"taking over from pid 4000000 of {ELSEWHERE}" in taken.stderr
    over(runs_folder(listing.folder) / taken.stdout.strip())
