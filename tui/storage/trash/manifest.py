"""The manifest of a folder in the trash: which session's files it holds, and their old paths."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.claude.config_dir import is_place_of
from tui.claude.session_id import is_session_id
from tui.core import limits
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.text.bounded_json import json_object, parse_json
from tui.core.text.late_pattern import late_pattern
from tui.core.values import dataclass, fields, replace
from tui.safe_io.folders import NONE_OF_OURS, may_be_there, read_small
from tui.safe_io.replacing import write_atomically
from tui.safe_io.walking import names_in

MANIFEST = "manifest.json"
PURGED = ".purged"
_RESTORED_ACT = "restored_act"
_FIELDS = tuple(one.name for one in fields(Row))
_MOVED = late_pattern(r"([0-9]{1,6})(-[0-9]{1,6})?")
_ERASED = late_pattern(r"([0-9]{1,6})" + re.escape(PURGED))
_RUN = late_pattern(r"\.session_console/runs/[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One session in the trash: its old paths and its row.

    The n-th of `places`, each relative to the listing, is now `<number>-<n>` in the folder `batch`.
    `row` is the row before the act, `status_after` its status after it; `action` is what the act
    did, and `act_id` its id in the audit: empty in the manifests of older programs.
    """

    batch: Path
    number: str
    listing: str
    session_id: str
    at: datetime
    operator: str
    action: str
    places: tuple[str, ...]
    row: Row | None
    status_after: str
    zone: str
    title: str = ""
    act_id: str = ""

    @property
    def trash_id(self) -> str:
        """Its unique id in the trash."""
        return f"{self.batch.name}-{self.number}"

    @property
    def mark(self) -> Path:
        """The file that marks it as trashed when it has no files, only a row."""
        return self.batch / self.number

    @property
    def erased_mark(self) -> Path:
        """The path that marks it as being erased; it is one of its own files, renamed."""
        return self.batch / f"{self.number}{PURGED}"

    @property
    def files(self) -> tuple[Path, ...]:
        """Its files in the trash that exist, or may."""
        moved = (self.moved(index) for index in range(len(self.places)))
        return tuple(path for path in moved if may_be_there(path))

    @property
    def row_after(self) -> Row | None:
        """The row as the act left it."""
        return self.row and replace(self.row, status=self.status_after)

    @property
    def restored_detail(self) -> str:
        """The detail of the event that records its restore: which act that takes back."""
        return json.dumps({_RESTORED_ACT: self.act_id}) if self.act_id else ""

    def is_restored_by(self, event: AuditEvent) -> bool | None:
        """Whether an event of the audit is the restore that takes this act back.

        `None` for an event of an older program, which does not say whose restore it is.
        """
        if (event.session_id, event.action) != (self.session_id, "restore"):
            return False
        act_id = json_object(event.detail).get(_RESTORED_ACT)
        return act_id == self.act_id if act_id else None

    def is_recorded_by(self, event: AuditEvent) -> bool:
        """Whether an event of the audit is the act on this session that moved it."""
        if (event.session_id, event.action) != (self.session_id, self.action):
            return False
        # Manifests of older programs have no id: only the moment joins them to the audit.
        return event.act_id == self.act_id if self.act_id else event.at == self.at

    def moved(self, index: int) -> Path:
        """Return the path in the trash of the place with this index."""
        return self.batch / f"{self.number}-{index}"


def write_manifest(batch: Path, sessions: Sequence[Manifest]) -> None:
    """Write a batch's manifest, and verify that it can be read back; raises `OSError`."""
    first = sessions[0]
    head = {"listing": first.listing, "at": first.at.isoformat()}
    head |= {"operator": first.operator, "action": first.action, "act_id": first.act_id}
    _write(batch, head | {"sessions": {one.number: _as_json(one) for one in sessions}})
    if read_manifest(batch, [one.number for one in sessions]) != tuple(sessions):
        raise OSError(errno.EIO, "its manifest does not read as it was written")


def read_manifest(batch: Path, numbers: Iterable[str]) -> tuple[Manifest, ...]:
    """Return the manifest's sessions with these numbers, without invalid ones.

    Raises `OSError` when it cannot be read now.
    """
    numbers = tuple(numbers)
    manifest = _load(batch) if numbers else None
    return tuple(found for one in numbers if (found := _trashed(batch, manifest, one)))


def numbers_listed(batch: Path) -> tuple[str, ...]:
    """Return all numbers in the manifest, whatever is in the batch.

    Raises `OSError` when it cannot be read now.
    """
    manifest = _load(batch)
    return tuple(manifest["sessions"]) if manifest is not None else ()


