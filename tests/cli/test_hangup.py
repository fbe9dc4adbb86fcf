"""A waiting verb ends when its reader goes away, and for no other reason."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import Site, over, wait
from tui.runs.folder import protocol
from tui.runs.folder.protocol import read_run

_SOON_S = 10.0  # where a second is enough


def started(root: Path, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
    """Run a verb with its own streams, as a script does."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "XDG"))}
    kept |= {"SESSION_CONSOLE_CONFIG": "/dev/null", "HOME": str(root.parent)}
    return subprocess.Popen(
        [sys.executable, "-m", "tui", "--root", str(root), *words],
        env=kept | streams.get("environment", {}),
        cwd=REPOSITORY,
        stdin=streams.get("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("gone", ["stdout", "stderr"])
def test_who_waits_for_a_run_ends_with_its_reader(site: Site, gone: str) -> None:
    """Without the guard, it watches the run to its end for nobody."""
    root, given = site.listing.parent, {"SESSION_CONSOLE_ENV_FILE": str(site.env_file)}
    words = ("new", "hollis_park", "STREAM please", "--stage", "3", "--wait")
    with started(root, *words, environment=given) as client:
        try:
            wait(lambda: protocol.run_folders(site.listing))
            (folder,) = protocol.run_folders(site.listing)
            wait(lambda: read_run(folder).state == "busy")
            with pytest.raises(subprocess.TimeoutExpired):
                client.wait(1)
            stream: IO[bytes] | None = client.stdout if gone == "stdout" else client.stderr
            assert stream is not None
            stream.close()
            assert client.wait(_SOON_S) == 0
        finally:
            client.kill()
    assert read_run(folder).state == "busy"
    site.hurry()
    assert over(folder).state == "done"


def test_a_prompt_whose_sender_is_gone_starts_nothing(tmp_path: Path) -> None:
    """Without the guard, half a prompt is carried out: a line that was cut off."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    words = ("new", "hollis_park", "-", "--stage", "3")
    with started(listing.root, *words, stdin=subprocess.PIPE) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(b"Delete everything that you do not ")
        client.stdin.flush()
        client.stdout.close()
        client.stdin.close()
        assert client.wait(_SOON_S) == 1
        assert client.stderr is not None
        assert b"the prompt may be incomplete" in client.stderr.read()
    assert protocol.run_folders(listing.folder) == ()


def test_a_search_ends_with_its_reader(tmp_path: Path) -> None:
    """Without the guard, it reads on for nobody as long as nothing matches."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    with listing.transcript_path(FIRST).open("ab") as file:
        for number in range(8):
            again = f"{number:04x}{FIRST[4:]}"
            listing.transcript_path(again).hardlink_to(listing.transcript_path(FIRST))
        for _ in range(400):
            file.write(b'{"type": "user", "message": {"content": "aaaa"}}\n' * 5_000)
    with started(listing.root, "grep", "a.*b.*c") as client:
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                client.wait(1.5)
            assert client.stdout is not None
            client.stdout.close()
            client.wait(_SOON_S)
        finally:
            client.kill()
