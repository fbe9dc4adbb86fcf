"""A picture of the whole screen with its parts framed and explained below."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

# The cell size and the origin in Textual's SVG, and the height of a line of the legend.
_CELL, _LINE, _LEFT, _TOP = 12.2, 24.4, 9, 44
_STEP, _MARGIN = 30, 20


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the screen at 120x36: its place in cells, its colour, and what it is for."""

    column: int
    row: int
    width: int
    height: int
    colour: str
    name: str
    says: str


PARTS = (
    Part(0, 0, 120, 1, "#e0af68", "Top line",
         "how many sessions are live, waiting, quiet, ending soon or failed; free disk space; the "
         "time zone"),
    Part(0, 1, 33, 16, "#9ece6a", "1 Listings",
         "one line per client: its sessions, and how many need attention; Enter shows only its "
         "sessions"),
    Part(33, 1, 87, 16, "#7aa2f7", "2 Sessions",
         "what needs attention first; ENDS is the earlier clock (s: the CLI's sweep); a dot: new "
         "output"),
    Part(0, 17, 33, 17, "#f7768e", "3 Expiry",
         "what ends soonest, over all listings; below: what is lost then, and how many end when"),
    Part(33, 17, 87, 17, "#bb9af7", "4 Live",
         "what the selected agent says, as it is written, whoever runs it; Enter: full screen"),
    Part(0, 34, 120, 2, "#7dcfff", "Last lines",
         "what was done, and every question (Esc: cancel); the keys, greyed when disabled"),
)  # fmt: skip


def explained(svg: str) -> str:
    """Return the picture of the console at 120x36 with its parts framed and explained."""
    start, _, rest = svg.partition('viewBox="0 0 ')
    size, _, rest = rest.partition('"')
    width, height = (float(one) for one in size.split())
    below = len(PARTS) * _STEP + _MARGIN
    frames = "".join(_frame(part) for part in PARTS)
    legend = "".join(_said(part, height + number * _STEP) for number, part in enumerate(PARTS, 1))
    ground = f'<rect y="{height}" width="{width}" height="{below}" fill="#1a1b26"/>'
    drawn = rest.rstrip().removesuffix("</svg>")
    view = f'{start}viewBox="0 0 {width:g} {height + below:g}"'
    return f"{view}{drawn}{ground}{frames}{legend}</svg>\n"


def _frame(part: Part) -> str:
    x, y = _LEFT + part.column * _CELL, _TOP + part.row * _LINE
    width, height = part.width * _CELL - 2, part.height * _LINE - 2
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6" '
        f'fill="none" stroke="{part.colour}" stroke-width="3"/>'
    )


def _said(part: Part, y: float) -> str:
    style = f'y="{y:g}" style="font-family: sans-serif; font-size: 20px'
    name = f'<text x="24" {style}; font-weight: bold" fill="{part.colour}">{part.name}</text>'
    return f'{name}<text x="150" {style}" fill="#c0caf5">{escape(part.says)}</text>'
