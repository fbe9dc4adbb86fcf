"""A message whose uuid its session has: the CLI would drop it, and its turn never begin."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import pytest

from tests.support.processes.own_pipeline import Heard, ask
from tests.support.processes.runs_site import Site
from tui import RunFailed, SessionManager


def user(words: str, own: str) -> dict[str, Any]:
    return {"type": "user", "uuid": own, "message": {"role": "user", "content": words}}


def said(site: Site, session_id: str) -> list[tuple[str, str]]:
    """Return who said what, by the ids in its transcript."""
    lines = (json.loads(one) for one in site.transcript(session_id).splitlines())
    return [(one["uuid"], one["type"]) for one in lines if one["type"] in ("user", "assistant")]


async def test_what_is_asked_again_in_the_same_words_is_answered(
    site: Site, manager: SessionManager
) -> None:
    asked, seen = user("BADKEY", str(uuid.uuid4())), list[str]()
    for resume in (None, "again"):
        with pytest.raises(RunFailed, match="Invalid API key") as failed:
            async with asyncio.timeout(60):
                await Heard(site).listen(ask(manager, asked, resume=resume and seen[0]))
        seen.append(failed.value.session_id)
    assert seen[0] == seen[1]
    assert [one for one, _ in said(site, seen[0])].count(asked["uuid"]) == 1


async def test_each_message_is_a_turn_and_an_id_of_its_own_is_kept(
    site: Site, manager: SessionManager
) -> None:
    first, other = str(uuid.uuid4()), str(uuid.uuid4())
    async with manager.session(user("ECHO 0", first), stage="stage_3") as run, asyncio.timeout(60):
        assert await run.answer() == "You said: ECHO 0"
        await run.send(user("ECHO 1", first))
        assert await run.answer() == "You said: ECHO 1"
    ids = dict(said(site, run.session_id))
    assert ids[first] == "user"
    (answer, *_) = (one for one, who in ids.items() if who == "assistant")
    async with (
        asyncio.timeout(60),
        manager.session(user("ECHO 2", answer), stage="stage_3", resume=run.session_id) as again,
    ):
        assert await again.answer() == "You said: ECHO 2"
        await again.send(user("ECHO 3", other))
        assert await again.answer() == "You said: ECHO 3"
    assert dict(said(site, run.session_id))[other] == "user"
