"""The hand-over as a verb: Markdown that nothing in it can break, or JSON, in a private file."""

from __future__ import annotations

import json
import re
import shlex
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    THIRD,
    SampleListing,
    change_row,
    of_three,
    register,
    run_cli,
)
from tui.__main__ import say_verb
from tui.core.errors import Refused, UsageError
from tui.core.models.audit import AuditEvent
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.rename import rename
from tui.operations.sessions.row_edits import fail
from tui.operations.trash.delete import delete
from tui.operations.trash.undo import undo_many
from tui.storage.table.audit import detail_of
from tui.storage.table.tracking import Tracking

HEADS = ["In short", "Waits for somebody", "Failed", "Ends next", "Done"]
HOSTILE = "x](http://evil) <img src=http://evil> `# ![a](http://evil) |\n\n# Done (99)\n---\n"
NOW, HOUR = datetime.now(UTC), timedelta(hours=1)
RENDER = MarkdownIt("gfm-like", {"html": True, "linkify": False})


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return of_three(tmp_path / "outputs")


def act_a_little(listing: SampleListing) -> None:
    fail(listing.context(), listing.session(FIRST), "401 invalid key")
    context = listing.context(operator="ben")
    extend(context, plan_extension(listing.session(SECOND), "60d", datetime.now(UTC)))
    delete(listing.context(), listing.session(THIRD))
    register(listing.config_dir, SECOND, status="waiting")


def headings(text: str) -> list[str]:
    return [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]


def test_everything_is_told_with_a_command_that_works(listing: SampleListing) -> None:
    act_a_little(listing)
    done = run_cli(listing.root, "report", "--since", "1h")
    assert (done.returncode, done.stderr) == (0, "")
    heads = [one.rpartition(" (")[0] or one for one in headings(done.stdout)]
    assert heads == HEADS
    assert "- **401 invalid key**: `hollis_park/9f2c0000`" in done.stdout
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("- **")] == [
        *("**1", "**1", "**401"),
        *("**anna**", "**anna**", "**ben**"),
    ]
    commands = re.findall(r"`session-console (--root .*?)`", done.stdout)
    verbs = {shlex.split(one)[2] for one in commands}
    assert verbs == {"answer", "resume", "show", "restore", "log", "report", "extend"}
    for words in (shlex.split(one) for one in commands):
        if words[2] not in ("answer", "resume"):
            assert run_cli(Path(words[1]), *words[2:]).returncode == 0, words


def test_json_has_the_same(listing: SampleListing) -> None:
    act_a_little(listing)
    found = json.loads(run_cli(listing.root, "report", "--since", "1h", "--json").stdout)
    assert [one["action"] for one in found["done"]] == ["fail", "extend", "delete"]
    assert [one["what"] for one in found["waits"]] == ["waiting"]
    assert found["waits"][0]["command"].endswith(f"answer hollis_park/{SECOND}")
    ((session,),) = ([one["sessions"] for one in found["failures"]],)
    assert session[0]["command"].endswith(f"resume hollis_park/{FIRST}")


def test_hostile_titles_and_reasons_stay_within_their_lines(listing: SampleListing) -> None:
    act_a_little(listing)
    rename(listing.context(), listing.session(FIRST), HOSTILE.replace("\n", " "))
    fail(listing.context(), listing.session(FIRST), HOSTILE)
    written = run_cli(listing.root, "report", "--since", "1h").stdout
    page = RENDER.render(written)
    assert [one.rpartition(" (")[0] or one for one in headings(written)] == HEADS
    assert "evil" in page
    assert not re.search(r"<(img|a|script|hr)\b", page)
    assert len(re.findall("<h1>", page)) == 1


def test_each_line_leads_on_in_the_console(listing: SampleListing) -> None:
    act_a_little(listing)
    said = say_verb(listing.context(), ["report", "--since", "1h"])
    led = {
        said.lines[index].rpartition("`:")[2].split(" ")[0]: target
        for index, target in said.targets.items()
    }
    assert led["answer"].command == ("answer", f"hollis_park/{SECOND}")
    assert led["resume"].command == ("resume", f"hollis_park/{FIRST}")
    assert (led["show"].command, led["show"].session_id) == ((), SECOND)
    assert led["log"].command[-2:] == ("-n", "3")
    assert "session-console" not in "".join(said.lines)


