"""A console's resume gives an agent no more than it had, until an operator says so."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, HookMatcher

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import SampleListing, change_row, run_cli
from tests.support.processes.own_pipeline import Heard, ask
from tests.support.processes.runs_site import Site
from tui import Refused, SessionManager
from tui.runs.folder.protocol import SPEC, RunSpec, run_folders


def agent_of(site: Site, session_id: str) -> dict[str, Any]:
    row = site.row(session_id)
    assert row
    return dict(row.details()["agent"])


def made(site: Site) -> list[Path]:
    return [*site.listing.glob("made-*")]


async def deny(given: Any, _id: str | None, context: Any) -> Any:
    said = {"hookEventName": "PreToolUse", "permissionDecision": "deny"}
    return {"hookSpecificOutput": said}


HELD_BACK: list[dict[str, Any]] = [
    {"hooks": {"PreToolUse": [HookMatcher(hooks=[deny])]}},
    {"extra_args": {"disallowedTools": "Bash"}},
]


@pytest.mark.parametrize("held", HELD_BACK)
async def test_the_verb_gives_an_agent_no_more_than_it_had_until_an_operator_says_so(
    site: Site, manager: SessionManager, held: dict[str, Any]
) -> None:
    """Without the check Bash runs, which was allowed beforehand, and nobody is asked."""
    options = ClaudeAgentOptions(allowed_tools=["Bash"], cwd=site.listing, **held)
    heard = Heard(site)
    await heard.listen(ask(manager, "PERMIT this", options=options))
    assert "Finished." in heard.texts
    runs, root = run_folders(site.listing), site.listing.parent
    own, (name,) = heard.session_id, held
    for more in ([], ["--fork"], ["--json"], ["--mode", "default"], ["--tools", "Bash"]):
        words = ("resume", own, "PERMIT more", "--wait", *more)
        done = await asyncio.to_thread(run_cli, root, *words)
        assert (done.returncode, f"was run with {name}" in done.stderr) == (4, True)
    many = await asyncio.to_thread(run_cli, root, "resume", own, "--also", own, "PERMIT more")
    assert many.returncode == 4
    assert run_folders(site.listing) == runs
    assert not made(site)
    words = ("resume", own, "PERMIT more", "--wait", "--without", name)
    done = await asyncio.to_thread(run_cli, root, *words, **site.api.env())
    assert (done.returncode, f"without {name}" in done.stderr) == (0, True)
    assert made(site)
    (kept,) = agent_of(site, own)["unrecorded"]
    assert kept.startswith(f"{name}.")
    log = (await asyncio.to_thread(run_cli, root, "log", "--json")).stdout
    assert "resume without" in log


async def test_a_session_goes_on_in_its_listing_wherever_its_pipeline_was_started(
    site: Site, manager: SessionManager
) -> None:
    """A folder that nobody chose is none that an operator would have to name."""
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO hello"))
    words = ("resume", heard.session_id, "ECHO again", "--wait")
    done = await asyncio.to_thread(run_cli, site.listing.parent, *words, **site.api.env())
    assert done.returncode == 0, done.stderr
    assert "cwd" not in agent_of(site, heard.session_id)


@pytest.mark.parametrize(
    ("words", "is_known", "kept"),
    [
        (["--mode", "plan"], True, {"disallowed_tools": ["Bash"]}),
        (["--tools", "Read"], True, {"disallowed_tools": ["Bash"]}),
        (["--tools", "Read"], False, {"allowed_tools": ["Read"]}),
    ],
)
async def test_an_operator_who_names_the_rights_puts_the_lost_row_right(
    site: Site,
    manager: SessionManager,
    words: list[str],
    kept: dict[str, Any],
    *,
    is_known: bool,
) -> None:
    """Else the pipeline's next resume is refused again, though it was said what to do."""
    heard = Heard(site)
    options = ClaudeAgentOptions(disallowed_tools=["Bash"], cwd=site.listing)
    await heard.listen(ask(manager, "ECHO this", options=options))
    own = heard.session_id
    await guide.track_session(manager.db_path, own, "stage_3", "hollis_park", {"workers": 8})
    if not is_known:
        change_row(SampleListing(site.listing.parent), "DROP TABLE claude_session_events")
        for run in run_folders(site.listing):
            (run / "spec.json").write_text(json.dumps({"session_id": own, "mode": "new"}))
    with pytest.raises(Refused, match="options are unknown"):
        await Heard(site).listen(ask(manager, "ECHO more", resume=own))
    command = ("resume", own, "ECHO from a shell", "--wait", *words)
    done = await asyncio.to_thread(run_cli, site.listing.parent, *command, **site.api.env())
    assert (done.returncode, done.stdout.strip()) == (0, "You said: ECHO from a shell")
    assert kept.items() <= (agent := agent_of(site, own)).items()
    assert "permission_mode" not in agent
    events = (await asyncio.to_thread(run_cli, site.listing.parent, "log", "--json")).stdout
    assert '"mend"' in events
    assert '"reapply"' not in events
    again = Heard(site)
    await again.listen(ask(manager, "ECHO more", resume=own))
    assert "You said: ECHO more" in again.texts


@pytest.mark.parametrize("others", [{}, {"max_turns": 9}])
async def test_a_limit_that_a_pipeline_lifts_is_logged_and_stays_lifted(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture, others: dict[str, Any]
) -> None:
    """Also the only recorded option: the row would keep it, and the next resume have it again."""
    options = ClaudeAgentOptions(disallowed_tools=["Bash"], **others)
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO this", options=options))
    own = heard.session_id
    with caplog.at_level("INFO", "tui"):
        await Heard(site).listen(
            ask(manager, "ECHO freed", resume=own, without=["disallowed_tools", "hooks"])
        )
    assert f"{own[:8]} goes on without its disallowed_tools, as asked" in caplog.text
    listed = await asyncio.to_thread(run_cli, site.listing.parent, "log", "--json")
    logged = json.loads(listed.stdout)
    (lifted,) = [one for one in logged if one["action"] == "resume without"]
    assert (lifted["session_id"], lifted["note"]) == (own, "disallowed_tools")
    assert agent_of(site, own) == others
    await Heard(site).listen(ask(manager, "ECHO on", resume=own))
    assert RunSpec.from_json((run_folders(site.listing)[-1] / SPEC).read_text()).agent == others
