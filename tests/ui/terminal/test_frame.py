"""The cell diff: a terminal that is sent only the changes shows the same as a full repaint."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pyte
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyte.screens import Char
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, InlineUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.support.hostile.payloads import PAYLOADS
from tui.core.text.safe_text import cell_width
from tui.ui.terminal.frame import Frame, is_as_expected

WIDTH, HEIGHT = 14, 4
COLORS = ColorSystem.EIGHT_BIT
WORDS = [
    "a",
    "b c",
    "  ",
    "d",
    "漢",
    "字",
    "e\u0301",
    "é",
    "●",
    "─",
    "🚀",
    "🧑",
    "한글",
    "x",
    "☰",
    "䷀",
]
STYLES = [
    None if not words else Style.parse(words)
    for words in (
        "", "bold", "dim", "red", "bold red", "reverse", "on blue", "red on blue", "underline",
        "default on default", "dim default on default", "italic #ff8800", "bright_green",
    )
]  # fmt: skip
Painted = tuple[tuple[str, int], ...]  # words, and the number of a style


class Screen:
    """A terminal in the mode that Textual sets: nothing wraps."""

    def __init__(self, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._stream.feed("\x1b[?7l")

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    @property
    def cells(self) -> list[list[Char]]:
        columns, rows = range(self._screen.columns), range(self._screen.lines)
        return [[_seen(self._screen.buffer[y][x]) for x in columns] for y in rows]


def _seen(cell: Char) -> Char:
    """Return what is visible of a cell: a blank has neither colour nor weight."""
    if cell.data == " " and not (cell.reverse or cell.underscore):
        return Char(" ", bg=cell.bg)
    return cell


def strip(painted: Painted, width: int) -> Strip:
    """Return the styled words in exactly this many cells."""
    segments, room = [], width
    for words, style in painted:
        kept = ""
        for char in words:
            if cell_width(char) > room or (not kept and not cell_width(char)):
                break
            kept, room = kept + char, room - cell_width(char)
        segments.append(Segment(kept, STYLES[style]))
    segments.append(Segment(" " * room))
    return Strip(segments, width)


def rows_of(picture: Sequence[Painted], width: int = WIDTH) -> list[list[Strip]]:
    return [[strip(line, width)] for line in picture]


def whole(rows: Sequence[Sequence[Strip]]) -> LayoutUpdate:
    width = sum(part.cell_length for part in rows[0])
    return LayoutUpdate(list(rows), Region(0, 0, width, len(rows)))


def part(row: Sequence[Strip], y: int, cut: int) -> ChopsUpdate:
    """Return an update of one line, which two widgets share."""
    chops: list[dict[int, Strip | None]] = [{0: None, cut: None} for _ in range(HEIGHT)]
    chops[y] = {0: row[0], cut: row[1]}
    return ChopsUpdate(chops, [(y, 0, WIDTH)], [[cut, WIDTH] for _ in range(HEIGHT)])


def anew(rows: Sequence[Sequence[Strip]]) -> Screen:
    """Return a terminal that Textual itself has painted."""
    update = whole(rows)
    screen = Screen((update.region.width, len(rows)))
    console = Console(color_system="256", force_terminal=True)
    screen.feed(update.render_segments(console))
    return screen


piece = st.tuples(
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    st.integers(0, len(STYLES) - 1),
)
row = st.lists(piece, max_size=5).map(tuple)
picture = st.lists(row, min_size=HEIGHT, max_size=HEIGHT)


@given(st.lists(st.tuples(picture, st.integers(0, HEIGHT), st.integers(1, WIDTH - 1)), max_size=5))
def test_a_diffed_screen_is_the_screen_painted_anew(
    steps: list[tuple[list[Painted], int, int]],
) -> None:
    frame, screen, rows = Frame(), Screen(), rows_of([()] * HEIGHT)
    frame.take(whole(rows), COLORS)
    for new, y, cut in steps:
        if y == HEIGHT:
            rows = rows_of(new)
            assert frame.take(whole(rows), COLORS)
        else:
            line = strip(new[y], WIDTH)
            rows[y] = [line.crop(0, cut), line.crop(cut, WIDTH)]
            assume(cell_width(rows[y][1].text[:1]))  # no widget begins with another's mark
            assert frame.take(part(rows[y], y, cut), COLORS)
        screen.feed(frame.changes())
        assert screen.cells == anew(rows).cells
        assert frame.changes() == ""


def _many(chance: random.Random) -> Iterator[list[Painted]]:
    text = "".join(WORDS)
    while True:
        yield [
            tuple(
                ("".join(chance.choices(text, k=chance.randint(0, 9))), chance.randrange(13))
                for _ in range(3)
            )
            for _ in range(HEIGHT)
        ]


def test_skipped_frames_are_made_up_for_by_the_next_one() -> None:
    pictures = _many(random.Random(3))  # noqa: S311 (sample data)
    frame, screen = Frame(), Screen()
    for number, new in zip(range(60), pictures, strict=False):
        rows = rows_of(new)
        frame.take(whole(rows), COLORS)
        if number % 7 == 6:
            screen.feed(frame.changes())
            assert screen.cells == anew(rows).cells


def test_what_another_has_written_is_painted_over_once_it_is_forgotten() -> None:
    rows = rows_of([(("buyers", 1),), (), (("漢字", 3),), ()])
    frame, screen = Frame(), Screen()
    frame.take(whole(rows), COLORS)
    screen.feed(frame.changes())
    screen.feed("\x1b[Hnoise\r\nnoise")
    assert frame.changes() == ""
    frame.forget()
    screen.feed(frame.changes())
    assert screen.cells == anew(rows).cells


def test_another_size_begins_anew() -> None:
    frame = Frame()
    for width in (14, 20, 9):
        rows = rows_of([(("strategic buyers", 2),)] * 3, width)
        frame.take(whole(rows), COLORS)
        screen = Screen((width, 3))
        screen.feed(frame.changes())
        assert screen.cells == anew(rows).cells


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        ("00:42", "00:41", "\x1b[1;5H1"),
        ("a b c d", "x b y d", "\x1b[1;1Hx b y"),
        ("a 12345 c", "x 12345 y", "\x1b[1;1Hx\x1b[7Cy"),
        ("a long line", "a", "\x1b[1;3H\x1b[K"),
        ("漢字", "漢a", "\x1b[1;3Ha "),
        ("漢字", "a 字", "\x1b[1;1Ha "),
        ("ab", "字", "\x1b[1;1H字"),
    ],
)
def test_the_shortest_way_is_taken(before: str, after: str, sent: str) -> None:
    frame = Frame()
    frame.take(whole(rows_of([((before, 0),)])), COLORS)
    frame.changes()
    frame.take(whole(rows_of([((after, 0),)])), COLORS)
    assert frame.changes() == sent


def test_only_what_is_new_of_a_style_is_sent() -> None:
    frame = Frame()
    frame.take(whole(rows_of([(("a", 1), ("b", 4), ("c", 3), ("d", 0))])), COLORS)
    assert frame.changes() == "\x1b[r\x1b[1;1H\x1b[1ma\x1b[31mb\x1b[0;31mc\x1b[md\x1b[K"


def _numbered(*numbers: int) -> list[Painted]:
    said = "said on industrial pumps"
    return [((f"line {number} {said}", number % 9),) for number in numbers]


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        ((1, 2, 3, 4, 5, 6), (1, 3, 4, 5, 6, 7), "\x1b[2;6r\x1b[6;1H\n\x1b[r\x1b[6;1H"),
        ((1, 2, 3, 4, 5, 6), (0, 9, 1, 2, 3, 6), "\x1b[1;5r\x1b[1;1H\x1bM\x1bM\x1b[r\x1b[1;1H"),
    ],
)
def test_lines_that_only_moved_are_moved_by_the_terminal(
    before: tuple[int, ...], after: tuple[int, ...], sent: str
) -> None:
    frame, screen = Frame(), Screen((40, 6))
    for numbers in (before, after):
        rows = rows_of(_numbered(*numbers), 40)
        frame.take(whole(rows), COLORS)
        changes = frame.changes()
        screen.feed(changes)
        assert screen.cells == anew(rows).cells
    assert changes.startswith(sent)
    assert len(changes) < len(sent) + 45 * len(set(after) - set(before))


def test_however_lines_move_the_screen_is_the_one_painted_anew() -> None:
    chance = random.Random(7)  # noqa: S311 (sample data)
    frame, screen, moved = Frame(), Screen((40, 12)), 0

    def line() -> Painted:
        return (("".join(chance.choices("ab cd漢字🚀●─", k=18)), chance.randrange(13)),)

    lines = [line() for _ in range(12)]
    for _ in range(300):
        first, by = chance.randrange(12), chance.randint(-5, 5)
        region = lines[first:]
        fresh = [line() for _ in region[: abs(by)]]
        region = region[by:] + fresh if by > 0 else fresh + region[: len(region) - len(fresh)]
        lines = lines[:first] + region
        rows = rows_of(lines, 40)
        frame.take(whole(rows), COLORS)
        changes = frame.changes()
        moved += "r\x1b[" in changes
        screen.feed(changes)
        assert screen.cells == anew(rows).cells
    assert moved > 50


def test_a_move_whose_end_was_lost_ends_with_the_next_picture() -> None:
    frame, screen = Frame(), Screen((40, 6))
    for numbers, taken in (((1, 2, 3, 4, 5, 6), 1000), ((1, 3, 4, 5, 6, 7), 13)):
        rows = rows_of(_numbered(*numbers), 40)
        frame.take(whole(rows), COLORS)
        screen.feed(frame.changes()[:taken])
    frame.forget()
    screen.feed(frame.changes())
    assert screen.cells == anew(rows).cells
    screen.feed("\x1b[6;1H\n")
    assert screen.cells[0] == anew([*rows[1:], *rows_of([()], 40)]).cells[0]


def test_what_is_no_update_of_cells_is_left_to_textual() -> None:
    assert is_as_expected()
    assert not Frame().take(InlineUpdate([]), COLORS)


@pytest.mark.parametrize("payload", PAYLOADS.values())
def test_a_payload_that_reached_a_strip_is_no_more_than_text(payload: str) -> None:
    frame = Frame()
    frame.take(whole(rows_of([((payload, 0),)], 80)), COLORS)
    frame.changes()


@pytest.mark.parametrize("word", ["\u2630", "\U0001f680", "\u0915\u093e", "\u3248"])
def test_what_lies_beside_a_character_of_doubtful_width_is_written_again(word: str) -> None:
    """A terminal may have drawn it over the next cell, or have advanced by less."""
    frame, changes, width = Frame(), [], cell_width(word)
    for text in (f"ab{word}42", f"xb{word}42", f"xb{'c' * width}42"):
        line = [Strip([Segment(text)], width + 4)]
        frame.take(LayoutUpdate([line], Region(0, 0, width + 4, 1)), COLORS)
        changes.append(frame.changes())
    assert f"\x1b[1;{3 + width}H4" in changes[0]
    assert "4" not in changes[1].replace("\x1b[", "")
    assert changes[2].endswith("c" * width + "4")
