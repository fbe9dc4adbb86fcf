"""Text from anywhere outside never reaches the terminal uncleaned, in any verb."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests import guide_statements as guide
from tests.payloads import PAYLOADS, acts
from tests.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot

ID = FIRST
VERBS = (
    ["ls"],
    ["ls", "--json"],
    ["show", ID],
    ["show", ID, "--json"],
    ["tail", ID],
    ["tail", ID, "--json"],
    ["info"],
    ["extend", ID, "7d"],
    ["extend", ID, "7d", "--json"],
    ["delete", ID],
    ["resume", SECOND, "Go"],
)
ALL = "".join(PAYLOADS.values())
NAME = ALL.replace("/", "").replace("\n", "")


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """Everything that others write is hostile: names, ids, columns, metadata, transcripts."""
    listing = SampleListing(tmp_path / "outputs", NAME.encode()[:200].decode(errors="ignore"))
    listing.folder.mkdir(parents=True)
    asyncio.run(guide.init_table(listing.db_path))
    rows = [(ID, ALL, ALL, ALL, ALL, "failed"), (f"77{ALL}", ALL, ALL, ALL, ALL, ALL)]
    metadata = json.dumps({"last_error": ALL, ALL: [ALL], "agent": {"model": ALL, "cwd": ALL}})
    with closing(sqlite3.connect(listing.db_path)) as pipeline:
        pipeline.executemany(
            "INSERT INTO claude_sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row, metadata) for row in rows],
        )
        pipeline.commit()
    path = listing.write_transcript(ID, *PAYLOADS.values(), prompt=ALL)
    call = {"type": "tool_use", "id": ALL, "name": ALL, "input": {"command": ALL, ALL: ALL}}
    result = {"type": "tool_result", "tool_use_id": ALL, "content": ALL, "is_error": True}
    lines = [
        {"type": "custom-title", "customTitle": ALL},
        {"type": "assistant", "message": {"model": ALL, "content": [call]}},
        {"type": "user", "message": {"content": [result]}},
        {"type": "system", "subtype": "api_error", "error": ALL},
        {"type": ALL},
    ]
    path.write_text(path.read_text() + "".join(f"{json.dumps(line)}\n" for line in lines))
    return listing


def assert_harmless(done: subprocess.CompletedProcess[str]) -> None:
    assert not acts(done.stdout)
    assert not acts(done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_no_verb_lets_a_payload_through(listing: SampleListing, words: list[str]) -> None:
    done = run_cli(listing.root, *words)
    assert_harmless(done)
    if words[0] in ("ls", "show", "tail", "delete"):
        assert "goodend" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words", [["show", ID, "--json"], ["ls", "--json"], ["tail", ID, "--json"]]
)
def test_json_is_harmless_once_it_is_decoded_too(listing: SampleListing, words: list[str]) -> None:
    """A script prints what it decodes."""
    for line in run_cli(listing.root, *words).stdout.splitlines():
        for text in _texts(json.loads(line)):
            assert not acts(text)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_hostile_word_is_named_harmlessly(tmp_path: Path, payload: str) -> None:
    done = run_cli(tmp_path, "show", payload)
    assert done.returncode == 3
    assert_harmless(done)


@pytest.mark.parametrize("payload", [ALL, "\x1b[31m", "[/red]"])
@pytest.mark.parametrize("verb", ["extend", "ls", "restore", "new", "frobnicate"])
def test_hostile_words_are_harmless_in_every_verb(tmp_path: Path, payload: str, verb: str) -> None:
    tail = {"extend": [payload], "new": ["Go", "--stage", payload]}.get(verb, [])
    done = run_cli(tmp_path, verb, payload, *tail)
    assert done.returncode in (2, 3)
    assert_harmless(done)


def test_a_deleted_hostile_session_is_restored(listing: SampleListing) -> None:
    done = run_cli(listing.root, "delete", ID, "--yes")
    assert_harmless(done)
    assert done.returncode == 0
    done = run_cli(listing.root, "restore", ID)
    assert_harmless(done)


@pytest.mark.parametrize(
    "session_id", ["../../x", "..", "/etc/passwd", "a/b", "a\x1b[31m", "-rf", "a" * 500]
)
@pytest.mark.parametrize("verb", [["delete", "--yes"], ["extend", "7d"], ["resume", "Go"]])
def test_a_hostile_id_in_a_row_leads_nowhere(
    tmp_path: Path, session_id: str, verb: list[str]
) -> None:
    listing = SampleListing(tmp_path / "outputs")
    outside = tmp_path / "x.jsonl"
    outside.write_text("keep me")
    listing.track(session_id)
    shown = json.loads(run_cli(listing.root, "ls", "--json").stdout)[0]["session_id"]
    done = run_cli(listing.root, verb[0], shown or "x", *verb[1:])
    assert done.returncode in (2, 3)
    assert_harmless(done)
    assert outside.read_text() == "keep me"
    assert not (listing.folder / ".session_console").exists()


def test_links_lead_nowhere(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    outside = replace(listing, root=tmp_path / "elsewhere")
    outside.add(FIRST)
    listing.add(SECOND)
    (listing.root / "linked").symlink_to(outside.folder)
    projects = listing.config_dir / "projects"
    (projects / "linked").symlink_to(outside.transcript_path(FIRST).parent)
    (projects / "-data-outputs" / f"{FIRST}.jsonl").symlink_to(outside.transcript_path(FIRST))
    before = snapshot(outside.root)
    for words in (["show", FIRST], ["delete", FIRST, "--yes"], ["tail", f"linked/{FIRST}"]):
        assert run_cli(listing.root, *words).returncode == 3
    assert snapshot(outside.root) == before
