"""A wait for a disk can be left, and ends whatever its work raises, so no loop stops."""

from __future__ import annotations

import ast
import asyncio
from datetime import UTC, timedelta
from pathlib import Path

import pytest

import tui.ui
from tests.support.console.fixed_engine import FixedEngine
from tui.ui.background.loops import BackgroundLoops
from tui.ui.background.pollers import CatalogPoller
from tui.ui.state.list_query import ListQuery
from tui.ui.state.view_model import renewed
from tui.ui.threads import in_background

UI = Path(tui.ui.__file__).parent
# These hold no keyboard: they look on by themselves, and nobody waits for them.
ON_THEIR_OWN = {
    *("answer_search.py", "cut_off_deeds.py", "pollers.py", "reading.py", "session_restore.py"),
    *("unread.py", "view_command.py", "word_watch.py"),
}


def test_every_wait_that_holds_the_keyboard_can_be_left() -> None:
    found = []
    for path in sorted(UI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
                name = ast.unparse(node.value.func)
                is_free = path.name in ON_THEIR_OWN
                if name.endswith("to_thread") or (name == "in_background" and not is_free):
                    found.append(f"{path.name}:{node.lineno} {name}")
            elif isinstance(node, ast.Attribute) and node.attr in ("to_thread", "run_in_executor"):
                found.append(f"{path.name}:{node.lineno} {node.attr}")
    assert not found, "by way of `ActionContext.do` or `learn`, or `PromptBar.wait_for`"


ODD = [StopIteration("odd"), asyncio.CancelledError("odd"), GeneratorExit("odd")]


@pytest.mark.parametrize("error", ODD, ids=lambda one: type(one).__name__)
async def test_whatever_the_work_raises_ends_the_wait(error: BaseException) -> None:
    """Otherwise the wait would never end, or would look like a cancellation."""

    def work() -> None:
        raise error

    with pytest.raises(RuntimeError, match=f"{type(error).__name__}: odd"):
        async with asyncio.timeout(60):
            await in_background(work)


async def test_a_loop_that_is_cancelled_from_within_begins_again() -> None:
    """Such a loop used to end silently, and what it showed was never updated."""
    loops, begun = BackgroundLoops(FixedEngine(), lambda: None), asyncio.Queue[str]()
    loops.again_s = 0.01

    async def loop() -> None:
        begun.put_nowait(loops.trouble)
        raise asyncio.CancelledError

    kept = asyncio.create_task(loops.keep("looking", loop))
    async with asyncio.timeout(60):
        assert not await begun.get()
        assert "looking failed" in await begun.get()
        kept.cancel()
        with pytest.raises(asyncio.CancelledError):
            await kept


@pytest.mark.parametrize("turns", range(5))
async def test_a_loop_that_is_woken_while_the_console_leaves_ends_all_the_same(turns: int) -> None:
    """`asyncio.wait_for` loses a cancellation that comes with the result, on Python 3.11."""
    shown: asyncio.Queue[object] = asyncio.Queue()
    engine = FixedEngine()
    order = ListQuery(timedelta(days=1))
    looking = CatalogPoller(
        engine,
        lambda catalog: renewed(None, catalog, order, engine.now(), UTC),
        shown.put_nowait,
        lambda why: None,
    )
    task = asyncio.create_task(looking.run())
    await shown.get()
    await asyncio.sleep(0)
    looking.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    ended, _ = await asyncio.wait({task}, timeout=60)
    task.cancel()
    assert ended
