"""Copied lines cost once: what the sessions of a family have cost is what was spent on them."""

from __future__ import annotations

import errno
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import SampleListing
from tests.support.processes.cli_turn import take_turn
from tui.__main__ import main
from tui.core.limits import FAMILY_BYTES
from tui.core.models.session import Transcript
from tui.demo.api import LoopbackApi
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.monitor.history import stats
from tui.storage.index.index import Index
from tui.storage.transcripts import fork_costs
from tui.storage.transcripts.facts_cache import FactsCache
from tui.storage.transcripts.strays import StrayFinder
from tui.storage.transcripts.transcript_files import TranscriptFinder

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
EACH = 0.0845


def name(letter: str) -> str:
    return f"{letter * 8}-1111-4111-8111-111111111111"


@dataclass
class Family:
    """Sessions as the CLI writes them; `marks` says whether copies name whom they are of."""

    config_dir: Path
    marks: bool = True
    queues: bool = True
    count: int = 0
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)

    def path(self, letter: str) -> Path:
        return self.config_dir / "projects" / "-data" / f"{name(letter)}.jsonl"

    def _now(self) -> str:
        self.count += 1
        return (AT + timedelta(minutes=self.count)).isoformat().replace("+00:00", "Z")

    def turn(self, letter: str, cost: float = EACH, read: int = 1000) -> None:
        """Let a session ask and be answered once more."""
        lines, number = self.lines.setdefault(letter, []), self.count
        if self.queues:
            lines.append({"type": "queue-operation", "timestamp": self._now()})
        mine = {"sessionId": name(letter)}
        prompt = {"role": "user", "content": f"prompt {number}"}
        usage = {"input_tokens": read, "output_tokens": 7}
        answer = {"id": f"msg_{number}", "role": "assistant", "model": "m", "usage": usage}
        for kind, message in (("user", prompt), ("assistant", answer), ("assistant", answer)):
            known = {"uuid": f"{kind}-{number}-{len(lines)}", "timestamp": self._now()}
            lines.append({"type": kind, "message": {**message, "content": "x"}} | known | mine)
        self.costs[letter] = self.costs.get(letter, 0.0) + cost
        lines.append({"type": "cost-state", "totalCostUSD": self.costs[letter]} | mine)
        self.write(letter)

    def fork(self, parent: str, letter: str, *, first: int | None = None) -> None:
        """Fork a session, at its end or after its `first` turns; what that costs is restored."""
        lines = [{"type": "mode", "sessionId": name(letter)}]
        if self.queues:
            lines.append({"type": "queue-operation", "timestamp": self._now()})
        copied = [one for one in self.lines[parent] if "uuid" in one]
        for one in copied if first is None else copied[: 3 * first]:
            mark = {"requestSessionId": one.get("requestSessionId", one["sessionId"])}
            is_marked = self.marks and one["type"] == "assistant"
            lines.append(one | {"sessionId": name(letter)} | (mark if is_marked else {}))
        self.lines[letter], self.costs[letter] = lines, self.costs[parent]
        self.turn(letter)

    def write(self, letter: str) -> None:
        path = self.path(letter)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{json.dumps(line)}\n" for line in self.lines[letter]))

    def found(self, index: Index | None = None) -> dict[str, Transcript]:
        found = TranscriptFinder(FactsCache(index)).find(self.config_dir)
        return {one.session_id[0]: one for one in found}

    def own(self, index: Index | None = None) -> dict[str, float]:
        found = self.found(index).items()
        return {letter: round(one.own_cost_usd or 0.0, 6) for letter, one in sorted(found)}


@pytest.fixture(params=[(True, True), (False, True), (True, False)], ids=["marks", "old", "branch"])
def family(tmp_path: Path, request: pytest.FixtureRequest) -> Family:
    marks, queues = request.param
    return Family(tmp_path / "outputs" / "hollis_park" / ".claude_sessions", marks, queues)


