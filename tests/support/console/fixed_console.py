"""The console over the fixed catalog as a program: `python -m ...fixed_console [WORD]...`.

`--ssh` and `--ascii` are the console's own; with `--slow` a clean-up takes its time, with `--talks`
the stream goes on, with `--faulty` the first action raises an unexpected error. At its end it
prints to stderr what it was asked to do.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import datetime

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine, FixedFollow
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session
from tui.operations.stream.follow import StreamUpdate
from tui.operations.trash.bulk import BulkResult, OnProgress, Stop
from tui.operations.trash.cleanup import CleanupPlan
from tui.ui.start import run_console


@dataclass
class Talking(FixedFollow):
    """Returns one more entry at each poll."""

    count: int = 0

    def poll(self, session: Session) -> StreamUpdate:
        if not self.is_told:
            return super().poll(session)
        self.count += 1
        place, text = 1000 + self.count, f"word {self.count} of many " * 5
        return StreamUpdate(entries=(Entry(EntryKind.TEXT, text, at=NOW, place=place),), end=place)


class Console(FixedEngine):
    """The fixed engine, with the behaviour that the command line asks for."""

    def follow(self, session: Session) -> FixedFollow:
        return Talking(self.stream) if "--talks" in sys.argv else super().follow(session)

    def clean_up(self, plan: CleanupPlan, progress: OnProgress, stop: Stop) -> BulkResult:
        if "--slow" in sys.argv:
            time.sleep(2)
        return super().clean_up(plan, progress, stop)

    def now(self) -> datetime:
        if "--faulty" in sys.argv and self.asked:
            raise RuntimeError("nobody foresaw this")
        return super().now()


def main() -> None:
    """Run the console, then print what it was asked to do."""
    engine = Console(is_remote="--ssh" in sys.argv, is_ascii="--ascii" in sys.argv)
    run_console(engine)
    asked = [tuple(word[:40] for word in deed) for deed in engine.asked]
    print(f"\nasked {asked}", file=sys.stderr)


if __name__ == "__main__":
    main()
