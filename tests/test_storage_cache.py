"""Facts are read once, outlive the process, and no file of the cache is trusted."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from tui.storage.cache import FactsCache
from tui.storage.facts import Facts
from tui.storage.kept_file import FACTS, kept_path

MANY = 70


@pytest.fixture
def transcripts(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.jsonl" for number in range(MANY)]
    for path in paths:
        line = {"timestamp": "2026-11-20T12:00:00Z", "customTitle": f"T{path.stem}"}
        path.write_text(json.dumps(line))
    return paths


def titles(cache: FactsCache, paths: list[Path]) -> list[str]:
    return [cache.facts_of(path, path.stat()).title for path in paths]


def emptied(path: Path) -> None:
    """Take a file's content away behind the back of whoever goes by its size and mtime."""
    status = path.stat()
    path.write_text(" " * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_facts_outlive_the_process_and_no_transcript_is_opened(
    transcripts: list[Path], tmp_path: Path
) -> None:
    path = kept_path(tmp_path / "cache", tmp_path, FACTS)
    first = FactsCache(path)
    expected = titles(first, transcripts)
    known = [first.facts_of(one, one.stat()) for one in transcripts]
    first.save()
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for one in transcripts:
        emptied(one)
    again = FactsCache(path)
    few = 4  # so many are read before the file is
    assert titles(again, transcripts)[few:] == expected[few:]
    assert again.facts_of(transcripts[-1], transcripts[-1].stat()) == known[-1]


def test_a_few_transcripts_are_read_without_the_file(
    transcripts: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "cache" / "x.json"
    cache = FactsCache(path)
    titles(cache, transcripts[:4])
    cache.save()
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"form": 1}', '{"form": 1, "facts": []}', '{"form": 9, "facts": {}}',
     "[" * 100_000, '{"form": 1, "facts": {"%s": 7}}', '{"form": 1, "facts": {"%s": [1]}}',
     '{"form": 1, "facts": {"%s": ["a", null, 1, [], "x", {}]}}',
     '{"form": 1, "facts": {"%s": [1, 1, "t", "m", "dear", 1e999]}}'],
)  # fmt: skip
def test_garbage_is_no_cache(transcripts: list[Path], tmp_path: Path, content: str) -> None:
    status = transcripts[-1].stat()
    path = tmp_path / "cache.json"
    path.write_text(content.replace("%s", f"{status.st_dev}:{status.st_ino}"))
    cache = FactsCache(path)
    assert titles(cache, transcripts)[-1] == f"T{MANY - 1}"
    cache.save()
    assert json.loads(path.read_text())["form"] == 1


def test_a_title_of_the_cache_is_cleaned(transcripts: list[Path], tmp_path: Path) -> None:
    last = transcripts[-1].stat()
    known = [last.st_size, last.st_mtime_ns, "a\x1b[31m\nb", "m\x07", 1.5, 1795000000.0]
    path = tmp_path / "cache.json"
    facts = {f"{last.st_dev}:{last.st_ino}": known}
    path.write_text(json.dumps({"form": 1, "facts": facts}))
    cache = FactsCache(path)
    titles(cache, transcripts)
    said = cache.facts_of(transcripts[-1], last)
    assert (said.title, said.model, said.cost_usd) == ("a b", "m", 1.5)


def test_many_writers_leave_a_whole_file_with_what_all_of_them_read(
    transcripts: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "cache.json"

    def work() -> None:
        cache = FactsCache(path)
        titles(cache, transcripts)
        cache.save()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads(path.read_text())["facts"]) == MANY
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_what_cannot_be_written_or_is_not_to_be_kept_is_no_failure(
    transcripts: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for path in (None, tmp_path / "file" / "cache.json"):
        cache = FactsCache(path)
        titles(cache, transcripts)
        cache.save()
    assert kept_path(None, tmp_path, FACTS) is None
    assert FactsCache().facts_of(tmp_path / "missing", transcripts[0].stat()) == Facts()
