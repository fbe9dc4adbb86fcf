"""What a host has begun is not begun again, for as long as somebody may ask for it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.core.errors import ConsoleError, Refused
from tui.fleet.member.begun import Begun
from tui.storage.state.json_file import PrivateFile

NOW = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


def begun(folder: Path, minutes: float = 0) -> Begun:
    moment = NOW + timedelta(minutes=minutes)
    return Begun(PrivateFile(folder / "begun.json"), lambda: moment)


def test_what_was_begun_is_known_with_its_run_until_nobody_can_ask_for_it(tmp_path: Path) -> None:
    assert begun(tmp_path).begin("n1") is None
    assert begun(tmp_path, 1).begin("n1") == ""
    begun(tmp_path, 1).note_run("n1", "2026-1")
    assert begun(tmp_path, 2).begin("n1") == "2026-1"
    assert begun(tmp_path, 2).begin("n2") is None
    assert begun(tmp_path, 12).begin("n1") is None
    assert (tmp_path / "begun.json").stat().st_mode & 0o777 == 0o600


def test_it_stays_small_and_nothing_is_begun_that_has_no_place_in_it(tmp_path: Path) -> None:
    one = {"at": NOW.isoformat()}
    PrivateFile(tmp_path / "begun.json").write({f"n{number}": one for number in range(10_000)})
    with pytest.raises(Refused, match="nothing was done"):
        begun(tmp_path, 1).begin("new")
    assert begun(tmp_path, 1).begin("n1") == ""
    assert begun(tmp_path, 11).begin("new") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"n1": 7}', '{"n1": {"at": "soon"}}'])
def test_what_cannot_be_read_may_have_been_begun(tmp_path: Path, text: str) -> None:
    (tmp_path / "begun.json").write_text(text)
    with pytest.raises(ConsoleError, match="nothing was done"):
        begun(tmp_path).begin("n2")
    assert (tmp_path / "begun.json").read_text() == text
