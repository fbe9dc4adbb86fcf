"""The `:` line: a verb acts on what it names, else on what is marked or selected."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.cli.verb_info import verb_infos
from tui.core.errors import UsageError
from tui.operations.context import VerbInfo
from tui.ui.actions.verb_line.verbs import OWN, VerbLine, complete, hint, parse

VERBS = (*verb_infos(), *OWN)
LISTINGS = ("hollis_park", "hollow_lane", "moss_end")


@pytest.mark.parametrize(
    ("text", "words", "options"),
    [
        ("fail 9f2c --reason 'wrong client'", ("9f2c",), {"--reason": "wrong client"}),
        ("fail --reason=why", (), {"--reason": "why"}),
        ("adopt --all", (), {"--all": "yes"}),
        ("grep -n 5 pumps", ("pumps",), {"-n": "5"}),
        ("send go on -", ("go", "on", "-"), {}),
    ],
)
def test_options_are_told_from_words(
    text: str, words: tuple[str, ...], options: dict[str, str]
) -> None:
    command = parse(text, VERBS)
    assert command.arguments == words
    assert command.options == options


@pytest.mark.parametrize("text", ["", "nonsense", "show '", "--yes"])
def test_what_is_no_verb_is_named(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text, VERBS)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("doc", "doctor "),
        ("re", "re"),
        ("ext", "extend "),
        ("cleanup hol", "cleanup holl"),
        ("cleanup mo", "cleanup moss_end "),
        ("extend mo", "extend moss_end/"),
        ("extend hol", "extend holl"),
        ("cleanup --dr", "cleanup --dry-run "),
        ("columns own", "columns owner "),
        ("columns id,cos", "columns id,cost "),
        ("columns def", "columns default "),
        ("cleanup --o", "cleanup --older-than "),
        ("nonsense --o", "nonsense --o"),
        ("xyz", "xyz"),
        ("cleanup ", "cleanup "),
    ],
)
def test_tab_completes_as_far_as_there_is_one_way(text: str, whole: str) -> None:
    assert complete(text, VERBS, LISTINGS) == whole


def test_the_line_says_what_its_verb_does() -> None:
    def never(verb: VerbInfo) -> str:
        return "it runs" if verb.name == "ack" else ""

    assert hint("ac", VERBS, never) == "activate · not now: ack"
    assert hint("ack ", VERBS, never).endswith("(not now: it runs)")
    assert hint("ack 9f2c", VERBS, never).startswith("acknowledge")
    assert "not now" not in hint("ack 9f2c", VERBS, never)
    assert hint("q", VERBS, never) == "quit; running agents continue"
    assert hint("nonsense", VERBS, never) == "? no such verb"


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.takes in ("id", "ids")])
def test_a_verb_that_needs_a_session_takes_the_selected(verb: str) -> None:
    """It follows from the verb's declaration, also for a verb that is added."""
    command = VerbLine(next(one for one in VERBS if one.name == verb))
    assert command.takes_selected is (verb not in ("log", "trash"))


SAID: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("fail --reason bad", ("fail", "ADDRESS", "--reason", "bad")),
    ("show", ("show", "ADDRESS")),
    ("show ID", ("show", "ADDRESS")),
    ("export -o out.md", ("export", "ADDRESS", "-o", "out.md")),
    ("adopt --stage s", ("adopt", "ADDRESS", "--stage", "s")),
    ("adopt --all", ("adopt", "--all")),
    ("show --help", ("show", "--help")),
    ("log", ("log",)),
    ("trash", ("trash",)),
    ("stats hollis_park", ("stats", "hollis_park")),
    ("grep pumps -n 3", ("grep", "pumps", "-n", "3")),
    ("hold on --reason x", ("hold", "on", "--reason", "x")),
    ("purge 0123abcd", ("purge", "0123abcd")),
    ("resume --wait", ("resume", "ADDRESS", "--wait")),
    ("cleanup --dry-run", ("cleanup", "--dry-run")),
)


