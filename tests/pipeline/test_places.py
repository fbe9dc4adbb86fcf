"""Every method tells what is wrong with a listing's folder, and what mends it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.pipeline.every_call import API, call_of_api, needed
from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot
from tests.support.programs import need_right
from tui import ConsoleError, DatabaseProblem, Kind, Refused, SessionManager, UnknownId
from tui.core.errors import Reason

CALLS = [one for one in API if one.startswith("SessionManager.")]
every_call = pytest.mark.parametrize("call", CALLS)

# Makes every call as another login, and prints what each raises.
AS_NOBODY = """
import asyncio, json, os, pwd, sys
from pathlib import Path
from tests.pipeline.every_call import call_of_api, needed
from tui import ConsoleError

def raised(call, folder):
    try:
        asyncio.run(call_of_api(call, Path(folder), needed(call)))
    except ConsoleError as error:
        return [str(error), error.kind, error.reason]

_, folder, other, *calls = sys.argv
for call in calls:
    raised(call, other)  # loads what only this login may read
os.setgroups([]), os.setegid(65534), os.seteuid(65534)
print(json.dumps({call: raised(call, folder) for call in calls}))
"""


def error_of(call: str, folder: Path) -> ConsoleError:
    with pytest.raises(ConsoleError) as raised:
        asyncio.run(call_of_api(call, folder, needed(call)))
    return raised.value


@every_call
@pytest.mark.parametrize("leads_to", ["hollis_park", "nothing"])
def test_a_link_is_refused_as_one(listing: SampleListing, call: str, leads_to: str) -> None:
    listing.track(FIRST)
    link = listing.root / "link"
    link.symlink_to(listing.root / leads_to)
    before = snapshot(listing.root)
    error = error_of(call, link)
    assert isinstance(error, Refused)
    assert error.reason is Reason.LINKED
    assert str(error).startswith(f"{link} is a link, ")
    assert "name the folder that it leads to" in str(error)
    assert snapshot(listing.root) == before


@every_call
@pytest.mark.parametrize(
    ("place", "why"), [("file", "it is a file"), ("file/x", "Not a directory")]
)
def test_a_file_is_told_as_one(listing: SampleListing, call: str, place: str, why: str) -> None:
    """Nothing in it must not be taken for nothing to do."""
    (listing.root / "file").write_text("x")
    error = error_of(call, listing.root / place)
    assert error.kind is Kind.SETUP
    assert f"the listing's folder {listing.root / place} cannot be " in str(error)
    assert str(error).endswith(f": {why}")


@pytest.mark.parametrize("has_folder", [True, False])
def test_where_nothing_is_yet_what_needs_it_says_what_makes_it(
    tmp_path: Path, *, has_folder: bool
) -> None:
    folder = tmp_path / "outputs" / "hollis_park"
    if has_folder:
        folder.mkdir(parents=True)
    for call in ("extend_session", "mark_session_failed"):
        error = error_of(f"SessionManager.{call}", folder)
        assert isinstance(error, DatabaseProblem)
        assert str(error) == f"{folder}: no buyers.db yet; `init_table` makes it"
    for call in ("stop_session", "acknowledge"):
        assert isinstance(error_of(f"SessionManager.{call}", folder), UnknownId)
    manager = SessionManager(folder)
    assert asyncio.run(manager.list_active_sessions()) == []
    assert asyncio.run(manager.cleanup_expired()) == 0
    assert asyncio.run(manager.recover()) == ()
    assert folder.exists() is has_folder


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_folder_of_another_login_is_told_with_its_owner(mode: int) -> None:
    need_right(os.geteuid() == 0, "act as another user")
    with tempfile.TemporaryDirectory() as name:
        listing = SampleListing(Path(name) / "outputs")
        listing.track(FIRST)
        for path in (Path(name), listing.root):
            path.chmod(0o755)
        listing.folder.chmod(mode)
        (listing.root / "file").write_text("x")
        folders = (str(listing.folder), str(listing.root / "file"))
        words = [sys.executable, "-c", AS_NOBODY, *folders, *CALLS]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for call, told in json.loads(done.stdout).items():
        assert told is not None, call
        message, kind, reason = told
        assert f"the listing's folder {listing.folder} cannot be used: Permission" in message, call
        assert f"it is root's, with mode {mode:03o}" in message
        assert "read, write and enter it" in message
        assert (kind, reason) == (Kind.SETUP, Reason.FORBIDDEN)
