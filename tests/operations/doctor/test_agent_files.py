"""Every file that an agent obeys at its start is named, whatever it is; none is followed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.planted_orders import Plants
from tests.support.listings.sample_listing import SampleListing, run_cli
from tui.claude.acting_files import acting_files
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.doctor.agent_files import acting_below
from tui.operations.doctor.doctor import examine, verdict
from tui.operations.doctor.machine_findings import MachineFacts

# Every plant that the real CLI obeys in its test; True if it runs commands.
KINDS = {
    "CLAUDE.md": False,
    "CLAUDE.local.md": False,
    ".mcp.json": True,
    ".claude/settings.json": True,
    ".claude/settings.local.json": True,
    ".claude/CLAUDE.md": False,
    ".claude/skills": True,
    ".claude/commands": True,
    ".claude/agents": True,
    ".claude/rules": False,
    ".claude_sessions/settings.json": True,
    ".claude_sessions/.claude.json": True,
    ".claude_sessions/CLAUDE.md": False,
    ".claude_sessions/skills": True,
    ".claude_sessions/commands": True,
    ".claude_sessions/agents": True,
}


def named(listing: SampleListing) -> dict[str, bool]:
    found = acting_files(listing.folder)
    return {str(one.path.relative_to(listing.folder)): one.is_running for one in found}


def said_by_doctor(listing: SampleListing, **settings: Any) -> list[tuple[str, str]]:
    context = listing.context(**settings)
    found = examine(context, CatalogScanner(context).look(), MachineFacts())
    return [(one.level, one.words) for one in found if one.code.startswith("acting")]


def test_each_kind_is_named(listing: SampleListing, tmp_path: Path) -> None:
    assert named(listing) == {}
    assert said_by_doctor(listing) == []
    (tmp_path / "acted").mkdir()
    Plants(listing.folder, tmp_path / "acted").plant()
    assert named(listing) == KINDS
    said = said_by_doctor(listing, stages={"stage_3": {"setting_sources": ["project"]}})
    for path, is_running in KINDS.items():
        level = "warning" if is_running else "note"
        assert [one for one, words in said if str(listing.folder / path) in words] == [level]
    assert [one for one, words in said if str(listing.root / "CLAUDE.md") in words] == ["note"]
    assert all("restricted console starts (those of stage_3 do)" in words for _, words in said)
    context = listing.context()
    found = examine(context, CatalogScanner(context).look(), MachineFacts())
    assert not verdict(found).is_clear
    assert list((tmp_path / "acted").iterdir()) == []


def test_info_names_each_too(listing: SampleListing, tmp_path: Path) -> None:
    (tmp_path / "acted").mkdir()
    Plants(listing.folder, tmp_path / "acted").plant()
    told = json.loads(run_cli(listing.root, "info", "--json").stdout)["acting"]
    paths = [str(listing.root / "CLAUDE.md"), *(str(listing.folder / path) for path in KINDS)]
    assert sorted(one["path"] for one in told) == sorted(paths)
    words = run_cli(listing.root, "info").stdout
    assert all(path in words for path in paths)


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("{}", False),
        ("[]", False),
        ('{"cleanupPeriodDays": 900, "hooks": {}}', False),
        ('{"permissions": ["Bash"]}', False),
        ('{"permissions": {"allow": ["Bash"]}}', True),
        ('{"hooks": 1}', True),
        ('{"hooks"', True),
        ("[" * 100_000, True),
        ("9" * 10_000, True),
        ("\0", True),
        (" " * 2_000_000, True),
    ],
)
def test_whatever_is_in_them_ends_in_words(
    listing: SampleListing, text: str, is_named: bool
) -> None:
    """An unreadable file is not absent: it is named, and reading it does not fail."""
    (listing.folder / ".claude").mkdir()
    (listing.folder / ".claude" / "settings.json").write_text(text)
    assert list(named(listing)) == ([".claude/settings.json"] if is_named else [])


def test_a_pipe_or_a_link_is_named_and_not_followed(listing: SampleListing, tmp_path: Path) -> None:
    own = listing.folder / ".claude"
    own.mkdir()
    os.mkfifo(own / "settings.json")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "settings.json").write_text('{"hooks": 1}')
    (own / "settings.local.json").symlink_to(tmp_path / "elsewhere" / "settings.json")
    (own / "skills").symlink_to(tmp_path / "elsewhere")
    (listing.folder / ".mcp.json").symlink_to("nowhere")
    wanted = [".claude/settings.json", ".claude/settings.local.json", ".claude/skills", ".mcp.json"]
    assert sorted(named(listing)) == wanted
    (own / "settings.json").unlink()
    own.rename(tmp_path / "away")
    own.symlink_to(tmp_path / "elsewhere")
    assert named(listing) == {".claude": True, ".mcp.json": True}
    (listing.root / "linked").symlink_to(listing.folder)
    assert len(acting_below(listing.root)) == 2


@pytest.mark.parametrize(("name", "is_named"), [("store", False), ("repos", True)])
def test_what_plugins_of_the_cli_remember_is_no_plugin(
    listing: SampleListing, name: str, is_named: bool
) -> None:
    """The CLI of SDK 0.2.189 makes `plugins/store` at its first run: every listing would warn."""
    kept = listing.folder / ".claude_sessions" / "plugins" / name
    kept.mkdir(parents=True)
    (kept / "cc-plugin-agents-md_builtin-b049b47b3618.json").write_text("{}")
    assert list(named(listing)) == ([".claude_sessions/plugins"] if is_named else [])
