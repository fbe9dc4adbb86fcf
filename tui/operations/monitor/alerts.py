"""Monitoring: what needs attention, and running the operator's notify command once for each."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from tui.core.errors import ConsoleError
from tui.core.models.catalog import Catalog
from tui.core.text.safe_text import one_line
from tui.core.values import asdict
from tui.operations.context import Context
from tui.operations.monitor.needs import Alert, needs
from tui.operations.monitor.notify_command import run_command
from tui.storage.state.notified import claim, write_sent

__all__ = ["Alert", "LastingAlerts", "needs", "notify"]

_PATIENCE_S = 20.0
_TOLD = ("level", "what", "listing", "session_id", "words")
_PREFIX = "SESSION_CONSOLE_"


class LastingAlerts:
    """Filters alerts: a lock or a slow disk counts only if the previous look saw it too."""

    def __init__(self) -> None:
        self._before: frozenset[tuple[str, str]] = frozenset()

    def of(self, found: Sequence[Alert]) -> tuple[Alert, ...]:
        """Return the alerts of this look that are not momentary."""
        known = self._before
        self._before = frozenset(_place(one) for one in found if one.is_momentary)
        return tuple(one for one in found if not one.is_momentary or _place(one) in known)


def _place(need: Alert) -> tuple[str, str]:
    return need.listing, need.what


def notify(
    context: Context,
    catalog: Catalog,
    found: Sequence[Alert] | None = None,
    lasting: LastingAlerts | None = None,
) -> str:
    """Run `notify_command` once for each new alert, whoever looks; blocking.

    Safe to call every few seconds, from many consoles and from cron. `found` defaults to those of
    `needs` that are `lasting`; notes are left out. Returns what went wrong, empty if nothing did;
    never raises. An alert whose command failed, or whose console died, is tried again after 5
    minutes. A read-only or restricted console notifies nobody.
    """
    settings, now = context.settings, context.clock()
    if not settings.notify_command or settings.read_only or settings.restricted:
        return ""
    if found is None:
        found = needs(catalog, now, settings.quiet_after)
        found = (lasting or LastingAlerts()).of(found)
    found = [one for one in found if one.level != "note"]
    try:
        due = claim(context.root, [one.key for one in found], now)
        new = [one for one in found if one.key in due]
        return _run_for_all(context, new)
    except (OSError, ConsoleError) as error:
        return f"notify_command: cannot save what was reported: {error}"


def _run_for_all(context: Context, new: Sequence[Alert]) -> str:
    """Send each alert; the first failure ends it, so that nobody waits for the rest."""
    for index, need in enumerate(new):
        if trouble := _run_for(context.settings.notify_command, context.root, need):
            return f"notify_command: {trouble}"
        still = [one.key for one in new[index + 1 :]]
        write_sent(context.root, need.key, still, context.clock())
    return ""


def _run_for(command: str, root: Path, need: Alert) -> str:
    """Run the command with the facts; return why it failed, else an empty string."""
    facts = {name: one for name, one in asdict(need).items() if name in _TOLD}
    named = {"WHAT": need.what, "LISTING": need.listing, "SESSION": need.session_id}
    named |= {"WORDS": need.words, "LEVEL": need.level}
    told = json.dumps(facts | {"root": str(root.absolute())}) + "\n"
    environment = os.environ | {f"{_PREFIX}{name}": value for name, value in named.items()}
    try:
        done = run_command(shlex.split(command), told, environment, _PATIENCE_S)
    except (OSError, ValueError, IndexError) as error:
        return one_line(error)[:200] or "it is empty"
    if done.code is None:
        return f"it was ended after {_PATIENCE_S:.0f} s"
    said = one_line(done.errors)[-200:]
    return f"it ended with {done.code}: {said}" if done.code else ""
