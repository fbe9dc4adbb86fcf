"""The cast of the sample root: its listings, and sessions in every state."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from tui.core.values import dataclass


class Fate(StrEnum):
    """What is special about a sample session."""

    PLAIN = "plain"
    LEAD = "lead"
    FAILED = "failed"
    GHOST = "ghost"
    UNTRACKED = "untracked"
    LEFTOVER = "leftover"
    CLEANED = "cleaned"
    LARGE = "large"
    SKETCH = "sketch"
    UNREADABLE = "unreadable"
    OVERWRITTEN = "overwritten"
    STRAY = "stray"
    DELETED = "deleted"


class DatabaseKind(StrEnum):
    """The state of a listing's `buyers.db`."""

    GUIDE = "guide"
    OLDER = "older"
    BROKEN = "broken"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class CastSession:
    """One session: when it began, when it last wrote, and when it expires, in hours from now."""

    stage: int
    title: str
    age: float
    quiet: float
    left: float
    fate: Fate = Fate.PLAIN
    reason: str = ""

    @property
    def has_row(self) -> bool:
        """Whether the database has a row for it."""
        return self.fate is not Fate.UNTRACKED

    @property
    def has_transcript(self) -> bool:
        """Whether it has a transcript where the CLI looks."""
        return self.fate not in (Fate.GHOST, Fate.CLEANED, Fate.SKETCH)

    @property
    def status(self) -> str:
        """The status in its row."""
        if self.fate is Fate.FAILED:
            return "failed"
        return "expired" if self.fate in (Fate.LEFTOVER, Fate.CLEANED) else "active"


@dataclass(frozen=True, slots=True)
class CastListing:
    """One listing: its industry, its sessions, and the number of ordinary ones on top."""

    listing_id: str
    industry: str
    parts: tuple[CastSession, ...] = ()
    extras: int = 0
    database: DatabaseKind = DatabaseKind.GUIDE


def hours(number: float) -> timedelta:
    """Return this many hours."""
    return timedelta(hours=number)


_KEY = "Invalid API key \u00b7 Fix external API key"
_DAY = 24.0
CLIENTS = (
    CastListing(
        "cranbury_and_dunwell",
        "pumps",
        (
            CastSession(3, "Strategic buyers, process pumps", 52, 0.4, 27 * _DAY, Fate.LEAD),
            CastSession(2, "PE platforms, flow control", 70, 5, 0.7),
            CastSession(4, "Contacts at the A names", 30, 2, 9.5),
            CastSession(1, "Company profile, first draft", 71, 69, 6 * _DAY, Fate.DELETED),
        ),
        2,
    ),
    CastListing(
        "hollis_park",
        "hvac",
        (
            CastSession(2, "PE platforms, building services", 28, 0.7, 6.2 * _DAY, Fate.LEAD),
            CastSession(3, "Strategic buyers, heat pumps", 26, 1.5, 3.2),
        ),
        3,
    ),
    CastListing(
        "brightwater_dental",
        "dental",
        (
            CastSession(5, "Shortlist for the partner", 90, 0.6, 13 * _DAY, Fate.LEAD),
            CastSession(3, "Lab groups in the Nordics", 75, 20, -3.1),
            CastSession(2, "Dental platforms in the UK", 60, 2.2, 3 * _DAY, Fate.OVERWRITTEN),
        ),
        2,
    ),
    CastListing(
        "kestrel_dispatch",
        "software",
        (
            CastSession(4, "Corporate development contacts", 44, 0.9, 20 * _DAY, Fate.LEAD),
            CastSession(
                2, "Serial acquirers of dispatch software", 40, 8, 5 * _DAY, Fate.FAILED, _KEY
            ),
            CastSession(3, "Strategic buyers, telematics", 39, 8, 5 * _DAY, Fate.FAILED, _KEY),
        ),
        1,
    ),
    CastListing(
        "aldermoor_packaging",
        "packaging",
        (
            CastSession(3, "Carton makers, full market scan", 11 * _DAY, 26, 18 * _DAY, Fate.LARGE),
            CastSession(2, "PE platforms, packaging", 6 * _DAY, 31, 23.2),
            CastSession(1, "Company profile", 8 * _DAY, 60, 8 * _DAY, Fate.GHOST),
        ),
        2,
    ),
    CastListing(
        "lindqvist_valves",
        "pumps",
        (
            CastSession(3, "Strategic buyers, valves", 36, 8, 6 * _DAY, Fate.FAILED, _KEY),
            CastSession(4, "Contacts, second wave", 33, 3, 11 * _DAY, Fate.UNTRACKED),
            CastSession(2, "Family offices in the DACH region", 34, 14, 18),
        ),
        2,
    ),
    CastListing(
        "fennimore_foods",
        "food",
        (
            CastSession(3, "Private-label buyers", 40 * _DAY, 29.8 * _DAY, 12 * _DAY),
            CastSession(2, "PE platforms, specialty food", 38 * _DAY, 29.2 * _DAY, 25 * _DAY),
            CastSession(1, "Company profile", 21 * _DAY, 15 * _DAY, -14 * _DAY, Fate.LEFTOVER),
        ),
        1,
    ),
    CastListing(
        "marlow_cartons",
        "packaging",
        (
            CastSession(
                2, "Moulded fibre, add-ons", 20 * _DAY, 13 * _DAY, -6 * _DAY, Fate.LEFTOVER
            ),
            CastSession(3, "Strategic buyers, trays", 8 * _DAY, 7.5 * _DAY, -0.6),
            CastSession(4, "Contacts at the B names", 7.4 * _DAY, 7.1 * _DAY, -9),
            CastSession(1, "Company profile", 44 * _DAY, 43 * _DAY, -14 * _DAY, Fate.CLEANED),
        ),
        1,
    ),
    CastListing(
        "penrose_controls",
        "hvac",
        (
            CastSession(5, "Ranking, third round", 50, 12, 4 * _DAY, Fate.UNREADABLE),
            CastSession(3, "Strategic buyers, controls", 47, 11, 0.2),
            CastSession(
                2,
                "Timed out in the trade register",
                30,
                9,
                40,
                Fate.FAILED,
                "the turn ended after 900 s: no answer from the API",
            ),
        ),
        3,
    ),
    CastListing(
        "oakhurst_orthodontics",
        "dental",
        (
            CastSession(1, "Company profile", 95, 92, 3 * _DAY, Fate.SKETCH),
            CastSession(3, "Aligner makers and their owners", 94, 41, 26 * _DAY),
            CastSession(2, "Orthodontic supply, Iberia", 58, 47, 8 * _DAY, Fate.STRAY),
        ),
        3,
    ),
    CastListing("redmayne_bakeries", "food", extras=4, database=DatabaseKind.OLDER),
    CastListing("quarry_lane", "packaging", extras=2, database=DatabaseKind.BROKEN),
    CastListing("st_clair_logistics", "software", database=DatabaseKind.MISSING),
)
