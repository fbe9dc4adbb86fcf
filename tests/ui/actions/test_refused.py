"""The reason of a refusal can be read in full, however narrow the screen is."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.operations.context import Context
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import RunPlan
from tui.settings import Settings


class Restricted(FixedEngine):
    """An engine whose settings allow agents nothing."""

    def with_prompt_line(self, plan: RunPlan, line: str) -> tuple[RunPlan, str]:
        asked, prompt = parse_prompt_line(line)
        return with_options(Context(Settings(restricted=True), self.now), plan, asked), prompt


OPTIONS = {
    "--mode bypassPermissions hi": "refused: only [stages.stage_5] of the settings gives "
    "bypassPermissions >",
    "--tools Bash,WebSearch hi": "refused: this console is restricted: only [stages.stage_5] of "
    "the settings gives allowed_tools Bash, WebSearch >",
    "--moodel x hi": "refused: --moodel: no such option; there are --model, --mode, --tools, "
    "--cwd, --without, --max-turns, --max-budget-usd >",
}


@pytest.mark.parametrize(("typed", "why"), OPTIONS.items())
@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_why_an_option_is_refused_is_said_in_full(
    typed: str, why: str, size: tuple[int, int]
) -> None:
    async with console(Restricted(), size) as at:
        await at.choose("Final list for the partner call")
        await at.press("r")
        await at.asked()
        await at.paste(typed)
        await at.press("enter")
        await at.until(lambda: why in at.text("bottom"))
        assert at.engine.asked == []
        await at.press("ctrl+u", *"go")
        await at.until(lambda: "refused" not in at.text("bottom"))
        assert at.typed == "go"
        await at.press("enter")
        await at.answered()
        assert [asked[-1] for asked in at.engine.asked] == ["go"]


async def test_an_option_given_with_the_verb_is_refused_at_once() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.enter("resume --mode bypassPermissions hi")
        await at.until(lambda: OPTIONS["--mode bypassPermissions hi"] in at.text("bottom"))


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36)])
async def test_the_help_says_to_the_end_why_a_key_is_of_no_use_now(size: tuple[int, int]) -> None:
    async with console(size=size) as at:
        await at.choose("PE platforms, DACH")
        await at.press("question_mark")
        lines = at.page.split("\n")
        assert not any(line.rstrip().endswith("~") for line in lines)
        words = " ".join(" ".join(lines).split())
        if size[0] < 110:
            assert "not now: it is running: interrupt it (i) or :stop it first" in words
