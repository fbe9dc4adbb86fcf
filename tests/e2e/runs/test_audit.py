"""The audit of real runs: what each turn cost, and who let the agent do what."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.support.processes.runs_site import Site, command, over, wait
from tui.core.act_summary import Source, is_failure, source_of
from tui.core.models.audit import AuditEvent
from tui.core.text.bounded_json import json_object
from tui.runs.folder.protocol import read_events, read_run
from tui.storage.table import tracking


def audited(site: Site, action: str) -> list[AuditEvent]:
    events = tracking.read_events(site.listing / "buyers.db", limit=200)
    return [one for one in reversed(events) if one.action == action]


def test_each_turn_is_written_down_with_what_it_alone_cost(site: Site) -> None:
    """The CLI counts the whole session, also what a resume or a fork brings along."""
    folder = site.start("hello", act_id="a1")
    command(folder, "prompt", "and now?")
    over(folder)
    session_id = read_run(folder).session_id
    resumed = site.start("go on", session_id=session_id, mode="resume", act_id="a2")
    over(resumed)
    forked = site.start("else", mode="fork", source_id=session_id)
    over(forked)
    turns = audited(site, "succeed")
    totals = [
        one["cost_usd"]
        for run in (folder, resumed, forked)
        for one in read_events(run)
        if one["type"] == "result"
    ]
    costs = [one.cost_usd for one in turns]
    spent = [
        totals[0],
        *(later - before for before, later in itertools.pairwise(totals)),
    ]
    assert costs == [pytest.approx(one, abs=1e-6) for one in spent]
    assert all(cost and cost > 0 for cost in costs)
    facts = [json_object(one.detail) for one in turns]
    assert [one.get("by", "anna") for one in facts] == ["anna", "bert", "anna", "anna"]
    assert all(one["tokens"]["output_tokens"] > 0 and one["turns"] == 1 for one in facts)
    assert [one.act_id for one in audited(site, "track")][:1] == ["a1"]
    assert [one.act_id for one in audited(site, "resume")] == ["a2"]


def test_a_resume_that_fails_before_its_agent_starts_is_in_the_audit_with_its_batch(
    site: Site,
) -> None:
    first = over(site.start("hello"))
    broken = site.start(
        "go on",
        session_id=first.session_id,
        mode="resume",
        cli_path=Path("/bin/false"),
        act_id="a9",
        together=40,
    )
    run = over(broken)
    assert (run.state, run.act_id) == ("failed", "a9")
    (resumed,), (failed,) = audited(site, "resume"), audited(site, "fail")
    assert (resumed.operator, resumed.act_id) == ("anna", "a9")
    assert json_object(resumed.detail) == {"run": run.run_id, "together": 40}
    assert is_failure(failed)
    row = site.row(first.session_id)
    assert row
    assert row.status == "failed"


def test_a_rejected_key_fails_the_row_and_each_turn_that_broke_tells_its_cost(
    site: Site,
) -> None:
    run = over(site.start("BADKEY"))
    assert run.state == "failed"
    assert "Invalid API key" in run.error
    assert is_failure(audited(site, "fail")[0])
    assert "retry" in [event.get("kind") for event in read_events(run.folder)]
    row = site.row(run.session_id)
    assert row
    assert row.status == "failed"
    (failed,) = audited(site, "fail")
    assert failed.after is not None
    assert failed.cost_usd is not None
    folder = site.start("LONG")
    wait(lambda: read_run(folder).state == "busy" and "init" in str(read_events(folder)))
    command(folder, "interrupt")
    over(folder)
    (broken,) = audited(site, "turn")
    assert broken.after is None
    assert json_object(broken.detail)["run"] == folder.name


def test_what_an_always_allows_from_then_on_and_the_clock_denies_is_written_down(
    site: Site,
) -> None:
    folder = site.start("PERMIT")
    wait(lambda: read_run(folder).state == "waiting")
    request = read_run(folder).request
    assert request is not None
    answer_first(folder)
    assert over(folder).state == "done"
    assert (site.listing / "made-1").exists()
    assert [one["type"] for one in read_events(folder)].count("permission") == 1
    (ruled,) = audited(site, "answer")
    assert (ruled.operator, ruled.request_id) == ("bert", request.request_id)
    facts = json_object(ruled.detail)
    assert facts["reason"] == f"by the always that answered {request.request_id}"
    assert (facts["decision"], facts["tool"], facts["run"]) == ("allow", "Bash", folder.name)
    assert source_of(ruled) is Source.ALWAYS
    late_one = site.start("PERMIT", permission_timeout_s=0.5)
    over(late_one)
    late = audited(site, "answer")[1:]
    assert {one.operator for one in late} == {"the clock"}
    assert {json_object(one.detail)["decision"] for one in late} == {"deny"}
    assert {source_of(one) for one in late} == {Source.CLOCK}
    asked = [one["request_id"] for one in read_events(late_one) if one["type"] == "permission"]
    assert [one.request_id for one in late] == asked


def answer_first(folder: Path) -> None:
    command(folder, "answer", decision="always")
