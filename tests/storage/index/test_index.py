"""The index of a root: one file of an operator's own that is whole, private, and never trusted."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import stat
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tui.storage.index.erasure_marks import NOBODY_KNOWS, erasure_of, mark_erased
from tui.storage.index.index import Index, index_path
from tui.storage.index.index_file import create

CANARY = "walrus-quintessence"
MANY = 9


class Said:
    """What the transcripts of a listing said."""

    def __init__(self, text: str) -> None:
        self.text = text

    def as_json(self) -> str:
        return self.text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = index_path(tmp_path / "cache", tmp_path)
    assert found is not None
    return found


@pytest.fixture
def listings(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "outputs" / f"listing_{number}" for number in range(MANY)]
    for one in found:
        one.mkdir(parents=True)
    return found


def filled(path: Path, listings: list[Path], text: str = CANARY) -> None:
    index = Index(path)
    for one in listings:
        index.put_facts(one, erasure_of(one), Said(text))
        index.put_table(one, erasure_of(one), ("1:2", text))
    index.save()


def said(path: Path, listing: Path) -> str:
    index = Index(path)
    table = index.table(listing, erasure_of(listing))
    facts = index.facts(listing, erasure_of(listing))
    index.save()
    return f"{table[1] if table else ''}{facts}"


def test_it_is_whole_and_private(path: Path, listings: list[Path]) -> None:
    filled(path, listings)
    assert said(path, listings[-1]) == CANARY * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_what_an_earlier_program_kept_goes(path: Path, listings: list[Path]) -> None:
    path.parent.mkdir()
    for name in ("transcripts-0a1b2c3d.json", "tables-0a1b2c3d.json", "other.json"):
        (path.parent / name).write_text(CANARY)
    filled(path, listings)
    assert {one.name for one in path.parent.iterdir()} == {path.name, "other.json"}


def test_a_few_are_no_reason_to_write(path: Path, listings: list[Path]) -> None:
    filled(path, listings[:2])
    assert not path.exists()


def test_many_that_are_asked_for_are_all_there(path: Path, listings: list[Path]) -> None:
    filled(path, listings)
    index = Index(path)
    assert [index.table(one, "") for one in listings] == [("1:2", CANARY)] * MANY
    assert [index.facts(one, "") for one in listings] == [CANARY] * MANY


def test_what_was_read_before_an_erasure_is_not_written_after_it(
    path: Path, listings: list[Path]
) -> None:
    """A console that is open writes what it read a minute ago."""
    index = Index(path)
    for one in listings:
        index.put_facts(one, erasure_of(one), Said(CANARY))
    for one in listings:
        mark_erased(one)
    index.save()
    assert CANARY.encode() not in (path.read_bytes() if path.exists() else b"")


def test_what_an_erasure_overtakes_while_it_is_written_is_taken_out(
    path: Path, listings: list[Path]
) -> None:
    """Looked at only before, the mark may change until the write is done."""

    class Late(Said):
        def as_json(self) -> str:
            mark_erased(listings[0])
            return self.text

    index = Index(path)
    index.put_facts(listings[0], "", Late(CANARY))
    for one in listings[1:]:
        index.put_facts(one, "", Said("other"))
    index.save()
    assert CANARY.encode() not in path.read_bytes()
    assert said(path, listings[1]) == "other"


def test_the_cache_of_another_login_forgets_at_its_next_look(
    path: Path, listings: list[Path]
) -> None:
    filled(path, listings)
    mark_erased(listings[3])
    assert said(path, listings[3]) == ""
    found = path.read_bytes()
    filled(path, listings[:3] + listings[4:], "other")
    assert found.count(CANARY.encode()) == 2 * (MANY - 1)
    assert CANARY.encode() not in path.read_bytes()


def test_what_is_kept_of_a_listing_goes_with_its_bytes(path: Path, listings: list[Path]) -> None:
    filled(path, listings, "other" * 2000)
    filled(path, listings[:4], CANARY * 2000)
    for one in listings[:4]:
        Index(path).forget(one)
    assert CANARY.encode() not in path.read_bytes()
    assert said(path, listings[-1]) == "other" * 4000


def test_what_is_kept_of_listings_that_are_gone_goes(path: Path, listings: list[Path]) -> None:
    filled(path, listings)
    index = Index(path)
    index.table(listings[0], "")
    index.save(set(listings[1:]))
    assert path.read_bytes().count(CANARY.encode()) == 2 * (MANY - 1)


def as_garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def as_nothing(path: Path) -> None:
    path.write_bytes(b"")


def as_another_form(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def with_a_trigger(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TRIGGER t AFTER INSERT ON listings BEGIN DELETE FROM listings; END"
        )


def with_odd_values(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE listings SET facts = x'07', stamp = x'00', rows = 1.5")


def half_gone(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def turned_over(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(reversed(content[4096:]))
    path.write_bytes(content)


def as_a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def as_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def readable_by_others(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize(
    "make",
    [as_garbage, as_nothing, as_another_form, with_a_trigger, with_odd_values, half_gone,
     turned_over, as_a_link, as_a_folder, readable_by_others],
)  # fmt: skip
def test_one_that_is_odd_is_begun_anew_and_holds_up_nobody(
    path: Path, listings: list[Path], make: Callable[[Path], None]
) -> None:
    filled(path, listings)
    make(path)
    for one in listings:
        assert said(path, one) in ("", CANARY * 2)
    for _ in range(2):
        filled(path, listings, "other")
    if make is not as_a_folder:
        assert said(path, listings[-1]) == "other" * 2
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    if make is as_a_link:
        assert CANARY.encode() in path.with_name("elsewhere").read_bytes()


def test_one_that_another_process_keeps_is_left_alone(path: Path, listings: list[Path]) -> None:
    filled(path, listings)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert said(path, listings[0]) == ""
        filled(path, listings, "other")
    assert said(path, listings[0]) == CANARY * 2


def test_what_must_go_goes_though_another_process_keeps_the_file(
    path: Path, listings: list[Path]
) -> None:
    filled(path, listings)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        Index(path).forget(listings[0])
        assert not path.exists()


def test_a_full_index_is_begun_anew(
    path: Path, listings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.storage.index.index_file.INDEX_BYTES", 64 * 1024)
    for number in range(40):
        filled(path, listings, f"{number:04}" * 500)
        assert not path.exists() or path.stat().st_size <= 128 * 1024
    filled(path, listings, "few")
    assert said(path, listings[-1]) == "fewfew"


def _work(path: Path, listings: list[Path], number: int) -> None:
    for _ in range(20):
        filled(path, listings, f"{number}" * 300)


def test_many_processes_use_one(path: Path, listings: list[Path]) -> None:
    create(path)
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=_work, args=(path, listings, one)) for one in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [one.exitcode for one in workers] == [0] * 4
    assert said(path, listings[0])[:300] in {f"{number}" * 300 for number in range(4)}


def test_where_nobody_can_tell_what_was_erased_nothing_is_kept(
    path: Path, listings: list[Path]
) -> None:
    for one in listings:
        (one / ".session_console").symlink_to("elsewhere")
        assert erasure_of(one) == NOBODY_KNOWS
    filled(path, listings)
    assert not path.exists()


def test_each_erasure_leaves_another_mark(tmp_path: Path) -> None:
    marks = [erasure_of(tmp_path)]
    for _ in range(50):
        mark_erased(tmp_path)
        marks.append(erasure_of(tmp_path))
    assert len(set(marks)) == 51
    shutil.rmtree(tmp_path / ".session_console")
    assert erasure_of(tmp_path) == ""


def test_a_large_index_is_read_a_part_at_a_time(path: Path, tmp_path: Path) -> None:
    listings = [tmp_path / "outputs" / f"listing_{number:03}" for number in range(300)]
    for one in listings:
        one.mkdir(parents=True)
    filled(path, listings, CANARY * 4_000)
    index = Index(path)
    tracemalloc.start()
    try:
        for one in reversed(listings[::2]):
            assert index.table(one, "") is not None
            assert index.facts(one, "")
        for one in listings:
            assert index.table(one, "") is not None
            assert index.facts(one, "")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 40_000_000
    assert most < 25_000_000
