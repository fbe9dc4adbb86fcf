"""What a pipeline's query becomes: its session, its agent's options, its lifetime."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import AgentDefinition, ClaudeAgentOptions

from tests.support.listings.prepared_query import ASKED, prepared, resumed
from tests.support.listings.sample_listing import FIRST, SECOND, THIRD, SampleListing
from tui.core.errors import DatabaseProblem, Refused, UnknownId, UsageError
from tui.core.recorded_agent import HOLDS_BACK
from tui.operations.running.pipeline_query import prepare
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import plan_resume, start
from tui.operations.trash.delete import delete
from tui.runs.agent.recorded_options import unrecorded
from tui.runs.prompt_queue import OwnPrompt
from tui.storage.session_locks import SessionLock, held

WEEK = timedelta(days=7)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


def test_a_new_session_is_as_the_pipeline_says_and_works_where_it_does(
    listing: SampleListing,
) -> None:
    stages = {"stage_3": {"model": "opus"}}
    spec = prepared(listing, settings={"stages": stages}).spec
    assert (spec.mode, spec.agent, spec.cwd) == ("new", {}, Path.cwd())
    assert spec.expires_at == spec.created_at + WEEK
    options = ClaudeAgentOptions(session_id=SECOND, model="haiku", cwd="/srv")
    found = prepared(listing, options=options)
    assert found.spec.session_id == SECOND
    assert found.spec.agent == {"model": "haiku", "cwd": "/srv"}
    assert not found.spec.decides_itself
    assert prepared(listing, options=ClaudeAgentOptions(settings="{}")).spec.decides_itself
    assert (found.given.options, found.given.recorded) == (options, found.spec.agent)


def test_a_resumed_one_is_the_recorded_agent_within_the_bounds_of_a_row(
    listing: SampleListing, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = {"model": "opus", "permission_mode": "bypassPermissions", "tools": ["Read"]}
    with caplog.at_level(logging.WARNING):
        spec = resumed(listing, recorded).spec
    assert (spec.mode, spec.session_id) == ("resume", FIRST)
    assert spec.agent == {"model": "opus", "tools": ["Read"]}
    assert "permission_mode of the row ignored" in caplog.text
    named = {"stage_3": {"permission_mode": "bypassPermissions"}}
    spec = prepared(listing, resume=FIRST, settings={"stages": named}).spec
    assert spec.agent["permission_mode"] == "bypassPermissions"


def test_what_the_pipeline_sets_wins_over_what_was_recorded(listing: SampleListing) -> None:
    options = ClaudeAgentOptions(model="haiku", permission_mode="bypassPermissions")
    spec = resumed(listing, {"model": "opus", "max_turns": 3}, options=options).spec
    assert spec.agent == {
        "model": "haiku",
        "max_turns": 3,
        "permission_mode": "bypassPermissions",
    }


@pytest.mark.parametrize(
    ("recorded", "works_in"),
    [
        (lambda listing: listing.folder, lambda listing: listing.folder),
        (lambda listing: Path.cwd(), lambda listing: Path.cwd()),
    ],
)
def test_a_resumed_one_works_where_it_did(
    listing: SampleListing,
    recorded: Callable[[SampleListing], Path],
    works_in: Callable[[SampleListing], Path],
) -> None:
    assert resumed(listing, {"cwd": str(recorded(listing))}).spec.cwd == works_in(listing)


@pytest.mark.parametrize(("cwd", "why"), [("/etc", "is outside its listing"), ("gone", "is gone")])
def test_where_a_row_may_not_have_it_work_it_is_refused_until_somebody_says_where(
    listing: SampleListing, cwd: str, why: str
) -> None:
    """Without the check it would silently go on in the folder of the pipeline's process."""
    with pytest.raises(Refused, match=f"{why}.*give cwd in the options"):
        resumed(listing, {"cwd": cwd})
    assert not held(listing.folder)
    given = ClaudeAgentOptions(cwd="/srv")
    assert prepared(listing, resume=FIRST, options=given).spec.cwd == Path("/srv")
    stages = {"stage_3": {"cwd": "/etc"}}
    if cwd == "/etc":
        assert prepared(listing, resume=FIRST, settings={"stages": stages}).spec.cwd == Path(cwd)
    elsewhere = ClaudeAgentOptions(fork_session=True)
    with pytest.raises(Refused, match=why):
        prepared(listing, resume=FIRST, options=elsewhere)


