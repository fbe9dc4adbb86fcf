"""A session of another host: shown as at its home, and never a way to this host's files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tui.core.models.annotation import Annotation, Note, Tag
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.row import Row
from tui.core.models.run import Phase, Progress, Run, SentCommand
from tui.core.models.session import (
    Acknowledgement,
    Liveness,
    Process,
    Session,
    State,
    Transcript,
)
from tui.core.time.zones import LOCAL
from tui.core.values import replace
from tui.fleet import typed_json
from tui.fleet.bus import BadCommand
from tui.fleet.shown_session import MOST_SHOWN, decode, encode
from tui.view.text import formatting

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
KEY = ("hollis_park", "9f2c")
HERE = Path("/mirror/hollis_park")
REQUEST = PermissionRequest(
    request_id="r1", tool="Bash", input={"command": "ls \x1b[31m"}, at=AT, digest="ab" * 32
)
RUN = Run(
    run_id="20261120T100000",
    session_id="9f2c",
    listing="hollis_park",
    folder=Path("/srv/outputs/hollis_park/run"),
    state="waiting",
    operator="ann",
    started_at=AT,
    beat_at=AT,
    request=REQUEST,
    cli_pid=4711,
    cli_start="99",
    sent=(SentCommand(kind="prompt", by="ann", at=AT, text="And\nAsia?"),),
    progress=Progress(phase=Phase.RETRY, since=AT, attempt=2, most=10),
)
TRANSCRIPT = Transcript("9f2c", place="/srv/x/9f2c.jsonl", bytes=10, modified_at=AT)
SESSION = Session(
    "9f2c",
    "hollis_park",
    stage="stage_3",
    status="active",
    liveness=Liveness.WAITING,
    state=State.OK,
    expires_at=AT,
    title="Pumps",
    cost_usd=1.25,
    folder=Path("/srv/outputs/hollis_park"),
    row=Row("9f2c", "hollis_park", "stage_3", "2026", "2027", "active", '{"model": "opus"}'),
    transcript=TRANSCRIPT,
    process=Process(4711, "9f2c", proc_start="99", liveness=Liveness.WAITING),
    run=RUN,
    ack=Acknowledgement("ann", AT, "mark"),
    annotation=Annotation(
        tags=(Tag(name="pumps", by="ann", at=AT),), note=Note(content="hm", by="bo", at=AT)
    ),
)


def shown(session: Session = SESSION) -> Session:
    return decode(encode(session), KEY, "b", HERE)


def odd(**changes: Any) -> str:
    return json.dumps(json.loads(encode(SESSION)) | changes)


def test_it_is_shown_as_at_its_home_with_the_paths_of_this_host() -> None:
    assert shown() == replace(
        SESSION,
        host="b",
        folder=HERE,
        process=None,
        transcript=replace(TRANSCRIPT, place=str(HERE / "9f2c.jsonl")),
        run=replace(RUN, folder=HERE / "no-run", cli_pid=0, cli_start=""),
    )


def test_nothing_of_the_home_s_file_system_is_told() -> None:
    assert "/srv" not in encode(SESSION)
    assert "4711" not in encode(SESSION)


def test_what_is_told_says_neither_whose_it_is_nor_where_it_lies() -> None:
    told = json.loads(encode(SESSION))
    told |= {"session_id": "other", "listing": "other", "host": "", "folder": "/etc"}
    told["transcript"] |= {"place": "/etc/passwd", "stray_in": "/root/.claude", "session_id": "x"}
    told["run"] |= {"folder": "/etc", "cli_pid": 1, "cli_start": "1", "session_id": "x"}
    told["process"] = {"pid": 1, "session_id": "x", "proc_start": "1", "liveness": "busy"}
    told["row"] |= {"session_id": "x", "listing_id": "x"}
    told["remains"] = {"session_id": "x", "place": "/etc", "bytes": 1, "active_at": AT.isoformat()}
    found = decode(json.dumps(told), KEY, "b", HERE)
    assert found.remains is not None
    assert found.remains.path == HERE / "9f2c"
    assert replace(found, remains=None) == shown()


def test_it_cannot_touch_the_terminal() -> None:
    found = decode(odd(title="a\x1b[31m\nb\u202e", reason="x\x9b2J"), KEY, "b", HERE)
    assert (found.title, found.reason) == ("a b", "x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        odd(liveness="dead"),
        odd(bytes="many"),
        odd(expires_at="2026-11-20T10:00:00"),  # of which zone?
        odd(expires_at="9999-12-31T23:59:59-20:00"),
        odd(cost_usd=float("inf")),
        odd(run={"run_id": "x"}),
        odd(title=7),
        odd(is_vanished="no"),
        odd(title="x" * MOST_SHOWN),
    ],
)
def test_what_no_session_looks_like_is_refused(text: str) -> None:
    with pytest.raises(BadCommand) as caught:
        decode(text, KEY, "b", HERE)
    assert len(str(caught.value)) <= 300


def test_what_a_later_version_adds_is_left_out() -> None:
    assert decode(odd(later={"x": 1}), KEY, "b", HERE) == shown()


def test_a_word_that_a_later_version_adds_is_taken_for_the_default_where_there_is_one() -> None:
    assert decode(odd(row_trouble="moonlit"), KEY, "b", HERE) == shown()
    with pytest.raises(BadCommand, match="liveness"):
        decode(odd(liveness="moonlit"), KEY, "b", HERE)


@pytest.mark.parametrize("year", ["0001", "9999"])
@pytest.mark.parametrize("day", ["01-01", "12-31"])
def test_a_moment_at_the_end_of_the_calendar_can_be_drawn_in_every_zone(
    year: str, day: str
) -> None:
    found = decode(odd(expires_at=f"{year}-{day}T12:00:00+00:00"), KEY, "b", HERE)
    assert found.expires_at is not None
    for hours in (-14, 14):
        found.expires_at.astimezone(timezone(timedelta(hours=hours)))
    assert formatting.moment(found.expires_at, LOCAL, today=AT)


def test_what_fields_declare_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand sessions took four times as long otherwise."""
    first = shown()
    monkeypatch.delattr(typed_json, "get_origin")
    assert shown() == first


@pytest.mark.parametrize("name", ["last_activity_at", "title", "bytes", "is_vanished", "run"])
def test_a_field_of_another_type_is_named(name: str) -> None:
    with pytest.raises(BadCommand, match=f"not understood: {name} is not"):
        decode(odd(**{name: 1.5}), KEY, "b", HERE)


def test_an_odd_field_of_a_part_is_named_with_its_place() -> None:
    sent = {"kind": "prompt", "by": "x", "at": "never", "text": ""}
    told = json.loads(encode(SESSION))
    told["run"]["sent"] = [sent]
    with pytest.raises(BadCommand, match=r"run\.sent\.at is not what it should be"):
        decode(json.dumps(told), KEY, "b", HERE)


def test_a_long_request_is_told_only_to_be_denied() -> None:
    long = replace(REQUEST, input={"command": "x" * MOST_SHOWN})
    found = shown(replace(SESSION, run=replace(RUN, request=long)))
    assert found.run is not None
    assert found.run.request is not None
    assert found.run.request.problem
    assert found.run.request.begins
    assert found.run.request.digest == REQUEST.digest
    assert len(encode(replace(SESSION, run=replace(RUN, request=long)))) < 100_000
