"""All that a pipeline can call, with arguments that fit: made from the signatures."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.listings.sample_listing import FIRST
from tui import SessionManager, SessionRun

RIGHT: dict[str, Any] = {
    "prompt": "ECHO this",
    "stage": "stage_3",
    "listing_id": "hollis_park",
    "session_id": FIRST,
    "max_age_days": 7,
    "max_bytes": 10**9,
    "name": "haiku",
}


def _api() -> dict[str, Callable[..., Any]]:
    """Return all that a pipeline can call of the manager and of a run that it holds."""
    return {"SessionManager": SessionManager.__init__} | {
        f"{made.__name__}.{name}": act
        for made in (SessionManager, SessionRun)
        for name, act in inspect.getmembers(made, inspect.isfunction)
        if not name.startswith("_")
    }


API = _api()


async def call_of_api(call: str, folder: Path, given: dict[str, Any]) -> None:
    if call == "SessionManager":
        SessionManager(**{"output_dir": folder} | given)
        return
    made, _, name = call.partition(".")
    manager = SessionManager(folder)
    own = manager if made == "SessionManager" else manager.session("ECHO this", stage="stage_3")
    act = getattr(own, name)
    found = await asyncio.to_thread(act, **given) if name == "run" else act(**given)
    if inspect.isawaitable(found):
        await found
    elif isinstance(found, SessionRun):
        async with found:
            pass
    elif inspect.isasyncgen(found):
        await anext(found)


def needed(call: str, **given: object) -> dict[str, Any]:
    known = inspect.signature(API[call]).parameters.values()
    needed = [one.name for one in known if one.default is one.empty and one.name in RIGHT]
    return {name: RIGHT[name] for name in needed} | given