SUBAGENT = AgentDefinition("d", "p", permissionMode="plan")
OF_SUBAGENTS = unrecorded(
    ClaudeAgentOptions(agents={"rev": SUBAGENT, "a, b.c\x1b[1m": SUBAGENT, "x" * 90: SUBAGENT})
)


@pytest.mark.parametrize("name", sorted({*HOLDS_BACK, *OF_SUBAGENTS}))
def test_every_name_that_a_refusal_advises_is_taken_by_both(
    listing: SampleListing, name: str
) -> None:
    """Else its own advice is refused, and the session can never go on."""
    with pytest.raises(UsageError, match="name it in without") as refused:
        resumed(listing, {"unrecorded": [name]})
    assert f"was run with {name}, which" in str(refused.value)
    freed = prepared(listing, resume=FIRST, without=[name]).given
    assert freed.recorded["unrecorded"] == []
    context = listing.context()
    plan = plan_resume(context, listing.session(FIRST))
    with pytest.raises(Refused) as refused_too:
        start(context, plan, "Go on.")
    line = str(refused_too.value).split("`")[1]
    wanted = with_options(context, plan, parse_prompt_line(f"{line} Go on.")[0])
    wanted.require_options(restricted=False)
    assert (wanted.left_out, wanted.agent["unrecorded"]) == ((name,), [])


def test_a_limit_that_nobody_understands_is_left_once(listing: SampleListing) -> None:
    """Left in the row it would be missed by each resume again."""
    with pytest.raises(UsageError, match="was run with max_turns"):
        resumed(listing, {"max_turns": -1, "model": "opus"})
    freed = prepared(listing, resume=FIRST, without=["max_turns"])
    assert freed.given.base == {"model": "opus"}


def test_a_pipeline_lifts_its_own_limits_and_none_of_the_settings(listing: SampleListing) -> None:
    """An option that is not set means as before, so nothing else could lift them."""
    recorded = {"max_turns": 3, "disallowed_tools": ["Bash"], "model": "opus"}
    stages = {"stage_3": {"disallowed_tools": ["Write"]}}
    lifted = {"max_turns", "disallowed_tools"}
    run = resumed(listing, recorded, without=lifted, settings={"stages": stages})
    assert run.spec.agent == {"model": "opus", "disallowed_tools": ["Write"]}
    assert run.given.base == {"model": "opus"}
    given = ClaudeAgentOptions(max_turns=9)
    assert prepared(listing, resume=FIRST, options=given).spec.agent == recorded | {"max_turns": 9}


def test_an_operator_lifts_no_limit_of_the_pipelines_and_is_told(listing: SampleListing) -> None:
    listing.add(FIRST, metadata={"agent": {"max_turns": 3, "unrecorded": ["hooks"]}})
    plan = plan_resume(listing.context(), listing.session(FIRST))
    for named in (["max_turns"], ["hooks", "max_turns"]):
        with pytest.raises(UsageError, match=r"^--without max_turns: a resume has that again"):
            with_options(listing.context(), plan, {"without": named})


def test_what_was_asked_for_is_not_advised_any_more(listing: SampleListing) -> None:
    lost = {"cwd": "/etc", "unrecorded": ["hooks", "env.TZ"]}
    listing.add(FIRST, metadata={"agent": lost})
    plan = plan_resume(listing.context(), listing.session(FIRST))
    told = str([one.words for one in plan.warnings])
    assert "`--cwd .` before" in told
    assert "without its hooks, env.TZ" in told
    wanted = with_options(listing.context(), plan, {"cwd": ".", "without": ["hooks"]})
    told = str([one.words for one in wanted.warnings])
    assert "--cwd" not in told
    assert "without its env.TZ: only" in told


