"""Findings about a listing: what of it cannot be read (database, locks), registry, zone."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR
from tui.claude.layout import PROJECTS, projects_folder, registry_entry, registry_folder
from tui.claude.live_registry import entry_names, names_session, read_registry
from tui.core.errors import Reason
from tui.core.limits import MOST_LIVE, REGISTRY_S
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Liveness, Session, State
from tui.core.text.safe_text import one_line
from tui.core.time.zones import is_evidence, zone_named, zone_words
from tui.operations.cause import TAKE_ROWS, WRONG_VARIABLE, clues_of, unwritten_sessions
from tui.operations.context import Context
from tui.operations.finding import Finding, fix_of
from tui.operations.formatting import count, span
from tui.operations.listing_health import level_of, trouble_of
from tui.operations.target import DATABASE, Target, unknown_owner
from tui.safe_io.folders import OURS, is_folder, is_link
from tui.safe_io.walking import Budget
from tui.settings import Settings

_MARGIN = timedelta(days=3)


def of_listings(context: Context, catalog: Catalog) -> Iterator[Finding]:
    """Yield findings about each listing; a few `stat`s each."""
    now = context.clock()
    for listing in catalog.listings:
        if listing.is_vanished:
            yield _of_vanished(listing)
            continue
        yield from _of_problem(listing)
        yield from _of_unwritten(listing)
        yield from _of_folders(listing)
        yield from _of_variable(listing)
        yield from _of_age(context.settings, listing, now)
        yield from _of_registry(listing)
        if context.settings.time_zone == "auto":
            yield from _of_zone(listing, now)


def _of_vanished(listing: Listing) -> Finding:
    words = f"its folder {one_line(listing.path)} is gone; the last known state is shown"
    name = listing.listing_id
    remedy = f"`ack {shlex.quote(name)}` removes it, for everyone"
    return Finding(
        level_of(Reason.VANISHED),
        "vanished",
        words=words,
        remedy=remedy,
        listing=name,
        command=("ack", name),
    )


def _of_problem(listing: Listing) -> Iterator[Finding]:
    what = trouble_of(listing)
    if not what:
        return
    path = one_line(listing.path)
    remedies: dict[str, str] = {
        "linked": f"put a folder in place of the link {one_line(listing.path / CONFIG_DIR)}",
        "no_table": "the pipeline creates its table with `init_table()`; so does `new`",
        "locked": "it clears once the other program is done; find that with `fuser` if it is not",
        "cut": f"check what fills {path}, and let `cleanup` or the pipeline remove what is old",
        "reading": "it takes its time; look again",
        "slow": f"check the disk of {path}",
        "forbidden": f"let our group read and write {path}, or run as its owner",
        "unread": "let our group read it, or run as its owner; if permissions are "
        f"not the cause, check the disk of {path}; until then nothing in it counts as gone",
        "no_locks": f"mount {path} with locks (over NFS without `nolock`), or keep it on a disk "
        "that has them: without locks nothing shows what is running there, so nothing can be "
        "resumed, deleted or cleaned up from here",
        "full": "free some space; `cleanup --purge-trash` needs no free space",
        "unreadable": f"put an intact {DATABASE} back into {path}, with nothing beside it that its "
        "pipeline did not make (`help security`); until then its transcripts are shown",
    }
    yield Finding(
        level_of(what),
        "unread_database",
        words=listing.problem,
        remedy=remedies[what],
        listing=listing.listing_id,
        command=("cleanup", "--purge-trash") if what == "full" else (),
    )


def _of_unwritten(listing: Listing) -> Iterator[Finding]:
    """A database that takes no row of ours leaves sessions untracked: nothing extends them."""
    if words := unwritten_sessions(listing.sessions):
        remedy = (
            f"{TAKE_ROWS}, or wait until it is free or has room; then "
            f"`doctor {shlex.quote(listing.listing_id)} --fix` writes them"
        )
        yield Finding(
            "error",
            "unwritten",
            words=words,
            remedy=remedy,
            listing=listing.listing_id,
            is_fixable=True,
            command=fix_of(listing.listing_id),
        )


def _of_folders(listing: Listing) -> Iterator[Finding]:
    """A folder that cannot be read hides what is below it."""
    config_dir, ours = listing.path / CONFIG_DIR, listing.path / OURS
    if is_link(ours):
        words = f"{one_line(ours)} is a link, and links are not followed: nothing can be done here"
        yield Finding(
            "error",
            "linked_folder",
            words=words,
            remedy="remove the link",
            listing=listing.listing_id,
        )
    for folder in (listing.path, config_dir, projects_folder(config_dir)):
        if is_folder(folder, unknown=True) and not os.access(folder, os.R_OK | os.X_OK):
            words = f"{one_line(folder)} cannot be read by this login: its contents are not shown"
            remedy = "let its group read it, or run as its owner"
            yield Finding(
                "error", "unreadable_folder", words=words, remedy=remedy, listing=listing.listing_id
            )
            return


def _of_variable(listing: Listing) -> Iterator[Finding]:
    """A pipeline that set the wrong variable leaves strays, or nothing at all without a volume."""
    strays = [one for one in listing.sessions if one.is_stray]
    ghosts = [one for one in listing.sessions if one.state is State.GHOST and not one.never_began]
    remedy = (
        f"let the pipeline set CLAUDE_CONFIG_DIR to {one_line(listing.path / CONFIG_DIR)}, as "
        "`SessionManager.setup()` of this project does"
    )
    if strays:
        where = one_line(strays[0].transcript.stray_in if strays[0].transcript else "")
        lie = f"{count(len(strays), 'session')} lie" + ("s" if len(strays) == 1 else "")
        words = f"{lie} in {where}: {WRONG_VARIABLE}"
        remedy = f"`adopt --all` moves them here; {remedy}"
        yield Finding(
            "warning",
            "wrong_variable",
            words=words,
            remedy=remedy,
            listing=listing.listing_id,
            command=("adopt", "--all"),
        )
    elif ghosts and not clues_of(listing.path).was_used:
        words = (
            f"none of {count(len(ghosts), 'session')} ever wrote here: {WRONG_VARIABLE}, and "
            "that place is not on this machine, such as in a container without a volume for it"
        )
        remedy = f"{remedy}, and give its container a volume for {one_line(listing.path)}"
        yield Finding(
            "warning", "wrong_variable", words=words, remedy=remedy, listing=listing.listing_id
        )


def _of_age(settings: Settings, listing: Listing, now: datetime) -> Iterator[Finding]:
    """The guide's clean-up by age deletes children of the config dir by their own mtime."""
    kept = [one for one in listing.sessions if _is_kept(one, now)]
    modified_at = _modified(projects_folder(listing.path / CONFIG_DIR)) if kept else None
    if modified_at is None:
        return
    limit = timedelta(days=_shortest_age(settings))
    age = now - modified_at
    if age < limit - min(_MARGIN, limit / 5):
        return
    when = f"in {span(limit - age)}" if age < limit else "now"
    words = (
        f"the guide's clean-up by age ({limit.days} d) would take {CONFIG_DIR}/{PROJECTS} {when}, "
        f"and {count(len(kept), 'session')} in it that should last"
    )
    remedy = "`doctor --fix` resets the folder's age"
    yield Finding(
        "warning",
        "old_folder",
        words=words,
        remedy=remedy,
        listing=listing.listing_id,
        is_fixable=True,
        command=fix_of(listing.listing_id),
    )