def test_four_calls_with_two_forks_cost_four_calls(family: Family) -> None:
    """Added up as the CLI counts them they were $0.68."""
    family.turn("a")
    family.turn("a")
    family.fork("a", "b")
    family.fork("a", "c")
    assert sum(family.costs.values()) == pytest.approx(8 * EACH)
    assert family.own() == {"a": 2 * EACH, "b": EACH, "c": EACH}


def test_a_fork_of_a_fork_and_a_parent_that_goes_on(family: Family) -> None:
    family.turn("a")
    family.fork("a", "b")
    family.turn("a", 0.5)
    family.turn("b")
    family.fork("b", "c")
    family.turn("a")
    family.turn("c")
    own = family.own()
    assert own == pytest.approx({"a": 2 * EACH + 0.5, "b": 2 * EACH, "c": 2 * EACH})


def test_a_fork_at_an_earlier_message_has_taken_over_all_that_its_parent_had_cost(
    family: Family,
) -> None:
    family.turn("a")
    family.turn("a", 0.5)
    family.fork("a", "b", first=1)
    family.turn("a", 0.25)
    assert family.own() == pytest.approx({"a": EACH + 0.75, "b": EACH})


def test_without_the_parent_its_lines_are_paid_by_the_first_fork(family: Family) -> None:
    """What was spent on the lines that are there does not change when a parent is deleted."""
    family.turn("a")
    family.turn("a")
    family.fork("a", "b")
    family.fork("a", "c")
    assert family.own()["b"] == EACH
    family.path("a").unlink()
    own = family.own()
    assert sum(own.values()) == pytest.approx(4 * EACH)
    assert own["c"] == pytest.approx(EACH)


def test_sessions_that_only_look_alike_cost_what_they_cost(family: Family) -> None:
    """Whose ids are counted from one on, as programs do that write transcripts themselves."""
    for letter in "abc":
        family.count = 0
        family.turn(letter)
        at = (AT - timedelta(days=ord(letter))).isoformat().replace("+00:00", "Z")
        for line in family.lines[letter]:
            line["timestamp"] = at
        family.write(letter)
    assert family.own() == dict.fromkeys("abc", EACH)


