"""The stream survives what `tests.torture` does to it at full count, here in small.

Without the bound on a line's length `huge` is slow; without comparing what was read last, `changes`
shows lines that the file no longer has.
"""

from __future__ import annotations

from tests.torture.stream import run


def test_the_stream_stands_mutated_lines_a_live_writer_and_a_changing_file() -> None:
    counts = run(0.01)
    assert counts["resets"] > 0
    assert counts["entries"] > 0
