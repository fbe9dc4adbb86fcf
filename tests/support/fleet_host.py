"""A host of a fleet in a test: a root and a home of its own, and its member as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tui.core.models.session import Key
from tui.fleet import bus
from tui.fleet.bus import Command, Outcome
from tui.fleet.store import commands, shown
from tui.fleet.store.connection import Store
from tui.fleet.store.shown import ShownRow


class FleetHost:
    """A host called `name`, with `root`, whose member and verbs are processes of their own."""

    def __init__(self, name: str, folder: Path, root: Path, dsn: str, settings: str = "") -> None:
        self.name, self.root = name, root
        self._folder = folder
        self.member: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        root.mkdir(parents=True, exist_ok=True)
        (folder / "dsn").write_text(dsn)
        (folder / "dsn").chmod(0o600)
        lines = [f'root = "{root}"', settings, "[fleet]", f'host = "{name}"', 'lease = "1h"']
        lines.append(f'dsn_file = "{folder / "dsn"}"')
        (folder / "config.toml").write_text("\n".join(lines) + "\n")
        self._environment = {
            **{one: os.environ[one] for one in ("PATH", "LANG") if one in os.environ},
            "HOME": str(folder),
            "SESSION_CONSOLE_CONFIG": str(folder / "config.toml"),
        }

    def verb(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a verb on this host."""
        return subprocess.run(
            [sys.executable, "-m", "tui", *words],
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env=self._environment,
        )

    def start(self) -> None:
        """Start the member of this host."""
        with (self._folder / "member.log").open("ab") as log:
            self.member = subprocess.Popen(
                [sys.executable, "-m", "tui", "member"],
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env=self._environment,
            )

    def end(self, how: int = signal.SIGTERM) -> int:
        """End the member; return its exit code."""
        member, self.member = self.member, None
        if member is None:
            return 0
        member.send_signal(how)
        return member.wait(60)

    @property
    def log(self) -> str:
        """What the member has said."""
        return (self._folder / "member.log").read_text()

    def __enter__(self) -> Self:
        joined = self.verb("fleet", "join")
        assert joined.returncode == 0, joined.stderr
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        if error is not None:
            error.add_note(self.log[-3000:])


def ask(store: Store, key: Key, command: Command, *, is_restricted: bool = False) -> Outcome:
    """Ask a session's home for something, and wait for what it says."""
    encoded = bus.encode(command, is_restricted=is_restricted)
    with store.transaction() as tx:
        number = commands.post(
            tx, key, encoded.kind, encoded.payload, "ann", request_id=encoded.request_id
        )

    def outcome() -> str | None:
        with store.transaction() as tx:
            found = commands.state(tx, number)
        assert found is not None
        return found.outcome

    return bus.decode_outcome(wait(outcome))


def rows(store: Store) -> dict[str, ShownRow]:
    """Return what the fleet knows, by session id."""
    with store.transaction() as tx:
        return {one.session_id: one for one in shown.look(tx, None)[0]}
