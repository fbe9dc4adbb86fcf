"""Plans of the real CLI, and calls for which it asks otherwise than the agent made them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.console.permission_requests import granted
from tests.support.listings.painted_request import read_back, read_both
from tests.support.listings.sample_listing import run_cli
from tests.support.processes.runs_site import Site, command, over, site_below, wait
from tui.core.models.permission_request import PermissionRequest
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import ToolUse, Turn, say
from tui.runs.folder.protocol import read_events, read_run

PLAN = "# Clear up\n\n1. Read all\n2. **Delete** the rest\n\n" + "\n".join(
    f"- step {number}" for number in range(40)
)
OTHER = "# Nobody saw this plan"
_PLAN_FILE = re.compile(r"[^\s\"\\]*/plans/[\w-]+\.md")


def plan_file(text: str) -> str:
    """Return where the CLI says that the plan belongs; empty where it does not yet."""
    found = _PLAN_FILE.search(text)
    return found[0] if found else ""


def exit_plan_mode(asked: ApiRequest) -> Turn:
    given = {} if "EMPTY" in asked.first_prompt else {"plan": PLAN}
    return say(ToolUse("ExitPlanMode", given)) if not asked.step else say("Done.")


def write_plan(asked: ApiRequest) -> Turn:
    path = plan_file(json.dumps(asked.body))
    calls = (ToolUse("Write", {"file_path": path, "content": PLAN}), ToolUse("ExitPlanMode", {}))
    return say(calls[asked.step]) if asked.step < len(calls) else say("Done.")


def write_at_home(asked: ApiRequest) -> Turn:
    call = ToolUse("Write", {"file_path": "~/nowhere/w.txt", "content": "a"})
    return say("Done.") if asked.step else say(call)


SCENES = by_word(
    {"WRITTEN": write_plan, "PLAN": exit_plan_mode, "HOME": write_at_home},
    default=lambda asked: say("Very well."),
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with LoopbackApi(SCENES) as api, site_below(tmp_path, api) as site:
        yield site


def options_from_flags(site: Site, prompt: str) -> tuple[Path, PermissionRequest]:
    folder = site.start(prompt, agent={"permission_mode": "plan"} if "HOME" not in prompt else {})
    return folder, wait(lambda: read_run(folder).request, 180)


def results(site: Site, folder: Path) -> str:
    """Return what the tools of a run that is over told its agent."""
    records = map(json.loads, site.transcript(read_run(folder).session_id).splitlines())
    said = (one["message"]["content"] for one in records if one.get("type") == "user")
    return json.dumps([one for one in said if isinstance(one, list)])


def between(rows: list[str], begin: str, end: str) -> list[str]:
    return rows[rows.index(begin) : next(n for n, row in enumerate(rows) if row.startswith(end))]


def require_approved(site: Site, folder: Path, path: str) -> None:
    """Allow the plan that was shown, while another one is put into its file."""
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(OTHER)
    command(folder, "answer", decision="allow")
    assert over(folder).state == "done"
    assert "**Delete** the rest" in results(site, folder)
    assert OTHER not in results(site, folder)
    assert Path(path).read_text().rstrip("\n") == PLAN


def known_of(site: Site, folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Return what `show` says of the request of a run, as lines and as JSON."""
    root, session_id = site.listing.parent, read_run(folder).session_id
    told = run_cli(root, "show", session_id).stdout.splitlines()
    known = json.loads(run_cli(root, "show", session_id, "--json").stdout)
    return [row[14:] for row in told], known["run"]["request"]


async def test_the_plan_of_a_call_is_shown_and_no_other_one_is_approved(site: Site) -> None:
    """The CLI asks without it, and would take what is in the file of the plan by then."""
    folder, request = options_from_flags(site, "PLAN")
    assert (request.input, request.call, request.problem) == ({}, {"plan": PLAN}, "")
    rows = await granted(request)
    assert "Clear up" in " ".join(rows[: rows.index("what the CLI asks for, without the plan")])
    told, known = known_of(site, folder)
    for shown in (rows, told):
        asked = between(shown, "the plan, formatted", "shown in full")
        assert read_both(asked) == ({}, {"plan": PLAN})
    assert (known["input"], known["call"]) == ({}, {"plan": PLAN})
    path = wait(lambda: plan_file(site.transcript(read_run(folder).session_id)))
    require_approved(site, folder, path)


def test_an_edited_plan_is_not_granted(site: Site) -> None:
    folder, request = options_from_flags(site, "PLAN")
    path = folder / "requests" / f"{request.request_id}.json"
    path.write_text(path.read_text().replace("Read all", "Read nothing"))
    edited = read_run(folder).request
    assert edited is not None
    assert "can only be denied" in edited.problem
    command(folder, "answer", decision="allow")
    wait(lambda: [one for one in read_events(folder) if one["type"] == "refused"])
    command(folder, "answer", decision="deny")
    assert over(folder).state == "done"


async def test_the_plan_of_a_file_comes_with_the_request(site: Site) -> None:
    folder, request = options_from_flags(site, "WRITTEN")
    assert (request.tool, request.problem) == ("ExitPlanMode", "")
    assert request.input["plan"] == PLAN
    rows = between(await granted(request), "the plan, as written", "shown in full")
    assert read_back(rows[1:]) == request.input
    require_approved(site, folder, request.input["planFilePath"])


def test_without_a_plan_it_can_only_be_denied(site: Site) -> None:
    folder, request = options_from_flags(site, "EMPTY PLAN")
    assert (request.tool, request.input, request.call) == ("ExitPlanMode", {}, None)
    assert request.problem == "its plan is not available: it can only be denied"
    short, root = read_run(folder).session_id[:8], site.listing.parent
    assert request.problem in run_cli(root, "show", short).stdout
    done = run_cli(root, "answer", short, "allow", "--input", request.digest)
    assert (done.returncode, "plan is not available" in done.stderr) == (4, True)
    command(folder, "answer", decision="allow")
    (refused,) = wait(lambda: [one for one in read_events(folder) if one["type"] == "refused"])
    assert "only be denied" in refused["reason"]
    command(folder, "answer", decision="deny")
    assert over(folder).state == "done"


async def test_a_call_that_the_cli_changed_is_shown_beside_what_it_asks_for(site: Site) -> None:
    folder, request = options_from_flags(site, "HOME")
    assert request.call == {"file_path": "~/nowhere/w.txt", "content": "a"}
    assert request.input == {**request.call, "file_path": str(Path.home() / "nowhere/w.txt")}
    rows = between(
        await granted(request),
        "what the CLI asks for, and would run",
        "shown in full",
    )
    assert read_both(rows) == (request.input, request.call)
    command(folder, "answer", decision="deny")
    over(folder)
