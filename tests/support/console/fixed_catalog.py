"""A catalog, a stream and a clock that never change, with a session in every state."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tui.core.errors import Reason
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.row import Row, Status
from tui.core.models.run import Run, SentCommand
from tui.core.models.session import Acknowledgement, Liveness, Session, State, Transcript
from tui.core.sessions.attention import Need, mark_of

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ROOT = Path("data/outputs")
LISTINGS = (
    "alder_precision", "beacon_packaging", "cranbury_and_dunwell", "dunmore_dental",
    "eastgate_logistics", "fernhill_foods", "granite_tooling", "hollis_park", "ivybridge_labels",
    "juniper_hvac", "kestrel_coatings", "larkfield_valves",
)  # fmt: skip
_TITLES = (
    "PE platforms with pump holdings, DACH", "Adjacent buyers: flow control", "Long list, pass two",
    "Family offices, Benelux", "Trade buyers, Nordics", "Owner contacts, second round",
    "Screen 240 candidates by revenue", "Funds with a 2024 vintage", "Check the short list",
    "Buyers of the last 30 deals", "Holding structures and subsidiaries", "Draft the teaser",
)  # fmt: skip
_KIB, _MIB = 1024, 1024 * 1024


def session_id(name: str) -> str:
    """Return the same UUID for the same name."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def session(listing: str, stage: str, title: str, **more: Any) -> Session:
    """Return an idle session, two days old, that ends in nine; `more` overrides."""
    identity = session_id(f"{listing}/{stage}/{title}")
    values: dict[str, Any] = {
        "created_at": NOW - timedelta(days=2),
        "expires_at": NOW + timedelta(days=9, hours=3),
        "last_activity_at": NOW - timedelta(hours=5),
        "bytes": 880 * _KIB,
        "cost_usd": 0.84,
        "model": "claude-sonnet-4-5",
        "folder": ROOT / listing,
    }
    values |= more
    status = values.pop("status", Status.ACTIVE)
    liveness = values.pop("liveness", Liveness.NONE)
    state = values.pop("state", State.OK)
    if state is not State.GHOST:
        path = ROOT / listing / f".claude_sessions/projects/-work/{identity}.jsonl"
        values["transcript"] = Transcript(
            identity,
            place=path,
            bytes=values["bytes"],
            modified_at=values["last_activity_at"] or NOW,
        )
    if state is not State.UNTRACKED:
        values.setdefault("row", _row(identity, listing, stage, str(status), values))
    return Session(
        identity,
        listing,
        stage=stage,
        status=status,
        liveness=liveness,
        state=state,
        title=title,
        **values,
    )


def _row(identity: str, listing: str, stage: str, status: str, values: Mapping[str, Any]) -> Row:
    created, expires = (
        moment.replace(tzinfo=None).isoformat() if moment else ""
        for moment in (values["created_at"], values["expires_at"])
    )
    return Row(identity, listing, stage, created, expires, status)


def run_of(one: Session, state: str, request: PermissionRequest | None = None, **more: Any) -> Run:
    """Return a run of a session that anna started three minutes ago; `more` adds to it."""
    started = NOW - timedelta(minutes=3)
    run = Run(
        run_id="20261120T142700Z-1f9c",
        session_id=one.session_id,
        listing=one.listing,
        folder=ROOT / one.listing / ".session_console/runs/20261120T142700Z-1f9c",
        state=state,
        operator="anna",
        started_at=started,
        beat_at=NOW,
        request=request,
    )
    return replace(run, **more)


def _running(one: Session, state: str, request: PermissionRequest | None = None) -> Session:
    return replace(one, run=run_of(one, state, request))


def _cranbury() -> tuple[Session, ...]:
    name = "cranbury_and_dunwell"
    request = PermissionRequest(
        request_id="req-1",
        tool="Bash",
        input={"command": "sort -u candidates.csv > shortlist.csv"},
        at=NOW - timedelta(minutes=4),
        digest="5e1f" * 16,
        until=NOW + timedelta(minutes=26),
    )
    waiting = session(
        name,
        "stage_3",
        "Strategic buyers, pumps",
        liveness=Liveness.WAITING,
        expires_at=NOW + timedelta(minutes=42),
        last_activity_at=NOW - timedelta(minutes=4),
        bytes=int(2.1 * _MIB),
        cost_usd=3.1,
    )
    return (
        _running(waiting, "waiting", request),
        session(name, "stage_1", "Longlist 2026", bytes=412 * _KIB),
        session(name, "stage_4", "Outreach drafts, wave 1", cost_usd=12.4, bytes=31 * _MIB),
    )


