"""A deed on many that ended with its console is told at the next start, and what is left marked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.console.saved_view import SavedView
from tui.core.models.session import Key
from tui.operations.running.resume import RunPlan


@dataclass(kw_only=True)
class Stalling(FixedEngine):
    """Its third act on a session waits until `ends` is set; `tried` has those before."""

    tried: list[Key] = field(default_factory=list)
    stalls: threading.Event = field(default_factory=threading.Event)
    ends: threading.Event = field(default_factory=threading.Event)

    def start(self, plan: RunPlan, prompt: str) -> str:
        self._try((plan.target.folder.name, plan.target.session_id))
        return super().start(plan, prompt)

    def _try(self, key: Key) -> None:
        if len(self.tried) == 2:
            self.stalls.set()
            assert self.ends.wait(60)
        self.tried.append(key)


def left_by_a_kill(before: Path, after: Path) -> Path:
    """Return the state folder as a console that is killed now leaves it."""
    after.mkdir()
    for one in before.glob("deed-*"):
        (after / one.name).write_bytes(one.read_bytes())
    return after


async def cut_off(tmp_path: Path, *keys: str) -> tuple[Path, SavedView, Stalling]:
    """Press keys for a deed on the four of a group, and leave what a kill in the third leaves."""
    engine = Stalling(state_dir=tmp_path / "before")
    async with console(engine) as at:
        await at.press("j", "j", "enter", "asterisk", *keys)
        await at.until(engine.stalls.is_set)
        state, view = (
            left_by_a_kill(tmp_path / "before", tmp_path / "after"),
            SavedView(marks=at.view.marks),
        )
        engine.ends.set()
        await at.answered()
    assert list((tmp_path / "before").glob("deed-*")) == []
    return state, view, engine


async def test_a_resume_that_was_cut_off_marks_only_what_it_did_not_reach(tmp_path: Path) -> None:
    state, view, before = await cut_off(tmp_path, "r", *"go on", "enter")
    assert len(before.tried) > 3
    assert set(before.tried) <= view.marks
    left = view.marks - set(before.tried[:3])
    others = len(before.tried) - 3
    engine = FixedEngine(state_dir=state, view=view)
    async with console(engine) as at:
        await at.until(lambda: at.view.marks == left)
        which = f"the other {others} are" if others > 1 else "the other one is"
        told = f"cut off: 2 of {len(before.tried)} resumed, {which} marked"
        await at.until(lambda: told in at.message)
        assert f"{before.tried[2][1][:8]} may be" in at.message
        assert engine.view.marks == left
    saved = SavedView(marks=engine.view.marks)
    async with console(FixedEngine(state_dir=state, view=saved)) as at:
        await at.until(lambda: "marked" in at.message)
        assert "cut off" not in at.message
        assert at.view.marks == left


async def test_what_a_cut_off_deletion_left_is_what_is_still_there(tmp_path: Path) -> None:
    engine = FixedEngine(state_dir=tmp_path)
    there = [one.key for one in engine.catalog.sessions][:2]
    with engine.recorded("deleted", [*there, ("hollis_park", "gone")]):
        state = left_by_a_kill(tmp_path, tmp_path / "after")
    async with console(FixedEngine(state_dir=state, view=SavedView(marks=frozenset(there)))) as at:
        await at.until(lambda: "cut off: 1 of 3 deleted, the other 2 are marked" in at.message)
        assert at.view.marks == set(there)
