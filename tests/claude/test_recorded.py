"""Every parser reads the same facts from each recorded CLI version."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.record_cli import CWD, INPUT_TOKENS, MODEL, PID, PROMPT, RECORDED, SESSION, TITLE
from tui.claude import layout
from tui.claude.acting_files import UNREAD, acting_files
from tui.claude.config_dir import (
    CONFIG_DIR,
    DEFAULT_SWEEP_DAYS,
    footprint,
    is_place_of,
    postpone_sweep,
    sweep_days,
)
from tui.claude.live_registry import read_registry
from tui.claude.transcript.branches import BranchTracker
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript.record_builder import line_of, title_record
from tui.claude.transcript.records import whole_records
from tui.claude.transcript.usage.usage_meter import UsageMeter
from tui.claude.transcript_files.subagent_calls import SubagentCalls
from tui.claude.transcript_files.subagent_files import find_subagents, purpose_of
from tui.claude.transcript_files.transcript_facts import read_cwd, read_facts
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.claude.versions import TESTED
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Liveness
from tui.safe_io.processes import own_domain, started

PURPOSE = "general-purpose: Find buyers"
COST_USD = 0.059925
TELLS_NO_COST = {"2.1.139", "2.1.235"}


@pytest.fixture(params=TESTED)
def config_dir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A listing's config dir as one CLI version wrote it."""
    folder = tmp_path / CONFIG_DIR
    shutil.copytree(RECORDED / request.param, folder)
    return folder


@pytest.fixture
def version(config_dir: Path) -> str:
    """The version that the CLI itself reports."""
    entry = json.loads(layout.registry_entry(config_dir, PID).read_text("utf-8"))
    return str(entry["version"])


def transcript(config_dir: Path) -> Path:
    return layout.transcript_path(config_dir, CWD, SESSION)


def entries(path: Path) -> list[Entry]:
    reader = LineReader()
    lines = read_lines(path)
    return [*(one for line in lines for one in reader.entries(line.raw)), *reader.rest()]


def test_every_recorded_version_is_listed_and_the_other_way_round() -> None:
    assert {one.name for one in RECORDED.iterdir()} == set(TESTED)


def test_the_transcript_is_where_the_layout_says(config_dir: Path, version: str) -> None:
    path = transcript(config_dir)
    assert footprint(config_dir, SESSION) == (path, path.with_suffix(""))
    for place in (path, path.with_suffix("")):
        assert is_place_of(SESSION, place.relative_to(config_dir.parent).as_posix()), version
    assert read_cwd(path) == CWD


def test_its_facts_are_read(config_dir: Path, version: str) -> None:
    facts = read_facts(transcript(config_dir))
    assert (facts.title, facts.model, facts.turn_error) == (TITLE, MODEL, "")
    assert facts.first_at is not None
    assert INPUT_TOKENS < facts.context < INPUT_TOKENS + 100
    assert facts.origin
    if version in TELLS_NO_COST:
        assert facts.cost_usd is None
    else:
        assert facts.cost_usd == pytest.approx(COST_USD)


def test_a_title_of_ours_is_written_as_its_own(config_dir: Path, version: str) -> None:
    lines = transcript(config_dir).read_bytes().splitlines(keepends=True)
    assert line_of(title_record(SESSION, TITLE)) in lines, version


def test_who_speaks_is_told_apart(config_dir: Path, version: str) -> None:
    told = entries(transcript(config_dir))
    assert [one.text for one in told if one.kind is EntryKind.PROMPT] == [PROMPT]
    texts = [one.text for one in told if one.kind is EntryKind.TEXT]
    assert texts == ["One moment.", "All done."]
    calls = [one for one in told if one.kind is EntryKind.TOOL]
    assert [one.tool for one in calls] == ["Bash", "Agent"]
    results = [one for one in told if one.kind is EntryKind.RESULT]
    assert [one.tool_id for one in results] == [one.tool_id for one in calls]
    assert results[0].text == "3 lines"
    notices = [one.text for one in told if one.kind is EntryKind.NOTICE]
    assert notices[0].startswith("/usage"), version
    assert [one.text for one in told if one.kind is EntryKind.ERROR] == []
    assert [one.left_out for one in told if one.left_out] == []


def test_its_tokens_are_counted(config_dir: Path, version: str) -> None:
    meter = UsageMeter()
    meter.note(entries(transcript(config_dir)))
    spent = meter.spent
    assert spent.model == MODEL
    assert INPUT_TOKENS < spent.context < INPUT_TOKENS + 100, version
    assert spent.window == 1_000_000


def test_its_sub_agent_belongs_to_the_call_that_started_it(config_dir: Path, version: str) -> None:
    [agent] = find_subagents(transcript(config_dir).with_suffix(""))
    assert agent.about == PURPOSE
    assert purpose_of(config_dir, SESSION, agent.agent_id) == PURPOSE
    calls = SubagentCalls()
    for line in read_lines(transcript(config_dir)):
        for record in whole_records(line.raw):
            calls.note(record)
    assert calls.has(agent.tool_id, agent.agent_id), version
    said = entries(agent.path)
    assert all(one.is_sidechain for one in said)
    texts = [one.text for one in said if one.kind is EntryKind.TEXT]
    assert texts == ["I look.", "There are three."]


def test_it_has_one_branch(config_dir: Path, version: str) -> None:
    branches = BranchTracker()
    for line in read_lines(transcript(config_dir)):
        for number, record in enumerate(whole_records(line.raw)):
            branches.note(record, line.start, number)
    assert branches.leaf
    assert (branches.marks, branches.left_out, branches.copies) == ({}, (), set()), version


def test_its_registry_entry_is_of_a_live_session(config_dir: Path, version: str) -> None:
    """The recorded process has ended, so the record is given this test's pid."""
    recorded = layout.registry_entry(config_dir, PID)
    entry = json.loads(recorded.read_text("utf-8"))
    recorded.unlink()
    own = {"pid": os.getpid(), "procStart": started(os.getpid())}
    own |= {"pidDomain": own_domain()} if "pidDomain" in entry else {}
    layout.registry_entry(config_dir, os.getpid()).write_text(json.dumps(entry | own))
    [process] = read_registry(config_dir)
    assert (process.session_id, process.liveness) == (SESSION, Liveness.BUSY), version
    assert process.started_at is not None


def test_its_settings_keep_what_else_they_say(config_dir: Path, version: str) -> None:
    assert sweep_days(config_dir) == DEFAULT_SWEEP_DAYS
    now = datetime(2026, 11, 29, tzinfo=UTC)
    assert postpone_sweep(config_dir, now, now + timedelta(days=90)) == 91
    assert sweep_days(config_dir) == 91
    found = {one.path.name: one.what for one in acting_files(config_dir.parent)}
    assert found[layout.SETTINGS] == "extraKnownMarketplaces", version
    assert found[layout.STATE] == "MCP servers"
    assert UNREAD not in found.values()