def test_equal_things_are_one_line_with_one_command_for_all_of_them(tmp_path: Path) -> None:
    listings = [SampleListing(tmp_path / "outputs", name) for name in ("alder", "beacon")]
    for number in range(8):
        one = listings[number % 2]
        own = f"{number:08x}-1111-4222-8333-444455556666"
        one.add(own, days=0.5)
        fail(one.context(), one.session(own), f"429 after {1000 + number} s")
    text = run_cli(listings[0].root, "report", "--since", "1h").stdout
    (failed,) = (line for line in text.splitlines() if "429" in line)
    assert "8 sessions since" in failed
    assert "(alder 4, beacon 4)" in failed
    assert failed.endswith("resume alder/ --also beacon/`")
    assert "extend alder/ beacon/ 7d`\n" in text
    (done,) = (line for line in text.splitlines() if line.startswith("- **anna**"))
    assert "fail: 8 sessions (alder 4, beacon 4)" in done
    assert "- and 2 more → `" in text
    everything = run_cli(listings[0].root, "report", "--since", "1h", "--all").stdout
    assert "more → `" not in everything
    assert everything.count("  - `") == 8
    assert everything.count("- **anna**") == 8


def failed_ones(listing: SampleListing, number: int, others: int) -> None:
    """Add as many that failed for one cause, and others that did not."""
    for at in range(number + others):
        own = f"{at:08x}-1111-4222-8333-444455556666"
        listing.add(own, days=9)
        if at < number:
            fail(listing.context(), listing.session(own), "429 slow down")


def block(text: str, begins: str) -> str:
    """Return the command below a line of the report, as one would copy it."""
    below = text[text.index(begins) :].partition("```sh\n")[2]
    return below.partition("```")[0]


