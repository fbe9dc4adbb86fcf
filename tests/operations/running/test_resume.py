"""What a resume would use, what a row may not ask for, and why a resume is refused."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, register, snapshot
from tests.support.listings.transcript_lines import (
    AT,
    answer,
    call,
    prompt,
    result,
    text,
    write_lines,
)
from tui.core.errors import ConsoleError, DatabaseProblem, Refused, UnknownId, UsageError
from tui.operations.running.agent_options import agent_options, describe, lacking
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import fork_at, plan_new, plan_resume, start
from tui.operations.trash.delete import delete
from tui.settings import Settings
from tui.storage.session_locks import SessionLock

SERVER = {"buyers": {"command": "evil"}}
PLAIN = {"description": "d", "prompt": "p"}
WORST = PLAIN | {"mcpServers": [SERVER], "permissionMode": "bypassPermissions", "memory": "user"}
REPLAYED = {
    "output_format": {"type": "json_schema", "schema": {}},
    "max_thinking_tokens": 9,
    "task_budget": {"total": 9},
    "betas": ["context-1m-2025-08-07"],
    "strict_mcp_config": True,
}


@pytest.mark.parametrize(
    ("asked", "named", "options", "ignored"),
    [
        ({}, {}, {}, []),
        ({"model": "opus"}, {"model": "sonnet"}, {"model": "opus"}, []),
        ({}, {"model": "sonnet", "max_age_days": 7}, {"model": "sonnet"}, []),
        ({"allowed_tools": ["WebSearch"]}, {}, {"allowed_tools": ["WebSearch"]}, []),
        ({"permission_mode": "plan"}, {}, {"permission_mode": "plan"}, []),
        ({"permission_mode": "bypassPermissions"}, {}, {}, ["permission_mode"]),
        (
            {"permission_mode": "bypassPermissions"},
            {"permission_mode": "bypassPermissions"},
            {"permission_mode": "bypassPermissions"},
            [],
        ),
        (
            {"permission_mode": "bypassPermissions"},
            {"permission_mode": "default"},
            {"permission_mode": "default"},
            ["permission_mode"],
        ),
        ({"mcp_servers": SERVER}, {}, {}, ["mcp_servers"]),
        ({"mcp_servers": SERVER}, {"mcp_servers": SERVER}, {"mcp_servers": SERVER}, []),
        ({"add_dirs": ["/"]}, {}, {}, ["add_dirs"]),
        ({"setting_sources": ["project"]}, {}, {"setting_sources": ["project"]}, []),
        (
            {"setting_sources": ["project", "local", "/etc"]},
            {"setting_sources": ["user", "project"]},
            {"setting_sources": ["project"]},
            ["setting_sources:"],
        ),
        (
            {"max_budget_usd": 0, "max_thinking_tokens": 0, "task_budget": {"total": 0}},
            {},
            {"max_budget_usd": 0, "max_thinking_tokens": 0, "task_budget": {"total": 0}},
            [],
        ),
        ({"max_turns": 0}, {"max_turns": 4}, {"max_turns": 4}, []),
        ({"env": {"A": "b"}, "cli_path": "/x", "hooks": {}, "settings": "x"}, {}, {}, []),
        ({"agents": {"a": WORST}}, {}, {"agents": {"a": PLAIN}}, []),
        ({"agents": {"a": 7}, "output_format": "x", "strict_mcp_config": False}, {}, {}, []),
        (
            {"betas": ["--mcp-config"], "task_budget": {"total": "9"}},
            {},
            {"unrecorded": ["task_budget"]},
            [],
        ),
        (
            {"disallowed_tools": ["Bash", 7], "permission_mode": "lookOnly", "unrecorded": ["env"]},
            {},
            {
                "disallowed_tools": ["Bash"],
                "unrecorded": ["disallowed_tools", "permission_mode", "env"],
            },
            ["permission_mode"],
        ),
        (
            REPLAYED,
            {},
            REPLAYED,
            [],
        ),
        (
            {"model": 7, "allowed_tools": "Bash", "max_turns": True, "max_budget_usd": 10**400},
            {},
            {"unrecorded": ["max_budget_usd", "max_turns"]},
            [],
        ),
    ],
)
def test_a_row_is_not_a_person(
    asked: dict[str, Any], named: dict[str, Any], options: dict[str, Any], ignored: list[str]
) -> None:
    settings = Settings(stages={"stage_3": named})
    found, notes = agent_options(settings, "stage_3", {"agent": asked})
    assert found == options
    assert [note.split()[0] for note in notes] == ignored


def test_a_restricted_console_takes_settings_only_from_where_its_stage_says() -> None:
    asked = {"agent": {"setting_sources": ["user", "project"]}}
    for named, sources in (({}, []), ({"setting_sources": ["user"]}, ["user"])):
        settings = Settings(restricted=True, stages={"stage_3": named})
        assert agent_options(settings, "stage_3", asked)[0]["setting_sources"] == sources


@pytest.mark.parametrize("agent", [None, 7, "text", [], {"agent": {}}])
def test_odd_metadata_asks_for_nothing(agent: object) -> None:
    assert agent_options(Settings(), "x", {"agent": agent}) == ({}, ())


def test_what_nobody_can_give_it_again_is_named_but_for_the_settings_servers() -> None:
    names = ["hooks", "mcp_servers.buyers", "mcp_servers.other"]
    settings = Settings(stages={"stage_3": {"mcp_servers": SERVER}})
    options, _ = agent_options(settings, "stage_3", {"agent": {"unrecorded": names}})
    assert lacking(options) == ("hooks", "mcp_servers.other")
    assert lacking(agent_options(settings, "stage_3", {"agent": {"unrecorded": "x"}})[0]) == ()


def test_what_it_will_use_is_said_harmlessly() -> None:
    options = {"model": "opus\x1b[31m", "allowed_tools": ["Bash\n"], "max_turns": 5}
    said = describe(options | {"max_budget_usd": 2.5})
    assert "\x1b" not in said
    assert "\n" not in said
    assert all(word in said for word in ("opus", "Bash", "5 turns", "$2.5"))


@pytest.mark.parametrize(
    ("cwd", "works_in", "words"),
    [
        ("{listing}", "{listing}", ""),
        ("{listing}/sub", "{listing}/sub", ""),
        ("sub", "{listing}/sub", ""),
        ("{listing}/way_in", "{listing}/sub", ""),
        ("{root}/named", "{root}/named", ""),
        ("{listing}/gone", "", "is gone"),
        ("{root}", "", "is outside its listing"),
        ("{root}/other", "", "is outside its listing"),
        ("/etc", "", "is outside its listing"),
        ("{root}/../..", "", "is outside its listing"),
        ("{listing}/way_out", "", "is outside its listing"),
        ("{listing}/.claude_sessions", "", "is off limits to agents"),
        ("{listing}/way_into", "", "is off limits to agents"),
        ("{listing}/sub/../.claude_sessions/projects", "", "is off limits to agents"),
        ("{listing}/.session_console", "", "is off limits to agents"),
        ("{listing}/home", "", "is off limits to agents"),
        ("{listing}/a\0b", "", "cannot be checked"),
    ],
)
def test_an_agent_works_in_its_listing_or_where_its_stage_says(
    listing: SampleListing, cwd: str, works_in: str, words: str
) -> None:
    """Without the check an agent works in a config dir, where its tools can read secrets.

    Where it may not work it does not silently go on in another folder: what held there, such as the
    rules in its project's settings, would not.
    """
    for name in ("sub", "home", ".session_console/runs", "../named", "../other"):
        (listing.folder / name).mkdir(parents=True)
    for name, place in (("way_out", "/etc"), ("way_in", "sub"), ("way_into", ".claude_sessions")):
        (listing.folder / name).symlink_to(place)
    places = {"root": str(listing.root), "listing": str(listing.folder)}
    listing.track(FIRST, metadata={"agent": {"cwd": cwd.format(**places)}})
    stages = {"stage_3": {"cwd": str(listing.root / "named")}}
    context = listing.context(stages=stages, claude_home=listing.folder / "home")
    plan = plan_resume(context, listing.session(FIRST))
    if works_in:
        assert (plan.cwd, plan.cwd_lost) == (Path(works_in.format(**places)), "")
        return
    assert words in plan.cwd_lost
    assert any(words in str(warning) for warning in plan.warnings)
    for line in ("Go on.", "--mode plan Go on."):
        with pytest.raises(Refused, match=r"`--cwd \.` before the prompt"):
            with_options(context, plan, parse_prompt_line(line)[0])
    with pytest.raises(Refused, match=words):
        start(context, plan, "Go on.")
    with pytest.raises(UsageError, match="--cwd"):
        with_options(context, plan, {"cwd": cwd.format(**places)})
    said = with_options(context, plan, parse_prompt_line("--cwd . Go on.")[0])
    assert (said.cwd, said.agent["cwd"]) == (listing.folder, ".")
    assert said.words.endswith(f"works in {listing.folder}")
    said.require_options(restricted=False)


def test_what_lives_is_refused_and_told_what_to_do(listing: SampleListing) -> None:
    register(listing.config_dir)
    with pytest.raises(Refused, match=f"interrupt {FIRST[:8]}"):
        plan_resume(listing.context(), listing.session(FIRST))


@pytest.mark.parametrize("changes", [{}, {"pidDomain": "linux:other:pid:[1]"}])
def test_what_began_to_live_after_the_look_is_refused_too(
    listing: SampleListing, changes: dict[str, Any]
) -> None:
    """Without the check under the lock two agents would run one session."""
    plan = plan_resume(listing.context(), listing.session(FIRST))
    register(listing.config_dir, **changes)
    with pytest.raises(Refused):
        start(listing.context(), plan, "Go on")
    assert not (listing.folder / ".session_console" / "runs").exists()


def test_of_two_at_the_same_instant_one_is_refused(listing: SampleListing) -> None:
    plan = plan_resume(listing.context(), listing.session(FIRST))
    with SessionLock.take(listing.folder, FIRST), pytest.raises(Refused, match="is running"):
        start(listing.context(), plan, "Go on")


def test_what_cannot_be_resumed_says_why(listing: SampleListing) -> None:
    listing.track("ghost1")
    sketch = listing.config_dir / "session-abc123"
    sketch.mkdir()
    (sketch / "conversation.json").write_text("[]")
    delete(listing.context(), listing.session(FIRST))
    for words, reason in (
        ("ghost1", "a ghost"),
        ("session-abc123", "conversation.json"),
        (FIRST, "restore"),
    ):
        with pytest.raises(Refused, match=reason):
            plan_resume(listing.context(), listing.session(words))


def test_a_fork_begins_only_at_an_entry_of_its_session(listing: SampleListing) -> None:
    """Where no such entry is, the CLI would fail after the run has begun."""
    line = {"type": "user", "message": {"role": "user", "content": "Pumps?"}, "timestamp": AT}
    own, aside, other = (f"{number}f2c0000-0000-4000-8000-000000000000" for number in "123")
    write_lines(
        listing.transcript_path(FIRST),
        line | {"uuid": own},
        line | {"uuid": aside, "isSidechain": True},
        line | {"uuid": "x", "parentUuid": other},
    )
    session = listing.session(FIRST)
    plan = plan_resume(listing.context(), session, fork=True)
    assert fork_at(plan, session, own).source_at == own
    for wrong in (aside, other, "x", ".*", own[:8]):
        with pytest.raises(UsageError, match="is no entry of"):
            fork_at(plan, session, wrong)
    with pytest.raises(UsageError, match="goes with --fork"):
        fork_at(plan_resume(listing.context(), session), session, own)


def test_a_fork_at_a_tool_call_takes_all_results_of_its_message_over(
    listing: SampleListing,
) -> None:
    """Whichever call or result is marked: without one the agent would be told that it lacks."""
    said, one, two, first, second, after = (
        f"{at}f2c0000-0000-4000-8000-{0:012}" for at in "123456"
    )
    write_lines(
        listing.transcript_path(FIRST),
        answer(text("I look"), uuid=said),
        answer(call("Bash", tool_id="toolu_01A"), uuid=one),
        answer(call("Bash", tool_id="toolu_01B"), uuid=two),
        result("a", tool_id="toolu_01A") | {"uuid": first},
        result("b", tool_id="toolu_01B") | {"uuid": second},
        prompt("Go on") | {"uuid": after},
    )
    session = listing.session(FIRST)
    plan = plan_resume(listing.context(), session, fork=True)
    for marked in (one, two, first, second):
        assert fork_at(plan, session, marked) == replace(plan, source_at=second)
    for marked in (said, after):
        assert fork_at(plan, session, marked) == replace(plan, source_at=marked)


def test_a_fork_at_a_call_without_a_result_says_so(listing: SampleListing) -> None:
    own = "1f2c0000-0000-4000-8000-000000000000"
    write_lines(
        listing.transcript_path(FIRST),
        answer(call("Bash", tool_id="toolu_01A"), call("Bash", tool_id='"'), uuid=own),
    )
    session = listing.session(FIRST)
    plan = fork_at(plan_resume(listing.context(), session, fork=True), session, own)
    assert plan.source_at == own
    assert "1 of its tool calls there have no result" in str(plan.warnings[-1])


def test_a_fork_has_an_id_of_its_own(listing: SampleListing) -> None:
    register(listing.config_dir)
    plan = plan_resume(listing.context(), listing.session(FIRST), fork=True)
    assert (plan.mode, plan.source_id) == ("fork", FIRST)
    assert plan.target.session_id != FIRST


@pytest.mark.parametrize(
    ("stages", "days", "keeps"),
    [
        ({}, None, 30),
        ({}, 3, 3),
        ({"stage_3": {"max_age_days": 9}}, None, 9),
        ({"stage_3": {"max_age_days": 9}}, 3, 3),
        ({"stage_3": {"max_age_days": "x"}}, None, 30),
        ({"stage_3": {"max_age_days": True}}, None, 30),
    ],
)
def test_a_new_session_lasts_as_long_as_its_stage(
    listing: SampleListing, stages: dict[str, Any], days: int | None, keeps: int
) -> None:
    plan = plan_new(listing.context(stages=stages), "hollis_park", "stage_3", days=days)
    assert plan.kept_for == timedelta(days=keeps)


@pytest.mark.parametrize(
    ("listing_id", "stage", "error"),
    [
        ("nowhere", "3", UnknownId),
        ("linked", "3", UnknownId),
        ("..", "3", UnknownId),
        ("../x", "3", UnknownId),
        ("hollis_park", "", UsageError),
        ("hollis_park", "\x1b[31m", UsageError),
    ],
)
def test_a_new_session_needs_a_listing_and_a_stage(
    listing: SampleListing, listing_id: str, stage: str, error: type[ConsoleError]
) -> None:
    (listing.root / "linked").symlink_to(listing.folder)
    before = snapshot(listing.root)
    with pytest.raises(error):
        plan_new(listing.context(), listing_id, stage)
    assert snapshot(listing.root) == before


def test_a_new_session_needs_a_prompt(listing: SampleListing) -> None:
    plan = plan_new(listing.context(), "hollis_park", "3")
    before = snapshot(listing.root)
    with pytest.raises(UsageError, match="prompt"):
        start(listing.context(), plan, " \n")
    with pytest.raises(Refused, match="read-only"):
        start(listing.context(read_only=True), replace(plan), "Go")
    assert snapshot(listing.root) == before


def test_what_may_go_wrong_is_told_before(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert any("no sign-in was found" in str(warning) for warning in plan.warnings)


def _open_keys(folder: Path) -> dict[str, Any]:
    path = folder / "open"
    path.write_text("A=1\n")
    path.chmod(0o604)
    return {"env_file": path}


def _pipe(folder: Path) -> dict[str, Any]:
    os.mkfifo(folder / "pipe", 0o600)
    return {"env_file": folder / "pipe"}


def _plain_cli(folder: Path) -> dict[str, Any]:
    (folder / "claude").write_text("#!/bin/sh\n")
    return {"cli_path": folder / "claude"}


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda folder: {"cli_path": folder / "gone"}, "the CLI is missing"),
        (_plain_cli, "is not executable"),
        (lambda folder: {"env_file": folder / "gone"}, "No such file"),
        (lambda folder: {"env_file": folder}, "not a small file"),
        (_open_keys, "chmod 600"),
        (_pipe, "not a small file"),
    ],
    ids=["no CLI", "CLI not executable", "no env file", "a folder", "open to all", "a pipe"],
)
def test_a_mistake_in_the_settings_is_refused_before_it_fails_a_session(
    listing: SampleListing,
    tmp_path: Path,
    mistake: Callable[[Path], dict[str, Any]],
    words: str,
) -> None:
    """Without the check in `start`, a mistake made since the plan would fail the row."""
    plan = plan_resume(listing.context(), listing.session(FIRST))
    before, context = snapshot(listing.root), listing.context(**mistake(tmp_path))
    with pytest.raises(Refused, match=words):
        plan_resume(context, listing.session(FIRST))
    with pytest.raises(Refused, match=words):
        plan_new(context, "hollis_park", "3")
    with pytest.raises(Refused, match=words):
        start(context, plan, "Go on")
    assert snapshot(listing.root) == before


def test_no_agent_works_behind_a_linked_config_dir(listing: SampleListing, tmp_path: Path) -> None:
    plan = plan_new(listing.context(), "hollis_park", "3")
    listing.config_dir.rename(tmp_path / "elsewhere")
    listing.config_dir.symlink_to(tmp_path / "elsewhere")
    for act in (
        lambda: plan_resume(listing.context(), listing.session(FIRST)),
        lambda: plan_new(listing.context(), "hollis_park", "3"),
        lambda: start(listing.context(), plan, "Go on"),
    ):
        with pytest.raises(Refused, match="is a link"):
            act()


def test_a_prompt_that_no_reader_would_take_is_refused(listing: SampleListing) -> None:
    plan = plan_resume(listing.context(), listing.session(FIRST))
    with pytest.raises(UsageError, match=r"1\.4M"):
        start(listing.context(), plan, "\x01" * 1_500_000)
    assert not (listing.folder / ".session_console").exists()


def test_a_key_file_that_its_group_can_read_is_told(listing: SampleListing, tmp_path: Path) -> None:
    env_file = tmp_path / "env"
    env_file.write_text("export ANTHROPIC_API_KEY=sk-ant-very-secret\n")
    for mode, is_told in ((0o640, True), (0o600, False)):
        env_file.chmod(mode)
        plan = plan_resume(listing.context(env_file=env_file), listing.session(FIRST))
        assert any("chmod 600" in str(warning) for warning in plan.warnings) is is_told
        assert not any("very-secret" in str(warning) for warning in plan.warnings)


def test_an_agent_whose_options_cannot_be_read_is_not_resumed_as_another(
    listing: SampleListing,
) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        unread = listing.session(FIRST)
        for fork in (False, True):
            with pytest.raises(DatabaseProblem, match="locked by another program"):
                plan_resume(listing.context(), unread, fork=fork)
        with pytest.raises(DatabaseProblem, match="can be tracked"):
            plan_new(listing.context(), "hollis_park", "3")
    assert plan_resume(listing.context(), listing.session(FIRST)).stage == "stage_3"


def test_a_new_session_may_be_the_first_that_is_tracked(listing: SampleListing) -> None:
    listing.db_path.unlink()
    assert plan_new(listing.context(), "hollis_park", "3").mode == "new"
