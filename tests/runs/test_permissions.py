"""Permission requests: only what was seen is granted, and the clock answers for nobody's sake."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.core.errors import Refused
from tui.core.limits import REQUEST
from tui.core.models.permission_request import Requester
from tui.runs.folder.agent_events import PermissionAnswer, PermissionAsk
from tui.runs.folder.command import REQUEST_ID, Command, Decision
from tui.runs.folder.inbox import Inbox, post
from tui.runs.folder.permission_requests import REQUESTS
from tui.runs.folder.protocol import INBOX, is_taken, read_events, read_run
from tui.runs.journal.run_journal import Journal
from tui.runs.permissions import Permissions
from tui.runs.receipts import Receipts

NOW = datetime(2026, 11, 22, tzinfo=UTC)


async def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    over = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < over, "it never came to pass"
        await asyncio.sleep(0.002)


class Asking:
    """Permissions over a folder, and the requests that wait there."""

    def __init__(self, folder: Path, timeout_s: float = 60) -> None:
        self.folder = folder
        self.permissions = Permissions(Journal(folder, lambda: NOW), timeout_s)

    async def ask(
        self, tool: str, given: dict[str, Any], asker: Requester | None = None
    ) -> Waiting:
        """Ask, and wait until the request waits or was answered by what was allowed before."""
        known = len(self.told("permission"))
        task = asyncio.create_task(
            self.permissions.ask(PermissionAsk(tool, given, asker or Requester()))
        )
        await until(lambda: task.done() or len(self.told("permission")) > known)
        events = self.told("permission")[known:]
        return Waiting(self, task, events[0] if events else {})

    def told(self, kind: str) -> list[Any]:
        return [one for one in read_events(self.folder) if one["type"] == kind]


class Waiting:
    """One request: what its event tells, and the answer once it comes."""

    def __init__(
        self, asking: Asking, task: Awaitable[PermissionAnswer], event: dict[str, Any]
    ) -> None:
        self.asking, self.task, self.event = asking, task, event
        self.is_asked = bool(event)

    def say(self, decision: Decision, answers: tuple[str, ...] = (), **changes: Any) -> str | None:
        """Answer as somebody does who saw all of it; return why that was refused."""
        command = Command(
            "answer",
            at=NOW,
            by="bert",
            text="",
            request_id=self.id,
            decision=decision,
            answers=answers,
        )
        given = {"digest": self.event.get("digest", "")} | changes
        return self.asking.permissions.answer(replace(command, **given))

    @property
    def id(self) -> str:
        return str(self.event.get("request_id", "p0"))


@pytest.mark.parametrize(("tool", "times"), [("Bash", 1), ("AskUserQuestion", 2)])
async def test_always_holds_for_a_tool_and_never_for_a_question(
    tmp_path: Path, tool: str, times: int
) -> None:
    asking = Asking(tmp_path)
    for number in range(1, 3):
        one = await asking.ask(tool, {"command": "x" * 30_000})
        assert one.is_asked == (number <= times)
        one.say("always")
        assert (await one.task).decision in ("always", "allow")
    assert len(asking.told("permission")) == times


async def test_a_restricted_prompt_ends_what_was_allowed_for_always(tmp_path: Path) -> None:
    asking = Asking(tmp_path)

    async def is_asked(tool: str) -> bool:
        one = await asking.ask(tool, {"isolation": "worktree"} if tool == "Agent" else {})
        one.say("always")
        assert (await one.task).decision in ("always", "allow")
        return one.is_asked

    tools = ("Bash", "WebFetch", "Agent")
    asking.permissions.begin_turn(is_restricted=False)
    assert [await is_asked(tool) for tool in (*tools, *tools)] == [True] * 3 + [False] * 3
    asking.permissions.begin_turn(is_restricted=True)
    assert [await is_asked(tool) for tool in (*tools, *tools)] == [True, False, True] * 2
    asking.permissions.begin_turn(is_restricted=False)
    again = [True, False, True, False, False, False]
    assert [await is_asked(tool) for tool in (*tools, *tools)] == again


async def test_an_answer_reaches_the_question_as_the_agent_worded_it(tmp_path: Path) -> None:
    worded = ["Which\u200b region\ufe0f?", "x" * 60_001, "Plain?"]
    options = [{"label": "Asia\u200b"}]
    asked = [{"question": one, "options": options} for one in worded]
    one = await Asking(tmp_path).ask("AskUserQuestion", {"questions": asked})
    assert "the agent asks for 3 answers" in (one.say("allow", ("1",)) or "")
    assert one.say("allow", ("1", "asia\u200b", "mine")) is None
    expected = dict(zip(worded, ("Asia\u200b", "Asia\u200b", "mine"), strict=True))
    assert (await one.task).answers == expected


async def test_the_events_name_the_options_that_were_chosen_and_no_own_words(
    tmp_path: Path,
) -> None:
    """Such words may hold a secret, and a label of the agent's may be long or move the cursor."""
    asking = Asking(tmp_path)
    labels = ["Second", "y" * 500, "red\x1b[31m\nline"]
    asked = [
        {"question": f"{number}?", "options": [{"label": one} for one in labels]}
        for number in range(12)
    ]
    one = await asking.ask("AskUserQuestion", {"questions": asked})
    assert one.say("allow", ("1", "2", "3", "hunter2", *["1"] * 8)) is None
    await one.task
    [event] = asking.told("answered")
    assert event["answers"][:4] == ["Second", "y" * 80, "red line", "own words"]
    assert len(event["answers"]) == 10


