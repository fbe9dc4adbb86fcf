"""The window of entries in memory: positions in it, and what is added and dropped at its ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.console.fixed_catalog import NOW
from tui.core.models.entry import Entry, EntryKind
from tui.view.stream.stream_buffer import MOST_BYTES, MOST_ENTRIES, StreamBuffer
from tui.view.text.lines import Line


def entry(number: int, rows: int = 1) -> Entry:
    said = "\n".join(f"e{number} r{row}" for row in range(rows))
    return Entry(EntryKind.TEXT, said, at=NOW, place=number * 10)


def call(number: int, tool_id: str) -> Entry:
    return Entry(EntryKind.TOOL, "ls", at=NOW, tool="Bash", tool_id=tool_id, place=number * 10)


def result(number: int, tool_id: str, words: str = "3 lines") -> Entry:
    values = {"tool_id": tool_id, "place": number * 10, "detail": "one\ntwo\nthree"}
    return Entry(EntryKind.RESULT, words, at=NOW, **values)  # type: ignore[arg-type]


def rolled(*entries: Entry) -> StreamBuffer:
    roll = StreamBuffer()
    roll.append(entries)
    return roll


def words(lines: Sequence[Line]) -> list[str]:
    return ["".join(cell.text for cell in line).strip() for line in lines]


ROWS = st.lists(st.integers(1, 5), min_size=1, max_size=12)


@given(rows=ROWS, moves=st.lists(st.integers(-9, 9)))
def test_scrolling_is_walking_over_all_lines(rows: list[int], moves: list[int]) -> None:
    roll = rolled(*(entry(number, count) for number, count in enumerate(rows)))
    places = [(index, row) for index, count in enumerate(rows) for row in range(count)]
    top, at = (0, 0), 0
    for move in moves:
        top, at = roll.moved(top, move), max(0, min(at + move, len(places)))
        assert top == (places[at] if at < len(places) else (len(rows), 0))
        shown = [place for place, _ in roll.visible(top, 4)]
        assert shown == places[at : at + 4]
    assert roll.bottom(3) == (places[-3] if len(places) >= 3 else (0, 0))


def test_a_result_joins_its_call_whichever_comes_first() -> None:
    later = rolled(call(1, "t"), result(2, "t"))
    earlier = rolled(result(2, "t"))
    assert "→ 3 lines" in words(earlier.lines(0))[0]
    earlier.prepend([call(1, "t")])
    for roll in (later, earlier):
        assert words(roll.lines(0))[0].endswith("3 lines   0.0s")
        assert roll.lines(1) == ()


def test_tools_are_short_in_full_or_off() -> None:
    roll = rolled(call(1, "t"), result(2, "t"), Entry(EntryKind.THINKING, "one\ntwo", at=NOW))
    assert [len(roll.lines(index)) for index in range(3)] == [1, 0, 1]
    assert roll.next_tools() == "full"
    assert len(roll.lines(0)) > 4
    assert len(roll.lines(2)) == 2
    assert roll.next_tools() == "off"
    assert [roll.lines(index) for index in range(3)] == [(), (), ()]
    assert roll.next_tools() == "short"
    roll.toggle(0)
    assert words(roll.lines(0))[-1].endswith("three")
    roll.toggle(0)
    assert len(roll.lines(0)) == 1


def test_left_out_lines_in_a_row_are_one_line() -> None:
    def odd(kind: str) -> Entry:
        return Entry(EntryKind.NOTICE, f"a line {kind}", at=NOW, left_out=kind)

    roll = rolled(odd("of type 'a'"))
    assert words(roll.lines(0)) == ["14:30 a line of type 'a'"]
    roll.append([odd("of type 'b'"), odd("of type 'a'"), entry(1)])
    assert words(roll.lines(0)) == ["14:30 2 lines of type 'a', 1 line of type 'b'"]
    assert roll.lines(1) == roll.lines(2) == ()


def test_a_change_of_model_is_told_once() -> None:
    said = [replace(entry(number), model=model) for number, model in enumerate("aab<b")]
    roll = rolled(*said)
    assert [len(roll.lines(index)) for index in range(5)] == [1, 1, 2, 1, 1]
    assert words(roll.lines(2))[0] == "model: b"


def test_what_sub_agents_say_stands_below_their_call() -> None:
    roll = rolled(call(1, "t"), entry(2))
    roll.lines(0)
    roll.put_aside({"t": [Entry(EntryKind.TEXT, "Sulzer leads.", at=NOW, is_sidechain=True)]})
    assert words(roll.lines(0))[1] == "│ Sulzer leads."


def spoken(text: str, agent: str = "") -> Entry:
    return Entry(EntryKind.TEXT, text, at=NOW, is_sidechain=True, agent=agent)


def test_each_sub_agent_of_a_call_stands_in_one_piece_and_theirs_below_it() -> None:
    """Interleaved, several sub-agents would read like one conversation."""
    roll = rolled(call(1, "t"))
    inner = replace(call(2, "t2"), is_sidechain=True, agent="a")
    roll.put_aside({"t": [spoken("a1", "a"), spoken("b1", "b"), inner, spoken("a2", "a")]})
    roll.put_aside({"t2": [spoken("below")]})
    assert [line.split("  ")[0] for line in words(roll.lines(0))[1:]] == [
        "│ a",
        "│ a1",
        "│ Bash ls",
        "│ │ below",
        "│ a2",
        "│ b",
        "│ b1",
    ]


def test_calls_that_name_each_other_are_drawn_once() -> None:
    roll = rolled(call(1, "t"))
    ring = [replace(call(number, tool), is_sidechain=True) for number, tool in ((2, "t"), (3, "u"))]
    roll.put_aside({"t": ring * 400, "u": ring * 400})
    assert len(roll.lines(0)) <= 1 + 2 * 800


def test_a_call_that_only_launched_shows_how_long_it_ran_once_it_ended() -> None:
    """Its result only says that it started: "0.1s" would look like its full duration."""
    launch = replace(result(2, "t"), is_launch=True)
    roll = rolled(call(1, "t"), launch)
    assert words(roll.lines(0))[0].split()[-4:] == ["in", "the", "background", "…"]
    later = NOW + timedelta(minutes=3)
    end = Entry(EntryKind.NOTICE, "Agent finished", at=later, tool_id="t", task="completed")
    roll.append([end])
    assert words(roll.lines(0))[0].split()[-2:] == ["completed", "3m"]


def test_what_sub_agents_said_is_kept_when_another_page_is_read() -> None:
    """It is sent only once, even if the pane has dropped those entries."""
    roll = rolled(call(1, "t"))
    roll.put_aside({"t": [spoken("Sulzer leads.")]})
    fresh = roll.anew()
    fresh.append([call(1, "t")])
    assert words(fresh.lines(0))[1] == "│ Sulzer leads."


def test_of_very_much_said_aside_the_end_is_kept() -> None:
    roll = rolled(call(1, "t"), call(2, "u"))
    roll.put_aside({"t": [spoken(f"step {number}") for number in range(1500)]})
    assert "export" in words(roll.lines(0))[1]
    assert words(roll.lines(0))[-1] == "│ step 1499"
    roll.put_aside({"u": [spoken("x" * MOST_BYTES)]})
    assert len(roll.lines(0)) == 2
    assert "export" in words(roll.lines(0))[1]


def test_what_is_dropped_are_whole_lines_of_the_file_and_memory_is_bounded() -> None:
    twins = [replace(entry(number // 2), text=f"twin {number}") for number in range(2005)]
    roll = rolled(*twins)
    dropped = roll.drop_first()
    assert roll.entries[0].place != twins[dropped - 1].place
    place = roll.drop_last()
    assert roll.entries[-1].place < place
    assert {one.place for one in roll.entries} == set(range(roll.entries[0].place, place, 10))
    assert not roll.is_full
    assert rolled(*map(entry, range(MOST_ENTRIES + 1))).is_full
    many = range(1 + MOST_BYTES // 100_000)
    assert rolled(*(replace(entry(number), text="x" * 100_000) for number in many)).is_full


def test_a_dropped_page_comes_back_as_it_was() -> None:
    entries: list[Entry] = []
    for number in range(0, 900, 3):
        tool_id = f"t{number}"
        entries += (entry(number), call(number + 1, tool_id), result(number + 2, tool_id))
    roll = rolled(*entries)
    before = [roll.lines(index) for index in range(len(entries))]
    dropped = roll.drop_first()
    roll.prepend(entries[:dropped])
    place = roll.drop_last()
    roll.append([one for one in entries if one.place >= place])
    assert [roll.lines(index) for index in range(len(entries))] == before


def test_a_place_is_found_and_a_result_s_is_its_call() -> None:
    roll = rolled(entry(1), call(2, "t"), result(3, "t"), entry(5))
    assert [roll.find(place) for place in (10, 30, 40, 50, 51)] == [0, 1, 3, 3, None]


def test_a_day_is_told_where_it_begins_and_at_first_unless_it_is_today() -> None:
    roll = StreamBuffer(UTC)
    roll.today = NOW.date()
    days = [NOW - timedelta(days=2), NOW - timedelta(days=2), None, NOW, NOW]
    roll.append([replace(entry(n), at=at) for n, at in enumerate(days)])
    told = [words(roll.lines(n))[0] for n in range(len(days))]
    assert [one for one in told if "──" in one] == ["── Wed 18 Nov ──", "── Fri 20 Nov ──"]
    assert told[0] == "── Wed 18 Nov ──"
    assert told[3] == "── Fri 20 Nov ──"
    today = StreamBuffer(UTC)
    today.today = NOW.date()
    today.append([entry(1)])
    assert words(today.lines(0)) == [f"{NOW:%H:%M} e1 r0"]


def test_a_day_that_begins_with_what_is_not_shown_is_told_all_the_same() -> None:
    roll = StreamBuffer(UTC)
    roll.today, roll.tools = NOW.date(), "off"
    yesterday = NOW - timedelta(days=1)
    roll.append([replace(entry(0), at=yesterday), call(1, "t"), result(2, "t"), entry(3)])
    assert words(roll.lines(1)) == []
    assert words(roll.lines(3))[0] == "── Fri 20 Nov ──"


def test_a_day_of_another_year_has_its_year_and_so_has_the_next_of_this_one() -> None:
    roll = StreamBuffer(UTC)
    roll.today = date(2027, 1, 2)
    eve = datetime(2026, 12, 30, 12, tzinfo=UTC)
    roll.append([replace(entry(n), at=eve + timedelta(days=n)) for n in range(4)])
    told = [words(roll.lines(n))[0] for n in range(4)]
    assert told == [
        "── Wed 30 Dec 2026 ──",
        "── Thu 31 Dec ──",
        "── Fri 01 Jan 2027 ──",
        "── Sat 02 Jan ──",
    ]


def test_a_screen_begins_with_a_time_wherever_it_begins() -> None:
    roll = rolled(
        entry(0, rows=3), replace(entry(1), at=None), replace(entry(2), at=NOW + timedelta(hours=1))
    )
    for top in [(0, 0), (0, 1), (0, 2), (1, 0)]:
        (_, first), *others = roll.visible(top, 9)
        assert words([first])[0].startswith("14:30 "), top
        assert [words([line])[0][:6] for _, line in others].count("15:30 ") == 1
        assert not any(words([line])[0].startswith("14:30") for _, line in others)
    assert words([roll.visible((2, 0), 9)[0][1]])[0].startswith("15:30 ")


def test_the_day_of_a_place_is_told_unless_it_is_today() -> None:
    roll = rolled(replace(entry(0), at=NOW - timedelta(days=1)), replace(entry(1), at=None))
    assert roll.other_day((0, 0)) == ""  # today is not known yet
    roll.today = NOW.date()
    assert roll.other_day((0, 0)) == roll.other_day((1, 0)) == "Thu 19 Nov"
    roll.append([entry(2)])
    assert roll.other_day((2, 0)) == roll.other_day((3, 0)) == ""
    assert StreamBuffer(UTC).other_day((0, 0)) == ""


def test_a_notice_opens_to_all_that_it_stands_for() -> None:
    whole = "compacted to a summary:\nThe client wants\npumps."
    roll = rolled(Entry(EntryKind.NOTICE, "compacted to a summary", at=NOW, detail=whole, place=1))
    assert [one[-7:] for one in words(roll.lines(0))] == ["summary"]
    roll.toggle(0)
    assert words(roll.lines(0))[1:] == ["The client wants", "pumps."]
