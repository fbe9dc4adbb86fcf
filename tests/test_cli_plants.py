"""Over a root of all that may be planted every verb answers, and a healthy listing is unharmed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plants import PLANTS
from tests.sample_listing import FIRST, SampleListing, with_footprint

_MOST_MB = 300
_LONGEST_S = 50.0  # where some 5 s are enough
# Not by `getrusage`, which counts what its parent took before it.
_MEASURED = """
import re, sys
from tui.__main__ import main
code = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
print(int(peak) // 1024, file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root with a listing for each plant, and a healthy one beside them."""
    folder = tmp_path_factory.mktemp("plants")
    sample = with_footprint(folder / "sample")
    root = folder / "outputs"
    shutil.copytree(sample.folder, root / "healthy")
    for number, plant in enumerate(PLANTS):
        listing = SampleListing(root, f"l{number:03}")
        shutil.copytree(sample.folder, listing.folder)
        plant.make(listing)
    yield root
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.parametrize(
    "words",
    [
        *("ls --json", "stats", "trash", "log", "doctor", "check", "info", "grep pumps"),
        *("cleanup --dry-run", "show healthy/ID", "tail healthy/ID", "export healthy/ID"),
    ],
)
def test_every_verb_answers_in_bounded_memory(root: Path, words: str) -> None:
    """Without the bounds one of them takes gigabytes, one hangs, and one ends in a traceback."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, "--root", str(root), *words.replace("ID", FIRST).split()],
        env=kept | {"SESSION_CONSOLE_CONFIG": "/dev/null"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        cwd=Path(__file__).parent.parent,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)
    assert int(done.stderr.splitlines()[-1]) < _MOST_MB
    if words == "ls --json":
        shown = [one for one in json.loads(done.stdout) if one["listing"] == "healthy"]
        assert [one["state"] for one in shown] == ["ok", "ok"]
