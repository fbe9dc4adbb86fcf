"""Live, its pages, the searches, the export and the list read a transcript in the same way."""

from __future__ import annotations

import json
from typing import Any

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.transcript_lines import AT, answer, prompt, text, write_lines
from tui.core.models.entry import EntryKind
from tui.core.text.markdown_quoting import escaped
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.search.grep import search
from tui.operations.search.transcript_search import seek
from tui.operations.stream.export import markdown
from tui.operations.stream.follow import StreamFollower

SPOKEN = (EntryKind.PROMPT, EntryKind.TEXT)
COMMAND = (
    "<command-name>/profile</command-name>\n<command-message>profile</command-message>\n"
    "<command-args>Acme Pumps</command-args>"
)


def raw(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode()


def queue(operation: str, words: str) -> dict[str, Any]:
    return {"type": "queue-operation", "operation": operation, "timestamp": AT, "content": words}


ONE, TWO, THREE = (raw(prompt(f"Question {word}")) for word in ("one", "two", "three"))
SPLICED = [
    b"\xef\xbb\xbf" + ONE + b"\r\n",
    b"\r\n\n\0\0\n",
    TWO[: len(TWO) // 2] + TWO + THREE + b"\n",
    raw(answer(text("Answer one"))) + b"\0\0" + raw(answer(text("Answer two"))) + b"\n",
    b"not a record at all\n",
]


def told(listing: SampleListing) -> list[str]:
    session = listing.session(FIRST)
    entries = StreamFollower(session).poll(session).entries
    return [one.text for one in entries if one.kind in SPOKEN]


def test_every_whole_record_is_everywhere(listing: SampleListing) -> None:
    path = write_lines(listing.transcript_path(FIRST), *SPLICED)
    whole = ["Question one", "Question two", "Question three", "Answer one", "Answer two"]
    assert told(listing) == whole
    session = listing.session(FIRST)
    assert session.title == "Question one"
    follow = StreamFollower(session, last_bytes=10)
    update = follow.poll(session)
    page = follow.before(update.start, None)
    paged = [one.text for one in (*page.entries, *update.entries) if one.kind in SPOKEN]
    assert paged == whole
    skipped = [one.text for one in page.entries if one.left_out]
    assert skipped == [f"a line of {len(TWO) // 2} bytes that cannot be read"]
    sessions = CatalogScanner(listing.context()).look().sessions
    assert [hit.match for hit in search(sessions, "(question|answer) [a-z]+")] == whole
    exported = "\n".join(markdown(listing.context(), session))
    assert all(f"> {words}" in exported for words in whole)
    assert "prompts: 3" in exported
    hits = seek(path, "three", path.stat().st_size)
    assert list(hits.places) == [path.read_bytes().index(SPLICED[2])]


def test_who_speaks_is_the_same_everywhere(listing: SampleListing) -> None:
    path = write_lines(
        listing.transcript_path(FIRST),
        prompt(COMMAND),
        prompt("<bash-input>ls /srv</bash-input>"),
        prompt("The real question"),
        answer(text("Yes.")),
        queue("enqueue", "And Asia?"),
        queue("remove", "And Asia?"),
        queue("enqueue", "Why so long"),
        {"type": "queue-operation", "operation": "dequeue", "timestamp": AT},
        answer(text("Done.")),
        queue("enqueue", "Still there?"),
    )
    session = listing.session(FIRST)
    assert session.title == "The real question"
    assert told(listing) == ["The real question", "Yes.", "Done."]
    notices = [
        "/profile Acme Pumps",
        "! ls /srv",
        "said while it worked: And Asia?",
        "queued and not taken up: Why so long",
    ]
    live = [one.text for one in StreamFollower(session).poll(session).entries]
    assert [one for one in live if one in notices] == notices
    assert live[-1] == "queued and not taken up: Still there?"
    exported = "\n".join(markdown(listing.context(), session))
    assert all(f"*{escaped(words)}" in exported for words in notices)
    assert "prompts: 1" in exported
    sessions = CatalogScanner(listing.context()).look().sessions
    size = path.stat().st_size
    for words in ("/profile acme pumps", "And Asia?", "why so long", "still there?"):
        (hit,) = search(sessions, words.replace("?", r"\?"))
        assert hit.kind is EntryKind.NOTICE
        assert len(seek(path, words, size).places) == 1


def test_a_session_that_only_a_command_began_is_called_after_it(listing: SampleListing) -> None:
    write_lines(listing.transcript_path(FIRST), prompt(COMMAND), answer(text("Yes.")))
    assert listing.session(FIRST).title == "/profile Acme Pumps"


def test_a_prompt_that_the_next_page_holds_is_not_lost(listing: SampleListing) -> None:
    lines = [queue("enqueue", "Find pumps"), prompt("Find pumps"), answer(text("Yes."))]
    path = write_lines(listing.transcript_path(FIRST), *lines)
    session = listing.session(FIRST)
    follow = StreamFollower(session, last_bytes=len(raw(lines[1])) + len(raw(lines[2])) + 60)
    update = follow.poll(session)
    assert 0 < update.start == path.read_bytes().index(b'{"type": "user"')
    assert follow.before(update.start, None).entries == ()