def test_it_is_read_once_and_kept(
    family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cache" / "index.db"
    family.turn("a")
    family.fork("a", "b")
    index = Index(path)
    assert family.own(index) == {"a": EACH, "b": EACH}
    index.save()

    def unread(path: Path, literals: Sequence[bytes]) -> Iterator[Any]:
        raise AssertionError("it is known")

    with monkeypatch.context() as patch:
        patch.setattr("tui.storage.transcripts.fork_costs.read_lines", unread)
        family.turn("b")
        family.turn("a")
        assert family.own(Index(path)) == {"a": 2 * EACH, "b": 2 * EACH}
    family.fork("b", "c")
    assert family.own(Index(path)) == pytest.approx({"a": 2 * EACH, "b": 2 * EACH, "c": EACH})


def test_forks_that_a_pipeline_wrote_elsewhere_cost_what_they_cost(tmp_path: Path) -> None:
    family = Family(tmp_path / "home")
    family.turn("a")
    family.fork("a", "b")
    listing = tmp_path / "outputs" / "hollis_park"
    listing.mkdir(parents=True)
    finder = StrayFinder(tmp_path / "home")
    for _ in range(2):
        found = finder.find(((listing, tuple(map(name, "ab"))),))[listing]
        assert [one.own_cost_usd for one in found] == [EACH, EACH]


def test_what_lies_beside_transcripts_is_not_read_for_what_they_cost(family: Family) -> None:
    family.turn("a")
    family.fork("a", "b")
    kept = family.path("a").with_suffix("") / "tool-results" / "x.txt"
    kept.parent.mkdir(parents=True)
    kept.touch()
    os.truncate(kept, FAMILY_BYTES + 1)
    assert family.own() == {"a": EACH, "b": EACH}


@pytest.mark.parametrize("why", ["too large", "unread"])
def test_what_nobody_can_share_out_is_not_known_and_said_so(
    tmp_path: Path, why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listing = SampleListing(tmp_path / "outputs")
    family = Family(listing.folder / ".claude_sessions")
    family.turn("a")
    family.fork("a", "b")
    family.turn("z", 1.5)
    with monkeypatch.context() as patch:
        if why == "too large":
            patch.setattr(fork_costs, "FAMILY_BYTES", 100)
        else:
            patch.setattr(fork_costs, "read_lines", _denied)
        found = family.found()
        assert [found[one].own_cost_usd for one in "abz"] == [None, None, 1.5]
        assert main(["--root", str(listing.root), "stats", "--json"]) == 1
        said = capsys.readouterr()
        total = json.loads(said.out)["total"]
        assert (total["cost_usd"], total["uncosted"], total["is_whole"]) == (1.5, 2, False)
        assert "COST leaves 2 sessions out" in said.err
        assert main(["--root", str(listing.root), "stats"]) == 1
        assert "$1.50+?" in capsys.readouterr().out
        assert main(["--root", str(listing.root), "show", name("b")]) == 0
        assert "cannot tell what forks and their parents cost" in capsys.readouterr().out
    assert main(["--root", str(listing.root), "stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["cost_usd"] == 1.5 + 2 * EACH


def _denied(*_: Any) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


def hostile_usage(line: dict[str, Any]) -> None:
    line.get("message", {})["usage"] = {"input_tokens": -1, "output_tokens": "many"}


def no_ids(line: dict[str, Any]) -> None:
    line.get("message", {}).pop("id", None)
    line.pop("uuid", None)


def no_stamps(line: dict[str, Any]) -> None:
    line.pop("timestamp", None)


def odd_cost(line: dict[str, Any]) -> None:
    if "totalCostUSD" in line:
        line["totalCostUSD"] = "dear"


@pytest.mark.parametrize("spoil", [hostile_usage, no_ids, no_stamps, odd_cost])
def test_odd_lines_cost_no_look_and_no_session_more_than_it_says(
    family: Family, spoil: Callable[[dict[str, Any]], None]
) -> None:
    family.turn("a")
    family.fork("a", "b")
    for letter in "ab":
        for line in family.lines[letter]:
            spoil(line)
        family.write(letter)
    for one in family.found().values():
        assert one.own_cost_usd is None or 0 <= one.own_cost_usd <= (one.cost_usd or 0)


def test_any_family_costs_what_its_calls_cost(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 (an example, no secret)
    for number in range(25):
        family = Family(tmp_path / f"{number}" / "l" / ".claude_sessions")
        family.turn("a")
        spent, letters = EACH, ["a"]
        for letter in "bcdefgh":
            if chance.random() < 0.5:
                family.fork(chance.choice(letters), letter)
                letters.append(letter)
                spent += EACH
            for _ in range(chance.randrange(3)):
                cost = chance.random()
                family.turn(chance.choice(letters), cost, chance.randrange(1, 9999))
                spent += cost
        assert sum(family.own().values()) == pytest.approx(spent), number


def test_the_real_cli_s_forks(tmp_path: Path, api: LoopbackApi) -> None:
    listing = SampleListing(tmp_path / "outputs")
    config_dir = listing.config_dir
    config_dir.mkdir(parents=True)
    a, b, c = map(name, "abc")

    def turn(*more: str) -> None:
        assert take_turn(api, config_dir, listing.folder, "go on", *more).code == 0

    turn("--session-id", a)
    turn("--resume", a)
    turn("--resume", a, "--fork-session", "--session-id", b)
    turn("--resume", a)
    turn("--resume", b, "--fork-session", "--session-id", c)
    catalog = CatalogScanner(listing.context()).look()
    costs = {one.session_id: one.cost_usd for one in catalog.sessions}
    whole = costs[a]
    assert whole is not None
    assert costs[b] == pytest.approx(whole / 3, rel=0.05)
    assert costs[c] == pytest.approx(whole / 3, rel=0.05)
    assert catalog.sessions[0].inherited_usd == 0
    *_, account = stats(listing.context(), catalog)
    assert account.cost_usd == pytest.approx(whole * 5 / 3, rel=0.05)