async def test_a_verb_is_said_to_the_command_line() -> None:
    async with console() as at:
        one = await at.choose("Final list for the partner call")
        for typed, said in SAID:
            at.engine.asked.clear()
            await at.enter(typed.replace("ID", one.session_id[:8]))
            await at.answered()
            words = tuple(one.address if word == "ADDRESS" else word for word in said)
            assert at.engine.asked == [("say_verb", *words)]
            assert at.message.startswith("said ")


async def test_a_title_is_given_to_the_session_as_it_was_shown() -> None:
    """Run as a verb, it would compare with the title stored by then, and overwrite any change."""
    async with console() as at:
        one = await at.choose("Tier-1 suppliers")
        await at.enter("rename A new title")
        await at.answered()
        assert at.engine.asked == [("rename", one.session_id, "A new title")]
        assert (await at.command()).endswith(f" rename {one.address} 'A new title'")


async def test_what_is_named_goes_before_what_is_selected() -> None:
    async with console() as at:
        other = next(one for one in at.engine.catalog.sessions if one.title == "First screen")
        await at.choose("Tier-1 suppliers")
        await at.enter(f"delete {other.session_id[:8]}")
        await at.asked()
        assert "beacon_packag" in at.message
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("delete", other.session_id)]


async def test_a_verb_takes_all_that_is_marked_and_those_that_failed_stay_so() -> None:
    async with console() as at:
        await at.press("s")
        first, second, third = at.listed[:3]
        at.engine.refusing = {second[1]}
        await at.press("space", "space", "space")
        await at.enter("fail")
        await at.until(lambda: at.message == "fail 3 sessions in 3 listings?")
        await at.press("y")
        await at.answered()
        assert [asked[2] for asked in at.engine.asked] == ["/".join(first), "/".join(third)]
        assert at.message == f"fail: 2 done; 1 not, left marked: {second[1][:8]}: fail is refused"
        assert at.view.marks == {second}


async def test_one_line_is_a_message_and_more_are_a_page() -> None:
    engine = FixedEngine(sayings={"stats": tuple(f"line {n}" for n in range(60)), "info": ()})
    async with console(engine) as at:
        await at.enter("info")
        await at.answered()
        assert at.message == "info: done"
        await at.enter("stats")
        await at.until(lambda: at.view.is_page_open)
        assert at.page.split() == [w for n in range(60) for w in ("line", str(n))]
        await at.press("G")
        assert at.page_rows[-1] == "line 59"
        await at.press("d", "e", "r", "c")
        assert not at.view.is_question_open
        await at.press("q")
        assert not at.view.is_page_open
        await at.press("j")
        assert at.view.row == 1


async def test_a_page_is_searched() -> None:
    engine = FixedEngine(sayings={"stats": tuple(f"line {n}" for n in range(90))})
    async with console(engine) as at:
        await at.enter("stats")
        await at.until(lambda: at.view.is_page_open)
        await at.press("slash", *"line 4", "enter")
        await at.answered()
        assert at.page_rows[0] == "line 4"
        await at.press("n")
        assert at.page_rows[0] == "line 40"
        await at.press("N")
        assert at.page_rows[0] == "line 4"
        await at.press("slash", "ctrl+u", *"pumps", "enter")
        await at.answered()
        assert at.message == "pumps was not found"


async def test_a_search_in_a_log_that_has_older_lines_says_so() -> None:
    said = ("AT WHO DID", "12:00 anna tag", "these are the last 50 actions; older: -n 200")
    async with console(FixedEngine(sayings={"log": said})) as at:
        await at.enter("log")
        await at.until(lambda: at.view.is_page_open)
        await at.press("slash", *"delete", "enter")
        await at.answered()
        assert at.message == "delete was not found here; older: -n lists more"


