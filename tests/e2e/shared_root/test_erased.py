"""What was erased stays erased: consoles that are open, other logins, and what they remember."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal

CANARY = "walrus-quintessence"
DRAFT = "ask the ocelot"


def places(root: Path, login: str) -> dict[str, str]:
    home = str(root.parent / login)
    return {"XDG_STATE_HOME": home, "XDG_CACHE_HOME": home, "HOME": home, "TMUX": ""}


def command(root: Path, login: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "tui", "--root", str(root), "--operator", login, *words]


def console(root: Path, login: str) -> Terminal:
    return Terminal(command(root, login, "--ssh"), environment=places(root, login))


def run(root: Path, login: str, *words: str) -> None:
    subprocess.run(
        command(root, login, *words),
        env={**os.environ, **places(root, login)},
        check=True,
        capture_output=True,
        timeout=60,
    )


def saying(folder: Path, words: str) -> list[str]:
    files = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    found = (path for path in files if words.encode() in _content(path))
    return sorted(str(path.relative_to(folder)) for path in found)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else b""
    except FileNotFoundError:  # a console writes meanwhile
        return b""


def root_with_a_secret(tmp_path: Path) -> Path:
    root = tmp_path / "outputs"
    listing = SampleListing(root)
    listing.track(FIRST, metadata={"last_error": CANARY})
    listing.write_transcript(FIRST, CANARY, prompt=CANARY)
    for number in range(8):
        replace(listing, listing_id=f"oak_{number}").add(SECOND)
    return root


def test_no_console_and_no_login_keeps_or_writes_back_what_was_erased(tmp_path: Path) -> None:
    """Two consoles of two logins are open, a third login looked once; then one erases.

    Without the mark of the erasure the open console writes the title back, and the others keep it.
    """
    root = root_with_a_secret(tmp_path)
    run(root, "carla", "ls", "--json")
    logins = [tmp_path / one for one in ("anna", "bert", "carla")]
    with ExitStack() as stack:
        anna, bert = (stack.enter_context(console(root, one)) for one in ("anna", "bert"))
        for one in (anna, bert):
            one.wait_for(CANARY)
        bert.send("/walrus\r")
        bert.wait_for("/walrus 1")
        bert.send("r")
        bert.wait_for("asks for tools")
        bert.send(f"\x15{DRAFT}")
        bert.wait_for(DRAFT)
        bert.send("\x1b")
        wait(lambda: saying(logins[1], DRAFT))
        wait(lambda: all(saying(one, CANARY) for one in logins))
        run(root, "anna", "purge", FIRST, "--yes")
        assert saying(logins[0], CANARY) == []
        assert saying(root, CANARY) == []
        wait(lambda: saying(logins[1], CANARY) == [])
        wait(lambda: saying(logins[1], DRAFT) == [])
        for one in (anna, bert):
            one.send("q")
            one.process.wait(60)
    run(root, "carla", "ls", "--json")
    assert [saying(one, CANARY) for one in logins] == [[], [], []]
    assert saying(root, CANARY) == []
