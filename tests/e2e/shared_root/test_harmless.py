"""Every verb and a console over a root of everything that can be planted: nobody is harmed.

Nothing outside the root and our own folders is opened, removed or changed, nothing is run, no byte
of the root changes, memory is bounded, and every verb comes back.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile.planted_databases import DATABASE_PLANTS, SMALLER, precious
from tests.support.hostile.plants import PLANTS
from tests.support.listings.sample_listing import FIRST, SampleListing, with_footprint
from tests.support.place import REPOSITORY
from tests.support.processes.audit_hook import WATCH, require_harmless
from tests.support.processes.terminal import Terminal
from tests.support.verb_lines import verb_lines

# What eight threads read at once, where all of them are needed: how many are, the machine says.
MOST_KB = 700_000
_ROOM = 2 << 30
SECONDS = 250  # fifty times what a verb may take: the machine has other work
LISTED = ["ls", "--json"]
_OTHERS = verb_lines(acting=False, session=f"sound/{FIRST}", listing="")
LOOKING = (LISTED, *(words for words in _OTHERS if words != LISTED))
OF_ANOTHER = ("ls", "doctor", "show")
OF_ONE = (["show", "--json"], ["log"], ["tail"])

VERBS = (
    WATCH
    + """
import time, traceback
from datetime import datetime, UTC
from pathlib import Path
from tui.__main__ import say_verb
from tui.core.errors import ConsoleError
from tui.operations.context import Context
from tui.settings import load_settings

def context(root):
    return Context(load_settings(os.environ, {"root": Path(root)}), lambda: datetime.now(UTC))

def said(one, words):
    begun, lines = time.monotonic(), []
    try:
        done = say_verb(one, words)
        code, lines = done.code, list(done.lines)
    except ConsoleError as error:
        code, lines = error.exit_code, [str(error), *getattr(error, "__notes__", ())]
    except BaseException:
        code, lines = -1, [traceback.format_exc()]
    return code, time.monotonic() - begun, "\\n".join(map(str, lines))

who, sound, root, *rest = sys.argv[1:]
asked = json.load(sys.stdin)
import difflib, encodings.utf_16_le, encodings.utf_32_le, humanize, tui.cli.permission_prompt
for words in asked:
    said(context(sound), words)  # loads what only root may read
if who == "nobody":
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
one = context(root)
for words in asked:
    if not os.fork():
        watch()
        code, took, text = said(one, words)
        peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
        told = {"words": words, "code": code, "took": took, "said": text, "peak": peak}
        print(json.dumps(told), flush=True)
        os._exit(0)
    os.wait()
"""
)
SCREEN = WATCH + "from tui.__main__ import main\nwatch()\nsys.exit(main())\n"


class Planted:
    """A root with a sound listing and one for each plant, and what is precious beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "outputs"
        self.sound = with_footprint(folder / "sound")
        self.planted_databases = []
        for number, plant in enumerate(PLANTS):
            said = "".join(char if char.isalnum() else "_" for char in plant.name)
            listing = SampleListing(self.root, f"{number:03}_{said[-60:]}")
            shutil.copytree(self.sound.folder, listing.folder)
            SMALLER.get(plant.name, plant.make)(listing)
            if plant.name in DATABASE_PLANTS:
                self.planted_databases.append(listing.listing_id)
        shutil.copytree(self.sound.folder, self.root / "sound")
        precious(SampleListing(self.root))

    def environment(self, home: Path) -> dict[str, str]:
        """Return what a program needs that looks at this root, with folders of its own."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        here = {"HOME": home, "XDG_STATE_HOME": home / "state", "XDG_CACHE_HOME": home / "cache"}
        return {
            **kept,
            **{name: str(value) for name, value in here.items()},
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SESSION_CONSOLE_CONFIG": str(home / "none.toml"),
            "SESSION_CONSOLE_ROOT": str(self.root),
            "WATCH_LOG": str(home / "watched.log"),
        }


def _quickest() -> Path | None:
    """Return where 60,000 files are made and removed in no time, if that has room for them."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > _ROOM else None


@pytest.fixture(scope="module")
def planted() -> Iterator[Planted]:
    """Planted once: whoever only looks at it leaves it as it is."""
    folder = Path(tempfile.mkdtemp(dir=_quickest()))
    folder.chmod(0o755)
    try:
        yield Planted(folder)
    finally:  # by a program that knows no deepest folder
        subprocess.run(["rm", "-rf", str(folder)], check=False)


def home_of(planted: Planted, name: str, who: int = 0) -> Path:
    home = planted.folder.parent / f"{planted.folder.name}-{name}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / "watched.log").touch()
    for path in (home, home / "watched.log"):
        os.chown(path, who, who)
    return home


def unchanged(planted: Planted) -> list[str]:
    """Return every path with what tells that nobody changed it, however deep it lies.

    Of folders no times and sizes: SQLite makes a log there for a moment, beside some databases.
    """
    facts = ["(", "-type", "d", "-printf", "%m %U %p\\n", ")", "-o", "-printf"]
    words = ["find", str(planted.folder), *facts, "%m %U %G %n %s %T@ %i %p\\n"]
    return sorted(
        subprocess.run(words, capture_output=True, check=True)
        .stdout.decode(errors="replace")
        .split("\n")
    )


@pytest.mark.parametrize("who", ["root", "nobody"])
def test_no_verb_that_looks_harms_anybody(planted: Planted, who: str) -> None:
    home, before = home_of(planted, who, 65534 if who == "nobody" else 0), unchanged(planted)
    names, is_root = planted.planted_databases, who == "root"
    every = [*LOOKING, *([*words, f"{name}/{FIRST}"] for words in OF_ONE for name in names)]
    every = every if is_root else [words for words in every if words[0] in OF_ANOTHER]
    done = subprocess.run(
        [sys.executable, "-B", "-c", VERBS, who, str(planted.sound.root), str(planted.root)],
        input=json.dumps(every),
        env=planted.environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=1000,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["words"] for one in told] == every
    assert [one for one in told if one["code"] == -1 or "Traceback" in one["said"]] == []
    listed = json.loads(told[0]["said"].splitlines()[-1])
    shown = [one for one in listed if one["listing"] == "sound"]
    assert [one["state"] for one in shown] == ["ok", "ok"]
    slow = [(one["words"], one["took"]) for one in told if one["took"] > SECONDS]
    assert slow == []
    assert max(one["peak"] for one in told) < MOST_KB
    require_harmless(home / "watched.log", [home], [planted.root, planted.sound.root])
    assert unchanged(planted) == before
    shutil.rmtree(home)


def test_no_console_harms_anybody(planted: Planted) -> None:
    home, before = home_of(planted, "console"), unchanged(planted)
    with Terminal(
        [sys.executable, "-B", "-c", SCREEN], environment=planted.environment(home), cwd=home
    ) as screen:
        screen.wait_for("unread", seconds=300)
        for keys in ("j", "j", "G", "g", "1", "j", "j", "2", "3", "4", "2", "\r", "\x1b"):
            screen.send(keys)
        screen.send(":log\r")
        screen.wait_for("Esc back", seconds=300)
        screen.send("\x1b")
        screen.wait_for("q quit", seconds=300)
        status = Path(f"/proc/{screen.process.pid}/status").read_text()
        screen.line(":quit\r")
        assert screen.process.wait(300) == 0
    assert int(status.split("VmHWM:")[1].split()[0]) < MOST_KB
    require_harmless(home / "watched.log", [home], [planted.root])
    assert unchanged(planted) == before
    shutil.rmtree(home)
