"""The agent of a pipeline's query: what was recorded of it, under the SDK's options given."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tui.claude.layout import transcript_path
from tui.core.errors import ConsoleError, Reason, Refused, UsageError
from tui.core.models.row import Row
from tui.core.recorded_agent import (
    LIMITS,
    MOST_NAMES,
    OF_PARTS,
    UNRECORDED,
    held_back,
    known_unrecorded,
    without,
)
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.operations.context import Context
from tui.operations.lost_options import RecordedAgent, recorded_agent, says_rights
from tui.operations.running.agent_options import agent_options, few, lacking, loosened
from tui.operations.running.closed_places import work_folder
from tui.operations.target import Target
from tui.runs.agent.cli_process import may_write
from tui.runs.agent.recorded_options import (
    given_again,
    limits_first,
    recorded_options,
    unrecorded,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResumedAgent:
    """The `options` of a run and where it works; `given` are added to the `base` in its row.

    It goes on without what is `left_out`, which it was held back by.
    """

    options: Mapping[str, Any]
    cwd: Path
    given: Mapping[str, Any]
    base: Mapping[str, Any]
    left_out: tuple[str, ...] = ()


def new_agent(options: Any) -> ResumedAgent:
    """Return the agent of a new session: as the pipeline says, and where it is."""
    given = _given(options)
    return ResumedAgent(given, Path(given["cwd"]) if given.get("cwd") else own_folder(), given, {})


def own_folder() -> Path:
    """Return the folder that this process works in; raises `ConsoleError` if that is gone."""
    try:
        return Path.cwd()
    except OSError as error:
        why = error.strerror or error
        words = f"the folder that this process works in cannot be used: {why}: give an absolute cwd"
        raise ConsoleError(words, Reason.of(error)) from error


def require_work_folder(cwd: str | Path) -> None:
    """Raise `UsageError` for a folder in which no agent could begin."""
    given = Path(cwd)
    path = given if given.is_absolute() else own_folder() / given
    try:
        is_there, is_folder = path.exists(), path.is_dir()
    except OSError as error:
        why = f"cannot be used: {error.strerror or error}"
        raise UsageError(f"options.cwd is {one_line(path)}, which {why}") from error
    if not is_folder:
        why = "is not a folder" if is_there else "is not there"
        raise UsageError(f"options.cwd is {one_line(path)}, which {why}")


def require_writing_user(options: Any, target: Target, cwd: Path) -> None:
    """Raise `UsageError` for a user as whom the CLI could not write down what it does."""
    if options is None or options.user is None:
        return
    path = transcript_path(target.config_dir, cwd, target.session_id)
    known = (path, path.parent, path.parent.parent, target.config_dir, target.folder)
    place = next(one for one in known if one.exists())
    if not may_write(options.user, place):
        raise UsageError(
            f"options.user is {one_line(options.user)[:40]}, who may not write to "
            f"{one_line(place)[-120:]}: the CLI keeps its transcripts there"
        )


def resumed_agent(
    context: Context,
    source: Target,
    row: Row | None,
    stage: str,
    options: Any,
    *,
    left_out: Collection[str],
) -> ResumedAgent:
    """Return the agent of a resumed session: what was recorded last, under what is given.

    What of the rest is `left_out` is not missed any more, and a recorded limit is lifted, but none
    of the settings.
    Raises `Refused` when its row has lost what its agent may do and that is not given, or when it
    may not work where it did; `UsageError` if it was held back by what is not given again.
    """
    known = recorded_agent(source.folder, source.db_path, source.session_id)
    if known.lost:
        _require_rights(source.short, known, options)
    lifted = LIMITS.intersection(left_out)
    kept = {name: one for name, one in (known.options or {}).items() if name not in lifted}
    replayed: dict[str, Any] = {}
    if row is not None or known.options is not None:
        stage = row.stage if row is not None else stage
        replayed, notes = agent_options(context.settings, stage, {"agent": kept})
        for note in notes:
            logger.warning("%s: %s", source.short, note)
    lacks = lacking(replayed)
    missed = without(lacks, given_again(options, lacks))
    _require_held_back(source.short, rest := without(missed, (), left_out))
    names = known_unrecorded(replayed)
    had = without(names, given_again(options, names), left_out)
    given = _given(options, had, is_said=bool(names))
    agent = replayed | given
    cwd = _cwd(context, source, stage, agent, is_given="cwd" in given)
    # Else a limit that nobody understands would be missed again by the next resume.
    base = {name: one for name, one in kept.items() if name not in {*lacks}.difference(rest)}
    gone = lifted.intersection(known.options or ()) - given.keys()
    gone |= {*missed}.difference(rest) | {*loosened(replayed, given)}
    return ResumedAgent(agent, cwd, given, base, tuple(sorted(gone)))


def _require_rights(short: str, known: RecordedAgent, options: Any) -> None:
    given = recorded_options(options) if options is not None else {}
    if not says_rights(given):
        back = f", or `reapply {short}` first" if known.mended is not None else ""
        raise Refused(
            f"{short} may not go on with more than it had, and its agent's options are unknown: "
            f"{known.lost}. Say in the options what it may do (tools, allowed_tools, "
            f"disallowed_tools or permission_mode){back}",
            Reason.OPTIONS_LOST,
        )
    what = "under the given options, those that were recorded last apply"
    if known.options is None:
        what = "nobody knows what was recorded, so the given options stand alone"
    logger.warning("%s: %s; %s", short, known.lost, what)


def _require_held_back(short: str, lacks: tuple[str, ...]) -> None:
    """Tell what a resume lacks; raises `UsageError` if that may have held the agent back."""
    if freed := held_back(lacks):
        again = "give it in the options again, or name it in without=[...]"
        if OF_PARTS.intersection(freed):
            again = "an earlier version recorded no more of it, so name it in without=[...]"
        raise UsageError(
            f"{short} was run with {few(freed)}, which nobody can record and which may hold its "
            f"agent back: {again} if the agent is to go on without it"
        )
    if lacks:
        logger.warning("%s goes on without its %s: give it in the options", short, ", ".join(lacks))


def _given(options: Any, had: tuple[str, ...] = (), *, is_said: bool = False) -> dict[str, Any]:
    """Return the given options as they are recorded, with the names of what a resume will lack.

    These are given now, or were there before. With `is_said` also that it will lack nothing.
    """
    now = unrecorded(options) if options is not None else ()
    names = limits_first((*had, *now))[:MOST_NAMES]
    recorded = recorded_options(options) if options is not None else {}
    return recorded | ({UNRECORDED: names} if is_said or names else {})


def _cwd(
    context: Context, source: Target, stage: str, agent: Mapping[str, Any], *, is_given: bool
) -> Path:
    """Return where the agent works: as given, else as recorded if allowed, else our own cwd."""
    asked = agent.get("cwd")
    if not asked:
        return own_folder()
    path = Path(str(asked))
    if is_given or path == own_folder():
        return path
    found, reason = work_folder(context.settings, stage, source.folder, str(asked))
    if found is None:
        raise Refused(
            f"{source.short} worked in {one_line(asked)}, which {reason}: give cwd in the options"
        )
    return found
