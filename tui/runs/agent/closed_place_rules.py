"""What no agent of ours may touch: as rules for the CLI, and as a question about one path.

The rules hold for what the CLI does without a tool (files that are mentioned, or imported by a
`CLAUDE.md`) and for what a search finds; the question, in a hook, for each path that any tool gets.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR
from tui.claude.layout import PLANS, PROJECTS, TOOL_RESULTS
from tui.core.text.late_pattern import late_pattern
from tui.runs.folder.protocol import RunSpec
from tui.safe_io.folders import OURS

# The environment of a process, the CLI's own too, holds what the `env_file` says.
_PROC, _PROCESSES = "proc", "//proc/**/environ"
_PLAIN_ID = late_pattern(r"[A-Za-z0-9-]{8,64}")
_ODD = late_pattern(r"[^A-Za-z0-9_./-]+")
_LAST = "\uffff"


def deny_rules(spec: RunSpec) -> list[str]:
    """Return the rules for `permissions.deny` that close every such place."""
    base, named = f"//**/{CONFIG_DIR}", list(_named(_places(spec)))
    ours = f"//**/{OURS}/**"
    read = [ours, _PROCESSES, *named, *(f"{base}/{one}" for one in _unread(spec.session_id))]
    edit = [ours, *named, *(f"{base}/{one}" for one in _all_but(PLANS))]
    return [f"Read({one})" for one in read] + [f"Edit({one})" for one in edit]


def is_closed(spec: RunSpec, path: str, *, is_read: bool) -> bool:
    """Whether a path, every link in it resolved, is closed; it may be one that is not there yet."""
    parts = Path(path).parts
    if parts[1:2] == (_PROC,) or OURS in parts:
        return True
    if any(Path(path).is_relative_to(one) for one in _resolved(_places(spec))):
        return True
    if CONFIG_DIR not in parts or is_plan(path):
        return False
    match parts[parts.index(CONFIG_DIR) + 1 :]:
        case [name, _, session_id, results, *_] if is_read and name == PROJECTS:
            return (session_id, results) != (spec.session_id, TOOL_RESULTS)
    return True


def is_plan(path: str) -> bool:
    """Whether a path, every link in it resolved, is one of a plan, as the CLI keeps them."""
    parts = Path(path).parts
    below = parts[parts.index(CONFIG_DIR) + 1 :] if CONFIG_DIR in parts else ()
    return len(below) == 2 and below[0] == PLANS


def _places(spec: RunSpec) -> tuple[Path, ...]:
    return (*spec.closed, *([spec.env_file] if spec.env_file else []))


def _resolved(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        yield Path(os.path.realpath(place))
        yield place.absolute()


def _named(places: Iterable[Path]) -> Iterator[str]:
    """Yield the patterns of places; a character that might mean something stands for any."""
    for path in dict.fromkeys(_resolved(places)):
        yield "/" + _ODD.sub("*", str(path))


def _unread(session_id: str) -> Iterator[str]:
    """Yield what is closed to reading in a config dir: all but plans, and results of the run's own.

    The CLI knows no exception from a rule that denies, so that each rule leaves these out.
    """
    if not _PLAIN_ID.fullmatch(session_id):
        yield "**"
        return
    yield from _all_but(PROJECTS, PLANS)
    yield from (f"{PROJECTS}/*/{one}" for one in _all_but(session_id))
    yield from (f"{PROJECTS}/*/*/{one}" for one in _all_but(TOOL_RESULTS))


def _all_but(*names: str) -> Iterator[str]:
    """Yield patterns that together match every name but these, in few rules.

    Most of what is too short for the others is matched by one for all names that end otherwise.
    """
    starts = {name[:end] for name in names for end in range(len(name))}
    ends = {name[-1].lower() for name in names}
    for start in sorted(starts):
        yield f"{start}[{_others({one[len(start)] for one in names if _goes_on(one, start)})}]*"
        if start[-1:].lower() in ends:
            yield start
    yield from (f"{name}?*" for name in names)
    yield f"*[{_others({*ends, '/'})}]"  # with a slash, the folders themselves would be closed


def _goes_on(name: str, start: str) -> bool:
    return len(name) > len(start) and name.startswith(start)


def _others(characters: set[str]) -> str:
    """Return the ranges of all other characters: the CLI ignores case, and lacks `[^x]`."""
    kept = sorted({form for one in characters for form in (one.lower(), one.upper())})
    first, ranges = " ", ""
    for one in (*kept, chr(ord(_LAST) + 1)):
        last = chr(ord(one) - 1)
        ranges += f"{first}-{last}" if first < last else first if first == last else ""
        first = chr(ord(one) + 1) if one <= _LAST else _LAST
    return ranges
