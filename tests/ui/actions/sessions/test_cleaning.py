"""`c` shows what it would move to the trash, then its progress; `u` undoes it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.console.fixed_catalog import NOW, catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console, console_over
from tests.support.listings.sample_listing import SampleListing
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.core.errors import UsageError
from tui.core.models.catalog import Hold
from tui.core.sessions.cleanup_selection import CleanupCriteria
from tui.operations.trash.delete import delete_many
from tui.storage.trash.trash import list_trash
from tui.ui.actions.sessions.cleaning import wanted
from tui.ui.engine.real_engine import RealEngine


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("expired", CleanupCriteria(is_expired=True)),
        ("30d", CleanupCriteria(older_than=timedelta(days=30))),
        ("30", CleanupCriteria(older_than=timedelta(days=30))),
        ("5GB", CleanupCriteria(max_bytes=5 * 1024**3)),
        ("200M", CleanupCriteria(max_bytes=200 * 1024**2)),
        ("200m", CleanupCriteria(older_than=timedelta(minutes=200))),
        ("free 200MB", CleanupCriteria(free_bytes=200 * 1024**2)),
        ("2g", CleanupCriteria(max_bytes=2 * 1024**3)),
        ("Expired 12h 1MB", CleanupCriteria(True, timedelta(hours=12), 1024**2)),
    ],
)
def test_what_the_words_want(words: str, found: CleanupCriteria) -> None:
    assert wanted(words) == found


@pytest.mark.parametrize(
    "words", ["soon", "5 GB", "-3d", "0", "free", "free 5 3", "free soon", "expired free 5M"]
)
def test_words_that_mean_nothing_are_named(words: str) -> None:
    with pytest.raises(UsageError):
        wanted(words)


@pytest.mark.parametrize(("answer", "is_done"), [("y", True), ("n", False), ("enter", False)])
async def test_a_preview_comes_first_and_its_default_is_no(answer: str, is_done: bool) -> None:
    async with console() as at:
        await at.press("c")
        await at.asked()
        assert "expired (2, 12M)" in at.message
        await at.press("enter")
        await at.until(lambda: "move 2 sessions" in at.message)
        assert at.engine.asked == []
        await at.press(answer)
        await at.answered()
        assert [asked[0] for asked in at.engine.asked] == ["clean-up"] * (2 if is_done else 0)
        assert at.message == ("2 cleaned up" if is_done else "nothing moved")


def lines(*keys: str) -> tuple[str, ...]:
    """Return the keys, each word of more than one letter typed."""
    return tuple(key for word in keys for key in ((word,) if word in ("enter", "c") else word))


@pytest.mark.parametrize(
    ("keys", "many", "is_erasing"),
    [
        (("c", "enter"), 5, False),
        (("c", "enter"), 6, False),
        (("c", "1b", "enter"), 6, True),
        ((":cleanup", "enter", "enter"), 6, False),
        ((":cleanup --expired", "enter"), 5, False),
        ((":cleanup --expired", "enter"), 6, False),
        ((":cleanup --max-size 1", "enter"), 2, True),
        ((":cleanup --purge-trash", "enter"), 1, True),
    ],
)
async def test_the_number_is_typed_for_many_and_wherever_something_is_erased(
    tmp_path: Path, keys: tuple[str, ...], many: int, is_erasing: bool
) -> None:
    """One key never takes more than five, nor anything for good; that holds for each way in."""
    listing = SampleListing(tmp_path / "outputs")
    ids = [str(UUID(int=number)) for number in range(1, many + 2)]

    def prepare() -> None:
        for one in ids:
            listing.add(one, days=-1, age=timedelta(days=2))
        last = listing.session(ids.pop())
        if is_erasing:
            past = datetime.now(UTC) - timedelta(days=8)
            delete_many(replace(listing.context(), clock=lambda: past), [last])
        else:
            delete_many(listing.context(), [last])

    await asyncio.to_thread(prepare)
    context = listing.context()
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    is_typed, count = is_erasing or many > 5, many + is_erasing
    async with console_over(engine, waits=False) as at:
        await at.until(lambda: len(at.listed) == many)
        await at.press(*lines(*keys))
        await at.until(lambda: f"move {many} session" in at.message)
        await at.press("y")
        if is_typed:
            await at.until(lambda: f"Type {count} to " in at.text("bottom"))
            assert ("no undo" in at.text("bottom")) is is_erasing
            there = await asyncio.to_thread(list_trash, listing.root)
            assert len(there) == 1
            await at.press(*str(count), "enter")
        await at.until(lambda: f"{many} " in at.message and "trash" in at.message)
    there = await asyncio.to_thread(list_trash, listing.root)
    assert len(there) == many + (not is_erasing)


@pytest.mark.parametrize("how", ["key", "verb"])
async def test_to_free_space_for_good_takes_the_number_typed(how: str) -> None:
    async with console() as at:
        if how == "key":
            await at.press("c", *"free 200M", "enter")
        else:
            await at.press(":", *"cleanup --free 200M", "enter")
        await at.until(lambda: "erase for good 2 expired sessions (12M)?" in at.message)
        assert "the disk gets 12M back, 188M less than asked" in at.message
        await at.press("y")
        await at.until(lambda: "Type 2 to erase them" in at.message)
        assert "no undo" in at.message
        await at.press("1", "enter")
        await at.until(lambda: "1 is not 2: nothing was done" in at.text("bottom"))
        assert at.engine.asked == []
        await at.press("backspace", "2", "enter")
        await at.answered()
        assert [asked[0] for asked in at.engine.asked] == ["clean-up"] * 2


async def test_the_list_is_a_key_away() -> None:
    async with console() as at:
        await at.press("c", *"30d 1h", "enter")
        await at.until(lambda: "to the trash" in at.message)
        await at.press("l")
        await at.until(lambda: at.view.is_page_open)
        listed = at.page
        assert "First screen" in listed
        assert "skipped:" in listed
        await at.press("q")
        await at.until(lambda: "to the trash" in at.message)
        await at.press("n")
        await at.answered()


async def test_u_undoes_the_batch() -> None:
    async with console() as at:
        await at.press("c", "enter")
        await at.until(lambda: "move 2" in at.message)
        await at.press("y")
        await at.answered()
        await at.press("u")
        await at.until(lambda: "undo: cleaned up 2 sessions" in at.message)
        assert len(at.engine.asked) == 2
        await at.press("y")
        await at.answered()
        assert [asked[:2] for asked in at.engine.asked[2:]] == [("undo", "clean-up")] * 2


async def test_the_screen_shows_how_far_it_is_and_esc_stops_it() -> None:
    async with console(FixedEngine(slow={"clean-up"})) as at:
        await at.press("c", *"1m", "enter")
        await at.until(lambda: "to the trash" in at.message)
        await at.press("y", "5", "0", "enter")
        await at.until(lambda: at.message.startswith("cleaned up"))
        assert "Esc: stop (what is done stays done)" in at.rows("bottom")[1]
        await at.press("escape")
        await at.answered()
        assert "stopping" in at.message
        at.engine.goes_on.set()
        await at.until(lambda: "then stopped" in at.message)
        assert not at.engine.asked


async def test_only_the_listing_in_sight_is_cleaned() -> None:
    async with console() as at:
        await at.press("1", "j", "j", "enter")
        assert at.view.query.listing == "beacon_packaging"
        await at.press("c")
        await at.asked()
        assert "clean up beacon_packaging: expired (1, 3.0M)" in at.message
        await at.press("escape")
        await at.answered()


async def test_a_hold_is_named_at_once() -> None:
    engine = FixedEngine(catalog=replace(catalog(), hold=Hold("bert", NOW)))
    async with console(engine) as at:
        top = at.top
        assert "HELD by bert" in top
        await at.press("c")
        await at.answered()
        assert "bert paused clean-up here" in at.message
