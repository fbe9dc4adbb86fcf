"""The verbs grep and export: what they print, where they write, how they end."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, acts
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tests.support.listings.transcript_lines import (
    answer,
    call,
    prompt,
    result,
    text,
    thinking,
    write_lines,
)
from tests.support.place import REPOSITORY
from tui.__main__ import say_verb
from tui.core.errors import UsageError
from tui.operations.context import VerbOutput

ALL = "".join(PAYLOADS.values())
NAME = ALL.replace("/", "").replace("\n", "").encode()[:200].decode(errors="ignore")
FULL = """
import resource, signal, sys
from tui.__main__ import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(SECOND)
    listing.track(FIRST)
    write_lines(
        listing.transcript_path(FIRST),
        prompt("Find industrial pumps"),
        answer(text(f"{'before ' * 40}the pumps of Dunwell{' after' * 40}")),
    )
    return listing


def in_the_console(listing: SampleListing, *words: str) -> VerbOutput:
    """Run a verb as the `:` line does, in a thread of the console."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(say_verb, listing.context(), words).result(60)


def test_hits_are_grouped_by_session_with_the_match_in_sight(listing: SampleListing) -> None:
    done = run_cli(listing.root, "grep", "PUMPS", COLUMNS="80", TZ="UTC")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert sorted(line for line in lines if not line.startswith(" ")) == [
        f"hollis_park/{FIRST}  stage_3  2 hits  Find industrial pumps",
        f"hollis_park/{SECOND}  stage_3  1 hit  Strategic buyers, pumps",
    ]
    assert "  2026-11-20 12:00 prompt   Find industrial pumps" in lines
    (long,) = [line for line in lines if "Dunwell" in line]
    assert len(long) <= 80
    assert "before the pumps of Dunwell after" in long
    assert "~" in long


def test_nothing_found_ends_as_grep_does(listing: SampleListing) -> None:
    done = run_cli(listing.root, "grep", "valves")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "nothing matches in 2 sessions\n"


def test_one_listing_can_be_named_and_a_limit(listing: SampleListing) -> None:
    SampleListing(listing.root, "dunwell").add(FIRST)
    done = run_cli(listing.root, "grep", "pumps", "dunwell", "--json")
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["listing"] for one in facts] == ["dunwell"]
    assert len(run_cli(listing.root, "grep", "pumps", "-n", "2", "--json").stdout.splitlines()) == 2
    assert run_cli(listing.root, "grep", "pumps", "missing").returncode == 3
    assert run_cli(listing.root, "grep", "(").returncode == 2


def test_json_is_one_object_a_hit(listing: SampleListing) -> None:
    done = run_cli(listing.root, "grep", "find industrial", "--json")
    assert json.loads(done.stdout) == {
        "listing": "hollis_park",
        "session_id": FIRST,
        "at": "2026-11-20T12:00:00+00:00",
        "kind": "prompt",
        "match": "Find industrial",
        "text": "Find industrial pumps",
        "is_sidechain": False,
        "title": "Find industrial pumps",
        "stage": "stage_3",
        "number": 1,
        "place": 0,
        "match_at": 0,
    }


def found(listing: SampleListing, *words: str) -> list[str]:
    """Return the texts that match, by what `--json` prints."""
    done = run_cli(listing.root, "grep", "--json", *words, TZ="UTC")
    assert done.returncode in (0, 1), done.stderr
    return sorted(json.loads(line)["text"] for line in done.stdout.splitlines())


def test_any_of_several_patterns_is_found(listing: SampleListing) -> None:
    assert found(listing, "-e", "strategic", "-e", "find ind") == [
        "Find industrial pumps",
        "Strategic buyers, pumps",
    ]
    SampleListing(listing.root, "dunwell").add(FIRST)
    assert found(listing, "dunwell", "-e", "strategic") == ["Strategic buyers, pumps"]
    assert run_cli(listing.root, "grep").returncode == 2
    assert run_cli(listing.root, "grep", "a", "b", "-e", "c").returncode == 2


def test_case_counts_only_when_it_is_said(listing: SampleListing) -> None:
    assert found(listing, "FIND") == found(listing, "FIND", "-i") == ["Find industrial pumps"]
    assert found(listing, "FIND", "-s") == []
    assert found(listing, "Find", "-s") == ["Find industrial pumps"]


def test_only_a_stage_is_searched(listing: SampleListing) -> None:
    listing.track(SECOND, stage="stage_2")
    assert found(listing, "pumps", "--stage", "2") == ["Strategic buyers, pumps"]
    assert len(found(listing, "pumps", "--stage", "stage_3")) == 2


def test_only_what_was_said_since_is_found(listing: SampleListing) -> None:
    """A file that was not written since is not even opened."""
    path = listing.transcript_path(FIRST)
    old = prompt("old pumps") | {"timestamp": "2021-11-20T12:00:00.000Z"}
    new = prompt("new pumps") | {"timestamp": "2021-11-20T14:00:00.000Z"}
    write_lines(path, old, new)
    assert found(listing, "w pumps|d pumps", "--since", "2021-11-20 13:00") == ["new pumps"]
    assert len(found(listing, "w pumps|d pumps", "--since", "2021-11-20 11:00")) == 2
    before = datetime(2021, 11, 20, 10, tzinfo=UTC).timestamp()
    os.utime(path, (before, before))
    assert found(listing, "w pumps", "--since", "2021-11-20 13:00") == []
    assert run_cli(listing.root, "grep", "pumps", "--since", "soon").returncode == 2


def test_a_line_of_the_console_leads_to_its_session_or_its_place(listing: SampleListing) -> None:
    said = in_the_console(listing, "grep", "-e", "dunwell", "hollis_park")
    assert said.lines[0] == f"hollis_park/{FIRST}  stage_3  1 hit  Find industrial pumps"
    heading, hit = said.targets[0], said.targets[1]
    assert (heading.session_id, heading.place) == (FIRST, -1)
    assert (hit.session_id, hit.sought) == (FIRST, "Dunwell")
    whole = listing.transcript_path(FIRST).read_bytes()
    assert b"Dunwell" in whole[hit.place :].split(b"\n")[0]
    assert whole[hit.place - 1 : hit.place] == b"\n"


def test_in_the_console_it_finds_the_same(listing: SampleListing) -> None:
    said = in_the_console(listing, "grep", "pumps", "hollis_park")
    assert said.code == 0
    assert any("Dunwell" in line for line in said.lines)
    assert in_the_console(listing, "grep", "valves").code == 1
    assert in_the_console(listing, "grep", "--json", "--", "-n").code == 1


def test_in_the_console_a_pattern_that_takes_for_ever_stops_nothing(listing: SampleListing) -> None:
    """In a thread of the console's process it would block the interpreter and the screen."""
    write_lines(listing.transcript_path(FIRST), prompt("a" * 60 + "b"))
    words, ticks = ("grep", "(a+)+$"), 0
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(say_verb, listing.context(), words)
        while not said.done():
            time.sleep(0.1)
            ticks += 1
    assert ticks >= 3
    assert said.result().code == 1
    assert any("takes too long" in line for line in said.result().lines)


