"""The doctor: finds everything odd below a root, in words that an operator can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tui.core.models.catalog import Catalog
from tui.core.models.verdict import Verdict
from tui.operations.context import Context, here
from tui.operations.doctor.config_findings import of_config_dirs
from tui.operations.doctor.fleet_findings import of_fleet
from tui.operations.doctor.listing_findings import of_listings
from tui.operations.doctor.machine_findings import MachineFacts, of_machine, read_machine
from tui.operations.doctor.repair import fix
from tui.operations.doctor.session_findings import of_sessions
from tui.operations.doctor.trash_findings import of_trash
from tui.operations.finding import LEVEL_WORDS, LEVELS, Finding
from tui.operations.formatting import count
from tui.operations.trash.interrupted_moves import unfinished

__all__ = ["Finding", "examine", "fix", "verdict"]

# The words for one and for several, the most serious first; kinds not named here are only counted.
_KINDS = {
    "swept_first": ("is swept before it expires", "are swept before they expire"),
    "stray": ("lies outside its listing", "lie outside their listing"),
    "unfinished_delete": ("was deleted halfway", "were deleted halfway"),
    "orphan": ("is an orphan", "are orphans"),
    "lost_run": ("was left in a turn", "were left in a turn"),
    "unsent": ("has an unsent prompt", "have unsent prompts"),
    "unreadable": ("transcript cannot be read", "transcripts cannot be read"),
    "unread_database": ("listing cannot be read", "listings cannot be read"),
    "unwritten": ("database refuses rows", "databases refuse rows"),
    "disk_full": ("disk is nearly full", "disks are nearly full"),
    "no_cli": ("CLI is missing", "CLIs are missing"),
    "root_bypass": ("cannot run as root", "cannot run as root"),
    "fleet_unheard": ("fleet is not heard", "fleets are not heard"),
    "older_than_fleet": ("root is older than its fleet", "roots are older than their fleet"),
    "host_silent": ("host is silent", "hosts are silent"),
    "not_reporting": ("host does not report to its fleet", "hosts do not report to their fleet"),
    "restricted_shell": ("restricted console gives a shell", "restricted consoles give a shell"),
    "env_file": ("env_file is open or missing", "env_files are open or missing"),
    "old_folder": ("is near the guide's clean-up", "are near the guide's clean-up"),
    "overwritten": ("was overwritten by the pipeline", "were overwritten by the pipeline"),
    "ghost": ("is a ghost", "are ghosts"),
    "branches": ("has branches", "have branches"),
    "remains": ("has lost its transcript", "have lost their transcripts"),
    "mounted_apart": ("config dir is a mount", "config dirs are mounts"),
    "acting_settings": (
        "settings file in a listing runs programs",
        "settings files in listings run programs",
    ),
    "acting_files": ("file in a listing may run programs", "files in listings may run programs"),
    "no_settings": ("settings file is missing", "settings files are missing"),
    "wrong_variable": ("sets the wrong variable", "set the wrong variable"),
    "old_pictures": ("picture is older than a purge", "pictures are older than a purge"),
    "no_sign_in": ("sign-in is missing", "sign-ins are missing"),
}


def examine(
    context: Context, catalog: Catalog, machine: MachineFacts | None = None
) -> tuple[Finding, ...]:
    """Return all findings, the most serious first; blocking, changes nothing.

    `machine` is read unless it is given. What lives on other hosts is for their doctors.
    """
    catalog = here(catalog)
    machine = machine or read_machine(context)
    cut_off = unfinished(context.root, catalog.listings)
    in_trash = frozenset((context.root / one.listing, one.session_id) for one in cut_off)
    found = [
        *of_machine(context, catalog, machine),
        *of_fleet(catalog),
        *of_listings(context, catalog),
        *of_config_dirs(context, catalog),
        *of_sessions(context, catalog, machine, in_trash),
        *of_trash(catalog, cut_off),
    ]
    return tuple(sorted(found, key=lambda one: one.order))


def verdict(findings: Sequence[Finding]) -> Verdict:
    """Return how many findings there are, and the worst of them."""
    levels = Counter(one.level for one in findings)
    if not levels["error"] and not levels["warning"]:
        return Verdict(count(levels["note"], "note") if findings else "")
    counts = ", ".join(
        count(levels[level], LEVEL_WORDS[level]) for level in LEVELS[:2] if levels[level]
    )
    codes = Counter(one.code for one in findings if one.level != "note")
    worst = (f"{codes[code]} {_KINDS[code][codes[code] > 1]}" for code in _KINDS if codes[code])
    return Verdict(counts, tuple(worst), is_clear=False)
