"""The names of the CLI's own files, keys and record types occur only in `tui/claude`.

SDK options and messages are not part of this: they stay in `tui/runs/agent`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.place import REPOSITORY

TUI = REPOSITORY / "tui"
FILES = [one for one in sorted(TUI.rglob("*.py")) if TUI / "claude" not in one.parents]
# Files and folders: a part of a path in a text that is nothing but a path.
PATHS = """
    .claude .claude.json .credentials.json .jsonl .last-cleanup .mcp.json .meta.json CLAUDE.local.md
    CLAUDE.md file-history history.jsonl projects session-env settings.json settings.local.json
    shell-snapshots subagents todos tool-results workflows
""".split()  # noqa: SIM905 (a list literal of so many words is a page)
# Keys, record types and marks: anywhere in a text.
WORDS = """
    agentType <command- <persisted-output> <synthetic> <system-reminder> <task-notification>
    aiTitle ai-title cleanupPeriodDays compactMetadata compact_boundary cost-state customTitle
    custom-title file-history-snapshot forkedFrom isApiErrorMessage isCompactSummary isMeta
    isSidechain last-prompt leafUuid logicalParentUuid modelUsage parentAgentId parentUuid
    pidDomain procStart queue-operation promptSource requestSessionId requestedModel sessionId
    statusUpdatedAt toolUseId toolUseResult totalCostUSD waitingFor
""".split()  # noqa: SIM905 (a list literal of so many words is a page)
ALLOWED = {
    # Both lie below `tui/claude`: what guards its files must not depend on it.
    ("safe_io/opening.py", ".claude"),
    ("safe_io/opening.py", "projects"),
    ("settings.py", ".claude"),
}
_PATH = re.compile(r"[\w./*{}~-]+")


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each string of a program with its line, except docstrings."""
    bare = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and id(one) not in bare:
            if isinstance(one.value, str):
                yield one.lineno, one.value
            elif isinstance(one.value, bytes):
                yield one.lineno, one.value.decode("latin-1")


def names_in(text: str) -> Iterator[str]:
    """Yield each name of the CLI's own that a text contains."""
    if _PATH.fullmatch(text):
        parts = text.split("/")
        yield from (one for one in PATHS if one in parts or (one == ".meta.json" and one in text))
    lowered = text.lower()
    yield from (one for one in WORDS if one.lower() in lowered)


def found_in(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text("utf-8"))
    return [(line, name) for line, text in texts(tree) for name in names_in(text)]


def test_no_name_of_the_clis_stands_outside() -> None:
    outside = [
        f"tui/{place}:{line}: {name}"
        for path in FILES
        for place in [path.relative_to(TUI).as_posix()]
        for line, name in found_in(path)
        if (place, name) not in ALLOWED
    ]
    assert outside == []


def test_what_is_allowed_is_there() -> None:
    for place, name in ALLOWED:
        assert name in {one for _, one in found_in(TUI / place)}, (place, name)


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ('config_dir / "projects"', ["projects"]),
        ('f"{config_dir}/projects"', ["projects"]),
        ('path.suffix == ".jsonl"', [".jsonl"]),
        ("b'\"totalcostusd\"' in line", ["totalCostUSD"]),
        ('f"agent-{name}.meta.json"', [".meta.json"]),
        ('record.get("isSidechain")', ["isSidechain"]),
        ('say("two projects of hers")', []),
        ('"projects"\n', []),
        ('folder / "log.jsonl"', []),
    ],
)
def test_a_name_is_found_wherever_a_program_has_it(program: str, found: list[str]) -> None:
    assert [name for _, text in texts(ast.parse(program)) for name in names_in(text)] == found