def _hollis() -> tuple[Session, ...]:
    busy = session(
        "hollis_park",
        "stage_2",
        "PE platforms, DACH",
        liveness=Liveness.BUSY,
        expires_at=NOW + timedelta(days=12),
        sweep_at=NOW + timedelta(hours=3, minutes=10),
        last_activity_at=NOW - timedelta(seconds=2),
        cost_usd=1.2,
    )
    quiet = session(
        "hollis_park",
        "stage_3",
        "Family offices, Benelux",
        liveness=Liveness.BUSY,
        last_activity_at=NOW - timedelta(minutes=14),
        bytes=6 * _MIB,
    )
    return (_running(busy, "busy"), quiet)


def _troubled() -> dict[str, tuple[Session, ...]]:
    hour = timedelta(hours=1)
    return {
        "alder_precision": (
            session(
                "alder_precision",
                "stage_2",
                "Machining buyers, Poland",
                status=Status.FAILED,
                reason="401 invalid key",
                last_activity_at=NOW - 3 * hour,
            ),
            _acknowledged("alder_precision", "Castings, second pass"),
            session("alder_precision", "stage_3", "Tier-1 suppliers", liveness=Liveness.IDLE),
        ),
        "beacon_packaging": (
            session(
                "beacon_packaging",
                "stage_5",
                "Final list for the partner call",
                expires_at=NOW + timedelta(minutes=52),
            ),
            session(
                "beacon_packaging",
                "stage_1",
                "First screen",
                expires_at=NOW - 3 * hour,
                bytes=3 * _MIB,
            ),
        ),
    }


def _acknowledged(listing: str, title: str) -> Session:
    one = session(
        listing,
        "stage_4",
        title,
        status=Status.FAILED,
        reason="the turn ended after 900 s: no answer from the API",
        last_activity_at=NOW - timedelta(hours=9),
    )
    return replace(
        one, ack=Acknowledgement("bert", NOW - timedelta(hours=1), mark_of(one, Need.FAILED))
    )


def cut_off_run(at: datetime) -> Run:
    """Return a run that was killed then, in the middle of a turn."""
    return Run(
        run_id="20261120T120000Z-00000a1b2c3",
        session_id="1",
        listing="hollis_park",
        folder=ROOT / "hollis_park" / ".session_console" / "runs" / "20261120T120000Z-00000a1b2c3",
        state="lost",
        operator="anna",
        started_at=at - timedelta(minutes=5),
        beat_at=at,
        error="its runner died without recording how the turn ended",
        is_turn_open=True,
    )


def unsent_run(at: datetime) -> Run:
    """Return a run that was stopped then, before bert's prompt to it began a turn."""
    sent = SentCommand(kind="prompt", by="bert", at=at - timedelta(minutes=1), text="And in Asia")
    run = replace(cut_off_run(at), state="done", ended_at=at, error="", is_turn_open=False)
    return replace(run, sent=(sent,))


def failures(count: int, reason: str = "429 rate limit, request req_{} refused") -> Listing:
    """Return a listing in which everything failed, one after the other, for one reason."""
    sessions = tuple(
        session(
            "larkfield_valves",
            f"stage_{1 + number % 5}",
            f"{_TITLES[number % len(_TITLES)]} {number}",
            status=Status.FAILED,
            reason=reason.format(f"011CV{number:08}"),
            last_activity_at=NOW - timedelta(minutes=10 * (number + 2)),
        )
        for number in range(count)
    )
    return Listing("larkfield_valves", ROOT / "larkfield_valves", sessions=sessions)


def _misplaced() -> dict[str, tuple[Session, ...]]:
    stray = session("ivybridge_labels", "stage_2", "Label printers, Iberia")
    assert stray.transcript is not None
    home = Path("/home/anna/.claude")
    wiped = session("juniper_hvac", "stage_3", "Strategic buyers, heat pumps")
    assert wiped.row is not None
    return {
        "ivybridge_labels": (
            replace(stray, transcript=replace(stray.transcript, stray_in=home, sweep_days=30)),
        ),
        "juniper_hvac": (
            replace(wiped, overwritten=replace(wiped.row, expires_at="2026-12-20T09:00:00")),
        ),
    }


def _unmatched() -> dict[str, tuple[Session, ...]]:
    hour = timedelta(hours=1)
    return {
        "dunmore_dental": (
            session(
                "dunmore_dental",
                "stage_1",
                "Dental labs, 40 candidates",
                state=State.GHOST,
                bytes=0,
                cost_usd=None,
                last_activity_at=None,
            ),
            session(
                "dunmore_dental",
                "stage_2",
                "Roll-ups since 2022",
                expires_at=NOW + timedelta(days=6, hours=4),
            ),
        ),
        "eastgate_logistics": (
            session(
                "eastgate_logistics",
                "",
                "Say hello and list three hauliers",
                state=State.UNTRACKED,
                expires_at=None,
                sweep_at=NOW + 23 * hour + timedelta(minutes=10),
            ),
            session(
                "eastgate_logistics",
                "stage_2",
                "Cold chain operators",
                status=Status.EXPIRED,
                state=State.LEFTOVER,
                expires_at=NOW - timedelta(days=2),
                bytes=9 * _MIB,
            ),
        ),
    }


