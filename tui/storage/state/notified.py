"""The notifications already sent, shared below the root so that none is sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.core.limits import NOTIFIED
from tui.core.text.digest import sha256_hex
from tui.core.text.late_pattern import late_pattern
from tui.core.time.zones import read_time
from tui.storage.state.json_file import SharedFile

# Damaged, it counts as none: alerts that are sent again are better than none.
_FILE = SharedFile("notified.json", NOTIFIED, may_be_lost=True)
_KEPT = timedelta(days=1)
_AGAIN_AFTER = timedelta(minutes=5)
_CLAIMED = "failed "  # as earlier versions write it: two versions may share a root
_HALF = 16
_MARK = late_pattern(r"[0-9a-f]{32}")


def claim(root: Path, keys: Iterable[str], now: datetime) -> frozenset[str]:
    """Return those of `keys` that were not notified yet, and claim them: others skip them.

    A claim lasts 5 minutes: a key that is not recorded as sent by then (see `write_sent`), because
    its sender failed or died, is due again. Keys that are not in `keys` any more are dropped after
    a day. Writes nothing when nothing is due. Raises `OSError`, also when the file cannot be read,
    and `Refused` when another process keeps it locked.
    """
    current = {_mark(key): key for key in keys}
    if not _due(_read(root), current, now):
        return frozenset()
    with _FILE.locked(root):
        stored = _read(root)
        due = _due(stored, current, now)
        kept = {mark: at for mark, at in stored.items() if mark in current or now - _at(at) < _KEPT}
        _FILE.write(root, kept | _claims(due, now))
    return frozenset(current[mark] for mark in due)


def write_sent(root: Path, key: str, pending: Iterable[str], now: datetime) -> None:
    """Record a notification as sent, and renew the claims on `pending`; raises as `claim`."""
    with _FILE.locked(root):
        claims = _claims(map(_mark, pending), now)
        _FILE.write(root, _read(root) | claims | {_mark(key): now.isoformat()})


def _claims(marks: Iterable[str], now: datetime) -> dict[str, str]:
    return dict.fromkeys(marks, f"{_CLAIMED}{now.isoformat()}")


def forget_session(root: Path, listing: str, session_id: str) -> None:
    """Remove the notifications about a session; raises as `claim`."""
    begin = _mark(f"{listing}/{session_id}|")[:_HALF]
    if any(mark.startswith(begin) for mark in _read(root)):
        with _FILE.locked(root):
            kept = {mark: at for mark, at in _read(root).items() if not mark.startswith(begin)}
            _FILE.write(root, kept)


def _mark(key: str) -> str:
    """Return the hash of a key's session, and that of the whole key: it quotes neither."""
    return f"{_hashed(key.partition('|')[0])[:_HALF]}{_hashed(key)[:_HALF]}"


def _hashed(text: str) -> str:
    return sha256_hex(text.encode("utf-8", "surrogatepass"))


def _due(stored: Mapping[str, str], current: Iterable[str], now: datetime) -> frozenset[str]:
    return frozenset(one for one in current if one not in stored or _is_due_again(stored[one], now))


def _is_due_again(at: str, now: datetime) -> bool:
    return at.startswith(_CLAIMED) and abs(now - _at(at)) >= _AGAIN_AFTER


def _at(stored: str) -> datetime:
    return read_time(stored.removeprefix(_CLAIMED), UTC) or datetime.fromtimestamp(0, UTC)


def _read(root: Path) -> dict[str, str]:
    stored = _FILE.read(root).items()
    marks = ((key if _MARK.fullmatch(key) else _mark(key), at) for key, at in stored)
    return {mark: at for mark, at in marks if isinstance(at, str)}