async def test_no_answer_can_be_posted_before_its_request(tmp_path: Path) -> None:
    asked = []
    for _ in range(2):
        asking = Asking(tmp_path, 0.01)
        one = await asking.ask("Bash", {})
        assert (await one.task).decision == "deny"
        asked.append(one.id)
        assert one.say("allow") == ""
    assert all(REQUEST_ID.fullmatch(one) for one in asked)
    assert asked[0] != asked[1]


# What is granted is what was shown -----------------------------------------------------------


@pytest.mark.parametrize("decision", ["allow", "always"])
async def test_only_the_request_that_was_seen_is_granted(
    tmp_path: Path, decision: Decision
) -> None:
    """Without the check of the digest each of these runs."""
    asking = Asking(tmp_path)
    one = await asking.ask("Bash", {"command": "ls"})
    other = await asking.ask("Bash", {"command": "ls"})
    seen = str(one.event["digest"])
    wrong = ["", "0" * 64, seen[:16], seen.upper(), f"{seen} ", str(other.event["digest"])]
    for digest in wrong:
        assert "read the request again" in (one.say(decision, digest=digest) or "")
    assert asking.permissions.is_waiting
    assert one.say("deny", digest="") is None
    assert (await one.task).decision == "deny"
    assert other.say(decision) is None
    assert (await other.task).decision == decision


async def test_the_input_that_the_run_holds_counts_and_not_what_lies_in_its_folder(
    tmp_path: Path,
) -> None:
    """The file of another input is put in the place of the request's, which is shown then."""
    asking = Asking(tmp_path)
    one = await asking.ask("Bash", {"command": "rm -rf /srv"})
    path = tmp_path / REQUESTS / f"{one.id}.json"
    path.write_text(path.read_text().replace("rm -rf /srv", "ls"))
    shown = read_run(tmp_path).request
    assert shown is not None
    assert shown.input == {"command": "ls"}
    assert "can only be denied" in shown.problem
    assert one.say("allow", digest=shown.digest)
    assert one.say("allow") is None
    assert (await one.task).decision == "allow"


async def test_swapped_requests_are_granted_by_nobody(tmp_path: Path) -> None:
    asking = Asking(tmp_path)
    asked = [await asking.ask("Bash", {"command": name}) for name in ("ls", "rm")]
    paths = [tmp_path / REQUESTS / f"{one.id}.json" for one in asked]
    texts = [path.read_text() for path in paths]
    for path, text in zip(paths, reversed(texts), strict=True):
        path.write_text(text)
    shown = read_run(tmp_path).request
    assert shown is not None
    assert shown.problem
    assert asked[0].say("allow", digest=shown.digest)
    for one in asked:
        one.say("deny")
        await one.task


async def test_what_is_too_long_to_be_shown_waits_says_so_and_can_only_be_denied(
    tmp_path: Path,
) -> None:
    asking = Asking(tmp_path)
    one = await asking.ask("Write", {"content": "x" * REQUEST})
    shown = read_run(tmp_path).request
    assert shown is not None
    assert (shown.missing > 0, shown.begins[:20]) == (True, '{"content": "xxxxxxx')
    assert "can only be denied" in shown.problem
    assert "can only be denied" in (one.say("allow") or "")
    one.say("deny")
    await one.task