def test_an_export_is_printed_or_written_to_a_new_file(
    listing: SampleListing, tmp_path: Path
) -> None:
    printed = run_cli(listing.root, "export", "9f2c")
    assert (printed.returncode, printed.stderr) == (0, "")
    path = tmp_path / "out.md"
    written = run_cli(listing.root, "export", "9f2c", "-o", str(path))
    assert (written.returncode, written.stdout) == (0, "")
    assert written.stderr == f"{path}: {path.stat().st_size} bytes\n"
    lines = [line for line in path.read_text().splitlines() if "exported_at" not in line]
    assert lines == [line for line in printed.stdout.splitlines() if "exported_at" not in line]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_with_json_the_file_is_named(listing: SampleListing, tmp_path: Path) -> None:
    path = tmp_path / "out.md"
    done = run_cli(listing.root, "export", "9f2c", "-o", str(path), "--json")
    assert json.loads(done.stdout) == {
        "session_id": FIRST,
        "file": str(path),
        "bytes": path.stat().st_size,
        "unread": [],
    }
    assert run_cli(listing.root, "export", "9f2c", "--json").returncode == 2


def test_nothing_is_written_over_or_through(listing: SampleListing, tmp_path: Path) -> None:
    kept, link = tmp_path / "kept.md", tmp_path / "link.md"
    kept.write_text("keep me")
    link.symlink_to(tmp_path / "elsewhere.md")
    for path in (kept, link, tmp_path):
        done = run_cli(listing.root, "export", "9f2c", "-o", str(path))
        assert done.returncode == 4
        assert "already exists and is not overwritten" in done.stderr
    done = run_cli(listing.root, "export", "9f2c", "-o", str(tmp_path / "missing" / "out.md"))
    assert done.returncode == 1
    assert kept.read_text() == "keep me"
    assert not (tmp_path / "elsewhere.md").exists()


