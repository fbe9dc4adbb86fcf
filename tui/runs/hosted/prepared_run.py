"""A run as it is prepared, before it begins, and the folder that it gets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tui.core.errors import ConsoleError, RunFailed
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.bookkeeping import record_failed_start, whose
from tui.runs.folder.protocol import RunSpec
from tui.runs.starting.launcher import make_folder
from tui.storage.session_locks import SessionLock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A hosted run's spec, listing and options, and the lock of its session, held by us."""

    spec: RunSpec
    listing: Path
    lock: SessionLock
    given: GivenOptions


def folder_of(prepared: PreparedRun, clock: Callable[[], datetime]) -> Path:
    """Make the run's folder; where that fails, at least its session's row says why."""
    spec = prepared.spec
    try:
        return make_folder(prepared.listing, spec)
    except (OSError, RunFailed) as error:
        why = error.strerror or error if isinstance(error, OSError) else error
        failure = RunFailed(f"the run's folder cannot be made: {one_line(why)}")
        failure.__cause__, failure.session_id = error, spec.session_id
        try:
            record_failed_start(spec, clock(), failure)
        except (ConsoleError, OSError) as problem:
            logger.error("%s: its failure is in no row: %s", whose(spec), problem)
        raise failure from error
