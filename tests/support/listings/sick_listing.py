"""Listings with one real fault each, for the doctor's tests."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, register
from tui.core.models.catalog import Hold
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.doctor.doctor import Finding, examine
from tui.operations.doctor.machine_findings import MachineFacts
from tui.runs.folder.protocol import EVENTS, OWNER, SPEC, describe
from tui.safe_io.processes import started
from tui.storage.state.hold import write_hold

DAY = timedelta(days=1)
ELSEWHERE = "linux:elsewhere:pid:[1]"


@dataclass(frozen=True)
class Sick:
    """A root with one listing, a home with the CLI's default config dir, and a key file."""

    listing: SampleListing
    home: Path
    env_file: Path

    def context(self, **settings: Any) -> Context:
        given = {"env_file": self.env_file, "claude_home": self.home} | settings
        return self.listing.context(**given)

    def examine(self, machine: MachineFacts | None = None, **settings: Any) -> tuple[Finding, ...]:
        context = self.context(**settings)
        return examine(context, CatalogScanner(context).look(), machine or MachineFacts())

    def stray(self, session_id: str, *, age: timedelta = timedelta(hours=1)) -> Path:
        """Move a session's transcript to where the wrong variable would have left it."""
        source = self.listing.write_transcript(session_id, "Let me look.", age=age)
        target = self.home / "projects" / "-app" / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        if not any(source.parent.iterdir()):
            source.parent.rmdir()
            source.parent.parent.rmdir()
            source.parent.parent.parent.rmdir()
        return target

    def register(self, session_id: str, **changes: object) -> None:
        register(self.listing.config_dir, session_id, **changes)


def sick_below(tmp_path: Path) -> Sick:
    """Create a sound root with a key file and an empty home."""
    env_file = tmp_path / "env"
    env_file.write_text("ANTHROPIC_API_KEY=sk-ant-secret\n")
    env_file.chmod(0o600)
    return Sick(SampleListing(tmp_path / "outputs"), tmp_path / "home" / ".claude", env_file)


def found(sick: Sick, code: str, **settings: Any) -> Finding:
    """Return the one finding of this code."""
    (finding,) = [one for one in sick.examine(**settings) if one.code == code]
    return finding


