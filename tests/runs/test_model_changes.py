"""Changes of model and mode are made in the order in which operators ask for them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from tests.support.processes.runs_site import Site
from tui.core.errors import RunFailed
from tui.demo.api import LoopbackApi
from tui.runs.agent.client import AgentClient
from tui.runs.bookkeeping import Bookkeeper
from tui.runs.folder.agent_events import AgentMessage, PermissionAnswer, PermissionAsk
from tui.runs.folder.command import Command
from tui.runs.folder.protocol import RunSpec, read_events
from tui.runs.journal.run_journal import Journal
from tui.runs.model_changes import ModelChanges
from tui.runs.permission_audit import AuditedPermissions
from tui.runs.permissions import Permissions

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class SlowAgent(AgentClient):
    """An agent that takes a new model only when it is `told` to."""

    def __init__(self, spec: RunSpec, folder: Path) -> None:
        super().__init__(spec, folder, _nobody, _unheard)
        self.told = asyncio.Event()

    async def change_model(self, name: str) -> None:
        await self.told.wait()
        if name == "unknown":
            raise RunFailed("no such model")


def _unheard(_: AgentMessage) -> bool:
    return False


async def _nobody(ask: PermissionAsk) -> PermissionAnswer:
    return PermissionAnswer("deny")


async def test_an_answer_reaches_the_agent_after_the_model_asked_for_before_it(
    tmp_path: Path, api: LoopbackApi
) -> None:
    """Else the next request to the API goes to the model that the operator had replaced."""
    spec = Site(tmp_path, tmp_path / "env", api).spec("go")
    journal, agent = Journal(tmp_path, lambda: NOW), SlowAgent(spec, tmp_path)
    changes = ModelChanges(agent, journal, spec)
    books = Bookkeeper(spec, lambda: NOW, None)
    asked = AuditedPermissions(Permissions(journal, 0.01), books, changes.settle)
    for name in ("claude-opus-4-5", "unknown"):
        changes.add(Command("model", at=NOW, by="nina", text=name))
    answer = asyncio.create_task(asked.ask(PermissionAsk("Bash", {"command": "ls"})))
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert not answer.done()
    agent.told.set()
    assert (await answer).decision == "deny"
    changed = [one for one in read_events(tmp_path) if one["type"] == "changed"]
    assert [one["model"] for one in changed] == ["claude-opus-4-5"]