def test_a_command_for_many_is_whole_and_names_no_others(tmp_path: Path) -> None:
    """It is run by a shell, as it was copied: forty ids, and none of the two beside them."""
    listing = SampleListing(tmp_path / "outputs")
    failed_ones(listing, 40, others=2)
    text = run_cli(listing.root, "report", "--since", "1h").stdout
    copied = block(text, "- **429 slow down**")
    assert copied.count("\\\n") > 5
    assert max(map(len, copied.splitlines())) <= 80 + len(str(listing.root))
    words = subprocess.run(
        ["bash", "-c", copied.replace("session-console", "printf '%s\\n'")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")[:-1]
    named = {one for one in words if one.startswith("hollis_park/")}
    assert named == {f"hollis_park/{at:08x}" for at in range(40)}
    page = say_verb(listing.context(), ["report", "--since", "1h"])
    (at,) = (at for at, line in enumerate(page.lines) if "429 slow down" in line)
    assert page.lines[at].endswith("→ Enter: `:resume` for these")
    assert len([one for one in page.targets[at].command if "/" in one]) == 40


def test_a_listing_is_named_only_while_it_holds_no_others(tmp_path: Path) -> None:
    """Without the guard `hollis_park/` would resume the one that did not fail."""
    listing = SampleListing(tmp_path / "outputs")
    failed_ones(listing, 5, others=0)
    text = run_cli(listing.root, "report", "--since", "1h").stdout
    assert " resume hollis_park/`\n" in text
    page = say_verb(listing.context(), ["report", "--since", "1h"])
    assert any(line.endswith("→ `:resume hollis_park/`") for line in page.lines)
    listing.add("ffff0000-1111-4222-8333-444455556666", days=9)
    text = run_cli(listing.root, "report", "--since", "1h").stdout
    assert block(text, "- **429 slow down**").count("hollis_park/0000000") == 5
    assert "hollis_park/ " not in block(text, "- **429 slow down**")


def test_what_expired_was_answered_snoozed_and_noted_is_told(listing: SampleListing) -> None:
    listing.add("bb110000", days=-0.2)
    for number, decision in enumerate(("allow", "allow", "deny")):
        detail = detail_of({"tool": "Bash", "decision": decision})
        event = AuditEvent(
            at=datetime.now(UTC), action="answer", session_id=FIRST, detail=detail, note=str(number)
        )
        Tracking(listing.db_path, UTC, "ben").note(event)
    run_cli(listing.root, "tag", FIRST, "urgent")
    text = run_cli(listing.root, "report", "--since", "8h").stdout
    assert "- **ben** answer: deny Bash 1, allow Bash 2" in text
    assert "## Ended since then (1)" in text
    assert "- `hollis_park/bb110000`" in text
    assert "tags urgent" in text
    found = json.loads(run_cli(listing.root, "report", "--since", "8h", "--json").stdout)
    assert [one["session_id"] for one in found["expired"]] == ["bb110000"]
    assert [one["tags"] for one in found["noted"]] == [["urgent"]]


def noted(listing: SampleListing, action: str, operator: str = "ben", **facts: object) -> None:
    """Write an act into the audit, as the program does."""
    request_id = str(facts.pop("request_id", ""))
    event = AuditEvent(
        at=datetime.now(UTC),
        action=action,
        session_id=FIRST,
        detail=detail_of(facts),
        request_id=request_id,
    )
    Tracking(listing.db_path, UTC, operator).note(event)


def test_what_one_answer_covered_is_not_told_as_answered(listing: SampleListing) -> None:
    """One key press must not be counted as four answers, here or in the log."""
    of = {"run": "r1", "tool": "Bash", "request_id": "p1-ab"}
    noted(listing, "answer", **of, decision="always", digest="ab" * 32)
    noted(listing, "answer", **of, decision="allow", source="always")
    noted(listing, "answer", **of, decision="allow", source="always")
    noted(listing, "answer", **of, decision="allow", reason="by the always that answered p1-ab")
    noted(listing, "answer", "the clock", **of, decision="deny", source="clock")
    text = run_cli(listing.root, "report", "--since", "8h").stdout
    assert "- **ben** answer: always Bash 1, and 3 more by that answer\n" in text
    assert "- **the clock** answer: 1 denied since nobody answered\n" in text
    assert "- 1 action by 1 operator;" in text
    assert "- 3 requests covered by an earlier answer\n" in text
    assert "## Done (1)\n" in text
    log = run_cli(listing.root, "log").stdout.splitlines()
    assert [one.split()[2] for one in log[1:]] == ["ben", "-", "-"]
    assert "by an earlier `always` of ben (x3)" in log[2]
    events = json.loads(run_cli(listing.root, "log", "--json").stdout)
    sources = ["clock", "always", "always", "always", "operator"]
    assert [one["source"] for one in events] == sources
    found = json.loads(run_cli(listing.root, "report", "--since", "8h", "--json").stdout)
    assert [one["source"] for one in found["done"]] == sources[::-1]


def test_what_ends_removes_or_refuses_is_never_folded(listing: SampleListing) -> None:
    delete(listing.context(operator="ben"), listing.session(THIRD))
    harmless = ("extend", "tag", "note", "rename", "snooze", "wake", "send", "model")
    for action in harmless:
        for _ in range(3):
            noted(listing, action)
    for action in ("stop", "interrupt", "mode"):
        noted(listing, action)
    for number in range(9):
        for _ in range(4):
            noted(listing, "tag", f"op{number}")
        noted(listing, "purge", f"op{number}")
    text = run_cli(listing.root, "report", "--since", "8h").stdout
    of_ben = [one for one in text.splitlines() if one.startswith("- **ben**")]
    assert [one.split()[5] for one in of_ben[:4]] == ["delete", "stop", "interrupt", "mode"]
    assert of_ben[-1] == "- **ben** and 18 other actions: " + ", ".join(
        f"{one} 3" for one in harmless[2:]
    )
    others = [one for one in text.splitlines() if one.startswith("- **2 other operators**")]
    assert "purge: 2 times, 1 session (hollis\\_park 1)" in others[0]
    assert "(9\u00d7 purge, 1 delete, 1 stop, 1 interrupt, 1 mode)" in text


def test_acts_are_counted_as_acts_and_it_is_said_what_was_taken_back(
    listing: SampleListing,
) -> None:
    """`91 actions (clean-up 112, undo 18)`: they were acts at first, then sessions."""
    run_cli(listing.root, "delete", FIRST, SECOND, "--yes")
    assert "1 delete of 2 sessions)" in run_cli(listing.root, "report").stdout
    run_cli(listing.root, "undo")
    assert "(1 delete of 2 sessions, all taken back)" in (run_cli(listing.root, "report").stdout)
    context, now = listing.context(), datetime.now(UTC)
    plans = [plan_extension(listing.session(own), "60d", now) for own in (FIRST, SECOND)]
    undo_many(context, [extend(context, plan) for plan in plans])
    assert ", 1 undo of 2 sessions)" in run_cli(listing.root, "report").stdout


def test_failures_that_need_somebody_are_counted_apart_from_those_acknowledged(
    listing: SampleListing,
) -> None:
    """The top line and `check` said 4, the report 46."""
    run_cli(listing.root, "fail", FIRST)
    run_cli(listing.root, "fail", SECOND)
    run_cli(listing.root, "ack", SECOND)
    assert "- **1 failed, 1 acknowledged**, for 1 cause\n" in (
        run_cli(listing.root, "report").stdout
    )
    run_cli(listing.root, "ack", FIRST)
    assert "- 2 failed, all acknowledged, for 1 cause\n" in run_cli(listing.root, "report").stdout


def test_who_was_acknowledged_and_still_waits_is_counted(listing: SampleListing) -> None:
    act_a_little(listing)
    run_cli(listing.root, "ack", SECOND)
    lines = run_cli(listing.root, "report", "--since", "1h").stdout.splitlines()
    assert "- 1 waiting that somebody acknowledged or snoozed" in lines
    assert not [line for line in lines if line.startswith("## Waits")]


def test_an_error_comes_before_what_ends_and_a_ghost_after_it(listing: SampleListing) -> None:
    listing.track("aa220000")
    listing.add("bb220000", days=0.5)
    other = SampleListing(listing.root, "cranbury")
    other.add("aa11")
    other.db_path.write_bytes(b"name,city\n" * 500)
    text = run_cli(listing.root, "report").stdout
    assert [one.rpartition(" (")[0] for one in headings(text)[1:4]] == [
        *("Needs help", "Ends next", "Needs a look"),
    ]
    assert "- **2 more to look at**: 1 unreadable, 1 ghost" in text.replace(
        "1 ghost, 1 unreadable", "1 unreadable, 1 ghost"
    )


def test_what_needs_nobody_is_said_at_the_top(listing: SampleListing) -> None:
    text = run_cli(listing.root, "report", "--since", "1h").stdout
    assert headings(text)[0] == "In short"
    assert "- Nothing needs anybody now." in text


def test_a_note_goes_with_its_session(listing: SampleListing) -> None:
    act_a_little(listing)
    run_cli(listing.root, "note", FIRST, "the client [calls](http://evil) at 9")
    run_cli(listing.root, "snooze", FIRST, "4h")
    text = run_cli(listing.root, "report", "--since", "1h").stdout
    assert "(note: the client \\[calls\\]\\(http://evil\\) at 9)" in text
    assert ": snoozed by " in text
    assert "snooze hollis_park/9f2c0000 off`" in text


def test_a_file_is_new_private_and_whole(listing: SampleListing, tmp_path: Path) -> None:
    act_a_little(listing)
    path = tmp_path / "handover.md"
    done = run_cli(listing.root, "report", "--since", "1h", "-o", str(path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{path}: {path.stat().st_size} bytes\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().endswith("\n")
    assert [one.name for one in tmp_path.glob("*handover*")] == ["handover.md"]
    data = tmp_path / "handover.json"
    run_cli(listing.root, "report", "-o", str(data), "--json")
    assert json.loads(data.read_text())["listing"] is None


def test_nothing_is_written_over_or_through(listing: SampleListing, tmp_path: Path) -> None:
    kept, link = tmp_path / "kept.md", tmp_path / "link.md"
    kept.write_text("keep me")
    link.symlink_to(tmp_path / "elsewhere.md")
    for path in (kept, link, tmp_path):
        done = run_cli(listing.root, "report", "-o", str(path))
        assert done.returncode == 4
        assert "already exists and is not overwritten" in done.stderr
    assert run_cli(listing.root, "report", "-o", str(tmp_path / "none" / "x")).returncode == 1
    assert kept.read_text() == "keep me"
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "home",
        "kept.md",
        "link.md",
        "outputs",
    ]


def test_who_may_only_look_writes_nothing_in_the_root(
    listing: SampleListing, tmp_path: Path
) -> None:
    inside, outside = listing.folder / "x.md", tmp_path / "x.md"
    looking, restricted = listing.context(read_only=True), listing.context(restricted=True)
    with pytest.raises(Refused):
        say_verb(looking, ["report", "-o", str(inside)])
    with pytest.raises(Refused):
        say_verb(restricted, ["report", "-o", str(outside)])
    assert say_verb(looking, ["report", "-o", str(outside)]).code == 0
    assert say_verb(restricted, ["report"]).lines[0].startswith("# Hand-over")
    assert not inside.exists()


def test_what_cannot_be_read_is_said_and_makes_the_exit_code(listing: SampleListing) -> None:
    other = SampleListing(listing.root, "cranbury")
    other.add("aa11")
    other.db_path.write_bytes(b"name,city\n" * 500)
    done = run_cli(listing.root, "report")
    assert done.returncode == 1
    assert "cranbury: buyers.db is not a SQLite database" in done.stderr
    assert "Not everything could be read" in done.stdout
    assert "- cranbury: buyers.db is not a SQLite database" in done.stdout.replace("\\", "")
    assert run_cli(listing.root, "report", "hollis_park").returncode == 0


def test_what_since_and_listing_do_not_know_is_refused(listing: SampleListing) -> None:
    for verb in ("report", "log", "grep -e x"):
        for typed in ("yore", "25:00", "2026-13-01"):
            with pytest.raises(UsageError, match=r"22:00, yesterday, .* or 8h"):
                say_verb(listing.context(), [*verb.split(), "--since", typed])
    assert run_cli(listing.root, "report", "nobody").returncode == 3


def test_the_log_since_then_is_only_that(listing: SampleListing) -> None:
    fail(replace(listing.context(), clock=lambda: NOW - 3 * HOUR), listing.session(FIRST), "old")
    fail(listing.context(), listing.session(SECOND), "new")
    lines = run_cli(listing.root, "log", "--since", "2h").stdout
    assert "new" in lines
    assert "old" not in lines
    none = run_cli(listing.root, "log", "--since", "1s", THIRD)
    assert none.stderr == "nothing has been done here since then\n"


def test_a_root_of_600_sessions_is_told_in_seconds(tmp_path: Path) -> None:
    """Everything is read once; a second look at each session would take minutes."""
    listings = [SampleListing(tmp_path / "outputs", f"client_{one:02}") for one in range(30)]
    for number in range(600):
        own = f"{number:08x}-1111-4222-8333-444455556666"
        listings[number % 30].add(
            own, days=0.5, metadata={"last_error": f"429 after {1000 + number} s"}
        )
    for one in listings:
        change_row(one, "UPDATE claude_sessions SET status = 'failed'")
    begun = datetime.now(UTC)
    lines = say_verb(listings[0].context(), ["report", "--since", "22:00"]).lines
    assert datetime.now(UTC) - begun < timedelta(minutes=2)
    assert "## Failed (600)" in lines
    assert any("600 sessions since" in line and "; the first 50 → " in line for line in lines)
    assert len(lines) <= 100
    assert max(map(len, lines)) < 400  # of a page: no command of fifty sessions
    written = run_cli(listings[0].root, "report", "--since", "22:00").stdout
    assert written.count(" --also ") == 49
    wrapped = [one for one in written.splitlines() if " \\" in one]
    root = str(listings[0].root)  # one word, however long it is
    assert max(len(one) for one in wrapped if root not in one) <= 80
