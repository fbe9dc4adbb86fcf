"""Facts are read once, outlive the process, and belong to the file that was read and no other."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.claude.transcript_files import transcript_facts
from tui.claude.transcript_files.transcript_facts import TranscriptFacts
from tui.safe_io.folders import stamp_of
from tui.storage.index.erasure_marks import mark_erased
from tui.storage.index.index import Index, index_path
from tui.storage.transcripts import facts_cache
from tui.storage.transcripts.facts_cache import FactsCache

MANY = 70
AT = "2026-11-20T12:00:00Z"


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs" / "hollis_park"
    folder.mkdir(parents=True)
    for number in range(MANY):
        write(folder / f"{number}.jsonl", f"T{number}")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Callable[[], Index]:
    return lambda: Index(index_path(tmp_path / "cache", tmp_path))


def write(path: Path, title: str, cost: float = 93.5) -> None:
    lines = [{"timestamp": AT, "customTitle": title}, {"type": "cost-state", "totalCostUSD": cost}]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def fact(found: FactsCache, path: Path) -> TranscriptFacts:
    said = found.of(path.parent).of(str(path), stamp_of(path.stat()))
    assert said is not None
    return said


def titles(found: FactsCache, listing: Path) -> list[str]:
    return [fact(found, listing / f"{number}.jsonl").title for number in range(MANY)]


def test_what_ended_the_last_turn_outlives_the_process_too(
    listing: Path, index: Callable[[], Index]
) -> None:
    path = listing / "3.jsonl"
    said = {"content": [{"type": "text", "text": "API Error: 529"}]}
    failed = {"type": "assistant", "isApiErrorMessage": True, "message": said}
    used = {"model": "opus", "usage": {"input_tokens": 7000, "output_tokens": 5}}
    lines = ({"type": "assistant", "message": used}, failed)
    path.write_text(path.read_text() + "".join(f"{json.dumps(line)}\n" for line in lines))
    kept(listing, index())
    again = FactsCache(index())
    found = fact(again, path)
    assert (found.turn_error, found.context) == ("API Error: 529", 7005)


def kept(listing: Path, index: Index) -> list[str]:
    said = titles(FactsCache(index), listing)
    index.save()
    return said


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    names = list[str]()

    def read(path: str | Path, folder: int | None = None) -> TranscriptFacts:
        names.append(Path(path).name)
        return transcript_facts.read_facts(path, folder)

    monkeypatch.setattr(facts_cache, "read_facts", read)
    return names


def test_facts_outlive_the_process_and_no_transcript_is_opened(
    listing: Path, index: Callable[[], Index], opened: list[str]
) -> None:
    expected = kept(listing, index())
    opened.clear()
    again = FactsCache(index())
    assert titles(again, listing) == expected
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert fact(again, listing / "3.jsonl") == TranscriptFacts(
        title="T3", model="", cost_usd=93.5, first_at=at, origin=""
    )
    assert opened == []


def replaced(path: Path) -> None:
    """Put another session's file there, of the same inode, size and mtime."""
    status = path.stat()
    write(path, "X" * len(json.loads(path.read_text().splitlines()[0])["customTitle"]), 11.5)
    assert (path.stat().st_ino, path.stat().st_size) == (status.st_ino, status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def grown(path: Path) -> None:
    """Put back an older copy in its place: it is larger, and its mtime is older."""
    write(path, "X" * 30, 11.5)
    os.utime(path, (1, 1))


@pytest.mark.parametrize("change", [replaced, grown])
def test_what_takes_the_place_of_a_file_is_read(
    listing: Path, index: Callable[[], Index], change: Callable[[Path], None]
) -> None:
    """By inode, size and mtime alone it is what it was; and its cost would only grow."""
    path = listing / "3.jsonl"
    first = FactsCache(index())
    fact(first, path)
    kept(listing, index())
    change(path)
    for found in (first, FactsCache(index())):
        assert (fact(found, path).title[:1], fact(found, path).cost_usd) == ("X", 11.5)


def test_another_session_that_gets_an_inode_has_its_own_facts(
    listing: Path, index: Callable[[], Index]
) -> None:
    """Its facts were once looked up by inode: what was erased cost what it costs for ever."""
    path, other = listing / "3.jsonl", listing / "other.jsonl"
    kept(listing, index())
    status = path.stat()
    path.rename(other)  # the very inode under another session's name, its size and mtime too
    write(other, "T3", 0.0)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert other.stat().st_ino == status.st_ino
    assert fact(FactsCache(index()), other).cost_usd == 0.0


def test_what_says_less_at_its_end_says_what_it_said_before(listing: Path) -> None:
    path, found = listing / "3.jsonl", FactsCache()
    fact(found, path)
    with path.open("a") as file:
        file.write("{}\n" * 60_000)
    assert (fact(found, path).title, fact(found, path).cost_usd) == ("T3", 93.5)


def test_what_was_written_anew_and_grew_says_nothing_of_before(listing: Path) -> None:
    """A backup put back in place has the first line that it had, and a later time and size."""
    path, found = listing / "3.jsonl", FactsCache()
    fact(found, path)
    with path.open("r+") as file:
        old = file.read()
        file.seek(0)
        file.write(old.replace("93.5", "2.25") + "{}\n" * 60_000)
    assert fact(found, path).cost_usd == 2.25
    with path.open("r+") as file:
        file.truncate(0)
        file.write(old.splitlines()[0] + "\n" + '{"a": 1}\n' * 90_000)
    assert fact(found, path).cost_usd is None


def test_what_cannot_be_read_now_is_read_later(
    listing: Path, index: Callable[[], Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept as empty it would stay so for as long as nobody writes to the file."""
    path = listing / "3.jsonl"
    index_now = index()
    found = FactsCache(index_now)

    def fails(path: str | Path, folder: int | None) -> TranscriptFacts:
        raise OSError(24, "too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(facts_cache, "read_facts", fails)
        assert found.of(listing).of(str(path), stamp_of(path.stat())) is None
    index_now.save()
    assert fact(found, path).title == "T3"


def test_what_is_gone_is_forgotten(listing: Path, index: Callable[[], Index]) -> None:
    kept(listing, index())
    gone = [listing / f"{number}.jsonl" for number in range(3)]
    for path in gone:
        path.unlink()
    later = index()
    FactsCache(later).of(listing).keep_only({str(listing / "5.jsonl")})
    later.save()
    stored = json.loads(index().facts(listing, ""))
    assert len(stored) == MANY - 3  # what is there, and was only not looked for, stays
    assert not {str(path) for path in gone} & stored.keys()


def test_an_erasure_in_the_listing_makes_all_be_read_again(
    listing: Path, index: Callable[[], Index], opened: list[str]
) -> None:
    first = FactsCache(index())
    titles(first, listing)
    kept(listing, index())
    mark_erased(listing)
    opened.clear()
    for found in (first, FactsCache(index())):
        assert fact(found, listing / "3.jsonl").title == "T3"
    assert opened == ["3.jsonl"] * 2


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "null", '{"%s": 7}', '{"%s": [1]}', '{"%s": [%v, null, 1, [], "x"]}', "[" * 100_000,
     '{"%s": [%v, "t", "m", "dear", null, "o"]}', '{"%s": [%v, "t", "m", 1e999, null, "o"]}',
     '{"%s": [%v, "t", "m", -3.0, null, "o"]}', '{"%s": [%v, "t", "m", 1.0, 1e99, "o"]}'],
)  # fmt: skip
def test_garbage_is_no_cache(listing: Path, tmp_path: Path, content: str) -> None:
    path = listing / "3.jsonl"
    status = path.stat()
    times = f"{status.st_size}, {status.st_mtime_ns}, {status.st_ctime_ns}"
    version = f"{status.st_dev}, {status.st_ino}, {times}"

    class Garbage(Index):
        def facts(self, folder: str | Path, erasure: str) -> str:
            return content.replace("%s", str(path)).replace("%v", version)

    found = FactsCache(Garbage(tmp_path / "index.db"))
    assert fact(found, path) == transcript_facts.read_facts(path)


def test_a_title_of_the_cache_is_cleaned(listing: Path) -> None:
    path = listing / "3.jsonl"
    status = path.stat()
    version = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]

    class Hostile(Index):
        def facts(self, folder: str | Path, erasure: str) -> str:
            said = ["a\x1b[31m\nb", "m\x07", 1.5, None, "o", "", "", "t\x07", -5]
            return json.dumps({str(path): [*version, *said]})

    said = fact(FactsCache(Hostile()), path)
    assert (said.title, said.model, said.cost_usd, said.tag) == ("a b", "m", 1.5, "t")
    assert said.context == 0


@pytest.fixture
def _busy() -> Iterator[None]:
    """Let threads take turns a thousand times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_busy")
def test_many_threads_read_while_others_save(listing: Path, index: Callable[[], Index]) -> None:
    """Without a lock saving went through a dictionary that others filled, and failed."""
    together, failures, is_over = index(), list[BaseException](), threading.Event()
    folders = [listing.parent / f"listing_{number}" for number in range(8)]
    found = FactsCache(together)

    def read(folder: Path) -> None:
        try:
            for number in range(300):
                path = folder / f"{number}.jsonl"
                write(path, f"T{number}")
                assert fact(found, path).title == f"T{number}"
                if number % 50 == 49:
                    path.unlink()
                    found.of(folder).keep_only(set())
        except BaseException as error:
            failures.append(error)

    def save() -> None:
        try:
            while not is_over.is_set():
                together.save()
        except BaseException as error:
            failures.append(error)

    for folder in folders:
        folder.mkdir()
    readers = [threading.Thread(target=read, args=(folder,)) for folder in folders]
    saver = threading.Thread(target=save)
    for thread in (*readers, saver):
        thread.start()
    for thread in readers:
        thread.join()
    is_over.set()
    saver.join()
    assert failures == []
    again = FactsCache(index())
    assert [fact(again, folder / "7.jsonl").title for folder in folders] == ["T7"] * 8


def test_what_is_not_to_be_kept_is_no_failure(listing: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (None, tmp_path / "file" / "index.db"):
        assert len(kept(listing, Index(path))) == MANY
    assert index_path(None, tmp_path) is None
    stamp = stamp_of((listing / "3.jsonl").stat())
    assert FactsCache().of(listing).of(str(listing / "missing.jsonl"), stamp) is None