def write_row(sick: Sick, sql: str) -> None:
    with closing(sqlite3.connect(sick.listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute(sql)


def swept(sick: Sick) -> None:
    sick.listing.add(FIRST, days=60)


def swept_any_moment(sick: Sick) -> None:
    sick.listing.track(FIRST)
    sick.listing.write_transcript(FIRST, "Old.", age=40 * DAY)


def stray(sick: Sick) -> None:
    sick.listing.track(FIRST)
    sick.stray(FIRST)


def stray_swept(sick: Sick) -> None:
    sick.listing.track(FIRST)
    sick.stray(FIRST, age=29 * DAY)


def no_volume(sick: Sick) -> None:
    sick.listing.track(FIRST)
    sick.listing.track(SECOND)


def acting_settings(sick: Sick) -> None:
    sick.listing.add(FIRST)
    hooks = {"PreToolUse": [{"hooks": [{"type": "command", "command": "id"}]}]}
    settings = {"hooks": hooks, "permissions": {"allow": ["Bash"]}, "cleanupPeriodDays": 900}
    (sick.listing.config_dir / "settings.json").write_text(json.dumps(settings))


def allowing_settings(sick: Sick) -> None:
    sick.listing.add(FIRST)
    settings = {"permissions": {"allow": ["Bash"]}, "cleanupPeriodDays": 900}
    (sick.listing.config_dir / "settings.json").write_text(json.dumps(settings))


def ghost(sick: Sick) -> None:
    sick.listing.add(SECOND)
    sick.listing.track(FIRST)


def ghost_swept(sick: Sick) -> None:
    sick.listing.add(SECOND)
    sick.listing.track(FIRST, days=90, age=40 * DAY)
    (sick.listing.config_dir / ".last-cleanup").touch()


def ghost_of_the_guide(sick: Sick) -> None:
    sick.listing.track(FIRST)
    sick.listing.config_dir.mkdir()
    (sick.listing.config_dir / ".claude.json").write_text("{}")


def untracked(sick: Sick) -> None:
    sick.listing.add(FIRST)
    sick.listing.write_transcript(SECOND, "Who am I?")


def leftover(sick: Sick) -> None:
    sick.listing.add(FIRST)
    write_row(sick, "UPDATE claude_sessions SET status = 'expired'")


def sketch(sick: Sick) -> None:
    sick.listing.track("session-abc123")
    folder = sick.listing.config_dir / "session-abc123"
    folder.mkdir(parents=True)
    (folder / "conversation.json").write_text("[]")


def orphan(sick: Sick) -> None:
    sick.listing.add(FIRST)
    sick.register(FIRST)
    run = sick.listing.folder / ".session_console" / "runs" / "20261122T071530Z-1f9c00"
    run.mkdir(parents=True)
    (run / SPEC).write_text(json.dumps({"session_id": FIRST}))
    (run / EVENTS).write_text('{"type": "init"}\n')
    cli = {"cli_pid": os.getpid(), "cli_start": started(os.getpid())}
    (run / OWNER).write_text(json.dumps(describe(os.getpid()) | {"proc_start": "1"} | cli))


def lost_run(sick: Sick) -> None:
    orphan(sick)
    (sick.listing.config_dir / "sessions" / f"{os.getpid()}.json").unlink()


def foreign(sick: Sick) -> None:
    sick.listing.add(FIRST)
    sick.register(FIRST, pidDomain=ELSEWHERE)


def unproven(sick: Sick) -> None:
    sick.listing.add(FIRST)
    sick.register(FIRST, procStart="")


def torn_registry(sick: Sick) -> None:
    sick.listing.add(FIRST)
    sick.register(FIRST)
    (sick.listing.config_dir / "sessions" / f"{os.getpid()}.json").write_text('{"pid"')


def stale_registry(sick: Sick) -> None:
    sick.listing.add(FIRST)
    sick.register(FIRST, procStart="1")


def old_folder(sick: Sick) -> None:
    sick.listing.add(FIRST)
    make_old(sick)


def make_old(sick: Sick) -> None:
    old = (datetime.now(UTC) - 28 * DAY).timestamp()
    os.utime(sick.listing.config_dir / "projects", (old, old))


def no_database(sick: Sick) -> None:
    sick.listing.folder.mkdir(parents=True)
    sick.listing.db_path.write_text("no database at all, and long enough for a header" * 100)


def linked_folder(sick: Sick) -> None:
    sick.listing.add(FIRST)
    (sick.listing.folder / ".session_console").symlink_to(sick.home)


def linked_config_dir(sick: Sick) -> None:
    sick.listing.track(FIRST)
    sick.listing.config_dir.symlink_to(sick.home)


def bypass_failed(sick: Sick) -> None:
    said = "--dangerously-skip-permissions cannot be used with root/sudo privileges"
    sick.listing.add(FIRST, metadata={"last_error": said})
    write_row(sick, "UPDATE claude_sessions SET status = 'failed'")


def held(sick: Sick) -> None:
    sick.listing.add(FIRST)
    write_hold(sick.listing.root, Hold("bert", datetime.now(UTC) - 3 * DAY, "audit"))


def two_zones(sick: Sick) -> None:
    sick.listing.add(FIRST)
    for number in range(2):
        sick.listing.track(f"zone{number}", age=timedelta(hours=1))
        sick.listing.write_transcript(f"zone{number}", "Hm.", age=timedelta(hours=4))


def bad_date(sick: Sick) -> None:
    sick.listing.add(FIRST)
    write_row(sick, "UPDATE claude_sessions SET expires_at = 'next tuesday'")