@pytest.mark.parametrize(
    "more",
    [
        {"without": ["hooks"]},
        {"options": ClaudeAgentOptions(fork_session=True)},
        {"options": ClaudeAgentOptions(resume_session_at=SECOND)},
    ],
)
def test_what_goes_with_a_resume_is_refused_without_one(
    listing: SampleListing, more: dict[str, Any]
) -> None:
    """It would silently begin another session than the one that was meant."""
    with pytest.raises(UsageError, match=" goes with resume: "):
        prepared(listing, **more)


def test_a_name_that_holds_nothing_back_is_told_to_need_no_word(listing: SampleListing) -> None:
    """A row names such variables, too."""
    with pytest.raises(UsageError, match=r"env\.LANG.* nothing else is missed"):
        resumed(listing, {"unrecorded": ["env.LANG"]}, without=["env.LANG"])
    with pytest.raises(UsageError, match="without cannot be '': it takes "):
        resumed(listing, {}, without=["env", ""])


@pytest.mark.parametrize("more", [{}, {"resume": FIRST, "fork_session": True}])
def test_no_second_session_is_begun_in_capitals(
    listing: SampleListing, more: dict[str, Any]
) -> None:
    options = ClaudeAgentOptions(session_id="ABCDEF01" + SECOND[8:], **more)
    with pytest.raises(UsageError, match="capitals: write abcdef01"):
        prepared(listing, options=options)


@pytest.mark.parametrize("more", [{}, {"resume": THIRD, "fork_session": True}])
def test_an_id_in_the_trash_is_not_used_again(listing: SampleListing, more: dict[str, Any]) -> None:
    """Without it nobody could restore what is in there, nor undo what put it there."""
    for one in (FIRST, THIRD):
        listing.add(one)
    options = ClaudeAgentOptions(session_id=FIRST, **more)
    with pytest.raises(UsageError, match=f"session that exists: resume={FIRST}"):
        prepared(listing, options=options)
    delete(listing.context(), listing.session(FIRST))
    with pytest.raises(UsageError, match=f"in the trash, .*`restore {FIRST[:8]}` and resume="):
        prepared(listing, options=options)
    assert not held(listing.folder)
    elsewhere = SampleListing(listing.root, "other")
    elsewhere.add(THIRD)
    assert prepared(elsewhere, options=options).spec.session_id == FIRST


@pytest.mark.parametrize("wrong", [FIRST[:8], FIRST.upper()])
def test_an_id_that_is_not_whole_is_told_with_the_one_that_is_meant(
    listing: SampleListing, wrong: str
) -> None:
    listing.add(FIRST)
    for more in ({"resume": wrong}, {"resume": wrong, "take_over": True}):
        with pytest.raises(UnknownId, match=f"^{wrong} is not a whole .* do you mean {FIRST}"):
            prepared(listing, **more)
    assert not held(listing.folder)


def test_variables_ask_unless_they_are_known_to_be_harmless(
    listing: SampleListing, caplog: pytest.LogCaptureFixture
) -> None:
    env = {"TZ": "secret", "LANG": "C"}
    plain = dict(prepared(listing, options=ClaudeAgentOptions(env=env)).given.recorded)
    assert plain == {"unrecorded": ["env.LANG", "env.TZ"]}
    caplog.clear()
    resumed(listing, plain)
    assert caplog.messages == [
        f"{FIRST[:8]} goes on without its env.LANG, env.TZ: give it in the options"
    ]
    plan = plan_resume(listing.context(), listing.session(FIRST))
    plan.require_options(restricted=False)
    assert "without its env.LANG, env.TZ: only its pipeline has that" in [
        one.words for one in plan.warnings
    ]
    told = ClaudeAgentOptions(env=env | {"HF_TOKEN": "secret"})
    held_back = dict(prepared(listing, options=told).given.recorded)
    assert held_back["unrecorded"] == ["env.HF_TOKEN", "env.LANG", "env.TZ"]
    with pytest.raises(UsageError, match=r"was run with env\.HF_TOKEN, which"):
        resumed(listing, held_back)
    assert prepared(listing, resume=FIRST, without=["env"]).given.recorded["unrecorded"] == []
    with pytest.raises(Refused, match="`--without env` before the prompt"):
        plan_resume(listing.context(), listing.session(FIRST)).require_options(restricted=False)


