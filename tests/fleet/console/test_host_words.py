"""What a narrow column says of another host."""

from __future__ import annotations

from typing import Any

import pytest

from tui.core.values import replace
from tui.fleet.console.known_sessions import coarse_time, host_word
from tui.fleet.store.hosts import Host

HOST = Host(
    host="a",
    root="/data",
    version="1",
    max_runs=4,
    lease_s=15,
    silent_s=1,
    is_silent=False,
    behind_bytes=0,
    sessions=1,
    runs=0,
    queued=0,
)
MB = 1024 * 1024


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, ""),
        ({"is_silent": True, "silent_s": 19.9}, "silent 10s"),
        ({"is_silent": True, "silent_s": 49.0}, "silent 40s"),
        ({"is_silent": True, "silent_s": 60.0}, "silent 1m"),
        ({"is_silent": True, "silent_s": 3599.0}, "silent 59m"),
        ({"is_silent": True, "silent_s": 3 * 3600.0}, "silent 3h"),
        ({"is_silent": True, "silent_s": 2 * 86400.0}, "silent 2d"),
        ({"is_silent": True, "silent_s": 1e18}, "silent 999d"),
        ({"behind_bytes": MB}, ""),
        ({"kept": 2}, "2 kept back"),
    ],
)
def test_a_host_has_a_short_word(changes: Any, word: str) -> None:
    assert host_word(replace(HOST, **changes)) == word


def test_a_word_does_not_change_each_second() -> None:
    silences = {coarse_time(one) for one in range(86400)}
    assert len(silences) == 6 + 59 + 23
    assert max(map(len, silences)) == 3
    behind = {host_word(replace(HOST, behind_bytes=9 * MB + one * 1000)) for one in range(5000)}
    assert len(behind) == 1
    assert behind.pop().endswith(" behind")
