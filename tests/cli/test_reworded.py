"""No verb behaves differently when every message is reworded."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.operations.running.test_steer import add_run
from tests.support.hostile.planted_request import plant_request
from tests.support.listings import sick_listing as made
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, change_row
from tests.support.listings.sick_listing import Sick, sick_below
from tests.support.reworded import reword, reworded
from tui.__main__ import main
from tui.cli import output
from tui.cli.declarations.table import VERBS
from tui.core.errors import ConsoleError
from tui.storage.session_locks import SessionLock
from tui.storage.state.logbook import read_logbook
from tui.storage.table.tracking import read_events, read_rows

WORDS = frozenset({"words", "message", "why", "problem", "note", "notes", "unread", "title"})
CHANGES = frozenset(
    {"remedy", "at", "act_id", "undone_act", "restored_act", "run_id", "trash_id", "bytes"}
)
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+([+-][0-9:]+|Z)?")
NAMED = re.compile(r"[0-9]{8}T[0-9]{6}(\.[0-9]+)?Z?-[0-9a-f]+|\.[0-9a-z_]{8}$|[0-9a-f]{32,}")


@contextmanager
def locked(sick: Sick) -> Iterator[None]:
    with closing(sqlite3.connect(sick.listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def running(sick: Sick) -> Iterator[None]:
    run, past = add_run(sick.listing), datetime.now(UTC) - timedelta(hours=2)
    plant_request(run, past)
    with SessionLock.take(sick.listing.folder, FIRST):
        yield


@contextmanager
def as_it_is(sick: Sick) -> Iterator[None]:
    yield


def back_again(sick: Sick) -> None:
    sick.listing.write_transcript(FIRST, "Here again")


def changed(sick: Sick) -> None:
    change_row(sick.listing, "UPDATE claude_sessions SET expires_at = '2031-01-01T00:00:00'")


@dataclass(frozen=True)
class Scene:
    """Roots that are wrong in some way, the state meanwhile, and the verbs or events tried."""

    name: str
    steps: tuple[str | Callable[[Sick], None], ...]
    make: tuple[Callable[[Sick], None], ...] = ()
    holds: Callable[[Sick], Any] = as_it_is


LOOKS = ("ls", "check", "doctor", "trash", "log", "stats", "report", f"show {FIRST}", "ls --live")
ENDS = (f"delete {FIRST}", f"extend {FIRST} 30d", f"fail {FIRST} no", f"purge {FIRST} --yes")
STEERS = (f"interrupt {FIRST}", f"stop {FIRST}", f"send {FIRST} on", f"answer {FIRST} allow")
WRONG = """
    extend 9f2c soon; extend 9f2c -3d; extend 9f2c 2020-01-01; extend 9f2c 7w; extend 9f2 7d
    show zz; show ../x; restore abcd1234; restore 9f2; ls no; grep (; grep nothing-has-this
    answer 9f2c allow; ack 9f2c; model 9f2c x; mode 9f2c plan; mode 9f2c no; purge 9f2c; undo
    cleanup --max-size much; adopt 9f2c; tail nobody; rename 9f2c Pumps; export nobody
    view nothing; view save x y; view save x --sort no; view delete running; ls --view no
    tag zz x; note zz x; snooze 9f2c soon; hosts; fleet status
    fleet leave --yes; fleet join; member; move 9f2c b
    activate 9f2c; --read-only delete 9f2c; --restricted export 9f2c -o x
"""
LIMITS = """
    resume 9f2c on; resume 9f2c --mode bypassPermissions on; new x --stage 3; hold on pause
    resume 9f2c --max-turns 0 on; resume 9f2c on; new hollis_park --stage stage_3 Go
    cleanup --yes; hold off; hold off; --restricted resume 9f2c --tools Bash on
    resume 9f2d --fork on; resume 9f2c --also 9f2d --also zz on
"""
SICK = f"""
    ack 9f2c; ack 9f2c; delete {FIRST}; extend {FIRST} 30d; fail {FIRST} no; doctor --fix; undo
    cleanup --expired --yes; undo; adopt {FIRST}; restore {FIRST}; activate {FIRST}; reapply 9f2c
"""


def steps(words: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in re.split("[;\n]", words) if one.strip())


SCENES = (
    Scene("sound", (*LOOKS, *STEERS, *ENDS, "undo", "undo", "cleanup", "cleanup --yes", *LOOKS)),
    Scene("asked wrongly", steps(WRONG)),
    Scene("runs", (*LOOKS, *ENDS, *STEERS, f"answer {FIRST} wait 1h", *LOOKS), holds=running),
    Scene("locked", (*LOOKS, *ENDS, "undo", "cleanup --yes", "restore 9f2c"), holds=locked),
    Scene("limits", steps(LIMITS)),
    Scene(
        "undone in part",
        (*ENDS[:1], back_again, "undo", "undo", *ENDS[1:2], changed, "undo", "undo", "log"),
    ),
    *(
        Scene(make.__name__, (*LOOKS, *steps(SICK), *LOOKS), (make,))
        for make in (
            *(made.swept, made.stray, made.ghost, made.untracked, made.leftover, made.orphan),
            *(made.lost_run, made.foreign, made.torn_registry, made.no_database),
            *(made.bypass_failed, made.linked_folder, made.linked_config_dir, made.held),
        )
    ),
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_only_the_words_differ(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = played(scene, tmp_path / "plain", capsys)
    with pytest.MonkeyPatch.context() as patch:
        reword(patch)
        other = played(scene, tmp_path / "other", capsys)
    for step, one, two in zip(scene.steps, plain, other, strict=True):
        assert one == two, step


def test_a_decision_by_words_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller recognises a running session by the refusal's words, not by its reason."""

    def by_words(error: ConsoleError) -> dict[str, Any]:
        return {"code": "failed" if "no session" in str(error) else "refused", "message": ""}

    monkeypatch.setattr(output, "error_json", by_words)
    with pytest.raises(AssertionError):
        test_only_the_words_differ(SCENES[1], tmp_path, capsys)


def test_all_errors_are_reworded_and_each_verb_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {one.removeprefix("--restricted ").removeprefix("--read-only ").split()[0]
             for scene in SCENES for one in scene.steps if isinstance(one, str)}  # fmt: skip
    assert {one.name for one in VERBS} - asked == {"help", "info"}
    before = str(ConsoleError("it is locked", remedy="ls"))
    reword(monkeypatch)
    assert str(ConsoleError("it is locked", remedy="ls")) == reworded("it is locked") != before


def played(scene: Scene, place: Path, capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """Return each step's outcome: exit code, printed values, and the state afterwards."""
    place.mkdir()
    sick = sick_below(place)
    sick.listing.root.mkdir()
    if not scene.make:
        sick.listing.add(FIRST, days=9)
        sick.listing.add(SECOND, days=-1)
    for make in scene.make:
        make(sick)
    found: list[Any] = []
    with pytest.MonkeyPatch.context() as patch, scene.holds(sick):
        patch.setenv("HOME", str(sick.home.parent))
        patch.setenv("SESSION_CONSOLE_CONFIG", "/dev/null")
        patch.setenv("SESSION_CONSOLE_CLI_PATH", str(place / "no-cli"))
        patch.setenv("SESSION_CONSOLE_ENV_FILE", str(sick.env_file))
        for step in scene.steps:
            if callable(step):
                step(sick)
                found.append(None)
                continue
            argv = ["--root", str(sick.listing.root), "--operator", "anna", *step.split()]
            code = main([*argv, "--json"])
            printed = capsys.readouterr()
            found.append((code, shape(printed.out, place), shape(printed.err, place), there(sick)))
    return found


def there(sick: Sick) -> Any:
    """Return the rows, the audit, the logbook and all file names."""
    listing, found = sick.listing, list[Any]()
    try:
        found += [(one.session_id, one.status) for one in read_rows(listing.db_path, 0.01)]
        events = read_events(listing.db_path, timeout_s=0.01)
        found += [(one.action, one.session_id) for one in events]
    except ConsoleError as error:
        found.append(error.reason)
    logged = [(one.action, one.session_id) for one in logbook(listing)]
    files = sorted(
        NAMED.sub("X", str(one.relative_to(listing.root))) for one in listing.root.rglob("*")
    )
    return found, logged, files


def logbook(listing: SampleListing) -> Any:
    try:
        return read_logbook(listing.root)
    except OSError:
        return ()


def shape(printed: str, place: Path) -> Any:
    """Return the printed JSON values without wording; of a message only that there is one."""
    try:
        return bare(json.loads(printed), place)
    except ValueError:
        lines = printed.splitlines()
        return [shape(one, place) if one[:1] in "[{" and len(lines) > 1 else "..." for one in lines]


def bare(value: Any, place: Path, name: str = "") -> Any:
    if isinstance(value, dict):
        return {one: bare(inner, place, one) for one, inner in value.items()}
    if name in WORDS:
        return len(value) if isinstance(value, list) else bool(value)
    if isinstance(value, list):
        return [bare(one, place, name) for one in value]
    if name in CHANGES or name.endswith(("_at", "_s")) or isinstance(value, float):
        return bool(value)
    if not isinstance(value, str):
        return value
    if " " in value or MOMENT.fullmatch(value):
        return bool(value)
    return NAMED.sub("X", value.replace(str(place), ""))
