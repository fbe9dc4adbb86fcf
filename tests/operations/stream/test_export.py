"""An export contains everything that was said, as of now, and none of it breaks the Markdown."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, acts, is_cleaned
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tests.support.listings.transcript_lines import (
    answer,
    call,
    prompt,
    result,
    text,
    thinking,
    write_lines,
)
from tui.core.errors import ConsoleError, UnknownId
from tui.core.models.session import Session
from tui.operations.stream.export import markdown, trashed_session
from tui.operations.trash.delete import delete

WHOLE = """\
# Find pumps

## Prompt, 2026-11-20 12:00:00Z

> Find pumps

<details><summary>Thinking</summary>

> Hm.

</details>

## Answer, 2026-11-20 12:00:00Z

> Let me look.

### Tool: `Task`, 2026-11-20 12:00:00Z

```json
{
 "prompt": "look"
}
```

### Sub-agent: `Explore: look`

> ## Prompt (sub-agent), 2026-11-20 12:00:00Z

> > Look!

> ## Answer (sub-agent), 2026-11-20 12:00:00Z

> > Found.

### Result of `Task`, 2026-11-20 12:00:00Z, failed

````
```
x
````

## Error

> API error: 529

### Sub-agent: `agent-2`: no call names it

> ## Answer (sub-agent), 2026-11-20 12:00:00Z

> > Nobody called me."""


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """A conversation with every kind of line, and two sub-agents."""
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    path = write_lines(
        listing.transcript_path(FIRST),
        prompt("Find pumps"),
        answer(thinking("Hm."), thinking(""), text("Let me look.")),
        answer(call("Task", prompt="look")),
        result("```\nx", is_error=True),
        {"type": "system", "subtype": "api_error", "error": "529"},
        {"type": "cost-state", "totalCostUSD": 1.25},
    )
    agents = path.with_suffix("") / "subagents"
    write_lines(
        agents / "agent-1.jsonl",
        prompt("Look!") | {"isSidechain": True},
        answer(text("Found."), isSidechain=True),
    )
    facts = {"agentType": "Explore", "description": "look", "toolUseId": "t1"}
    (agents / "agent-1.meta.json").write_text(json.dumps(facts))
    write_lines(agents / "agent-2.jsonl", answer(text("Nobody called me."), isSidechain=True))
    return listing


def exported(listing: SampleListing, session: Session | None = None) -> tuple[str, str]:
    """Return the front matter and the rest."""
    blocks = list(markdown(listing.context(), session or listing.session(FIRST)))
    return blocks[0], "\n\n".join(blocks[1:])


def matter(head: str) -> dict[str, object]:
    lines = head.split("\n")
    assert lines[0] == lines[-1] == "---"
    return {name: json.loads(value) for name, _, value in (x.partition(": ") for x in lines[1:-1])}


def test_all_that_was_said_is_there_in_its_order(listing: SampleListing) -> None:
    assert exported(listing)[1] == WHOLE


def test_the_front_matter_says_what_is_known(listing: SampleListing) -> None:
    facts = matter(exported(listing)[0])
    assert facts["session"] == FIRST
    assert (facts["listing"], facts["stage"], facts["status"]) == (
        "hollis_park",
        "stage_3",
        "active",
    )
    assert (facts["title"], facts["model"], facts["cost_usd"]) == (
        "Find pumps",
        "claude-sonnet-4-5",
        1.25,
    )
    counts = [facts[name] for name in ("prompts", "answers", "tool_calls", "errors")]
    assert counts == [1, 1, 1, 1]
    assert facts["bytes"] == listing.transcript_path(FIRST).stat().st_size
    assert (facts["state"], facts["liveness"], facts["exported_by"]) == ("ok", "none", "anna")
    for name in ("created_at", "expires_at", "sweep_at", "last_activity_at", "exported_at"):
        assert str(facts[name]).endswith("+00:00")


