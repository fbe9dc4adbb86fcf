"""Whatever another process wrote into a run folder, reading it raises nothing and stays bounded."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.open_files import open_files
from tui.runs.folder.bounded_reads import MAX_FILE, amount, parse, read_end
from tui.runs.folder.inbox import Inbox
from tui.runs.folder.protocol import (
    EVENTS,
    INBOX,
    OWNER,
    PARTIAL,
    SPEC,
    named_process,
    read_owner,
    read_partial,
    read_run,
)
from tui.safe_io.processes import own_domain

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63, 1e308, 1.5])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2026-11-22T07:15:30+14:00", "0001-01-01T00:00:00+14:00", "text", "p1"])
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner)
)
_KEYS = st.sampled_from(
    [
        "type",
        "at",
        "request_id",
        "tool",
        "input",
        "reason",
        "cost_usd",
        "pid",
        "proc_start",
        "pid_domain",
        "cli_pid",
        "cli_start",
        "session_id",
        "operator",
        "created_at",
        "kind",
        "text",
        "index",
        "earlier",
        "message_id",
        "by",
        "decision",
    ]
)
_TYPES = [
    "started",
    "init",
    "turn",
    "permission",
    "answered",
    "result",
    "failed",
    "ended",
    "notice",
]
_KINDS = ["text", "thinking", "tool", "prompt", "answer", "interrupt", "stop"]
_OBJECTS = st.dictionaries(_KEYS, _VALUES, max_size=12).flatmap(
    lambda value: st.builds(
        lambda kind, sort: value | {"type": kind, "kind": sort},
        st.sampled_from(_TYPES) | _VALUES,
        st.sampled_from(_KINDS) | _VALUES,
    )
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / INBOX).mkdir()
    return tmp_path


@given(values=st.lists(_OBJECTS | _VALUES, min_size=1, max_size=6))
def test_any_json_is_read_without_a_word(folder: Path, values: list[Any]) -> None:
    """Without bounds, one cost of 400 digits or `NaN` stops every verb."""
    lines = [json.dumps(value) for value in values]
    (folder / EVENTS).write_text("\n".join(lines))
    for name in (SPEC, OWNER, PARTIAL):
        (folder / name).write_text(lines[0])
    for number, line in enumerate(lines):
        name = f"20261122T071530.000000-{number:08x}-prompt.json"
        (folder / INBOX / name).write_text(line)
    run = read_run(folder)
    assert run.cost_usd is None or 0 <= run.cost_usd < 1e9
    json.dumps(run.request.input if run.request else {}, allow_nan=False)
    read_partial(folder)
    named_process(read_owner(folder), "pid", "proc_start")
    Inbox(folder).take()
    assert Inbox(folder).take() == () or list((folder / INBOX).iterdir())


@given(raw=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_without_a_word(raw: bytes) -> None:
    assert isinstance(parse(raw), dict)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_number_is_none(number: str) -> None:
    assert parse(f'{{"a": {number}, "b": 1.5}}'.encode()) == {"a": None, "b": 1.5}


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (0, 0.0),
        (1.25, 1.25),
        (-0.01, None),
        (True, None),
        ("1", None),
        (1e9, None),
        (10**400, None),
        (math.inf, None),
        (math.nan, None),
        (None, None),
    ],
)
def test_an_amount_is_finite_bounded_and_not_negative(value: object, known: float | None) -> None:
    assert amount(value) == known


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def test_nothing_is_read_through_a_link_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_text("secret")
    assert read_end(tmp_path / "elsewhere" / "a") == b"secret"
    runs = tmp_path / ".session_console" / "runs"
    runs.mkdir(parents=True)
    (runs / "run").symlink_to(tmp_path / "elsewhere")
    assert read_end(runs / "run" / "a") == b""


@pytest.mark.parametrize("make", [_folder, _link, os.mkfifo, lambda path: None])
def test_what_is_no_file_reads_as_nothing_and_costs_no_descriptor(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """Without the close in the end, a console runs out of descriptors."""
    make(tmp_path / "a")
    before = open_files()
    assert {read_end(tmp_path / "a") for _ in range(20)} == {b""}
    assert open_files() <= before


def test_only_the_end_of_a_huge_file_is_read(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(MAX_FILE * 4)
        file.seek(0, os.SEEK_END)
        file.write(b"the end")
    raw = read_end(tmp_path / "a")
    assert len(raw) == MAX_FILE
    assert raw.endswith(b"the end")


@pytest.mark.parametrize(
    "changes",
    [
        {"cli_pid": 0},
        {"cli_pid": -1},
        {"cli_pid": True},
        {"cli_pid": 2**40},
        {"cli_pid": "7"},
        {"cli_start": ""},
        {"cli_start": 5},
        {"pid_domain": "linux:elsewhere:pid:[1]"},
    ],
)
def test_a_process_that_is_not_named_exactly_is_named_not_at_all(
    changes: dict[str, object],
) -> None:
    owner: dict[str, object] = {"cli_pid": 7, "cli_start": "5", "pid_domain": own_domain()}
    assert named_process(owner, "cli_pid", "cli_start") == (7, "5")
    assert named_process(owner | changes, "cli_pid", "cli_start") is None