def _is_kept(session: Session, now: datetime) -> bool:
    if session.transcript is None or session.is_stray or not session.transcript.resumable:
        return False
    return session.expires_at is not None and session.expires_at > now


def _shortest_age(settings: Settings) -> int:
    named = [stage.get("max_age_days") for stage in settings.stages.values()]
    days = [one for one in named if isinstance(one, int) and not isinstance(one, bool) and one > 0]
    return min([settings.max_age_days, *days])


def _of_registry(listing: Listing) -> Iterator[Finding]:
    config_dir = listing.path / CONFIG_DIR
    names = entry_names(config_dir)
    if not names and not any(_is_nameless(one) for one in listing.sessions):
        return
    processes = read_registry(config_dir)
    for process in processes:
        if process.liveness is Liveness.UNKNOWN and not process.session_id:
            said = unknown_owner(Target("sessions", listing.path), process)
            remedy = said.remedy or "make it readable for us"
            yield Finding(
                "warning",
                "unread_registry",
                words=said.words,
                remedy=remedy,
                listing=listing.listing_id,
            )
    known = {registry_entry(config_dir, process.pid).name for process in processes}
    budget = Budget(MOST_LIVE, REGISTRY_S)
    rest = (name for name in names if name not in known and budget.spend())
    stale = [name for name in rest if names_session(config_dir, name)]
    if stale:
        words = (
            f"{count(len(stale), 'entry', 'entries')} of dead CLIs in the live registry "
            f"({', '.join(stale[:3])}): killed before they could remove them; they are ignored"
        )
        remedy = f"none needed; `rm` takes it from {one_line(registry_folder(config_dir))}"
        yield Finding(
            "note", "stale_registry", words=words, remedy=remedy, listing=listing.listing_id
        )


def _is_nameless(session: Session) -> bool:
    return session.process is not None and not session.process.session_id


def _of_zone(listing: Listing, now: datetime) -> Iterator[Finding]:
    """The zone of naive times is inferred; some transcripts may suggest another one."""
    shown = zone_words(listing.zone, now)
    remedy = 'set time_zone in the settings, like time_zone = "Europe/Paris"'
    if listing.zone_doubts:
        hours = ", ".join(f"{one / timedelta(hours=1):+g} h" for one in listing.zone_doubts[:5])
        words = (
            f"the table's times are read in {shown}, but transcripts say that they are {hours} "
            "off: until that is settled no clean-up removes what has expired here"
        )
        yield Finding(
            "warning", "zone_in_doubt", words=words, remedy=remedy, listing=listing.listing_id
        )
    elif not _has_evidence(listing) and _is_ambiguous(listing, now):
        words = f"the table does not say its time zone: its times are read in {shown}"
        yield Finding(
            "note", "zone_in_doubt", words=words, remedy=remedy, listing=listing.listing_id
        )


def _has_evidence(listing: Listing) -> bool:
    zone = zone_named(listing.zone)
    return any(
        is_evidence(one.row.created_at, one.transcript.first_at, zone)
        for one in listing.sessions
        if one.row is not None and one.transcript is not None and one.transcript.first_at
    )


def _is_ambiguous(listing: Listing, now: datetime) -> bool:
    """Whether it has times that another zone would move: containers write UTC, we may not."""
    has_times = any(one.row is not None for one in listing.sessions)
    is_utc = zone_named(listing.zone).utcoffset(now.replace(tzinfo=None)) == timedelta()
    return has_times and not is_utc


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None
