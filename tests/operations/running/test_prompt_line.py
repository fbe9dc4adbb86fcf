"""The prompt line: agent options, then the prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tui.core.errors import UsageError
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import plan_resume


@pytest.mark.parametrize(
    ("line", "asked", "prompt"),
    [
        ("Go on", {}, "Go on"),
        ("", {}, ""),
        ("Go --model opus", {}, "Go --model opus"),
        ("--model opus Go on", {"model": "opus"}, "Go on"),
        (" --max-turns 5  --max-budget-usd $1.5 ", {"max_turns": 5, "max_budget_usd": 1.5}, ""),
        ("--tools WebSearch,Read --mode plan  two  words",
         {"allowed_tools": ["WebSearch", "Read"], "permission_mode": "plan"}, "two  words"),
        ("-- --model is a flag", {}, "--model is a flag"),
        ("--modle opus Go", None, ""),
        ("--model", None, ""),
        ("--max-turns 0 Go", None, ""),
        ("--max-turns five Go", None, ""),
        ("--max-budget-usd nan Go", None, ""),
        ("--max-budget-usd -1 Go", None, ""),
        ("--tools , Go", None, ""),
        ("--without hooks,env Go", {"without": ["hooks", "env"]}, "Go"),
        ("--without model Go", None, ""),
    ],
)  # fmt: skip
def test_options_stand_before_the_prompt(
    line: str, asked: dict[str, Any] | None, prompt: str
) -> None:
    if asked is None:
        with pytest.raises(UsageError, match="--"):
            parse_prompt_line(line)
    else:
        assert parse_prompt_line(line) == (asked, prompt)


def test_they_win_over_what_was_recorded_and_are_said_before_enter(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, metadata={"agent": {"model": "old", "max_turns": 40}})
    context = listing.context()
    plan = plan_resume(context, listing.session(FIRST))
    wanted = with_options(context, plan, {"model": "new", "permission_mode": "plan"})
    assert plan.agent["model"] == "old"
    assert wanted.agent == {"model": "new", "max_turns": 40, "permission_mode": "plan"}
    assert wanted.words.startswith("new · mode plan · 40 turns")
    for mode, words in (
        ("bypassPermissions", "of the settings gives"),
        ("yolo", "no permission mode"),
    ):
        with pytest.raises(UsageError, match=words):
            with_options(context, plan, {"permission_mode": mode})
    allowing = listing.context(stages={"stage_3": {"permission_mode": "bypassPermissions"}})
    assert with_options(allowing, plan, {"permission_mode": "bypassPermissions"})


def test_what_a_resume_goes_without_adds_up(tmp_path: Path) -> None:
    """Else only the last of several counts, and the resume is refused for the others."""
    asked, prompt = parse_prompt_line("--without hooks --without sandbox,env Go on")
    assert (asked, prompt) == ({"without": ["hooks", "sandbox", "env"]}, "Go on")
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, metadata={"agent": {"unrecorded": ["hooks", "sandbox"]}})
    words = ("resume", "--without", "hooks", "--without", "sandbox", "--mode", "none", FIRST)
    done = run_cli(listing.root, *words, "Go on")
    assert (done.returncode, "was run with" in done.stderr) == (2, False)
    assert "none" in done.stderr
