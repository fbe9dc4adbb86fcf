"""The signs that the panes draw, each with what it means: the help is made of them."""

from __future__ import annotations

from typing import NamedTuple


class Sign(NamedTuple):
    """A sign as it is drawn, and what it means."""

    sign: str
    means: str

    def __str__(self) -> str:
        return self.sign


SELECTED = Sign(">", "the selected row, or the entry that keys act on")
MARKED = Sign("*", "left of a row: marked")
UNSEEN = Sign("•", "left of a row: output that you have not seen yet")
NOTED = Sign("[n]", "before a title: there is a note on it; `show` has it")
ELSEWHERE = Sign("[@]", "before a title: it lives on another host of the fleet")
DOUBTFUL = Sign("[@?]", "the same; that host is silent or behind, so this may be old news")
SNOOZED = Sign("[z]", "before a title: snoozed, so it is out of attention for a time")
SWEPT = Sign("s", "after a countdown: the CLI's own sweep comes first")
CLOSED = Sign("▸", "many as one row (one cause, finished unseen): Enter opens it; the active pane")
OPENED = Sign("▾", "the same opened, each in a row of its own")
FALLING = Sign("▼", "in the head of a column: the rows are sorted by it, the most first")
RISING = Sign("▲", "the same, the least first")
TIMES = Sign("\u00d7", "so many sessions are in this one row")
LATER = Sign("-1d+", "the countdown of such a row: the earliest of them; not all end then")
ABOVE = Sign("↑", "rows out of sight above")
BELOW = Sign("↓", "rows out of sight below; in Live, what came while you read")
ENDING = Sign("<1h", "after such an arrow: of those, so many end within the hour")
OTHERS = Sign("+21", "after that: so many more of them need somebody for another reason")
SWEEP = Sign("swept", "after such an arrow: the CLI sweeps so many within a day")
MOVED = Sign("moved", "in a heading: rows that the new order would move, and its key")
SETTLED = Sign("settled", "after a filter's count: so many of them acknowledged or snoozed")
ARROW = Sign("→", "what was, and what is now; in Live, a result without its call")
CUT = Sign("~", "a text that goes on")
LEFT_OUT = Sign("…", "left out here; of a call, no result yet; in a prompt, more lines")
NOTHING = Sign("-", "nothing to tell, or not known")
UNKNOWN = Sign("?", "cannot be read, or a letter that terminals do not agree on")
ATTENTION = Sign("!", "in Listings and the top line: sessions that need attention")
LEFT = Sign("█", "in Expiry: the part of its life that is left")
OVER = Sign("░", "in Expiry: the part that is over")
PROMPT = Sign("> ", "what the agent was asked")
THOUGHT = Sign("∴ ", "what it thinks")
ERROR = Sign("✗ ", "an error, in full")
BESIDE = Sign("│ ", "below a call: its sub-agents, or its input and result when it is open")
RESULT = Sign("└─ ", "below an open call: its result")
WRITING = Sign("▌", "being written now")
RUNNING_COST = Sign("+", "in the title, after the cost: without the turn that is running")
MORE = Sign("+", "after a number: or more, since not everything could be read")
DAY = Sign("── ──", "here begins another day")
FILE = Sign("[ ]", "an image or a file, with its type or name, and its size")
LIVE = Sign("live", "at work or waiting for an answer; not what starts or is queued")
STARTING = Sign("starting", "runs that have begun, and whose CLI is starting")
QUEUED = Sign("queued", "runs that wait for a free place, or for a hold to be lifted")
WAITING = Sign("waiting", "of the live ones, those that wait for an answer")
QUIET = Sign("quiet", "at work, and silent for long, or stalled")
TODAY = Sign("<24h", "ending within a day")
CUT_OFF = Sign("cut-off", "left in the middle of a turn, and not acknowledged")
EXPIRED = Sign("expired!", "expired within the last day, and not acknowledged")
FAILED = Sign("failed", "failed, and not acknowledged")
UNREADABLE = Sign("unreadable", "listings that cannot be read, or the name of the only one")
DOWN = Sign("down", "the same, in little room")
STALE = Sign("stale", "what was last known is shown: of a listing, or of all")
SILENT = Sign("silent", "a host of the fleet that does not report, or how many of them")
FREE = Sign("free", "room on the disk of the root")
TOTAL = Sign("total", "what all sessions cost; with `+`, or more")
TABLES = Sign("tables", "the time zone of tables that use another one")
ZONES = Sign("CET*", "the same, in little room")
HELD = Sign("HELD by", "who set a hold: no run and no clean-up starts; `hold off`")
READ_ONLY = Sign("[RO]", "this console is read-only")
LOOKING = Sign("looking...", "the root is read for the first time")
READING = Sign("reading...", "listings of which not all is read yet; in Listings `...`")

LISTS = (
    *(SELECTED, MARKED, UNSEEN, NOTED, SNOOZED, SWEPT, CLOSED, OPENED, TIMES, LATER),
    *(MORE, FALLING, RISING, ABOVE, BELOW, ARROW, CUT, LEFT_OUT, NOTHING, UNKNOWN, ATTENTION),
    *(ELSEWHERE, DOUBTFUL),
    *(ENDING, OTHERS, SWEEP, MOVED, SETTLED),
    *(LEFT, OVER),
)
TOP_LINE = (
    *(LIVE, STARTING, QUEUED, WAITING, QUIET, TODAY, CUT_OFF, FAILED, UNREADABLE, DOWN, STALE),
    *(SILENT,),
    *(FREE, EXPIRED, TOTAL, TABLES, ZONES, HELD, READ_ONLY, LOOKING, READING),
)
STREAM = (PROMPT, THOUGHT, ERROR, BESIDE, RESULT, WRITING, RUNNING_COST, DAY, FILE)
# By the names of the styles, each of which the screen draws in its colour.
COLOURS = (
    Sign("calm", "ends in more than a day"),
    Sign("noticed", "ends within a day, or something to look at"),
    Sign("urgent", "ends within an hour"),
    Sign("expired", "has ended"),
    Sign("attention", "somebody is needed"),
    Sign("good", "at work, or done"),
    Sign("bad", "failed, refused or lost"),
    Sign("muted", "less important, settled, or not possible now"),
)
