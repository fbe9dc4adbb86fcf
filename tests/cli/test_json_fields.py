"""The guide of JSON fields names exactly the fields that are printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tui.cli.json_fields import alert_json, entry_json, run_json
from tui.cli.output import json_text
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import Run, SentCommand
from tui.core.text.safe_text import safe_text
from tui.guides import read_guide
from tui.operations.monitor.alerts import Alert

_STRINGS = st.text(st.characters(max_codepoint=0x9F) | st.characters(), max_size=20)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
THIRD = "9f2e0000-1111-4222-8333-444455556666"
_SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.S | re.M)


def documented(name: str, guide: str = "json") -> list[str]:
    """Return the fields in the tables of a section of the guide."""
    sections = {found[1]: found[2] for found in _SECTION.finditer(read_guide(guide))}
    cells = re.findall(r"^\| (`[^|]*) \|", sections[name], re.M)
    return [field for cell in cells for field in re.findall(r"`(\w+)`", cell)]


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=-1)
    listing.add(THIRD, days=-1)
    return listing


def printed(listing: SampleListing, *words: str) -> Any:
    done = run_cli(listing.root, *words, "--json")
    return json.loads(done.stdout)


def fields(objects: Iterable[Mapping[str, Any]]) -> set[str]:
    return {name for one in objects for name in one}


def test_sessions(listing: SampleListing) -> None:
    session = printed(listing, "ls")[0]
    assert set(session) == set(documented("session"))
    assert set(printed(listing, "show", FIRST)) - set(session) == set(documented("show"))


def test_runs_and_requests() -> None:
    request = PermissionRequest(request_id="r1", tool="Bash", input={"command": "ls"}, at=NOW)
    sent = SentCommand(kind="prompt", by="anna", at=NOW)
    run = run_json(
        Run(
            run_id="r1",
            session_id=FIRST,
            listing="x",
            folder=Path(),
            state="busy",
            operator="anna",
            started_at=NOW,
            beat_at=NOW,
            request=request,
            sent=(sent,),
        )
    )
    assert set(run) == set(documented("run"))
    assert set(run["request"]) == set(documented("request"))
    assert set(run["sent"][0]) == set(documented("sent"))


def test_entries_and_matches(listing: SampleListing) -> None:
    full = Entry(
        kind=EntryKind.RESULT, text="done", at=NOW, uuid="u", message_id="m", tool="Bash",
        tool_id="t", detail="ls", is_error=True, is_sidechain=True, task="t", agent="a",
    )  # fmt: skip
    assert set(entry_json(full)) == set(documented("entry"))
    assert set(entry_json(Entry(EntryKind.TEXT, ""))) == {"kind", "text"}
    done = run_cli(listing.root, "grep", "pumps", "--json")
    assert fields(map(json.loads, done.stdout.splitlines())) == set(documented("match"))


def test_results_of_actions(listing: SampleListing) -> None:
    acts = [
        *printed(listing, "extend", FIRST, "30d"),
        printed(listing, "fail", FIRST),
        printed(listing, "activate", FIRST),
        printed(listing, "rename", FIRST, "Pumps"),
        *printed(listing, "delete", FIRST, "--yes"),
        *printed(listing, "undo"),
    ]
    assert fields(acts) == set(documented("result"))
    assert all({"session_id", "listing", "words"} <= set(one) for one in acts)


def test_clean_up_trash_and_log(listing: SampleListing) -> None:
    plan = printed(listing, "cleanup", "--dry-run")
    done = printed(listing, "cleanup", "--yes")
    assert set(plan) | set(done) == set(documented("cleanup"))
    assert set(plan["sessions"][0]) == {"session_id", "listing", "bytes", "why"}
    (one, *_) = printed(listing, "trash")
    assert set(one) == set(documented("trash"))
    shown = printed(listing, "trash", one["trash_id"])
    assert set(shown) - set(one) == {"first", "last", "unread"}
    assert fields(shown["files"]) == {"path", "bytes"}
    assert fields(printed(listing, "log")) == set(documented("log"))


def test_the_hand_over(listing: SampleListing) -> None:
    printed(listing, "fail", FIRST)
    report = printed(listing, "report")
    assert set(report) == set(documented("report", "hand-over"))
    assert fields(report["done"]) == set(documented("done", "hand-over"))
    (failure,) = report["failures"]
    assert set(failure) == set(documented("failure", "hand-over"))
    assert fields(report["costs"]) == set(documented("cost", "hand-over"))
    listing.add("bb11", days=-0.2)
    printed(listing, "tag", FIRST, "urgent")
    printed(listing, "snooze", FIRST, "4h")
    report = printed(listing, "report")
    assert fields(report["expired"]) == set(documented("expired", "hand-over"))
    assert fields(report["noted"]) == set(documented("noted", "hand-over"))
    assert [one["what"] for one in report["snoozed"]] == ["snoozed"]
    run_cli(listing.root, "hold", "on")
    (held,) = printed(listing, "report")["waits"]
    assert set(held) == {*documented("check"), "command"}


def test_stats_findings_alerts_and_errors(listing: SampleListing) -> None:
    stats = printed(listing, "stats")
    assert set(stats) == {"listings", "total"}
    assert fields([*stats["listings"], stats["total"]]) == set(documented("stats"))
    listing.write_transcript("aa11", age=timedelta(days=40))
    assert fields(printed(listing, "doctor")) == set(documented("doctor"))
    assert set(alert_json(Alert("error", "failed", words="words", mark=""))) == set(
        documented("check")
    )
    error = json.loads(run_cli(listing.root, "show", "9f2", "--json").stderr.splitlines()[-1])
    assert set(error["error"]) == set(documented("error"))


@given(st.dictionaries(_STRINGS, st.lists(_STRINGS) | _STRINGS | st.none(), max_size=4))
def test_every_string_is_safe(value: dict[str, Any]) -> None:
    found = json.loads(json_text(value))
    assert found == {
        safe_text(name): [safe_text(one) for one in said]
        if isinstance(said, list)
        else said and safe_text(said)
        for name, said in value.items()
    }


def test_what_is_nested_too_deep_is_cut() -> None:
    value: Any = "end"
    for _ in range(100):
        value = [value]
    assert '"..."' in json_text(value)
    assert "end" not in json_text(value)
