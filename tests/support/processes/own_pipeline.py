"""A pipeline in the test's own process: what it hears, and the operator beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from claude_agent_sdk import Message

from tests.support.processes.runs_site import Site
from tui import SessionManager
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.runs.folder.protocol import run_folders
from tui.settings import Settings


@dataclass
class Heard:
    """What a query said so far, in a task of its own."""

    site: Site
    messages: list[Message] = field(default_factory=list)
    session_id: str = ""

    async def listen(self, query: AsyncIterator[Message]) -> None:
        async for message in query:
            self.messages.append(message)
            self.session_id = self.session_id or began(message)

    @property
    def texts(self) -> str:
        return repr(self.messages)

    def session(self) -> Session:
        return find_session(CatalogScanner(console(self.site)).look(), self.session_id)


def console(site: Site) -> Context:
    return Context(Settings(root=site.listing.parent, operator="bert"), lambda: datetime.now(UTC))


def began(message: Message) -> str:
    """Return the session that a message says has begun, as the guide's pipeline reads it."""
    if hasattr(message, "subtype") and message.subtype == "init" and hasattr(message, "data"):
        return str(message.data.get("session_id"))
    return ""


async def soon(is_so: Callable[[], Any], seconds: float = 60.0) -> Any:
    until = time.monotonic() + seconds
    while not (value := is_so()):
        if time.monotonic() >= until:
            raise AssertionError("it never came to pass")
        await asyncio.sleep(0.03)
    return value


async def listening(site: Site, query: AsyncIterator[Message]) -> tuple[Heard, asyncio.Task[None]]:
    """Listen to a query in a task, and return once its session is tracked."""
    heard = Heard(site)
    task = asyncio.create_task(heard.listen(query))
    await soon(lambda: site.row(heard.session_id) if heard.session_id else None)
    return heard, task


def last_run(site: Site) -> Path:
    return run_folders(site.listing)[-1]


def ask(manager: SessionManager, prompt: Any, **more: Any) -> AsyncIterator[Message]:
    return manager.query(prompt, stage="stage_3", listing_id="hollis_park", **more)
