"""What a clean-up would do, in values and in words."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tui.core.models.session import Session
from tui.core.text.sizes import size_text
from tui.core.time.zones import LOCAL
from tui.core.values import dataclass
from tui.operations.formatting import count
from tui.storage.trash.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupPlan:
    """What a clean-up would do: `taken` and `skipped` are sessions, each with why.

    It would move those taken to the trash, where they may be erased from `emptied_at` on; with
    `asked`, the bytes to be freed, it would erase them for good, after what is in the trash.
    `purges` are the sessions in the trash that it would erase, in that order, of `purge_sizes`
    bytes; `leftovers` what interrupted purges left of unknown sessions; `unfinished` interrupted
    moves, which it puts back first. `unreadable_listings` (each with why) and `unreadable_trash`
    say what could not be read, so that more may be due.
    """

    taken: tuple[tuple[Session, str], ...]
    skipped: tuple[tuple[Session, str], ...]
    purges: tuple[Manifest, ...] = ()
    purge_sizes: tuple[int, ...] = ()
    unfinished: tuple[Manifest, ...] = ()
    unreadable_listings: tuple[tuple[str, str], ...] = ()
    unreadable_trash: tuple[str, ...] = ()
    leftovers: tuple[Path, ...] = ()
    asked: int | None = None
    emptied_at: datetime | None = None

    @property
    def unreadable(self) -> tuple[str, ...]:
        """What could not be read, and why."""
        return (
            *(f"{listing}: {why}" for listing, why in self.unreadable_listings),
            *self.unreadable_trash,
        )

    @property
    def sessions(self) -> tuple[Session, ...]:
        """What would be moved into the trash, or erased."""
        return tuple(session for session, _ in self.taken)

    @property
    def bytes(self) -> int:
        """How much that is."""
        return sum(session.bytes for session in self.sessions)

    @property
    def purge_bytes(self) -> int:
        """How much would be erased from the trash."""
        return sum(self.purge_sizes)

    @property
    def freed_bytes(self) -> int:
        """How much the disk would get back at once."""
        return self.purge_bytes + (self.bytes if self.asked is not None else 0)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.taken or self.purges or self.unfinished or self.leftovers)

    @property
    def count(self) -> int:
        """How many sessions it would move or erase."""
        return len(self.taken) + len(self.purges)

    @property
    def is_final(self) -> bool:
        """Whether it would erase any for good."""
        return bool(self.purges) or (self.asked is not None and bool(self.taken))

    @property
    def verb(self) -> str:
        """What it would do with them."""
        moves = bool(self.taken) and self.asked is None
        return " or ".join([*["move"] * moves, *["erase"] * self.is_final])

    @property
    def words(self) -> str:
        """The preview in one line."""
        return "; ".join(filter(None, (self.does, self.frees, *self.leaves)))

    @property
    def does(self) -> str:
        """What it would do."""
        said = [self._erases()] if self.asked is not None else self._moves()
        if self.leftovers:
            said.append(f"erase what {count(len(self.leftovers), 'interrupted erasure')} left")
        if self.unfinished:
            said.append(f"put back {count(len(self.unfinished), 'session')} moved only halfway")
        nothing = "nothing to clean up"
        if self.asked is not None:
            nothing = "nothing to free: nothing is in the trash, and nothing has expired"
        nothing += " in what could be read" if self.unreadable else ""
        return " and ".join(filter(None, said)) or nothing

    @property
    def frees(self) -> str:
        """What the disk gets back, and when; empty for nothing."""
        if self.asked is None:
            return later(self.bytes, self.emptied_at)
        if not (self.purges or self.taken):
            return ""
        said = f"the disk gets {size_text(self.freed_bytes)} back"
        short = self.asked - self.freed_bytes
        if short > 0:
            said += f", {size_text(short)} less than asked: nothing else may go"
        return said

    @property
    def leaves(self) -> tuple[str, ...]:
        """How many sessions it would leave unchanged, and what could not be read."""
        left = (f"{len(self.skipped)} left unchanged",) if self.skipped else ()
        many = (f"{len(self.unreadable)} places cannot be read",)
        return (*left, *(many if len(self.unreadable) > 1 else self.unreadable))

    def _erases(self) -> str:
        parts = []
        if self.purges:
            trashed = count(len(self.purges), "session")
            parts.append(f"{trashed} in the trash ({size_text(self.purge_bytes)})")
        if self.taken:
            expired = count(len(self.taken), "expired session")
            parts.append(f"{expired} ({size_text(self.bytes)})")
        return f"erase for good {', then '.join(parts)}" if parts else ""

    def _moves(self) -> list[str]:
        said = []
        if self.taken:
            listings = count(len({one.listing for one in self.sessions}), "listing")
            moved = count(len(self.taken), "session")
            said.append(f"move {moved} ({size_text(self.bytes)}) of {listings} to the trash")
        if self.purges:
            erased = count(len(self.purges), "session")
            erased_size = size_text(self.purge_bytes)
            said.append(f"erase {erased} from the trash permanently ({erased_size})")
        return said


def later(moved: int, emptied_at: datetime | None) -> str:
    """Say when the disk gets back what was moved to the trash; empty if that is nothing."""
    if not moved or emptied_at is None:
        return ""
    size, at = size_text(moved), emptied_at.astimezone(LOCAL)
    return (
        f"the disk gets {size} back when the trash is emptied (`cleanup --purge-trash`, from "
        f"{at.day} {at:%b} on), or now with `cleanup --free {size}`"
    )
