"""The doctor's findings about the machine, the disk and the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST
from tests.support.listings.sick_listing import Sick, found, sick_below
from tui.claude.versions import TESTED
from tui.core.console.picture import Picture
from tui.core.console.saved_view import SavedView
from tui.core.models.catalog import Catalog, Listing
from tui.core.sessions.catalog_changes import LastLooked
from tui.operations.catalog.rota import ORDINARY
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.doctor import machine_findings
from tui.operations.doctor.doctor import examine, fix
from tui.operations.doctor.machine_findings import (
    MachineFacts,
    kills_user_processes,
    of_machine,
    read_machine,
    read_mounts,
)
from tui.storage.index.erasure_marks import generation_of, mark_erased
from tui.storage.state.last_looked import write_looks
from tui.storage.state.named_views import change_own_views
from tui.storage.state.pictures import PictureFiles
from tui.storage.state.saved_views import write_remembered
from tui.storage.state.seen_listings import remember

GB = 1024**3
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def sick(tmp_path: Path) -> Sick:
    return sick_below(tmp_path)


@pytest.mark.parametrize(
    ("machine", "free", "code", "level"),
    [
        (MachineFacts(total_bytes=100 * GB), GB // 2, "disk_full", "error"),
        (MachineFacts(total_bytes=100 * GB), 4 * GB, "disk_full", "warning"),
        (MachineFacts(total_bytes=100 * GB), 6 * GB, "", ""),
        (MachineFacts(), 2 * GB, "", ""),
        (MachineFacts(mounts=(("/", "nfs4"),)), 9 * GB, "network_mount", "warning"),
        (MachineFacts(mounts=(("/", "ext4"), ("/srv", "cifs"))), 9 * GB, "", ""),
        (MachineFacts(ends_agents=True, user="anna"), 9 * GB, "kill_user_processes", "warning"),
        (MachineFacts(free_memory=1), 9 * GB, "too_large", "warning"),
        (MachineFacts(free_memory=64 * GB), 9 * GB, "", ""),
        (MachineFacts(cli_version="9.0.0 (Claude Code)"), 9 * GB, "untested_cli", "note"),
        (MachineFacts(cli_version=f"{TESTED[-1]} (Claude Code)"), 9 * GB, "", ""),
    ],
)
def test_the_machine_is_looked_at_too(
    sick: Sick, machine: MachineFacts, free: int, code: str, level: str
) -> None:
    sick.listing.add(FIRST)
    context = sick.context()
    catalog = replace(CatalogScanner(context).look(), free_bytes=free)
    told = [(one.code, one.level) for one in examine(context, catalog, machine)]
    assert told == ([(code, level)] if code else [])


@pytest.mark.parametrize(
    ("listings", "watched", "is_told"),
    [(ORDINARY, 0, False), (ORDINARY + 9, 0, True), (ORDINARY + 9, 9, False), (9_999, None, False)],
)
def test_listings_that_are_only_checked_in_turn_are_told(
    sick: Sick, listings: int, watched: int | None, is_told: bool
) -> None:
    """Nobody would know there why a colleague's act is seen so late."""
    context = sick.context()
    many = tuple(Listing(f"l{one}", context.root / f"l{one}") for one in range(listings))
    catalog, machine = Catalog(context.root, NOW, listings=many), MachineFacts(most_watched=watched)
    told = [one for one in of_machine(context, catalog, machine) if one.code == "swept_late"]
    assert bool(told) == is_told
    assert [one.words.split()[1] for one in told] == ["1009"] * is_told
    assert all("1 min late" in one.words for one in told)


