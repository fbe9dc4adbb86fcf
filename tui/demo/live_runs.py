"""The demo's live runs: real resumes of sample sessions, and ending everything that runs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tui.claude.live_registry import read_registry
from tui.demo.cast import Fate
from tui.demo.sample import WrittenSession, config_dir_of
from tui.demo.scenes import CONTACTS, PLATFORMS, SHORTLIST, STRATEGIC
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.operations.context import Context
from tui.operations.running.resume import plan_resume, start
from tui.operations.trash.delete import delete
from tui.runs.folder.protocol import is_dead, read_owner, run_folders
from tui.safe_io.processes import end_process

_PROMPTS = {
    "cranbury_and_dunwell": STRATEGIC,
    "hollis_park": PLATFORMS,
    "brightwater_dental": SHORTLIST,
    "kestrel_dispatch": CONTACTS,
}
_Process = tuple[int, str]


def leads(sample: Sequence[WrittenSession]) -> list[WrittenSession]:
    """Return the sessions that the demo resumes, in order."""
    by_listing = {one.listing_id: one for one in sample if one.part.fate is Fate.LEAD}
    return [by_listing[listing_id] for listing_id in _PROMPTS]


def resume(context: Context, lead: WrittenSession) -> str:
    """Resume one of the leads with its prompt, and return the run's id."""
    catalog = CatalogScanner(context).look(only=lead.listing_id)
    session = catalog.session((lead.listing_id, lead.session_id))
    if session is None:
        raise LookupError(f"the sample lost {lead.listing_id}/{lead.session_id}")
    return start(context, plan_resume(context, session), _PROMPTS[lead.listing_id])


def delete_sample(context: Context, one: WrittenSession) -> None:
    """Delete a session as an operator would, so that the trash is not empty."""
    catalog = CatalogScanner(context).look(only=one.listing_id)
    session = catalog.session((one.listing_id, one.session_id))
    if session is not None:
        delete(context, session)


def end_runs(root: Path) -> None:
    """End every run below `root`: first the runners, which end their CLIs, then remaining CLIs.

    Only processes named in a run folder or in the CLI's registry there, and proven by their start
    time, are touched.
    """
    _end(_runners(root), patience_s=8.0)
    _end(_clis(root), patience_s=2.0)


def has_runs(root: Path) -> bool:
    """Whether anything still runs below `root`."""
    return bool(_runners(root) or _clis(root))


def _end(processes: list[_Process], patience_s: float) -> None:
    if not processes:
        return
    with ThreadPoolExecutor(len(processes)) as pool:
        for pid, proc_start in processes:
            pool.submit(end_process, pid, proc_start, patience_s=patience_s)


def _runners(root: Path) -> list[_Process]:
    folders = [one for listing in listing_paths(root) for one in run_folders(listing)]
    return [owner for folder in folders if (owner := _runner(folder)) is not None]


def _runner(folder: Path) -> _Process | None:
    """Return the runner of a run folder if it lives.

    At first a run is owned by the console that starts it, which must not be ended: a runner has the
    run's name on its command line.
    """
    owner = read_owner(folder)
    if is_dead(folder) or "pid" not in owner:
        return None
    try:
        is_runner = folder.name.encode() in Path(f"/proc/{owner['pid']}/cmdline").read_bytes()
    except OSError:
        return None
    return (owner["pid"], owner["proc_start"]) if is_runner else None


def _clis(root: Path) -> list[_Process]:
    found = [one for path in listing_paths(root) for one in read_registry(config_dir_of(path))]
    return [(one.pid, one.proc_start) for one in found if one.proc_start]
