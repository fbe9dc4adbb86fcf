"""What a sub-agent's transcript repeats of its session's is shown once: in the session."""

from __future__ import annotations

from pathlib import Path

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.subagent_files import add_agent, call, prompt, text, write
from tui.operations.search.grep import search
from tui.operations.stream.export import markdown
from tui.operations.stream.last_entries import last_entries

UUID = "11111111-1111-4111-8111-{:012}"


def test_lines_of_the_session_are_not_told_again_below_its_call(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    path = listing.transcript_path(FIRST)
    said = [prompt("Find pumps.", 0), text("Looking for valves.", 1), call("t1", 2)]
    lines = [line | {"uuid": UUID.format(number)} for number, line in enumerate(said)]
    write(path, *lines)
    own = text("Seals of its own.", 3) | {"uuid": UUID.format(9)}
    add_agent(path.with_suffix(""), "a1", *lines[:2], own, toolUseId="t1")
    session = listing.session(FIRST)
    last = last_entries(session, 10)
    assert [one.text for one in last.asides["t1"]] == ["Seals of its own."]
    assert [one.text for one in last.entries[:2]] == ["Find pumps.", "Looking for valves."]
    assert len([*search([session], "pumps")]) == 1
    assert len([*search([session], "valves|seals")]) == 2
    written = "\n".join(markdown(listing.context(), session))
    said_once = ("> Find pumps.", "> Looking for valves.", "> Seals of its own.")
    assert [written.count(words) for words in said_once] == [1, 1, 1]