def test_half_an_export_does_not_stay(listing: SampleListing, tmp_path: Path) -> None:
    path = tmp_path / "out.md"
    write_lines(listing.transcript_path(FIRST), prompt("x" * 200_000))
    words = ("--root", str(listing.root), "export", FIRST, "-o", str(path))
    done = subprocess.run(
        [sys.executable, "-B", "-c", FULL, "100000", *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=REPOSITORY,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert not path.exists()


def test_in_the_console_what_is_too_long_to_be_shown_goes_to_a_file(
    listing: SampleListing, tmp_path: Path
) -> None:
    assert "## Prompt, 2026-11-20 12:00:00Z" in in_the_console(listing, "export", "9f2c").lines
    write_lines(listing.transcript_path(FIRST), prompt("x" * 5_000_000))
    with pytest.raises(UsageError, match="too long to show here"):
        in_the_console(listing, "export", "9f2c")
    assert in_the_console(listing, "export", "9f2c", "-o", str(tmp_path / "out.md")).code == 0
    assert (tmp_path / "out.md").stat().st_size > 5_000_000


def test_a_reader_that_goes_away_is_no_error(listing: SampleListing) -> None:
    write_lines(listing.transcript_path(FIRST), *[prompt("x" * 1000) for _ in range(500)])
    command = f"{sys.executable} -m tui --root {listing.root} export {FIRST} | head -1"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=REPOSITORY,
        env=os.environ | {"HOME": str(listing.root)},
    )
    assert (done.stdout, done.stderr) == ("---\n", "")


def test_what_only_the_trash_knows_is_exported(listing: SampleListing) -> None:
    listing.write_transcript("77770000-1111-4222-8333-444455556666", "Valves.")
    assert run_cli(listing.root, "delete", "7777", "--yes").returncode == 0
    done = run_cli(listing.root, "export", "7777")
    assert done.returncode == 0
    assert "> Valves." in done.stdout
    assert run_cli(listing.root, "export", "missing").returncode == 3
    assert run_cli(listing.root, "export", "../x").returncode == 3


@pytest.fixture
def hostile(tmp_path: Path) -> SampleListing:
    """Everything that others write is hostile: names, ids, columns, lines, file names."""
    listing = SampleListing(tmp_path / "outputs", NAME)
    listing.track(FIRST, stage=ALL, metadata={"last_error": ALL})
    path = write_lines(
        listing.transcript_path(FIRST),
        prompt(f"needle {ALL}"),
        answer(text(f"{ALL} needle"), thinking(f"needle {ALL}")),
        answer(call(ALL, tool_id=ALL, needle=ALL)),
        result(f"needle {ALL}", tool_id=ALL),
        {"type": "custom-title", "customTitle": ALL},
        {"type": "system", "subtype": "api_error", "error": ALL},
        {"type": ALL},
    )
    agents = path.with_suffix("") / "subagents"
    write_lines(agents / f"agent-{NAME[:60]}.jsonl", answer(text(f"needle {ALL}")), b"torn")
    return listing


@pytest.mark.parametrize(
    "words",
    [
        ["grep", "needle"],
        ["grep", "needle", "--json"],
        ["grep", ALL.replace("\0", "")],
        ["export", FIRST],
        ["export", ALL],
        ["rename", FIRST, ALL],
        ["rename", FIRST, ALL, "--json"],
        ["ack", FIRST],
        ["ack", ALL],
    ],
    ids=lambda words: " ".join(words)[:20].encode("ascii", "replace").decode(),
)
def test_no_verb_lets_a_payload_through(hostile: SampleListing, words: list[str]) -> None:
    done = run_cli(hostile.root, *words)
    assert not acts(done.stdout)
    assert not acts(done.stderr)
    assert "Traceback" not in done.stderr
    if words[-1] != ALL and "needle" in words:
        assert done.stdout.count("needle") > 4
    for line in done.stdout.splitlines() if "--json" in words else []:
        assert not any(acts(str(value)) for value in json.loads(line).values())


def test_what_a_search_in_the_console_says_is_clean(hostile: SampleListing) -> None:
    said = in_the_console(hostile, "grep", "needle")
    assert said.code == 0
    assert not any(acts(line) for line in said.lines)


def test_a_bad_pattern_in_the_console_is_an_error_in_words(listing: SampleListing) -> None:
    said = in_the_console(listing, "grep", "(")
    assert said.code == 2
    assert any("is not a pattern" in line for line in said.lines)
