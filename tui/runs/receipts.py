"""The receipts for operators' commands: taken, too late, or refused."""

from __future__ import annotations

from collections.abc import Iterable

from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox
from tui.runs.journal.run_journal import Journal
from tui.runs.permissions import Permissions
from tui.runs.prompt_queue import Prompt, PromptQueue


class Receipts:
    """Records in the run's events what became of each command."""

    def __init__(self, journal: Journal, inbox: Inbox, permissions: Permissions) -> None:
        self._journal, self._inbox, self._permissions = journal, inbox, permissions

    def take(self, command: Command) -> bool:
        """Handle answers to requests, and record the receipt; whether the command was taken."""
        reason: str | None = None
        if command.kind == "answer":
            reason = self._permissions.answer(command)
        elif command.kind == "wait":
            reason = self._permissions.put_off(command)
        if reason:
            self._refuse(command, reason)
            return False
        is_taken = reason is None
        self.acknowledge(command) if is_taken else self.miss(command)
        return is_taken

    def take_late(
        self, commands: Iterable[Command], prompts: PromptQueue, *, is_stopping: bool
    ) -> None:
        """Handle what nobody will obey; a prompt is dropped with those that are queued."""
        for command in commands:
            if command.kind == "prompt":
                self.acknowledge(command)
                prompts.add(Prompt.of(command))
            elif not is_stopping:
                self.miss(command)

    def acknowledge(self, command: Command) -> None:
        """Record that a command was taken."""
        words = command.text if command.kind in ("prompt", "model", "mode") else ""
        self._journal.event("ack", id=command.id, command=command.kind, by=command.by, words=words)

    def miss(self, command: Command) -> None:
        """Record that a command came too late."""
        kind, words = command.kind, command.text or command.decision
        self._journal.event("missed", id=command.id, command=kind, by=command.by, words=words)

    def _refuse(self, command: Command, reason: str) -> None:
        """Record why an answer was refused, and remove it so that another can be given."""
        self._inbox.give_back(command)
        self._journal.event(
            "refused",
            id=command.id,
            posted_at=command.at.isoformat(),
            request_id=command.request_id,
            decision=command.decision,
            by=command.by,
            reason=reason,
        )
