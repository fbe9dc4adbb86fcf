"""Whatever a run folder holds: no verb falls over it, and it hides no session.

Each value of each of its files in turn is something else, and each file some other kind of thing.
"""

from __future__ import annotations

import copy
import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.operations.running.test_steer import add_run
from tests.support.hostile.planted_request import plant_request
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.__main__ import main
from tui.cli.permission_prompt import permission_lines
from tui.core.agent_questions import questions
from tui.operations.running import steer
from tui.operations.stream.run_notices import RunNotices
from tui.runs.folder import protocol
from tui.runs.folder.event_snapshot import FOLDED
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, OWNER, PARTIAL, SPEC
from tui.runs.folder.run_finder import RunFinder
from tui.runs.folder.run_state import RunState
from tui.storage.session_locks import SessionLock
from tui.view.stream import permission_page
from tui.view.text import sent_commands

NOW = datetime.now(UTC)
THIRD = "9f2e0000-1111-4222-8333-444455556666"
QUESTION = {"question": "q", "options": [{"label": "a", "description": "d"}], "multiSelect": False}
ODD: tuple[Any, ...] = (
    *(None, True, 0, 5, -1, 10**30, 10**400, 1e300, math.nan, -math.inf),
    *("", "x", " ", "\ud800", "\x1b[5n", "\0", "a" * 5000, "../../x", "1e999"),
    *("2026-01-01T00:00:00+00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59+23:59"),
    *([], {}, [[]], {"a": 1}, [5], ["k", None], [["k", {}]], [{}], {"type": []}, {"\ud800": {}}),
)
DEEP = '{"a":' * 100_000
Place = tuple[Any, ...]


class Hostile:
    """A root whose first listing has a run with something in every file that a run has."""

    def __init__(self, folder: Path) -> None:
        self.listing = SampleListing(folder / "outputs")
        self.listing.add(FIRST)
        self.listing.add(SECOND)
        SampleListing(folder / "outputs", "acme_pumps").add(THIRD)
        self.folder = add_run(self.listing)
        given = {"questions": [QUESTION], "metadata": {}}
        plant_request(self.folder, NOW, "AskUserQuestion", given)
        self.files = self._whole()
        self.restore()
        self._sound = shutil.copytree(self.folder, folder / "sound", symlinks=True)

    def _whole(self) -> dict[str, list[Any]]:
        """Return of each file the values that it has, one a line."""
        at, asker = NOW.isoformat(), {"agent": "a", "suggestions": [{"rules": [{"toolName": "B"}]}]}
        sent = {"kind": "prompt", "by": "b", "at": at, "text": "t", "is_taken": True}
        events = [json.loads(line) for line in (self.folder / EVENTS).read_text().splitlines()]
        told: list[dict[str, Any]] = [
            {"type": "queued", "reason": "r"},
            {"type": "admitted"},
            {"type": "changed", "model": "m", "permission_mode": "plan"},
            {"type": "turn", "id": "t", "by": "b"},
            {"type": "ack", "id": "k", "command": "prompt", "by": "b", "words": "w"},
            {"type": "missed", "id": "l", "command": "answer", "by": "b", "words": "w"},
            {"type": "refused", "id": "k", "posted_at": at, "reason": "r", "by": "b"},
            {"type": "put_off", "request_id": "p1", "until": at, "by": "b"},
            {"type": "answered", "request_id": "p0", "decision": "deny", "by": "b"},
            {"type": "notice", "kind": "dropped", "words": "w", "by": "b", "id": "k"},
            {"type": "result", "cost_usd": 1.5, "windows": {"m": 5}},
            {"type": "stalled", "quiet_s": 5},
        ]
        events += [{"at": at, **one} for one in told]
        events[1] |= {"asker": asker}
        story = RunState.after(events).to_json()
        story |= {"prompts": [["k", sent]], "missed": [sent], "refused": {"a b": "c"}}
        partial = {"message_id": "m", "index": 0, "kind": "text", "text": "t", "tool": "", "at": at}
        command = {"at": at, "by": "x", "text": "", "request_id": "p1", "is_restricted": False}
        answer = command | {"kind": "answer", "decision": "deny", "answers": ["1"], "digest": "d"}
        size = sum(len(json.dumps(one)) + 1 for one in events)
        return {
            SPEC: [json.loads((self.folder / SPEC).read_text()) | {"operator": "a", "agent": {}}],
            OWNER: [
                json.loads((self.folder / OWNER).read_text()) | {"cli_pid": 5, "cli_start": "7"}
            ],
            EVENTS: events,
            FOLDED: [{"events": size, "story": story}],
            PARTIAL: [partial | {"earlier": [partial]}],
            "requests/p1.json": [json.loads((self.folder / "requests/p1.json").read_text())],
            "inbox/answer-p1.json": [answer],
            "inbox/20261122T071530.000000-00000000-wait.json": [
                command | {"kind": "wait", "text": "60"}
            ],
        }

    def restore(self) -> None:
        for name, values in self.files.items():
            self.write(name, values)

    def write(self, name: str, values: list[Any]) -> None:
        (self.folder / name).write_text("".join(f"{json.dumps(one)}\n" for one in values))

    def spoil(self, name: str, kind: str) -> None:
        """Put something else in the place of a file or folder, if that still has its own."""
        path, sound = self.folder / name, self._sound / name
        if not path.parent.is_dir() or path.parent.is_symlink():
            return
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        match kind:
            case "folder":
                path.mkdir()
            case "pipe":
                os.mkfifo(path)
            case "link":
                path.symlink_to(sound)
            case "deep":
                path.write_text(DEEP)
            case "torn":
                path.write_bytes(b'{"a": "\xff\xed\xa0\x80')
            case "huge":
                with path.open("wb") as file:
                    file.truncate(2**33)
            case "nul":
                path.write_bytes(bytes(4096))

    def replace_all(self) -> None:
        """Put the folder back as it was, whatever is in its place."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        shutil.copytree(self._sound, self.folder, symlinks=True, dirs_exist_ok=True)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    monkeypatch.setattr(steer, "_TAKEN_WITHIN_S", 0)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = Hostile(tmp_path)
    with SessionLock.take(root.listing.folder, FIRST):
        yield root


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    """Yield where each value is, the whole of it too."""
    yield path
    if not isinstance(value, dict | list):
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inner:
        yield from places(one, (*path, name))


def changed(value: Any, path: Place, new: Any) -> Any:
    if not path:
        return new
    value = copy.deepcopy(value)
    inner = value
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = new
    return value


def look_at(folder: Path) -> None:
    """Read a run and draw all that is drawn of one."""
    run = protocol.read_run(folder)
    protocol.read_partial(folder)
    RunNotices().poll(folder)
    protocol.is_taken(folder, "zz", NOW)
    for sent in run.sent:
        sent_commands.sent_words(sent, NOW, is_over=run.is_over)
    if run.request:
        list(permission_lines(run.request, NOW))
        permission_page.beside_lines(run.request, 60)
        for asked in questions(run.request):
            permission_page.question_lines(asked, 60)


def test_no_value_of_any_file_makes_a_run_unreadable(hostile: Hostile) -> None:
    for name, values in hostile.files.items():
        for turn, path in enumerate(one for one in places(values) if one):
            for odd in ODD[turn % 4 :: 4]:
                hostile.write(name, changed(values, path, odd))
                look_at(hostile.folder)
        hostile.write(name, values)


def test_what_falls_over_a_run_does_not_hide_the_sessions(
    hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that nobody foresaw; the listing says that the run cannot be read."""

    def fails(_: Path) -> None:
        raise TypeError("nobody foresaw that")

    monkeypatch.setattr(protocol, "read_run", fails)
    finder = RunFinder()
    (found,) = finder.find(hostile.listing.folder)
    assert (found.session_id, found.is_over, finder.is_unread) == (FIRST, False, True)
    assert "cannot be read: nobody foresaw that" in finder.cut
    assert hostile.listing.session(SECOND).row is not None


