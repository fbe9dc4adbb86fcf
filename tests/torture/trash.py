"""A console killed in the middle of deletes, clean-ups and restores: 100 times at full scale."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.listings.sample_listing import SampleListing
from tui.core.models.session import Session, State
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.doctor.doctor import examine
from tui.operations.trash.interrupted_moves import repair, unfinished
from tui.storage.trash.trash import list_trash, unreadable_trash

_KILLS = 100
_LISTINGS, _SESSIONS = 3, 12
_ACT = """
import sys
from pathlib import Path
from tests.torture.trash import act_for_ever
act_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
"""


def run(scale: float) -> Mapping[str, Any]:
    """Kill it so often; assert that no file and no row is lost and no state is unexplained."""
    kills, chance = max(1, round(_KILLS * scale)), random.Random(7)  # noqa: S311 (a test's dice)
    counts = {"killed": 0, "cut_off": 0}
    with tempfile.TemporaryDirectory(prefix="session-console-torture-") as name:
        listings = _filled(Path(name) / "outputs")
        whole = _contents(listings)
        for number in range(kills):
            _kill_at_work(listings[0].root, number, chance.uniform(0.002, 0.12))
            counts["killed"] += 1
            counts["cut_off"] += _require_explained(listings, whole)
    return counts


def act_for_ever(root: Path, seed: int) -> None:
    """Delete, clean up and restore at random until somebody ends this process."""
    from tui.operations.trash.cleanup import clean_up, plan_cleanup
    from tui.operations.trash.delete import delete_many
    from tui.operations.trash.restore import restore_many

    chance, context = random.Random(seed), SampleListing(root).context()  # noqa: S311
    print("begun", flush=True)
    while True:
        catalog = CatalogScanner(context).look()
        there = [one for one in catalog.sessions if one.transcript is not None]
        kind = chance.choice(("delete", "clean up", "restore"))
        if kind == "delete" and there:
            delete_many(context, chance.sample(there, min(5, len(there))))
        elif kind == "clean up":
            clean_up(context, plan_cleanup(context, catalog, older_than=timedelta(minutes=30)))
        else:
            restore_many(context, list_trash(root))


def _filled(root: Path) -> list[SampleListing]:
    listings = [SampleListing(root, f"listing_{number}") for number in range(_LISTINGS)]
    for listing in listings:
        for number in range(_SESSIONS):
            session_id = f"{number:08x}-1111-4222-8333-444455556666"
            listing.add(session_id, days=30)
            beside = listing.transcript_path(session_id).with_suffix("") / "agent-1.jsonl"
            beside.parent.mkdir()
            beside.write_text(session_id)
    return listings


def _contents(listings: list[SampleListing]) -> dict[str, bytes]:
    """Return every file of the sessions by where it belongs, in the trash or not."""
    found = {}
    for listing in listings:
        for path in listing.config_dir.rglob("*"):
            if path.is_file():
                found[str(path.relative_to(listing.root))] = path.read_bytes()
    root = listings[0].root
    for trashed in list_trash(root):
        for index, place in enumerate(trashed.places):
            moved = trashed.moved(index)
            files = [moved, *moved.rglob("*")] if moved.is_dir() else [moved]
            for path in files:
                if path.is_file():
                    name = f"{trashed.listing}/{place}" + str(path)[len(str(moved)) :]
                    assert name not in found, f"{name} is twice there"
                    found[name] = path.read_bytes()
    return found


def _kill_at_work(root: Path, seed: int, after_s: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _ACT, str(root), str(seed)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent.parent,
    ) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(after_s)
        worker.send_signal(signal.SIGKILL)


def _require_explained(listings: list[SampleListing], whole: dict[str, bytes]) -> int:
    """Assert that all is there and that what is odd has its words; mend it; return how much."""
    root, context = listings[0].root, listings[0].context()
    found = _contents(listings)
    assert found == whole, f"lost or changed: {sorted(set(whole) ^ set(found))[:5]}"
    assert unreadable_trash(root) == ()
    catalog = CatalogScanner(context).look()
    cut_off = unfinished(root, catalog.listings)
    named = {(one.listing, one.session_id) for one in cut_off}
    for session in catalog.sessions:
        is_odd = session.state in (State.GHOST, State.UNTRACKED)
        assert not is_odd or session.key in named, f"unexplained: {session.key} {session.state}"
    told = {(one.listing, one.session_id) for one in examine(context, catalog)}
    for trashed in cut_off:
        assert (trashed.listing, trashed.session_id) in told, "the doctor is silent"
        repair(context, trashed)
    after = CatalogScanner(context).look()
    assert unfinished(root, after.listings) == ()
    assert not [one for one in after.sessions if _is_odd(one)]
    return len(cut_off)


def _is_odd(session: Session) -> bool:
    return session.state in (State.GHOST, State.UNTRACKED)
