"""A pipeline killed as it hears its answer: `recover` settles what its run's folder proves."""

from __future__ import annotations

import json

import pytest

from tests.e2e.pipeline.test_pipeline import pipeline
from tests.support.listings.sample_listing import run_cli
from tests.support.processes.own_pipeline import Heard, ask, console, last_run
from tests.support.processes.runs_site import Site, wait
from tui import RunFailed, SessionManager
from tui.operations.running.ending import session_of
from tui.operations.sessions.acknowledge import take_back
from tui.runs.folder.protocol import EVENTS, SPEC, read_events, read_run


def checked(site: Site) -> str:
    return run_cli(site.listing.parent, "check").stdout


async def failed(site: Site, manager: SessionManager) -> str:
    with pytest.raises(RunFailed) as error:
        await Heard(site).listen(ask(manager, "BADKEY"))
    return error.value.session_id


def killed_at_its_answer(site: Site, prompt: str, **more: str) -> None:
    """Kill a pipeline as it hears its answer, which its run's folder has by then."""
    with pipeline(site, prompt, **more) as process:
        process.communicate(timeout=120)
    wait(lambda: read_run(last_run(site)).state == "lost")
    assert [one for one in read_events(last_run(site)) if one["type"] == "result"]


async def test_a_retry_whose_pipeline_was_killed_at_its_answer_is_settled_once(
    site: Site, manager: SessionManager
) -> None:
    """Without it the failure alerts for ever, though it was answered."""
    own = await failed(site, manager)
    killed_at_its_answer(site, "ECHO this, KILLED", retry_of=own)
    assert own[:8] in checked(site)
    assert await manager.recover() == ()
    assert own[:8] not in checked(site)
    take_back(console(site), session_of(console(site), site.listing, own))
    assert await manager.recover() == ()
    assert own[:8] in checked(site)  # an operator has taken it back


@pytest.mark.parametrize("how", ["not answered", "an operator's answer", "planted", "since"])
async def test_nothing_else_is_settled(site: Site, manager: SessionManager, how: str) -> None:
    own = await failed(site, manager)
    killed_at_its_answer(site, "ECHO this, KILLED", retry_of=own)
    run = last_run(site)
    if how == "planted":
        elsewhere = site.listing.parent / "other" / "buyers.db"
        elsewhere.parent.mkdir()
        spec = json.loads((run / SPEC).read_text())
        spec |= {"db_path": str(elsewhere), "retried": [own, "../x", 5]}
        (run / SPEC).write_text(json.dumps(spec))
        await manager.recover()
        assert not (elsewhere.parent / ".session_console").exists()
        assert own[:8] not in checked(site)
        return
    if how == "since":
        spec = json.loads((run / SPEC).read_text())
        spec["retried"] = dict.fromkeys(spec["retried"], "2026-01-01T00:00:00Z")
        (run / SPEC).write_text(json.dumps(spec))
        await manager.recover()
        assert own[:8] in checked(site)
        return
    is_own = how == "not answered"
    events = [dict(one) for one in read_events(run)]
    for one in (one for one in events if one["type"] == "result"):
        one |= {"is_own": is_own, "is_answer": not is_own}
    (run / EVENTS).write_text("".join(f"{json.dumps(one)}\n" for one in events))
    await manager.recover()
    assert own[:8] in checked(site)
