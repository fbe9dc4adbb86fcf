"""An address at the `:` line is never taken for text that goes to the selected session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.console.catalog_edits import each_session, with_listing
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console

SELECTED, OTHER = "Tier-1 suppliers", "Strategic buyers, pumps"  # both take prompts
UNKNOWN = ("no session", "is not a session id", "was not found")
BLANK = "my listing"
UUID = "0badcafe-1111-4222-8333-444455556666"


def engine_with_blank() -> FixedEngine:
    """Return an engine in which the name of the other session's listing contains a blank."""
    catalog = FixedEngine().catalog
    old = next(one.listing for one in catalog.sessions if one.title == OTHER)
    catalog = each_session(
        with_listing(catalog, old, listing_id=BLANK),
        lambda one: replace(one, listing=BLANK) if one.listing == old else one,
    )
    return FixedEngine(catalog=catalog)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("note 'ADDRESS' go on", ("note", "ID", "go on")),
        ("rename 'ADDRESS' A title", ("rename", "ID", "A title")),
        ("send 'ADDRESS' go on", ("send", "ID", "go on")),
        ("tag 'ADDRESS' urgent", ("say_verb", "tag", "ADDRESS", "urgent")),
    ],
)
async def test_a_listing_with_a_blank_is_named(typed: str, asked: tuple[str, ...]) -> None:
    async with console(engine_with_blank()) as at:
        other = next(one for one in at.engine.catalog.sessions if one.title == OTHER)
        await at.choose(SELECTED)
        await at.enter(typed.replace("ADDRESS", other.address))
        await at.answered()
        words = {"ID": other.session_id, "ADDRESS": other.address}
        assert at.engine.asked == [tuple(words.get(one, one) for one in asked)]


@pytest.mark.parametrize("address", [f"no such/{UUID}", "no_such/0badcafe", UUID, f"{BLANK}/x y"])
@pytest.mark.parametrize("verb", ["send", "note", "rename", "resume", "extend", "answer", "mode"])
@pytest.mark.parametrize("rest", ["", " go on"])
async def test_an_address_of_nothing_is_refused(verb: str, address: str, rest: str) -> None:
    async with console(engine_with_blank()) as at:
        await at.choose(SELECTED)
        await at.enter(f"{verb} '{address}'{rest}")
        await at.until(lambda: "refused" in at.text("bottom"))
        said = " ".join(at.text("bottom").split())
        assert any(why in said for why in UNKNOWN)
        assert "no session is selected" not in said
        assert at.engine.asked == []


@pytest.mark.parametrize("prompt", ["and/or go on", "24/7", "cafe"])
@pytest.mark.parametrize("verb", ["note", "rename"])
async def test_text_with_a_slash_is_text(verb: str, prompt: str) -> None:
    async with console() as at:
        one = await at.choose(SELECTED)
        await at.enter(f"{verb} {prompt}")
        await at.answered()
        assert at.engine.asked == [(verb, one.session_id, prompt)]