def forget(trashed: Manifest) -> None:
    """Remove a session from its batch's manifest; raises `OSError`."""
    manifest = _load(trashed.batch)
    if manifest is not None and manifest["sessions"].pop(trashed.number, None) is not None:
        _write(trashed.batch, manifest)


def _write(batch: Path, manifest: Mapping[str, Any]) -> None:
    write_atomically(batch / MANIFEST, json.dumps(manifest))


def _as_json(one: Manifest) -> dict[str, Any]:
    row = None if one.row is None else {name: getattr(one.row, name) for name in _FIELDS}
    facts = {"session_id": one.session_id, "places": list(one.places), "row": row}
    return facts | {"left": one.status_after, "zone": one.zone, "title": one.title}


def _load(batch: Path) -> dict[str, Any] | None:
    """Return a valid manifest, `None` if there is none; raises `OSError` if it cannot be read."""
    try:
        text = read_small(batch / MANIFEST, limits.MANIFEST)
        # Ours are ASCII: with one other letter, each character would take four bytes.
        manifest = parse_json(text) if text.isascii() or len(text) <= limits.SMALL else None
    except (ValueError, RecursionError):
        return None
    except OSError as error:
        if error.errno not in (*NONE_OF_OURS, errno.EFBIG):
            raise
        return None
    is_sound = isinstance(manifest, dict) and isinstance(manifest.get("sessions"), dict)
    return manifest if is_sound else None


def _trashed(batch: Path, manifest: Mapping[str, Any] | None, number: str) -> Manifest | None:
    if manifest is None:
        return None
    try:
        one = manifest["sessions"][number]
        trashed = Manifest(
            batch=batch,
            number=number,
            listing=str(manifest["listing"]),
            session_id=str(one["session_id"]),
            at=datetime.fromisoformat(manifest["at"]).astimezone(UTC),
            operator=str(manifest["operator"]),
            action=str(manifest["action"]),
            places=tuple(str(place) for place in one["places"]),
            row=None if one["row"] is None else Row(**one["row"]),
            status_after=str(one["left"]),
            zone=str(one["zone"]),
            title=str(one["title"]),
            act_id=str(manifest.get("act_id") or ""),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    is_sound = is_session_id(trashed.session_id) and is_listing_id(trashed.listing)
    return trashed if is_sound and _are_places_of(trashed) and _is_row_of(trashed) else None


def _are_places_of(trashed: Manifest) -> bool:
    """Whether all its paths belong to its session: nothing else is ever moved."""
    places, session_id = trashed.places, trashed.session_id
    is_each_once = len(set(places)) == len(places)
    return is_each_once and all(
        _RUN.fullmatch(one) or is_place_of(session_id, one) for one in places
    )


def _is_row_of(trashed: Manifest) -> bool:
    """Whether the row is of the same session: the manifest may have been edited."""
    row = trashed.row
    if row is None:
        return True
    texts = [getattr(row, name) for name in _FIELDS if name != "metadata"]
    is_text = all(isinstance(text, str) for text in texts)
    return is_text and isinstance(row.metadata, str | None) and row.session_id == trashed.session_id


def numbers_in(batch: Path) -> tuple[str, ...]:
    """Return the numbers of the sessions in a batch, in order, without those being erased.

    Raises `OSError` when it cannot be read.
    """
    names = _names(batch)
    found = {match[1] for name in names if (match := _MOVED.fullmatch(name))}
    return tuple(sorted(found.difference(numbers_erased(batch)), key=int))


def numbers_erased(batch: Path) -> tuple[str, ...]:
    """Return the numbers of the sessions in a batch that are being erased; raises `OSError`."""
    return tuple(match[1] for name in _names(batch) if (match := _ERASED.fullmatch(name)))


def paths_of(batch: Path, number: str) -> tuple[Path, ...]:
    """Return all paths of a number in a batch, last its erasure mark; raises `OSError`."""
    found = [
        name for name in _names(batch) if (match := _MOVED.fullmatch(name)) and match[1] == number
    ]
    return tuple(batch / name for name in (*sorted(found), f"{number}{PURGED}"))


def _names(batch: Path) -> list[str]:
    """Return the names in a batch; empty if it is gone or a link."""
    try:
        return names_in(batch, limits.MOST_NAMES)[0]
    except OSError as error:
        if error.errno in NONE_OF_OURS:
            return []
        raise