def _unproven() -> dict[str, tuple[Session, ...]]:
    hour = timedelta(hours=1)
    return {
        "fernhill_foods": (
            session(
                "fernhill_foods",
                "stage_3",
                "Private label, UK and Ireland",
                liveness=Liveness.ORPHAN,
                last_activity_at=NOW - timedelta(minutes=1),
            ),
            session(
                "fernhill_foods",
                "stage_2",
                "Snack brands",
                expires_at=None,
                expiry_is_unreadable=True,
            ),
        ),
        "granite_tooling": (
            session(
                "granite_tooling",
                "stage_4",
                "Contact 18 owners",
                liveness=Liveness.UNKNOWN,
                last_activity_at=NOW - 26 * hour,
            ),
        ),
    }


def _idle(listing: str, start: int) -> tuple[Session, ...]:
    return tuple(
        session(
            listing,
            f"stage_{1 + (start + number) % 5}",
            _TITLES[(start + number) % len(_TITLES)],
            expires_at=NOW + timedelta(hours=19 * (start + number + 2)),
            last_activity_at=NOW - timedelta(hours=3 * number + start),
            bytes=(start + 1) * (number + 2) * 97 * _KIB,
            cost_usd=round(0.37 * (number + 1) + start / 10, 2),
        )
        for number in range(3)
    )


def catalog() -> Catalog:
    """Return the catalog of `NOW`."""
    special = {
        "cranbury_and_dunwell": _cranbury(),
        "hollis_park": _hollis(),
        **_troubled(),
        **_unmatched(),
        **_unproven(),
        **_misplaced(),
        "larkfield_valves": failures(4).sessions,
    }
    listings = []
    for index, name in enumerate(LISTINGS):
        sessions = special.get(name, ()) + _idle(name, index)
        listings.append(Listing(name, ROOT / name, sessions=sessions, zone="UTC"))
    broken = Listing(
        "moss_end",
        ROOT / "moss_end",
        problem="buyers.db is not a SQLite database",
        has_rows=False,
        trouble=Reason.UNREADABLE,
    )
    gone = Listing(
        "norton_mills", ROOT / "norton_mills", problem="its folder vanished", is_vanished=True
    )
    everything = (*listings, broken, gone)
    runs = tuple(one.run for listing in listings for one in listing.sessions if one.run)
    return Catalog(ROOT, NOW, listings=everything, free_bytes=1_300_000_000, runs=runs)


def _call(tool: str, text: str, number: int, at: datetime) -> Entry:
    return Entry(EntryKind.TOOL, text, at=at, tool=tool, tool_id=f"tool-{number}")


def _result(text: str, number: int, at: datetime, *, detail: str = "") -> Entry:
    return Entry(
        EntryKind.RESULT,
        text,
        at=at,
        tool_id=f"tool-{number}",
        detail=detail,
        is_error=bool(detail),
    )


def stream() -> tuple[Entry, ...]:
    """Return the stream of the selected session."""
    start = NOW - timedelta(minutes=6)

    def at(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    error = "API Error: 529 overloaded, try again"
    return (
        Entry(EntryKind.PROMPT, "Find strategic buyers for a maker of industrial pumps.", at=at(0)),
        Entry(
            EntryKind.THINKING,
            "The client makes centrifugal pumps for chemical plants; who bought like this?",
            at=at(4),
        ),
        Entry(EntryKind.TEXT, "I will start with the acquirers of the last five years.", at=at(9)),
        _call("WebSearch", "industrial pumps acquirer 2024 2025", 1, at(12)),
        _result("12 results", 1, at(13.2)),
        _call("Task", "Profile the three most active consolidators", 2, at(20)),
        Entry(
            EntryKind.TEXT,
            "Sulzer, Atlas Copco and Ingersoll Rand lead.",
            at=at(61),
            is_sidechain=True,
        ),
        _result("28 lines", 2, at(64)),
        _call("WebFetch", "https://example.com/deals/flow-control", 3, at(70)),
        _result("error", 3, at(100), detail=error),
        Entry(
            EntryKind.TEXT,
            "## Short list\n\n"
            "1. Atlas Copco: nine pump deals since 2019, pays 11-13x EBITDA\n"
            "2. Ingersoll Rand: looks for chemical and food, 20-80M revenue\n"
            "3. Sulzer: service business first; the client's spare parts fit\n\n"
            "The list has 214 candidates, of which 61 appear twice under an older name. "
            "I will remove those before I rank them.",
            at=at(115),
        ),
        _call("Bash", "sort -u candidates.csv > shortlist.csv", 4, at(120)),
    )