JSON = st.recursive(
    st.sampled_from(ODD) | st.text(max_size=5) | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


LISTS = (("ls", "--json"),)
VERBS = (
    *LISTS,
    ("show", FIRST),
    ("show", FIRST, "--json"),
    ("tail", FIRST),
    ("doctor",),
    ("answer", FIRST, "deny"),
)


def verbs_hold(hostile: Hostile, verbs: tuple[tuple[str, ...], ...] = VERBS) -> None:
    """Do what an operator does with this session, and see every other one all the while."""
    for words in verbs:
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["--root", str(hostile.listing.root), *words])
        said = f"{words} {code}: {out.getvalue()[-500:]} {err.getvalue()[-500:]}"
        assert code in (0, 1, 3, 4, 5), said
        assert "Traceback" not in said, said
        assert "cannot be checked" not in said, said
        if words in LISTS:
            seen = {one["session_id"] for one in json.loads(out.getvalue())}
            assert seen == {FIRST, SECOND, THIRD}, said


@given(data=st.data())
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_value_hides_a_session_or_ends_a_verb(hostile: Hostile, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(hostile.files)))
    values = hostile.files[name]
    path = data.draw(st.sampled_from([one for one in places(values) if one]))
    hostile.write(name, changed(values, path, data.draw(JSON)))
    try:
        verbs_hold(hostile)
    finally:
        hostile.replace_all()


@pytest.mark.parametrize("kind", ["gone", "folder", "pipe", "link", "deep", "torn", "huge", "nul"])
def test_no_kind_of_file_hides_a_session_or_ends_a_verb(hostile: Hostile, kind: str) -> None:
    """Each by itself in the listing, and then all of them at once in every verb."""
    names = (*hostile.files, HEARTBEAT, "inbox", "requests")
    for name in names:
        hostile.spoil(name, kind)
        verbs_hold(hostile, LISTS)
        hostile.replace_all()
    for name in names:
        hostile.spoil(name, kind)
    verbs_hold(hostile)
