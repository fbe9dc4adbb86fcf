"""The verbs cleanup, trash and purge: what they print, and their exit codes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot

OVER = "0e000000-1111-4222-8333-444455556666"


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(OVER, days=-1)
    listing.add(FIRST)
    listing.write_transcript(FIRST, "x", age=timedelta(days=40))
    listing.add(SECOND)
    return listing


def say(listing: SampleListing, *words: str, code: int = 0) -> tuple[str, str]:
    done = run_cli(listing.root, *words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def say_json(listing: SampleListing, *words: str) -> Any:
    return json.loads(say(listing, *words, "--json")[0])


def test_cleanup_lists_before_it_moves_and_sums_up_after(listing: SampleListing) -> None:
    before = snapshot(listing.root)
    found = say_json(listing, "cleanup", "--older-than", "30d", "--expired", "--dry-run")
    assert [(one["session_id"], one["why"]) for one in found["sessions"]] == [
        (OVER, "expired"),
        (FIRST, "old"),
    ]
    assert found["bytes"] == sum(one["bytes"] for one in found["sessions"]) > 0
    assert (found["skipped"], found["purges"], found["purge_bytes"]) == ([], [], 0)
    out, err = say(listing, "cleanup", code=5)
    assert OVER in out
    assert "would move 1 session (" in err
    assert snapshot(listing.root) == before
    out, _ = say(listing, "cleanup", "hollis_park", "--yes")
    assert out.startswith("1 moved to the trash (")
    assert "; the disk gets " in out
    assert say(listing, "cleanup", "--yes")[0] == "nothing to clean up\n"
    assert say(listing, "cleanup")[0] == "nothing to clean up\n"
    assert say(listing, "undo")[0] == "restored 0e000000\n"


def test_cleanup_by_size_and_its_facts(listing: SampleListing) -> None:
    done = say_json(listing, "cleanup", "--max-size", "1B", "--yes")
    assert {one["session_id"] for one in done["sessions"]} == {OVER, FIRST, SECOND}
    facts = {"sessions", "put_back", "moved_bytes", "freed_bytes", "emptied_at", "left", "unread"}
    facts.add("words")
    assert set(done) == facts
    assert done["moved_bytes"] > 0 == done["freed_bytes"]
    assert done["words"].startswith("3 moved to the trash (")


def test_free_space_lists_in_order_what_it_would_erase_and_does_it(listing: SampleListing) -> None:
    say(listing, "delete", FIRST, "--yes")
    found = say_json(listing, "cleanup", "--free", "200MB", "--dry-run")
    assert [one["session_id"] for one in found["purges"]] == [FIRST]
    assert [one["session_id"] for one in found["sessions"]] == [OVER]
    assert found["asked_bytes"] == 200 * 1024**2
    assert found["freed_bytes"] == found["purges"][0]["bytes"] + found["bytes"] > 0
    assert "less than asked" in found["words"]
    before = snapshot(listing.root)
    out, err = say(listing, "cleanup", "--free", "200MB", code=5)
    assert out.index(FIRST) < out.index(OVER)
    assert f"would {found['words']}: add --yes to do it" in err
    assert "stands alone" in say(listing, "cleanup", "--free", "1", "--expired", code=2)[1]
    assert snapshot(listing.root) == before
    done = say_json(listing, "cleanup", "--free", "200MB", "--yes")
    assert done["freed_bytes"] >= found["freed_bytes"]
    assert (done["emptied_at"], done["moved_bytes"]) == (None, 0)
    assert say(listing, "cleanup", "--free", "1", "--yes")[0].startswith("nothing to free")
    assert "the trash is empty" in "".join(say(listing, "trash"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--older-than", "soon"], 2),
        (["--max-size", "much"], 2),
        (["--free", "much"], 2),
        (["nowhere"], 3),
        (["--read-only", "--yes"], 4),
    ],
)
def test_what_cleanup_cannot_do_has_its_exit_code(
    listing: SampleListing, words: list[str], code: int
) -> None:
    before = snapshot(listing.root)
    say(listing, "cleanup", *words, code=code)
    assert snapshot(listing.root) == before


def test_a_hold_stops_cleanup_until_it_is_lifted(listing: SampleListing) -> None:
    assert say(listing, "hold")[0] == "nothing is on hold\n"
    assert "new runs and clean-up paused by " in say(listing, "hold", "on", "--reason", "x")[0]
    held = say_json(listing, "hold")
    assert (held["held"], held["reason"]) == (True, "x")
    assert ": `hold off`" in say(listing, "cleanup", "--yes", code=4)[1]
    assert ": `hold off`" in say(listing, "resume", FIRST, code=4)[1]
    say(listing, "hold", "off")
    assert say_json(listing, "hold") == {"held": False}


def test_the_trash_is_listed_and_looked_into_and_one_is_purged(listing: SampleListing) -> None:
    assert "the trash is empty" in say(listing, "trash")[1]
    assert say_json(listing, "trash") == []
    say(listing, "delete", FIRST, SECOND, "--yes")
    out, err = say(listing, "trash")
    assert FIRST in out
    assert SECOND in out
    assert err.startswith("2 in the trash, ")
    (one, _) = say_json(listing, "trash")
    assert one["session_id"] == FIRST
    assert (one["files"], one["action"], one["title"]) == (1, "delete", "Strategic buyers, pumps")
    look = say_json(listing, "trash", FIRST[:4])
    assert (look["first"], look["last"]) == ("Strategic buyers, pumps", "x")
    assert f"{FIRST}.jsonl" in say(listing, "trash", one["trash_id"])[0]
    assert "1 file (" in say(listing, "purge", FIRST, code=5)[1]
    assert say(listing, "purge", FIRST, "--yes")[0].startswith("erased 9f2c0000: 1 file, ")
    assert [one["session_id"] for one in say_json(listing, "trash")] == [SECOND]
    say(listing, "restore", FIRST, code=3)
    say(listing, "purge", "nothing", "--yes", code=3)


def test_several_are_deleted_in_one_batch_that_one_undo_takes_back(listing: SampleListing) -> None:
    out, err = say(listing, "delete", FIRST, SECOND, SECOND[:4], "nothing", "--yes", code=3)
    assert len(out.splitlines()) == 2
    assert "2 of 3 done" in err
    assert len({one["at"] for one in say_json(listing, "trash")}) == 1
    assert len(say(listing, "undo")[0].splitlines()) == 2


def test_each_session_that_a_cleanup_erases_is_logged_by_its_id(listing: SampleListing) -> None:
    """Else its own log ends with the trash, where it can no longer be restored from."""
    say(listing, "delete", FIRST, SECOND, "--yes")
    say(listing, "cleanup", "--free", "200M", "--yes")
    for one in (FIRST, SECOND, OVER):
        last = say(listing, "log", one)[0].splitlines()[-1]
        assert " purge " in last
        assert "from the trash, " in last
        assert say_json(listing, "log", one)[0]["action"] == "purge"
    purges = [row for row in say(listing, "log", "--all")[0].splitlines() if " purge " in row]
    assert sorted(one[:8] for row in purges for one in (FIRST, SECOND, OVER) if one[:8] in row) == [
        one[:8] for one in sorted((FIRST, SECOND, OVER))
    ]
    done = say_json(listing, "report", "--since", "1h")["done"]
    (act,) = (one for one in done if one["action"] == "purge")
    assert {one["session_id"] for one in act["sessions"]} == {FIRST, SECOND, OVER}
    assert "1 delete of 2 sessions, all erased since" in say(listing, "report", "--since", "1h")[0]
