"""News appears in the message line, and never over a question."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_catalog import NOW, cut_off_run, unsent_run
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.lone_pane import alone
from tests.support.console.many_sessions import catalog_of
from tui.core.explanation import Explanation
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Liveness, Session
from tui.core.models.verdict import Verdict
from tui.operations.running.resume import RunPlan
from tui.ui.state.notifications import Notifications
from tui.ui.widgets.pane import PaneSettings
from tui.ui.widgets.prompt import PromptBar


async def act(at: Console, operator: str) -> None:
    """Let somebody rename a session, and the console look again."""
    event = AuditEvent(at=NOW, operator=operator, action="rename")
    one = next(one for one in at.engine.catalog.sessions if one.title == "Tier-1 suppliers")
    await at.look(with_session(at.engine.catalog, one.key, last_event=event))


def row(at: Console) -> str:
    """Return the painted row of the selection."""
    return next(row for row in at.rows("sessions") if row.startswith(">"))


async def test_the_doctor_s_verdict_is_the_first_message() -> None:
    async with console(FixedEngine(diagnosis=Verdict("1 note"))) as at:
        await at.until(lambda: at.message == "doctor: all clear (1 note)")


async def test_the_verdict_is_one_line_that_any_key_takes_away() -> None:
    found = Verdict("3 errors", ("2 are swept", "many more " * 9), is_clear=False)
    async with console(FixedEngine(diagnosis=found)) as at:
        await at.until(lambda: at.message == "3 errors, worst: 2 are swept; :doctor explains")
        assert "? help" in at.rows("bottom")[1]
        await at.press("j")
        assert at.message == ""
        at.say("something else")
        await at.press("j")
        assert at.message == "something else"


async def test_what_must_be_said_first_is_and_the_verdict_after_it() -> None:
    async with console(FixedEngine(diagnosis=Verdict("1 note"))) as at:
        await at.until(lambda: at.message == "doctor: all clear (1 note)")
        at.tell_first("it did nothing: d")
        assert at.message == "it did nothing: d"
        for _ in range(3):
            at.tick()
        assert at.message == "doctor: all clear (1 note)"


async def test_another_s_change_is_named_and_mine_is_not() -> None:
    async with console() as at:
        await act(at, "anna")
        await at.pause(0.2)
        assert at.message == ""
        await act(at, "bert")
        await at.until(lambda: at.message.startswith("bert renamed "))


async def test_what_was_just_said_stands_two_seconds_before_news_takes_its_place() -> None:
    async with console() as at:
        at.tick()
        at.say("9f2c0000 changed in the meantime", "bad")
        at.tell("bert extended 9f2c")
        assert at.message == "9f2c0000 changed in the meantime"
        at.tick()
        at.tick()
        assert at.message == "9f2c0000 changed in the meantime"
        at.tick()
        assert at.message == "bert extended 9f2c"


async def test_an_open_question_is_never_overwritten() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("d")
        await at.asked()
        asks = at.message
        await act(at, "bert")
        at.tick(seconds=0)
        assert at.message == asks
        await at.press("n")
        await at.answered()
        for _ in range(4):
            at.tick(seconds=0)
        assert at.message.startswith("bert renamed ")


@pytest.mark.parametrize("trouble", ["", "notify_command: it ended with 3"])
async def test_the_notify_command_runs_and_its_failure_is_told_once(
    trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.ui.background.pollers.NOTIFY_EACH", 0.05)
    engine = FixedEngine(notifies=True, trouble=trouble)
    async with console(engine) as at:
        await at.until(lambda: ("notify",) in engine.asked)
        await at.until(lambda: at.message == trouble)
        at.say("")
        engine.asked.clear()
        await at.until(lambda: len(engine.asked) > 2)
        for _ in range(4):
            at.tick()
        assert at.message == ""


async def test_of_what_is_told_once_only_the_last_is_remembered() -> None:
    """Fails if a console that runs for weeks keeps each message of a command that names a time."""
    bar = PromptBar(PaneSettings(id="question"))
    async with alone(bar):
        news = Notifications(FixedEngine(), bar)
        for text in ("0", "0", *map(str, range(1, 100)), "99", "0"):
            news.tell_once(text)
            bar.say("")
            news.tick()
        said = [one.text for one in news.log.all if one.text]
        assert said == [*map(str, range(100)), "0"][-len(said) :]


async def test_what_is_written_after_a_look_carries_a_dot_until_it_is_looked_at() -> None:
    async with console() as at:
        one = await at.choose("PE platforms, DACH")
        assert "•" in row(at)
        for _ in range(2):
            at.tick()
        assert "•" not in row(at)
    assert at.engine.looks is not None
    assert list(at.engine.looks.at) == [one.key]


async def test_what_is_only_passed_or_covered_is_not_looked_at() -> None:
    async with console() as at:
        await at.choose("PE platforms, DACH")
        at.tick(seconds=0.4)
        at.tick(seconds=0)  # twice in one moment is no longer than once
        await at.choose("Tier-1 suppliers")
        at.tick()
        await at.choose("PE platforms, DACH")
        await at.press("question_mark")
        for _ in range(3):
            at.tick()
        await at.press("escape")
        assert "•" in row(at)


async def test_failures_of_one_cause_are_opened_marked_and_closed() -> None:
    async with console() as at:
        await at.press("j", "j")
        group = at.view.group
        assert group is not None
        assert "\u00d74 since" in row(at)
        await at.press("enter")
        assert at.view.marks == {one.key for one in group.sessions}
        assert {one.key for one in group.sessions} <= set(at.listed)
        await at.press("e", *"30", "enter")
        await at.answered()
        assert at.message == "4 extended"
        assert at.listed[at.view.row] == group.key
        await at.press("enter")
        assert at.view.marks == frozenset()
        await at.press("d")
        await at.asked()
        assert "delete 4 sessions" in at.message
        await at.press("n")
        await at.answered()


@pytest.mark.parametrize("keys", [("escape",), ("space",), ("asterisk",), ("k", "enter")])
async def test_what_was_said_of_marks_goes_with_them(keys: tuple[str, ...]) -> None:
    async with console() as at:
        await at.press("j", "j", "enter")
        assert "4 marked" in at.message
        await at.press("j", *keys)
        assert at.message == ""


async def test_few_are_not_said_to_be_queued() -> None:
    async with console() as at:
        await at.press("j", "j", "enter", "r")
        await at.asked()
        assert at.message.startswith("resume 4 sessions ")
        assert "queued" not in at.message


async def test_many_are_resumed_with_one_prompt_and_one_question() -> None:
    async with console() as at:
        await at.press("slash", *"stage:1 !live", "enter", "asterisk")
        await at.answered()
        count = len(at.view.marks)
        assert count > 4
        await at.press("r")
        await at.asked()
        assert f"resume {count - 1} sessions in " in at.message
        assert at.message.endswith(" (1 cannot be: left out), 4 at once, the rest queued")
        await at.press(*"go on", "enter")
        await at.answered()
        assert [asked[-1] for asked in at.engine.asked] == ["go on"] * (count - 1)
        queued = count - 1 - at.engine.max_runs
        started = f"{at.engine.max_runs} started, {queued} queued"
        (left,) = at.view.marks
        why = "there is no transcript to resume: only the row is left"
        told = f"{count - 1} asked: {started}; 1 not, left marked: {left[1][:8]}: {why}"
        assert at.message == told
        await at.press("j")
        assert at.message == told


async def test_the_question_of_many_says_how_many_a_resume_lacks_something_for() -> None:
    lacks = Explanation("without its hooks: only its pipeline has that")
    async with console(LackingEngine(lacking=lacks, catalog=catalog_of(5)), (120, 36)) as at:
        await at.press("space", "space", "space", "r")
        await at.asked()
        assert f"2 of 3 {lacks.words}" in at.text("bottom")


class LackingEngine(FixedEngine):
    """Warns of all sessions but the first that it is asked about."""

    def __init__(self, *, lacking: Explanation, **more: Any) -> None:
        super().__init__(**more)
        self.lacking, self.planned = lacking, 0

    def plan_resume(self, session: Session, *, is_fork: bool = False, at: str = "") -> RunPlan:
        self.planned += 1
        warns = (self.lacking,) if self.planned > 1 else ()
        return replace(super().plan_resume(session, is_fork=is_fork, at=at), notes=warns)


async def test_a_failure_inside_a_group_is_opened_when_one_goes_to_it() -> None:
    engine = FixedEngine(moment=NOW - timedelta(seconds=1))
    async with console(engine) as at:
        listing = at.engine.catalog.listing("larkfield_valves")
        assert listing is not None
        inside = listing.sessions[0]
        assert inside.key not in at.listed
        await at.enter(f"tail {inside.session_id}")
        await at.answered()
        assert inside.key in at.listed
        assert at.session.key == inside.key


def without_needs(at: Console) -> Session:
    return next(one for one in at.engine.catalog.sessions if one.title == "Roll-ups since 2022")


async def test_a_session_that_has_just_expired_is_told_and_counts() -> None:
    async with console(size=(120, 36)) as at:
        one = without_needs(at)
        ends = at.engine.now() + timedelta(minutes=1)
        await at.look(with_session(at.engine.catalog, one.key, expires_at=ends))
        assert at.message == ""
        at.tick(minutes=2)
        told = f"{one.session_id[:8]} of {one.listing} expired: e keeps, c cleans up"
        await at.until(lambda: at.message.startswith(told))
        assert "2 expired" in at.top


async def test_a_turn_that_was_left_is_told_once() -> None:
    async with console(size=(120, 36)) as at:
        one = without_needs(at)
        assert one.transcript
        run, file = cut_off_run(NOW), replace(one.transcript, modified_at=NOW)
        left = with_session(at.engine.catalog, one.key, run=run, transcript=file)
        await at.look(left)
        told = f"{one.session_id[:8]} of {one.listing} left in the middle of a turn: r resumes"
        await at.until(lambda: at.message.startswith(told))
        assert "1 cut-off" in at.top
        at.say("")
        await at.look(with_session(left, one.key, bytes=1))
        await at.pause(0.2)
        assert at.message == ""


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (
            {"liveness": Liveness.ORPHAN},
            "left without a runner: :stop ends the CLI",
        ),
        ({"run": unsent_run(NOW)}, "ended with a prompt never sent: r resumes"),
    ],
)
async def test_a_run_that_is_lost_or_left_something_is_told(
    facts: dict[str, Any], told: str, count: int
) -> None:
    async with console(FixedEngine(catalog=catalog_of(5)), size=(120, 36)) as at:
        catalog, chosen = at.engine.catalog, at.engine.catalog.sessions[:count]
        for one in chosen:
            assert one.transcript
            file = replace(one.transcript, modified_at=NOW)
            catalog = with_session(catalog, one.key, transcript=file, **facts)
        await at.look(catalog)
        whose = f"{chosen[0].session_id[:8]} of {chosen[0].listing}"
        whose = "2 sessions" if count == 2 else whose
        await at.until(lambda: at.message.startswith(f"{whose} {told}"))


async def test_what_is_over_before_anybody_read_it_is_taken_away() -> None:
    async with console(FixedEngine(catalog=catalog_of(5)), size=(120, 36)) as at:
        one = at.engine.catalog.sessions[0]
        await at.look(with_session(at.engine.catalog, one.key, liveness=Liveness.ORPHAN))
        await at.until(lambda: "left without a runner" in at.message)
        await at.look(with_session(at.engine.catalog, one.key, liveness=Liveness.NONE))
        await at.until(lambda: at.message == "")