def test_how_many_listings_can_be_watched_is_read(
    sick: Sick, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_machine(sick.context()).most_watched is not None
    monkeypatch.setattr(f"{machine_findings.__name__}.local_device", lambda root: None)
    assert read_machine(sick.context()).most_watched == 0


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (lambda at, root: change_own_views(at, root, "anna", lambda _: ()), "your views"),
        (
            lambda at, root: write_remembered(at, root, "anna", SavedView()),
            "what you saw last",
        ),
        (
            lambda at, root: write_looks(at, root, "anna", LastLooked(NOW), []),
            "what you have seen",
        ),
        (lambda at, root: remember(at, root, {}, NOW), "which listings there were"),
    ],
)
def test_a_damaged_file_of_ones_own_is_told_with_its_path(
    sick: Sick, tmp_path: Path, act: Callable[[Path, Path], None], what: str
) -> None:
    state = tmp_path / "state"
    act(state, sick.listing.root)
    (place,) = state.glob("*.json")
    place.write_text("{")
    context = sick.context(state_dir=state, operator="anna", login="")
    catalog = replace(CatalogScanner(context).look(), free_bytes=9 * GB)
    told = [(one.code, one.words) for one in examine(context, catalog, MachineFacts())]
    assert told == [("own_file_unread", f"{what} cannot be read or saved: {place} is damaged")]
    assert place.read_text() == "{"


def test_pictures_from_before_a_purge_are_told_and_removed(sick: Sick, tmp_path: Path) -> None:
    """Another login purged: its process could not reach these."""
    cache, root = tmp_path / "cache", sick.listing.root
    root.mkdir(parents=True)
    files = PictureFiles(folder=cache, root=root, operator="anna", drawn_for="")
    rows = ((("a", ""),),)
    files.write(Picture(rows=rows, at=NOW, erasure=generation_of(root), drawn_for=""))
    mark_erased(root)
    context = sick.context(cache_dir=cache, operator="anna", login="")
    catalog = replace(CatalogScanner(context).look(), free_bytes=9 * GB)
    (found,) = examine(context, catalog, MachineFacts())
    assert (found.code, found.level, found.is_fixable) == ("old_pictures", "warning", True)
    said = f"1 picture of what consoles showed before the last purge is still in {cache}"
    assert found.words == said
    assert fix(context, catalog, [found]) == ("removed the pictures from before the last purge",)
    assert list(cache.glob("picture-*")) == []
    assert examine(context, catalog, MachineFacts()) == ()


def test_a_cache_folder_that_others_can_write_to_is_told(sick: Sick, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    sick.listing.root.mkdir(parents=True)
    cache.chmod(0o777)
    context = sick.context(cache_dir=cache, operator="anna", login="")
    catalog = replace(CatalogScanner(context).look(), free_bytes=9 * GB)
    told = [(one.code, one.level, one.words) for one in examine(context, catalog, MachineFacts())]
    words = f"no console begins with what the last one showed: {cache}: others can write to it"
    assert told == [("no_pictures", "note", words)]


def test_the_version_of_the_cli_that_runs_will_use_is_read(sick: Sick, tmp_path: Path) -> None:
    cli = tmp_path / "claude"
    cli.write_text("")
    cli.with_name("claude.version").write_text("9.0.0 (Claude Code)\n")
    context = sick.context(cli_path=cli)
    assert read_machine(context).cli_version == "9.0.0 (Claude Code)"


def test_a_listing_that_is_a_network_mount_of_its_own_is_told(sick: Sick) -> None:
    sick.listing.add(FIRST)
    mounts = read_mounts(f"srv:/x {sick.listing.folder.resolve()} nfs4 rw 0 0\n/dev/a / ext4 rw\n")
    (finding,) = sick.examine(MachineFacts(mounts=mounts))
    assert (finding.code, finding.listing) == ("network_mount", sick.listing.listing_id)


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ({"allowed_tools": ["WebSearch", "Read"], "permission_mode": "plan"}, ""),
        ({"allowed_tools": ["Read", "Bash(ls:*)"]}, "s1 (Bash(ls:*))"),
        ({"allowed_tools": ["Edit", "Write"]}, "s1 (Edit, Write)"),
        ({"permission_mode": "bypassPermissions"}, "s1 (bypassPermissions)"),
        ({"permission_mode": "acceptEdits"}, "s1 (acceptEdits)"),
        ({"allowed_tools": ["mcp__files__write"]}, "s1 (mcp__files__write)"),
    ],
)
@pytest.mark.parametrize("is_restricted", [True, False])
def test_a_stage_that_is_a_shell_for_restricted_operators_is_told(
    sick: Sick, stage: dict[str, Any], told: str, is_restricted: bool
) -> None:
    sick.listing.add(FIRST)
    context = sick.context(stages={"s1": stage}, restricted=is_restricted)
    found = examine(context, CatalogScanner(context).look(), MachineFacts())
    said = [one.words for one in found if one.code == "restricted_shell"]
    assert said == (
        [f"a stage with Bash is a shell for restricted operators: {told}"]
        if is_restricted and told
        else []
    )