@pytest.mark.parametrize("name", ["can_use_tool", "permission_prompt_tool_name"])
def test_without_who_answers_for_it_an_operator_is_asked(
    listing: SampleListing, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    resumed(listing, {"unrecorded": [name]})
    assert f"goes on without its {name}" in caplog.text


def test_a_resumed_session_lasts_a_day_more_and_never_less_than_before(
    listing: SampleListing,
) -> None:
    listing.add(FIRST, days=90)
    spec = prepared(listing, resume=FIRST).spec
    assert spec.keeps_until == spec.created_at + timedelta(days=1)
    assert spec.expires_at
    assert spec.expires_at - spec.created_at > timedelta(days=89)
    spec = prepared(listing, resume=FIRST, max_age_days=7).spec
    assert spec.keeps_until == spec.created_at + WEEK


def test_a_fork_has_an_id_of_its_own_and_leaves_the_source_to_whoever_runs_it(
    listing: SampleListing,
) -> None:
    listing.add(FIRST, metadata={"agent": {"model": "opus"}})
    options = ClaudeAgentOptions(fork_session=True)
    with SessionLock.take(listing.folder, FIRST):
        asked = replace(ASKED, resume=FIRST, options=options)
        found = prepare(listing.context(), listing.folder, asked, OwnPrompt("go"), 7)
    found.lock.release()
    spec = found.spec
    assert (spec.mode, spec.source_id, spec.agent) == ("fork", FIRST, {"model": "opus"})
    assert spec.session_id != FIRST


def test_a_session_whose_options_cannot_be_read_is_not_resumed_as_another_agent(
    listing: SampleListing,
) -> None:
    listing.write_transcript(FIRST)
    listing.db_path.write_text("no database")
    with pytest.raises(DatabaseProblem, match="not a SQLite database"):
        prepared(listing, resume=FIRST)
    assert not held(listing.folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stage": ""}, "stage must be a word"),
        ({"resume": FIRST, "options": ClaudeAgentOptions(resume=SECOND)}, "name the session"),
        ({"options": ClaudeAgentOptions(continue_conversation=True)}, "whichever session"),
        ({"metadata": {"agent": {"model": "opus"}}}, "cannot have agent"),
        ({"metadata": {"operator": "anna"}}, "cannot have operator"),
        ({"without": ["model"]}, "it takes agents, cli_path, disallowed_tools, env"),
        ({"metadata": {"at": object()}}, "kept as JSON"),
        ({"metadata": {"share": float("nan")}}, "kept as JSON"),
        ({"metadata": ["workers"]}, "kept as JSON"),
    ],
)
def test_what_makes_no_sense_is_told(
    listing: SampleListing, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        prepared(listing, **changes)
    assert not listing.folder.exists()


def test_a_live_session_is_refused_before_anything_else_is_said_of_it(
    listing: SampleListing,
) -> None:
    listing.track(FIRST)
    with SessionLock.take(listing.folder, FIRST), pytest.raises(Refused, match="is running"):
        prepared(listing, resume=FIRST)
    with pytest.raises(Refused, match="has no transcript"):
        prepared(listing, resume=FIRST)
    assert not held(listing.folder)


def test_metadata_that_no_writer_can_follow_is_refused(listing: SampleListing) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(UsageError, match="kept as JSON"):
        prepared(listing, metadata={"deep": deep})
    while deep:  # one by one: freeing all at once would recurse, too
        deep = deep.pop()
    assert not held(listing.folder)


@pytest.mark.parametrize("days", [float("nan"), 1e12, "week"])
def test_a_time_that_cannot_be_is_refused_before_anything_is_made(
    listing: SampleListing, days: Any
) -> None:
    with pytest.raises(UsageError, match="max_age_days cannot be"):
        prepared(listing, max_age_days=days)
    assert not held(listing.folder)
