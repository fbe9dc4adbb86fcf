"""What hosts ask of each other comes back as it was, and nothing else is understood."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.models.annotation import Note
from tui.fleet import bus
from tui.fleet.bus import BadCommand, Command, Outcome, RunRequest

DIGEST = "ab" * 32
COMMANDS: tuple[Command, ...] = (
    bus.Send(run_id="2026-1", prompt='Go on: "pumps"\n\0\ud800 é'),
    bus.Answer(run_id="2026-1", request_id="r1", decision="allow", digest=DIGEST),
    bus.Answer(run_id="2026-1", request_id="r1", decision="deny", reason="no"),
    bus.Answer(
        run_id="2026-1",
        request_id="r1",
        decision="allow",
        digest=DIGEST,
        answers=("1", "own words"),
    ),
    bus.PutOff(run_id="2026-1", request_id="r1", duration="30m"),
    bus.Interrupt(run_id=""),
    bus.Interrupt(run_id="2026-1", is_sure=True),
    bus.Stop(run_id="2026-1"),
    bus.SetModel(run_id="2026-1", name="opus"),
    bus.SetMode(run_id="2026-1", name="plan"),
    bus.Extend(until="+7d", was=datetime(2026, 12, 1, 10, 0, 0, 123456, UTC)),
    bus.Extend(until="+7d", was=None),
    bus.Delete(row=DIGEST, active_at=datetime(2026, 12, 1, tzinfo=UTC)),
    bus.Restore(trash_id="20261201T101010-9f2c"),
    bus.Undo(act_id="0123456789abcdef"),
    bus.Acknowledge(until="4h"),
    bus.Rename(title="Pumps", was=""),
    bus.SetTags(added=("a", "b"), removed=("c",)),
    bus.SetNote(content="", was=None),
    bus.SetNote(
        content="hm", was=Note(content="é", by="ben", at=datetime(2026, 12, 1, tzinfo=UTC))
    ),
    bus.CleanUp(sessions=("9f2c",), older_than_s=86400),
    bus.Release(host="b"),
)
RUN = RunRequest(
    mode="resume",
    prompt="Go on",
    model="opus",
    tools=("Read", "Bash(git:*)"),
    max_turns=5,
    max_budget_usd=1.5,
    is_restricted=True,
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: type(one).__name__)
def test_a_command_comes_back_as_it_was(command: Command) -> None:
    for is_restricted in (False, True):
        sent = bus.encode(command, is_restricted=is_restricted)
        sent.payload.encode()
        assert bus.decode(sent.kind, sent.payload) == (command, is_restricted)
        assert sent.request_id == ("r1" if isinstance(command, bus.Answer) else "")


def test_a_run_comes_back_as_it_was() -> None:
    assert bus.decode_run(bus.encode_run(RUN)) == RUN
    assert bus.decode_run('{"mode": "fork", "at": "u1"}') == RunRequest(mode="fork", at="u1")


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        ("shell", "{}", "no command"),
        ("restricted/shell", "{}", "no command"),
        ("restricted/restricted/stop", "{}", "no command"),
        ("send", "{}", "lacks a field"),
        ("send", '{"prompt": "x"}', "lacks a field"),
        ("stop", "{}", "lacks a field"),
        ("extend", '{"until": "+7d"}', "lacks a field"),
        ("extend", '{"until": "+7d", "was": "today"}', "was is not"),
        ("send", "[]", "not an object"),
        ("send", "{", "not understood"),
        ("send", "[" * 100_000, "not understood"),
        ("send", '{"run_id": "1", "prompt": "x", "cwd": "/etc"}', "no field 'cwd'"),
        ("send", '{"prompt": 7}', "prompt is not"),
        ("send", json.dumps({"prompt": "x" * 1_000_001}), "prompt is too long"),
        ("send", json.dumps({"prompt": "x" * 2_000_001}), "it is too long"),
        ("interrupt", '{"is_sure": 1}', "is_sure is not"),
        ("interrupt", '{"is_sure": "yes"}', "is_sure is not"),
        ("answer", '{"request_id": "r", "decision": "bypass"}', "decision is not"),
        ("answer", '{"request_id": "r", "decision": "deny", "answers": [1]}', "answers is not"),
        ("tag", json.dumps({"added": ["x"] * 51}), "added is too long"),
        ("clean_up", '{"sessions": [], "older_than_s": 1e400}', "older_than_s is not"),
        ("clean_up", '{"sessions": [], "max_bytes": 99999999999999999999}', "max_bytes is not"),
        ("clean_up", '{"sessions": [], "max_bytes": true}', "max_bytes is not"),
        ("clean_up", '{"sessions": [], "older_than_s": 100000000000}', "older_than_s is no sound"),
        ("clean_up", '{"sessions": [], "older_than_s": -1}', "older_than_s is no sound"),
        ("clean_up", '{"sessions": [], "max_bytes": 10000000000000000}', "max_bytes is no sound"),
    ],
)
def test_what_is_no_command_is_refused(kind: str, payload: str, said: str) -> None:
    with pytest.raises(BadCommand, match=said) as caught:
        bus.decode(kind, payload)
    assert len(str(caught.value)) <= 300


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"mode": "restart"}',
        '{"mode": "new", "cwd": "/"}',
        '{"mode": "new", "max_budget_usd": NaN}',
        '{"mode": "new", "max_budget_usd": "1"}',
        '{"mode": "new", "settings": {}}',
        '{"mode": "new", "tools": "Bash"}',
        '{"mode": "new", "days": 999999999}',
        '{"mode": "new", "days": -1}',
    ],
)
def test_what_is_no_run_is_refused(text: str) -> None:
    with pytest.raises(BadCommand):
        bus.decode_run(text)


def test_what_is_too_long_is_not_posted() -> None:
    with pytest.raises(BadCommand):
        bus.encode(bus.Rename(title="x" * 1_001, was=""))
    with pytest.raises(BadCommand):
        bus.encode_run(RunRequest(mode="resume", prompt="x" * 1_000_001))


def test_an_outcome_is_what_was_done_or_the_error() -> None:
    done = Outcome(words="stopped", is_done=True, act_id="0123")
    assert bus.require_done(bus.decode_outcome(bus.encode_outcome(done))) == done
    error = Refused("it is not running", Reason.NOT_RUNNING, remedy="resume 9f2c")
    outcome = bus.decode_outcome(bus.encode_outcome(bus.outcome_of(error)))
    with pytest.raises(ConsoleError) as caught:
        bus.require_done(outcome)
    assert (str(caught.value), caught.value.reason) == (str(error), Reason.NOT_RUNNING)
    odd = bus.decode_outcome('{"words": "\\u001b[31mred", "later": 1}')
    assert odd.words == "red"
