"""Three tests, one of each kind; the guide `write-a-test` shows this file."""

from __future__ import annotations

import json

from tests.support.console.harness import console
from tests.support.listings.sample_listing import FIRST, SampleListing, content_of, run_cli
from tui.operations.trash.delete import delete
from tui.operations.trash.restore import restore


def test_a_restore_brings_back_every_byte(listing: SampleListing) -> None:
    before = content_of(listing)
    delete(listing.context(), listing.session(FIRST))
    assert content_of(listing) == {}
    restore(listing.context(), FIRST)
    assert content_of(listing) == before


def test_ls_prints_the_stage_as_json(listing: SampleListing) -> None:
    done = run_cli(listing.root, "ls", "--json")
    (session,) = json.loads(done.stdout)
    assert (done.returncode, session["stage"]) == (0, "stage_3")


async def test_a_delete_asks_first() -> None:
    async with console(size=(120, 36)) as at:
        session = await at.choose("Final list for the partner call")
        await at.press("d")
        await at.asked()
        assert at.engine.asked == []
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("delete", session.session_id)]
        assert at.message in "".join(at.rows())
