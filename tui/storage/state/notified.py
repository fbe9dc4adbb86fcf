"""What was told of already: one small file below the root, so that nobody is told twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tui.core.limits import NOTIFIED
from tui.core.time.zones import read_time
from tui.safe_io.file_lock import folder_lock
from tui.safe_io.folders import console_folder, our_folder, read_ours
from tui.safe_io.replacing import write_atomically

_FILE = "notified.json"
_KEPT = timedelta(days=1)
_AGAIN_AFTER = timedelta(minutes=5)
_UNTOLD = "failed "  # the word of earlier versions: two of them may share a root
_WHOSE = 16
_MARK = re.compile(r"[0-9a-f]{32}")


def claim(root: Path, keys: Iterable[str], now: datetime) -> frozenset[str]:
    """Return those of `keys` that nobody told of yet, and keep others from telling of them.

    A claim lasts 5 minutes: what is not written down as told by then (see `write_told`), as its
    teller failed or died, is due again. What is not among `keys` any more is forgotten after a day.
    Writes nothing when nothing is due. Raises `OSError`, also when what was told cannot be read,
    and `Refused` while another writes for long.
    """
    current = {_mark(key): key for key in keys}
    if not _due(_read(root), current, now):
        return frozenset()
    with folder_lock(root, ".notified"):
        told = _read(root)
        due = _due(told, current, now)
        kept = {mark: at for mark, at in told.items() if mark in current or now - _at(at) < _KEPT}
        _write(root, kept | _claims(due, now))
    return frozenset(current[mark] for mark in due)


def write_told(root: Path, key: str, still: Iterable[str], now: datetime) -> None:
    """Write down what was told, and claim for longer what is `still` to be; raises as `claim`."""
    with folder_lock(root, ".notified"):
        claims = _claims(map(_mark, still), now)
        _write(root, dict(_read(root)) | claims | {_mark(key): now.isoformat()})


def _claims(marks: Iterable[str], now: datetime) -> dict[str, str]:
    return dict.fromkeys(marks, f"{_UNTOLD}{now.isoformat()}")


def forget_told(root: Path, listing: str, session_id: str) -> None:
    """Forget what was told of a session; raises as `claim`."""
    begin = _mark(f"{listing}/{session_id}|")[:_WHOSE]
    if any(mark.startswith(begin) for mark in _read(root)):
        with folder_lock(root, ".notified"):
            kept = {mark: at for mark, at in _read(root).items() if not mark.startswith(begin)}
            _write(root, kept)


def _mark(key: str) -> str:
    """Return what stands for a key: whose it is and what, and it quotes nothing of that."""
    return f"{_hashed(key.partition('|')[0])[:_WHOSE]}{_hashed(key)[:_WHOSE]}"


def _hashed(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _due(told: Mapping[str, str], current: Iterable[str], now: datetime) -> frozenset[str]:
    return frozenset(one for one in current if one not in told or _is_due_again(told[one], now))


def _is_due_again(at: str, now: datetime) -> bool:
    return at.startswith(_UNTOLD) and abs(now - _at(at)) >= _AGAIN_AFTER


def _at(stored: str) -> datetime:
    return read_time(stored.removeprefix(_UNTOLD), UTC) or datetime.fromtimestamp(0, UTC)


def _read(root: Path) -> Mapping[str, str]:
    folder = our_folder(root)
    if folder is None:
        return {}
    found = read_ours(folder / _FILE, NOTIFIED)
    marks = ((key if _MARK.fullmatch(key) else _mark(key), at) for key, at in found.items())
    return {mark: at for mark, at in marks if isinstance(at, str)}


def _write(root: Path, told: Mapping[str, str]) -> None:
    write_atomically(console_folder(root) / _FILE, json.dumps(told))
