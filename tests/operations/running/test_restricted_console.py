"""A restricted console gives no agent more than the settings do, and prompts none with more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.operations.running.test_steer import add_run, held
from tests.support.hostile.planted_request import plant_request
from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tui.core.errors import Reason, Refused, UsageError
from tui.operations.running.agent_options import agent_options, require_mode
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.restricted_console import require_inner_prompt
from tui.operations.running.resume import plan_resume, start
from tui.operations.running.steer import answer, mode, send
from tui.runs.folder.inbox import Inbox
from tui.runs.folder.protocol import EVENTS, IN_PIPELINE, SPEC
from tui.settings import Settings

STAGES: Mapping[str, Mapping[str, Any]] = {
    "given": {"allowed_tools": ["Read", "Bash"], "permission_mode": "bypassPermissions"},
    "limited": {"max_turns": 9, "max_budget_usd": 2.0},
}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, metadata={"agent": {"allowed_tools": ["Bash"], "model": "opus"}})
    return listing


@pytest.mark.parametrize(
    ("stage", "recorded", "kept"),
    [
        (
            "plain",
            {"allowed_tools": ["WebSearch", "Task"]},
            {"allowed_tools": ["WebSearch", "Task"]},
        ),
        ("plain", {"allowed_tools": ["WebSearch", "Bash"]}, {}),
        ("plain", {"allowed_tools": ["Bash(ls:*)"]}, {}),
        ("plain", {"allowed_tools": ["Read"]}, {}),
        ("plain", {"allowed_tools": ["mcp__files__write"]}, {}),
        ("plain", {"permission_mode": "acceptEdits"}, {}),
        ("plain", {"permission_mode": "bypassPermissions"}, {}),
        ("plain", {"permission_mode": "plan"}, {"permission_mode": "plan"}),
        ("plain", {"model": "opus", "max_turns": 9}, {"model": "opus", "max_turns": 9}),
        ("given", {"allowed_tools": ["Bash"]}, {**STAGES["given"], "allowed_tools": ["Bash"]}),
        ("given", {"allowed_tools": ["Write"]}, STAGES["given"]),
        ("given", {"permission_mode": "acceptEdits"}, STAGES["given"]),
        ("given", {}, STAGES["given"]),
        (
            "limited",
            {"max_turns": 3, "max_budget_usd": 0.5},
            {"max_turns": 3, "max_budget_usd": 0.5},
        ),
        ("limited", {"max_turns": 99, "max_budget_usd": 50}, STAGES["limited"]),
    ],
)
def test_a_row_gives_no_more_than_the_settings(
    stage: str, recorded: dict[str, Any], kept: dict[str, Any]
) -> None:
    settings = Settings(restricted=True, stages=STAGES)
    options, notes = agent_options(settings, stage, {"agent": recorded})
    assert options == kept
    assert len(notes) == sum(options.get(name) != value for name, value in recorded.items())


@pytest.mark.parametrize(
    ("asked", "is_given"),
    [
        ({"allowed_tools": ["Bash"]}, False),
        ({"allowed_tools": ["WebFetch"]}, True),
        ({"permission_mode": "auto"}, False),
        ({"permission_mode": "acceptEdits"}, False),
        ({"permission_mode": "plan"}, True),
        ({"model": "haiku", "max_turns": 2}, True),
    ],
)
def test_an_operator_asks_for_no_more_than_the_settings(
    listing: SampleListing, asked: dict[str, Any], is_given: bool
) -> None:
    context = listing.context(restricted=True)
    plan = plan_resume(context, listing.session(FIRST))
    assert plan.agent == {"model": "opus"}
    with nullcontext() if is_given else pytest.raises(UsageError, match="this console is restrict"):
        assert with_options(context, plan, asked).agent == {"model": "opus", **asked}
    assert with_options(listing.context(), plan, asked)


def test_a_mode_may_not_be_widened_while_it_runs(listing: SampleListing) -> None:
    add_run(listing)
    context = listing.context(restricted=True)
    with pytest.raises(UsageError, match="gives permission_mode acceptEdits"):
        mode(context, listing.session(FIRST), "acceptEdits")
    require_mode(Settings(restricted=True, stages=STAGES), "given", "bypassPermissions")


@pytest.mark.parametrize(
    ("prompt", "is_refused"),
    [
        ("Look at @/etc/passwd", True),
        ("Look at @~/.ssh/id_ed25519", True),
        ("@../../other/buyers.db", True),
        ("see(@notes/../../x)", True),
        ('Look at @"/srv/a b"', True),
        ('Look at @"a b/../../../x"', True),
        ("Look at @'/etc/passwd'", True),
        ('Look at @" /etc/passwd"', True),
        ('Look at @"\t/etc/passwd"', True),
        ('Look at @"\n/etc/passwd"', True),
        ('Look at @"\u00a0/etc/passwd"', True),
        ('Look at @"\ufeff/etc/passwd"', True),
        ('Look at @"\u2028 ~/x"', True),
        ("Look at @\ufeff/etc/passwd", True),
        ("@/etc/passwd#L1-3", True),
        ("@out", True),
        ("@out.", True),
        ("@out#L3", True),
        ("@out/x.txt", True),
        ('@"out/a b"', True),
        ('@" out"', True),
        ("@ring", True),
        ("@.claude_sessions/.credentials.json", True),
        ("@./.claude_sessions", True),
        ("@into/.credentials.json", True),
        ("@a\0b", True),
        ('@"x\' /../../../etc/passwd"', True),
        ("@a\x1c/../../../etc/passwd", True),
        ("@deep/../../x.txt", True),
        ('@@[t](claude-ref:a "b")/etc/passwd', True),
        ("@" * 200, True),
        (f"@{'x' * 5000}", True),
        ("mail anna@example.org, and @anna", False),
        ("@notes.md and @sub/notes.md", False),
        ('@notes.md#L3 (@"sub/a b")', False),
        ("a..b, 3@2", False),
    ],
)
def test_a_prompt_mentions_no_file_from_elsewhere(
    listing: SampleListing, tmp_path: Path, prompt: str, is_refused: bool
) -> None:
    context, hidden = listing.context(restricted=True), listing.folder / ".claude_sessions"
    (tmp_path / "x.txt").touch()
    for name, leads in (
        ("out", tmp_path),
        ("into", hidden),
        ("ring", Path("ring")),
        ("deep", Path("a/b")),
    ):
        (listing.folder / name).symlink_to(leads)
    add_run(listing)
    require_inner_prompt(listing.context(), prompt, listing.folder, hidden)
    with pytest.raises(Refused, match="outside its folder") if is_refused else nullcontext():
        require_inner_prompt(context, prompt, listing.folder, hidden)
    if is_refused:
        plan = plan_resume(context, listing.session(FIRST))
        with pytest.raises(Refused, match="outside its folder"):
            start(context, plan, prompt)
        with pytest.raises(Refused, match="outside its folder"):
            held(listing, lambda _, session: send(context, session, prompt))


@pytest.mark.parametrize(
    ("agent", "event", "is_refused"),
    [
        ({}, {}, False),
        ({"allowed_tools": ["WebSearch"]}, {"permission_mode": "default"}, False),
        ({"allowed_tools": ["Bash"]}, {}, True),
        ({"permission_mode": "acceptEdits"}, {}, True),
        ({}, {"permission_mode": "bypassPermissions"}, True),
        ({"permission_mode": "bypassPermissions"}, {"permission_mode": "default"}, True),
    ],
)
def test_an_agent_that_acts_unasked_is_not_prompted(
    listing: SampleListing, agent: dict[str, Any], event: dict[str, Any], is_refused: bool
) -> None:
    folder = add_run(listing)
    spec = json.loads((folder / SPEC).read_text())
    (folder / SPEC).write_text(json.dumps(spec | {"agent": agent}))
    (folder / EVENTS).write_text(json.dumps({"type": "init"} | event) + "\n")
    restricted = listing.context(restricted=True)
    with pytest.raises(Refused, match="acts without asking") if is_refused else nullcontext():
        held(listing, lambda _, session: send(restricted, session, "go on"))
    assert len(tuple(Inbox(folder).take())) == (not is_refused)


@pytest.mark.parametrize(
    ("spec", "owner", "is_refused"),
    [
        ({}, {}, False),
        ({"decides_itself": False}, {IN_PIPELINE: True}, False),
        ({"decides_itself": True}, {}, True),
        ({"decides_itself": None}, {}, True),
        ({}, {IN_PIPELINE: True}, True),
    ],
)
def test_an_agent_whose_pipeline_decides_itself_is_not_prompted(
    listing: SampleListing, spec: dict[str, Any], owner: dict[str, Any], is_refused: bool
) -> None:
    folder = add_run(listing, **owner)
    (folder / SPEC).write_text(json.dumps(json.loads((folder / SPEC).read_text()) | spec))
    restricted = listing.context(restricted=True)
    with pytest.raises(Refused, match="decides what") if is_refused else nullcontext():
        held(listing, lambda _, session: send(restricted, session, "go on"))
    assert [one.is_restricted for one in Inbox(folder).take()] == [True] * (not is_refused)
    held(listing, lambda context, session: send(context, session, "go on"))
    assert [one.is_restricted for one in Inbox(folder).take()] == [False]


@pytest.mark.parametrize(
    ("places", "spec", "is_refused"),
    [
        ((".claude_sessions/.credentials.json",), {}, True),
        ((".claude_sessions/.credentials.json",), {"is_restricted": True}, True),
        ((".claude_sessions/.credentials.json",), {"closed": []}, False),
        (("env",), {}, True),
        (("../env",), {}, False),
        ((), {}, False),
    ],
)
def test_a_pipelines_agent_that_can_read_credentials_unasked_is_not_prompted(
    listing: SampleListing, places: tuple[str, ...], spec: dict[str, Any], is_refused: bool
) -> None:
    folder = add_run(listing)
    (folder / SPEC).write_text(json.dumps(json.loads((folder / SPEC).read_text()) | spec))
    paths = [listing.folder / place for place in places]
    for path in paths:
        path.touch(mode=0o600)
    named = next((path for path in paths if path.name == "env"), None)
    restricted = listing.context(restricted=True, env_file=named)
    with pytest.raises(Refused, match="credentials in its folder") if is_refused else nullcontext():
        held(listing, lambda _, session: send(restricted, session, "go on"))


@pytest.mark.parametrize(
    ("tool", "stages", "is_refused"),
    [
        ("Bash", {}, True),
        ("mcp__files__write", {}, True),
        ("WebFetch", {}, False),
        ("Bash", {"stage_3": {"allowed_tools": ["Bash"]}}, False),
        ("Bash", {"stage_3": {"allowed_tools": ["Bash(ls:*)"]}}, True),
        ("Agent", {}, False),
        ("EnterWorktree", {}, True),
        ("Skill", {}, True),
        ("ToolOfTomorrow", {}, True),
    ],
)
def test_what_acts_on_the_machine_can_only_be_denied(
    listing: SampleListing, tool: str, stages: dict[str, dict[str, Any]], is_refused: bool
) -> None:
    folder = add_run(listing)
    shown = plant_request(folder, datetime.now(UTC), tool, {})
    context = listing.context(restricted=True, stages=stages)

    def decide(decision: str) -> None:
        held(listing, lambda _, session: answer(context, session, decision, shown=shown))

    for decision in ("allow", "always") if is_refused else ():
        with pytest.raises(Refused, match="you can only deny it"):
            decide(decision)
    assert not tuple(Inbox(folder).take())
    decide("deny" if is_refused else "allow")
    (command,) = Inbox(folder).take()
    assert command.decision == ("deny" if is_refused else "allow")


@pytest.mark.parametrize("line", ["--without hooks,sandbox Go on.", "--without hooks Go on."])
def test_what_a_pipeline_held_its_agent_back_with_is_not_lifted(
    listing: SampleListing, line: str
) -> None:
    """It may be all that keeps the agent from what no setting forbids."""
    listing.add(FIRST, metadata={"agent": {"unrecorded": ["hooks", "sandbox"]}})
    restricted = listing.context(restricted=True)
    plan, asked = plan_resume(restricted, listing.session(FIRST)), parse_prompt_line(line)[0]
    with pytest.raises(Refused, match="this console is restricted") as refused:
        with_options(restricted, plan, asked)
    assert refused.value.reason is Reason.RESTRICTED


def test_no_refusal_there_advises_what_it_cannot_do(listing: SampleListing) -> None:
    listing.add(FIRST, metadata={"agent": {"unrecorded": ["hooks.Stop"]}})
    for restricted in (True, False):
        context = listing.context(restricted=restricted)
        plan = plan_resume(context, listing.session(FIRST))
        with pytest.raises(Refused, match=r"was run with hooks\.Stop") as refused:
            with_options(context, plan, {"max_turns": 3})
        assert ("--without" in str(refused.value)) is not restricted


def test_the_verb_lifts_nothing_there(listing: SampleListing) -> None:
    listing.add(FIRST, metadata={"agent": {"unrecorded": ["hooks", "sandbox"]}})
    words = ("resume", "--without", "hooks", "--without", "sandbox", FIRST, "Go on.")
    done = run_cli(listing.root, "--restricted", *words)
    assert (done.returncode, "this console is restricted" in done.stderr) == (4, True)
