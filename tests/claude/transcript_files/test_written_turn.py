"""Whether a turn is in its transcript: torn lines and missing ones are found, old ones are not."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import ERRORS, Failing, reads_fail
from tui.claude.layout import transcript_path
from tui.claude.transcript_files import written_turn
from tui.claude.transcript_files.written_turn import WrittenTurns
from tui.core.errors import Kind, RunFailed

OWN, LAST = "9f2c0000-1111-4222-8333-444455556666", "0a0a0000-1111-4222-8333-444455556666"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_turn, "_PATIENCE_S", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = transcript_path(tmp_path, "/work", OWN)
    found.parent.mkdir(parents=True)
    return found


def line(message_id: str, text: str = "hello") -> str:
    return json.dumps({"message": text, "uuid": message_id}, separators=(",", ":")) + "\n"


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


async def begun(path: Path) -> WrittenTurns:
    turns = WrittenTurns(path.parents[2], Path("/work"), OWN)
    await turns.begin()
    return turns


async def failure(turns: WrittenTurns) -> RunFailed | None:
    lost, unknown = await turns.check()
    assert not unknown
    return lost


async def checked(path: Path, *, before: str | None, after: str, last: str = LAST) -> Kind | None:
    """Return the kind of what is found after a turn that added `after` to a transcript."""
    if before is not None:
        add(path, before)
    turns = await begun(path)
    if before is not None or after:
        add(path, after)
    for message_id in (last, ""):
        turns.hear(message_id, is_answer=True)
    lost = await failure(turns)
    return lost.kind if lost is not None else None


@pytest.mark.parametrize("before", [None, "", line("old"), line("old")[:-9]])
async def test_a_turn_that_was_written_is_whole(path: Path, before: str | None) -> None:
    after = line("first") + line(LAST) + line("more")
    assert await checked(path, before=before, after=after) is None


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ("", Kind.OTHER),
        (line("first"), Kind.OTHER),
        (json.dumps({"parent": LAST, "uuid": "next"}) + "\n", Kind.OTHER),
        (line("first")[:-9], Kind.DISK_FULL),
        (line("first")[:-9] + line(LAST), Kind.DISK_FULL),
        (line("first")[:-9] + line("second") + line(LAST), Kind.DISK_FULL),
    ],
    ids=["nothing", "not the last", "only named", "cut", "glued", "a hole"],
)
async def test_what_is_missing_of_a_turn_is_found(path: Path, after: str, kind: Kind) -> None:
    assert await checked(path, before=line("old"), after=after) is kind


async def test_a_transcript_that_is_not_there_at_all_is_found(path: Path) -> None:
    assert await checked(path, before=None, after="") is Kind.OTHER


async def test_a_turn_without_an_answer_needs_none(path: Path) -> None:
    assert await checked(path, before=None, after="", last="") is None
    assert await checked(path, before=line("old"), after=line("new"), last="") is None


@pytest.mark.parametrize("length", [10, 5000])
async def test_of_a_long_turn_the_end_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """The last message may itself be longer than what is read."""
    monkeypatch.setattr(written_turn, "_MOST_READ", 1000)
    after = "".join(line(f"one-{number}") for number in range(50)) + line(LAST, "x" * length)
    assert await checked(path, before="", after=after) is None


async def test_a_line_of_more_values_than_are_parsed_is_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written_turn, "has_room", lambda text: False)
    assert await checked(path, before="", after=line(LAST)) is None


def following(message_id: str, parent: str) -> str:
    return json.dumps({"parentUuid": parent, "uuid": message_id}) + "\n"


@pytest.mark.parametrize(
    ("lines", "is_lost"),
    [
        (("one", "two", "three"), False),
        (("one", "three"), True),
        (("two", "three"), True),
        (("three",), True),
    ],
)
async def test_whole_lines_that_are_missing_between_others_are_found(
    path: Path, lines: tuple[str, ...], is_lost: bool
) -> None:
    """Each other line is whole, and the last is there."""
    parents = {"one": "old", "two": "one", "three": "two"}
    add(path, line("old"))
    turns = await begun(path)
    for one in parents:
        turns.hear(one, is_answer=one != "two")
    add(path, "".join(following(one, parents[one]) for one in lines))
    assert (await failure(turns) is not None) is is_lost


@pytest.mark.parametrize(("missing", "is_lost"), [("", False), ("id-47", True), ("id-2", False)])
async def test_of_a_long_turn_lines_are_missed_where_it_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, is_lost: bool
) -> None:
    monkeypatch.setattr(written_turn, "_MOST_READ", 500)
    add(path, "")
    turns = await begun(path)
    for number in range(50):
        turns.hear(f"id-{number}", is_answer=True)
        if missing != f"id-{number}":
            add(path, following(f"id-{number}", f"id-{number - 1}"))
    assert (await failure(turns) is not None) is is_lost


async def test_a_message_that_the_cli_took_back_is_not_missing(path: Path) -> None:
    """Such as the beginning of an answer that another model gave anew."""
    turns = await begun(path)
    for one in ("first", "taken back", "", LAST):
        turns.hear(one, is_answer=True)
    add(path, line("first") + following(LAST, "first"))
    assert await failure(turns) is None
    turns.hear("taken back", is_answer=False)  # the last answer is looked for, not what follows it
    assert await failure(turns) is None


async def test_what_was_heard_in_a_turn_before_is_not_looked_for_again(path: Path) -> None:
    turns = await begun(path)
    add(path, line("first"))
    turns.hear("first", is_answer=True)
    assert await failure(turns) is None
    add(path, following("second", "first"))
    turns.hear("second", is_answer=True)
    assert await failure(turns) is None


@ERRORS
async def test_a_transcript_that_cannot_be_read_is_neither_lost_nor_written(
    path: Path, number: int
) -> None:
    """Without it such a turn is a plain success, or a good one fails."""
    turns = await begun(path)
    add(path, line("first"))
    turns.hear(LAST, is_answer=True)
    with reads_fail(path, number):
        lost, unknown = await turns.check()
    assert lost is None
    assert unknown.startswith("nobody can tell whether the turn is in its transcript: ")
    assert os.strerror(number) in unknown
    turns.hear("second", is_answer=True)
    assert await failure(turns) is not None


async def test_a_transcript_that_can_be_read_again_soon_is_judged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = await begun(path)
    add(path, line(LAST))
    turns.hear(LAST, is_answer=True)
    monkeypatch.setattr(written_turn, "_PATIENCE_S", 60.0)
    with pytest.MonkeyPatch.context() as patch:
        Failing(patch).read_of(path, errno.EMFILE)
        asyncio.get_running_loop().call_later(0.2, patch.undo)
        assert await turns.check() == (None, "")


async def test_a_folder_behind_a_link_is_not_judged(tmp_path: Path) -> None:
    real = tmp_path / "real"
    path = transcript_path(real, "/work", OWN)
    path.parent.mkdir(parents=True)
    path.write_text(line("first"))
    (tmp_path / "link").symlink_to(real)
    turns = WrittenTurns(tmp_path / "link", Path("/work"), OWN)
    await turns.begin()
    assert await turns.check() == (None, "")
    turns.hear(LAST, is_answer=True)
    lost, unknown = await turns.check()
    assert (lost, "behind a link" in unknown) == (None, True)


async def test_each_turn_is_judged_by_its_own_lines(path: Path) -> None:
    add(path, line("old")[:-9] + "\n")
    turns = await begun(path)
    for number in range(3):
        add(path, line(f"one-{number}"))
        turns.hear(f"one-{number}", is_answer=True)
        assert await failure(turns) is None
    turns.hear("one-3", is_answer=True)
    assert await failure(turns) is not None


async def test_lines_of_the_next_turn_that_are_there_early_are_not_passed_over(path: Path) -> None:
    """A task's notice begins a turn while the end of the one before is still being told."""
    turns = await begun(path)
    add(path, line("first") + line("note") + line("second"))
    for message_id in ("first", "second"):
        turns.hear(message_id, is_answer=True)
        assert await failure(turns) is None
    add(path, line("third")[:-9])
    turns.hear("third", is_answer=True)
    assert await failure(turns)


async def test_what_is_not_known_to_be_missing_may_be_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = await begun(path)
    assert turns.may_have(LAST)  # no transcript was found, and there should be one
    add(path, line(OWN))
    assert (turns.may_have(OWN), turns.may_have(LAST)) == (True, False)
    assert turns.may_have("\u00e4")  # which may be written in two ways
    monkeypatch.setattr(written_turn, "_MOST_READ", 10)
    assert turns.may_have(LAST)
    monkeypatch.undo()
    with reads_fail(path, errno.EIO):
        assert turns.may_have(LAST)
