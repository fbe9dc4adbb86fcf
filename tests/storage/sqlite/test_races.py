"""Nothing silently overwrites a change, a killed writer tears nothing, and looking harms nobody.

`tests.torture` runs the same at full counts.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture import tracking


@pytest.mark.parametrize("journal", tracking.JOURNALS)
def test_no_extension_is_lost(tmp_path: Path, journal: str) -> None:
    """Without the comparison in `tracking._lost` it ends many seconds short."""
    tracking.lose_no_update(tracking.make_table(tmp_path, journal), 8, 25)


@pytest.mark.parametrize("journal", tracking.JOURNALS)
def test_a_killed_writer_leaves_row_and_audit_whole(tmp_path: Path, journal: str) -> None:
    """With row and audit in two transactions the audit misses a change every few kills."""
    tracking.kill_writers(tracking.make_table(tmp_path, journal), 20)


@pytest.mark.parametrize("journal", tracking.JOURNALS)
def test_twenty_consoles_do_not_harm_a_busy_pipeline(tmp_path: Path, journal: str) -> None:
    """With a SELECT of ours left unfinished the pipeline would meet a locked database."""
    db_path = tracking.make_table(tmp_path, journal)
    times = tracking.write_beside_consoles(db_path, 2, db_path)
    assert len(times) > 5