@pytest.mark.parametrize("given", [{"a": 10**5000}, {"a": {1, 2}}], ids=["long", "no JSON"])
async def test_what_cannot_be_written_down_can_only_be_denied(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    one = await Asking(tmp_path).ask("Write", given)
    shown = read_run(tmp_path).request
    assert shown is not None
    assert "can only be denied" in shown.problem
    assert one.say("allow")
    one.say("deny")
    assert (await one.task).decision == "deny"


async def test_a_large_input_waits_whole_and_its_file_goes_with_the_answer(tmp_path: Path) -> None:
    rows = [["x" * 30] * 40] * 1300
    asker = Requester(
        agent_id="a1",
        agent="general-purpose: try",
        title="Claude wants",
        description="d",
        reason="a hook",
        blocked_path="/etc",
        suggestions=({"a": 1},),
    )
    one = await Asking(tmp_path).ask("mcp__sheet__put", {"rows": rows}, asker)
    shown = read_run(tmp_path).request
    assert shown is not None
    assert shown.input == {"rows": rows}
    assert (shown.asker, shown.digest, shown.problem) == (asker, one.event["digest"], "")
    assert shown.until is not None
    assert timedelta(seconds=50) < shown.until - NOW <= timedelta(minutes=1)
    assert one.say("allow") is None
    await one.task
    assert list((tmp_path / REQUESTS).iterdir()) == []


async def test_many_at_once_are_shown_in_their_order(tmp_path: Path) -> None:
    asking = Asking(tmp_path)
    asked = [await asking.ask("Bash", {"command": str(number)}) for number in range(3)]
    for number, one in enumerate(asked):
        shown = read_run(tmp_path).request
        assert shown is not None
        assert (shown.input["command"], shown.waiting) == (str(number), 3 - number)
        assert one.say("allow", digest=shown.digest) is None
        await one.task
    assert read_run(tmp_path).request is None


async def test_a_request_that_is_put_off_waits_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, loop = Asking(tmp_path, 60), asyncio.get_running_loop()
    one = await asking.ask("Bash", {})
    longer = Command("wait", at=NOW, by="bert", text="3600", request_id=one.id)
    assert asking.permissions.put_off(longer) is None
    shown = read_run(tmp_path).request
    assert shown is not None
    assert shown.until is not None
    assert shown.until > NOW + timedelta(minutes=59)
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + 120)  # twice as long as it would have waited
    for _ in range(20):
        await asyncio.sleep(0)
    assert one.say("allow") is None
    assert (await one.task).decision == "allow"
    assert asking.permissions.put_off(longer) == ""


async def test_a_request_is_not_put_off_to_an_earlier_time(tmp_path: Path) -> None:
    """Whoever asked for that is told by the run, which alone has the clock it waits by."""
    (tmp_path / INBOX).mkdir()
    asking, inbox = Asking(tmp_path, 1800), Inbox(tmp_path)
    one = await asking.ask("Bash", {})
    receipts = Receipts(Journal(tmp_path, lambda: NOW), inbox, asking.permissions)
    name = post(tmp_path, Command("wait", at=NOW, by="bert", text="600", request_id=one.id))
    (command,) = inbox.take()
    assert not receipts.take(command)
    with pytest.raises(Refused, match=r"refused that: it waits (29|30) min more anyway"):
        is_taken(tmp_path, name, NOW)
    assert asking.told("put_off") == []
    one.say("deny")
    await one.task


async def test_a_request_whose_file_the_disk_did_not_take_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.runs.permissions._TRY_EACH_S", 0.01)
    (tmp_path / REQUESTS).write_text("in its place")
    asking = Asking(tmp_path)
    one = await asking.ask("Bash", {"command": "ls"})
    shown = read_run(tmp_path).request
    assert shown is not None
    assert "cannot be read" in shown.problem
    (tmp_path / REQUESTS).unlink()
    await until(lambda: (now := read_run(tmp_path).request) is not None and not now.problem)
    assert one.say("allow") is None
    assert (await one.task).decision == "allow"


def test_the_event_of_a_request_is_small(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 0.01)
    asyncio.run(asking.permissions.ask(PermissionAsk("Write", {"content": "x" * 2_000_000})))
    (event,) = asking.told("permission")
    assert len(json.dumps(event)) < 2_000
    assert event["size"] > 2_000_000


async def test_always_does_not_hold_for_what_can_only_be_denied(tmp_path: Path) -> None:
    """A plan that cannot be had, an input too long to be shown, a tool with an odd name."""
    asking = Asking(tmp_path)
    for tool, sound, odd in (
        ("ExitPlanMode", {"plan": "# Ask first"}, {"allowedPrompts": []}),
        ("Bash", {"command": "ls"}, {"command": "x" * REQUEST}),
        ("Write", {"path": "a"}, {"path": _nested(50_000)}),
    ):
        one = await asking.ask(tool, sound)
        one.say("always")
        assert (await one.task).decision == "always"
        assert (await asking.ask(tool, sound)).is_asked is False
        again = await asking.ask(tool, odd)
        assert again.is_asked
        assert "can only be denied" in (again.say("allow") or "")
        assert again.say("deny") is None
        assert (await again.task).decision == "deny"


async def test_what_its_reader_could_only_deny_the_run_never_grants(tmp_path: Path) -> None:
    """The console shows a name of a tool in one line, and of so many characters."""
    for tool in ("Bash\nRead", "Bash  x", "x" * 300):
        one = await Asking(tmp_path).ask(tool, {"command": "ls"})
        request = read_run(tmp_path).request
        assert request is not None
        assert request.problem
        assert "can only be denied" in (one.say("allow", digest=request.digest) or "")
        one.say("deny")
        assert (await one.task).decision == "deny"


def _nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value