def test_exporting_changes_nothing(listing: SampleListing) -> None:
    before = snapshot(listing.root)
    exported(listing)
    assert snapshot(listing.root) == before


def test_texts_of_any_length_are_whole(listing: SampleListing) -> None:
    words = "x" * 300_000
    write_lines(listing.transcript_path(FIRST), answer(text(words)), result(words))
    assert exported(listing)[1].count(words) == 2


def test_a_large_transcript_is_never_whole_in_memory(listing: SampleListing) -> None:
    lines = [answer(text("x" * 10_000)) for _ in range(4000)]
    path = write_lines(listing.transcript_path(FIRST), *lines)
    session, size = listing.session(FIRST), path.stat().st_size
    tracemalloc.start()
    total = sum(len(block) for block in markdown(listing.context(), session))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > size * 0.9
    assert peak < size / 8


def test_what_is_written_meanwhile_is_left_out(listing: SampleListing) -> None:
    path = listing.transcript_path(FIRST)
    blocks = markdown(listing.context(), listing.session(FIRST))
    head = next(blocks)
    with path.open("ab") as file:
        file.write(json.dumps(prompt("Too late")).encode() + b"\n")
    rest = "\n\n".join(blocks)
    assert rest == WHOLE
    assert matter(head)["prompts"] == 1


@pytest.mark.parametrize(
    ("garbage", "said"),
    [
        (b'{"type": "user", "mess', "*the last line is not whole yet: its 22 bytes are left out*"),
        (b"not json\n", "*a line of 8 bytes that cannot be read*"),
        (b"\0\0\0\n", ""),
        (b'{"type": "user", "message": {"content": "a \\ud800 b"}}\n', "> a  b"),
    ],
)
def test_garbage_is_a_notice_at_worst(listing: SampleListing, garbage: bytes, said: str) -> None:
    write_lines(listing.transcript_path(FIRST), prompt("Find pumps"), garbage)
    assert said in exported(listing)[1]


def test_a_ghost_says_so(listing: SampleListing) -> None:
    listing.track(SECOND)
    head, rest = exported(listing, listing.session(SECOND))
    assert matter(head)["state"] == "ghost"
    assert rest.startswith(f"# {SECOND}\n\n*It cannot be read: ")


def test_a_sketch_is_shown_as_it_is(listing: SampleListing) -> None:
    folder = listing.config_dir / "session-abc"
    folder.mkdir()
    (folder / "conversation.json").write_text('{"said": "``` \x1b[31mvalves"}')
    _, rest = exported(listing, listing.session("session-abc"))
    assert rest.endswith('````json\n{"said": "``` valves"}\n````')


def test_what_lies_in_the_trash_is_read_there(listing: SampleListing) -> None:
    delete(listing.context(), listing.session(FIRST))
    head, rest = exported(listing)
    assert (matter(head)["state"], matter(head)["status"]) == ("trash", "deleted")
    assert rest.partition("\n\n")[2] == WHOLE.partition("\n\n")[2]


def test_an_untracked_session_is_only_known_to_the_trash(listing: SampleListing) -> None:
    listing.write_transcript(SECOND, "Valves.")
    delete(listing.context(), listing.session(SECOND))
    with pytest.raises(UnknownId):
        listing.session(SECOND)
    head, rest = exported(listing, trashed_session(listing.context(), "9f2d"))
    assert matter(head)["title"] == "Strategic buyers, pumps"
    assert "> Valves." in rest
    with pytest.raises(UnknownId):
        trashed_session(listing.context(), "missing")


def test_a_sketch_in_the_trash_is_read_there(listing: SampleListing) -> None:
    folder = listing.config_dir / "session-abc"
    folder.mkdir()
    (folder / "conversation.json").write_text('{"said": "valves"}')
    delete(listing.context(), listing.session("session-abc"))
    _, rest = exported(listing, trashed_session(listing.context(), "session-abc"))
    assert '{"said": "valves"}' in rest