def test_a_mount_with_a_space_in_its_name_is_read() -> None:
    assert read_mounts("srv:/x /mnt/my\\040disk nfs4 rw 0 0\nbroken\n") == (
        ("/mnt/my disk", "nfs4"),
    )


@pytest.mark.parametrize(
    ("texts", "user", "kills"),
    [
        ([], "anna", False),
        (["[Login]\n#KillUserProcesses=yes\n"], "anna", False),
        (["[Login]\nKillUserProcesses=yes\n"], "anna", True),
        (["[Login]\nKillUserProcesses=yes\n"], "root", False),
        (["[Login]\nKillUserProcesses=yes\n", "[Login]\nKillUserProcesses=no\n"], "anna", False),
        (["[Login]\nKillUserProcesses=yes\nKillExcludeUsers=bert anna\n"], "anna", False),
        (["[Login]\nKillUserProcesses=yes\nKillOnlyUsers=bert\n"], "anna", False),
        (["no section\n", "[Login]\nKillUserProcesses=1\n"], "anna", True),
    ],
)
def test_what_logind_is_told_decides_who_ends_at_logout(
    texts: list[str], user: str, kills: bool
) -> None:
    assert kills_user_processes(texts, user) is kills


def _no_cli(sick: Sick) -> dict[str, Any]:
    return {"cli_path": sick.env_file.with_name("gone")}


def _open_env_file(sick: Sick) -> dict[str, Any]:
    sick.env_file.chmod(0o604)
    return {}


def _group_env_file(sick: Sick) -> dict[str, Any]:
    sick.env_file.chmod(0o640)
    return {}


def _missing(sick: Sick) -> dict[str, Any]:
    return {"missing": Path("/etc/none.toml")}


def _bypass(sick: Sick) -> dict[str, Any]:
    return {"stages": {"stage_3": {"permission_mode": "bypassPermissions"}}}


@pytest.mark.parametrize(
    ("setting", "code", "level", "words"),
    [
        (_no_cli, "no_cli", "error", "gone"),
        (_open_env_file, "env_file", "error", "readable by everyone"),
        (_group_env_file, "env_file", "warning", "its group"),
        (_bypass, "root_bypass", "error", "stage_3"),
        (_missing, "no_settings", "warning", "names /etc/none.toml, which does not exist"),
    ],
)
def test_a_mistake_in_the_settings_is_told(
    sick: Sick,
    setting: Callable[[Sick], dict[str, Any]],
    code: str,
    level: str,
    words: str,
) -> None:
    sick.listing.add(FIRST)
    given = setting(sick)
    (finding,) = [
        one for one in sick.examine(MachineFacts(refuses_bypass=True), **given) if one.code == code
    ]
    assert finding.level == level
    assert words in finding.words
    assert "secret" not in finding.words


def test_no_sign_in_is_told_once_for_all_listings(
    sick: Sick, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for number in range(3):
        replace(sick.listing, listing_id=f"listing_{number}").add(FIRST)
    finding = found(sick, "no_sign_in", env_file=None)
    assert "3 listings" in finding.words
    assert not [one for one in sick.examine() if one.code == "no_sign_in"]
