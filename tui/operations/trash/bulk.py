"""What acts on many sessions share: batches per listing, their locks, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from tui.core.errors import Conflict, ConsoleError, DatabaseProblem, Reason, Refused
from tui.core.models.session import Key, Process
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.operations.context import ActionResult
from tui.operations.target import Target, busy, registry_of, require_here, require_none_live
from tui.storage.session_locks import batch_lock
from tui.storage.trash.trash import is_full, unwritten

T = TypeVar("T")

_BATCH = 256
_WEIGHT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """The progress of a bulk act: current listing, sessions done, their total, bytes done."""

    listing: str
    done: int
    total: int
    bytes: int


OnProgress = Callable[[BulkProgress], None]
Stop = Callable[[], bool]


def never() -> bool:
    """Return false: an act that nobody stops."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """What an act on many sessions did: `moved` and `freed` are bytes, `mended` what was put back.

    `refused` are those that were left, as `(listing, id)`, and why; `is_cut_short` when it was
    stopped before its end. `words` are the whole summary.
    """

    participle: str
    acts: tuple[ActionResult, ...] = ()
    refused: tuple[tuple[Key, ConsoleError], ...] = ()
    moved: int = 0
    freed: int = 0
    is_cut_short: bool = False
    note: str = ""
    mended: tuple[ActionResult, ...] = ()

    @property
    def failures(self) -> Mapping[str, int]:
        """How many sessions were left, by a short reason."""
        return Counter(_why(error) for _, error in self.refused)

    @property
    def words(self) -> str:
        """What was done, what was not, and what is still there."""
        return self._told(f"{many} {why}" for why, many in self.failures.items())

    @property
    def sum(self) -> str:
        """What was done, and what is still there, without those that were left."""
        return self._told(())

    def _told(self, left: Iterable[str]) -> str:
        moved = f" ({size_text(self.moved)})" if self.moved else ""
        parts = [f"{len(self.acts)} {self.participle}{moved}", *left]
        said = ", ".join(parts) + (", then stopped" if self.is_cut_short else "")
        return f"{said}; {self.note}" if self.note else said


def _why(error: ConsoleError) -> str:
    if isinstance(error, Conflict):
        return "changed in the meantime"
    if isinstance(error, DatabaseProblem):
        return "locked" if error.reason is Reason.LOCKED else f"left: {error}"
    if isinstance(error, InUse):
        return "in use"
    return "refused" if isinstance(error, Refused) else f"left: {error}"


class InUse(Refused):
    """Something runs the session, or somebody acts on it right now."""


def batches(
    items: Iterable[T], folder_of: Callable[[T], Path], weight_of: Callable[[T], int]
) -> Iterator[tuple[Path, Sequence[T]]]:
    """Yield the items of each folder in batches of bounded number and weight."""
    by_folder: dict[Path, list[T]] = {}
    for item in items:
        by_folder.setdefault(folder_of(item), []).append(item)
    for folder, found in by_folder.items():
        batch: list[T] = []
        weight = 0
        for item in found:
            if batch and (len(batch) == _BATCH or weight + weight_of(item) > _WEIGHT):
                yield folder, batch
                batch, weight = [], 0
            batch.append(item)
            weight += weight_of(item)
        yield folder, batch


@contextmanager
def hold_locks(
    targets: Sequence[Target],
) -> Iterator[tuple[tuple[Target, ...], dict[Target, ConsoleError]]]:
    """Lock a listing's sessions that are not running; yield them, and why others were left out.

    The registry is read once, when all the locks are held. Raises `InUse` while another batch runs
    there, `ConsoleError` when the locks cannot be taken.
    """
    folder = targets[0].folder
    with ExitStack() as stack:
        try:
            held = stack.enter_context(batch_lock(folder, [one.session_id for one in targets]))
        except Refused as error:
            raise _in_use(error) from None
        except OSError as error:
            if is_full(error):
                raise unwritten("the sessions' locks cannot be taken", error) from error
            why = error.strerror or error
            raise ConsoleError(f"the sessions' locks cannot be taken: {why}") from error
        processes = registry_of(targets[0])
        answers = {one: _why_not(one, held.get(one.session_id), processes) for one in targets}
        refused = {one: error for one, error in answers.items() if error is not None}
        yield tuple(one for one in targets if one not in refused), refused


def _in_use(error: Refused) -> InUse:
    return InUse(error.message, error.reason, remedy=error.remedy)


def _why_not(target: Target, held: str | None, processes: Sequence[Process]) -> ConsoleError | None:
    try:
        require_here(target)
        require_none_live(target, processes)
    except Refused as error:
        return _in_use(error)
    if held:
        return ConsoleError(f"the lock of {target.short} cannot be checked: {held}")
    return _in_use(busy(target.short)) if held is not None else None