@pytest.mark.parametrize(("answer", "is_done"), [("y", True), ("n", False), ("enter", False)])
async def test_what_must_be_sure_is_asked_and_done_with_yes(answer: str, is_done: bool) -> None:
    async with console(FixedEngine(needs_yes={"purge"})) as at:
        one = await at.choose("Tier-1 suppliers")
        await at.enter("purge")
        await at.asked()
        assert at.message == f"would purge alder_precision/{one.session_id[:8]}?"
        await at.press("l")
        await at.until(lambda: at.view.is_page_open)
        assert "the second" in at.page
        await at.press("escape")
        await at.asked()
        await at.press(answer)
        await at.answered()
        asked = [("say_verb", "purge", one.address, "--yes")] if is_done else []
        assert at.engine.asked == asked


async def test_nothing_is_read_from_the_terminal_s_input() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.enter("resume - --wait")
        await at.until(lambda: "stdin" in at.text("bottom"))
        assert at.engine.asked == []


@pytest.mark.parametrize("text", ["", "  "])
async def test_a_line_without_a_verb_only_closes(text: str) -> None:
    async with console() as at:
        await at.enter(text)
        await at.answered()
        assert (at.message, at.engine.asked) == ("", [])


async def test_many_must_be_typed() -> None:
    async with console(FixedEngine(needs_yes={"purge"})) as at:
        await at.press("slash", *"larkfield", "enter", "asterisk")
        await at.answered()
        count = len(at.view.marks)
        await at.enter("purge")
        await at.asked()
        assert f"Type {count} to purge them" in at.message
        await at.press(*str(count), "enter")
        await at.answered()
        assert [asked[-1] for asked in at.engine.asked] == ["--yes"] * count


async def test_the_screen_lives_while_a_verb_takes_long_and_esc_waits_no_longer() -> None:
    async with console(FixedEngine(slow={"doctor"})) as at:
        await at.enter("doctor")
        await at.until(lambda: at.message == "doctor...")
        await at.look()
        await at.press("escape")
        await at.answered()
        assert "continues in background" in at.message
        await at.press("j")
        assert at.view.row == 1
        at.engine.goes_on.set()
        await at.until(lambda: at.message == "said doctor")


async def test_a_console_that_may_only_look_refuses_what_acts() -> None:
    async with console(FixedEngine(is_read_only=True)) as at:
        for typed in ("delete", "new a b", "cleanup", "ack", "rename x", "restore 9f2c"):
            await at.enter(typed)
            await at.until(lambda: "is read-only" in at.text("bottom"))
            await at.press("escape")
            await at.answered()
        await at.enter("show")
        await at.answered()
        assert [asked[:2] for asked in at.engine.asked] == [("say_verb", "show")]


async def test_ack_settles_what_is_marked_as_it_was_seen() -> None:
    async with console() as at:
        await at.press("j", "j", "enter")
        assert at.view.group is not None
        group = at.view.group
        await at.enter("ack")
        await at.until(lambda: "acknowledge 4 sessions" in at.message)
        assert at.engine.asked == []
        await at.press("y")
        await at.answered()
        assert {asked[1] for asked in at.engine.asked} == {one.session_id for one in group.sessions}
        assert at.message == "4 acknowledged"
        assert at.engine.joined == 1
        assert at.view.marks == frozenset()


async def test_a_listing_that_vanished_is_taken_off() -> None:
    async with console() as at:
        await at.enter("ack norton_mills")
        await at.answered()
        await at.choose_listing("norton_mills")
        await at.enter("ack")
        await at.answered()
        assert at.engine.asked == [("forget", "norton_mills")] * 2


async def test_tab_completes_the_verb() -> None:
    async with console() as at:
        await at.press("colon", *"sta", "tab", "enter")
        await at.answered()
        assert at.engine.asked == [("say_verb", "stats")]


async def test_tail_shows_the_stream_of_what_is_named() -> None:
    async with console() as at:
        other = next(one for one in at.engine.catalog.sessions if one.title == "First screen")
        await at.enter(f"tail {other.session_id[:8]}")
        await at.answered()
        assert at.view.is_full
        assert at.session.key == other.key