def test_a_link_put_into_the_trash_leads_nowhere(listing: SampleListing, tmp_path: Path) -> None:
    act = delete(listing.context(), listing.session(FIRST))
    outside = write_lines(tmp_path / "outside.jsonl", prompt("secret"))
    trash = listing.root / ".session_console" / "trash"
    (moved,) = [path for path in trash.rglob("*") if path.is_file() and b"Find pumps" in _of(path)]
    moved.unlink()
    moved.symlink_to(outside)
    with pytest.raises(ConsoleError, match="cannot be read"):
        exported(listing, trashed_session(listing.context(), act.session_id))


def _of(path: Path) -> bytes:
    return path.read_bytes() if path.suffix != ".json" else b""


def linked(path: Path) -> None:
    write_lines(path.parent / "outside", prompt("secret"))
    path.symlink_to(path.parent / "outside")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, linked, lambda path: None])
def test_what_took_the_place_of_the_transcript_is_not_read(
    listing: SampleListing, make: Callable[[Path], None]
) -> None:
    session, path = listing.session(FIRST), listing.transcript_path(FIRST)
    path.unlink()
    make(path)
    with pytest.raises(ConsoleError, match="cannot be read"):
        exported(listing, session)


def test_a_sub_agent_that_cannot_be_read_any_more_is_a_notice(listing: SampleListing) -> None:
    session = listing.session(FIRST)
    blocks = []
    for block in markdown(listing.context(), session):
        blocks.append(block)
        if block.startswith("## Prompt"):
            agents = listing.transcript_path(FIRST).with_suffix("") / "subagents"
            (agents / "agent-1.jsonl").unlink()
    (notice,) = [block for block in blocks if "cannot be read" in block]
    assert notice.startswith("*")
    assert blocks[-1].endswith("Nobody called me.")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_never_acts(listing: SampleListing, payload: str) -> None:
    path = write_lines(
        listing.transcript_path(FIRST),
        prompt(payload),
        answer(text(payload), thinking(payload)),
        answer(call(payload, tool_id=payload, one=payload, more={payload: payload})),
        result(payload, tool_id=payload),
        {"type": "system", "subtype": "api_error", "error": payload},
        {"type": "custom-title", "customTitle": payload},
        {"type": payload},
    )
    agents = path.with_suffix("") / "subagents"
    write_lines(agents / "agent-1.jsonl", answer(text(payload)))
    facts = {"agentType": payload, "description": payload, "toolUseId": payload}
    (agents / "agent-1.meta.json").write_text(json.dumps(facts))
    blocks = list(markdown(listing.context(), listing.session(FIRST)))
    assert not any(acts(block) for block in blocks)
    assert is_cleaned(str(matter(blocks[0])["title"]))
    spoken = [block for block in blocks if block.startswith("> ")]
    assert len(spoken) == 7
    assert all("goodend" in "".join(block.split()).replace(">", "") for block in spoken[:2])


def test_an_error_of_many_lines_makes_no_structure_of_its_own(listing: SampleListing) -> None:
    said = text("API Error\n===\n# Prompt\n---\n- x\n<script>")
    write_lines(listing.transcript_path(FIRST), answer(said, isApiErrorMessage=True))
    quote = "> API Error\n> ===\n> # Prompt\n> ---\n> - x\n> &lt;script>"
    assert f"## Error, 2026-11-20 12:00:00Z\n\n{quote}\n" in exported(listing)[1]


@pytest.mark.parametrize(
    "title", ['say "yes": no', "--- \n---", "- x", "{a: [b", "# <script>", "![x](https://evil)"]
)
def test_a_hostile_title_stays_a_title(listing: SampleListing, title: str) -> None:
    write_lines(
        listing.transcript_path(FIRST), {"type": "custom-title", "customTitle": title}, prompt("x")
    )
    head, rest = exported(listing)
    shown = " ".join(title.split())
    assert matter(head)["title"] == shown
    assert head.split("\n").count("---") == 2
    assert "<script>" not in rest
    assert "![x]" not in rest
