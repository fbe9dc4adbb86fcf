"""Commands come from a settings file that nobody else could have written, and errors are exact."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import run_cli
from tests.support.programs import need_right
from tui.core.errors import UsageError
from tui.settings import Settings, load_settings

OPEN = '[commands.open-log]\nkey = "L"\nargv = ["less", "{transcript}"]\n'
VERBS = ("stop", "log")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    path = folder / "config.toml"
    path.write_text(OPEN)
    path.chmod(0o600)
    return path


def load(path: Path, **environment: str) -> Settings:
    return load_settings({"SESSION_CONSOLE_CONFIG": str(path)} | environment, {}, VERBS)


def test_commands_are_read_and_run_from_a_file_of_ones_own(path: Path) -> None:
    settings = load(path)
    assert [one.name for one in settings.commands] == ["open-log"]
    assert settings.keymap.commands == settings.commands
    assert settings.keymap.sign("open-log") == "L"
    assert settings.keymap.no_commands == ""
    assert settings.origins["commands"] == "file"


def test_no_environment_and_no_root_brings_commands(path: Path, tmp_path: Path) -> None:
    assert load(tmp_path / "none", SESSION_CONSOLE_COMMANDS="{}").commands == ()
    path.write_text(f'[roots."/x".commands.open]\nkey = "L"\nargv = ["less"]\n{OPEN}')
    with pytest.raises(UsageError, match="no setting is called 'commands'"):
        load(path)


@pytest.mark.parametrize("mode", [0o660, 0o602, 0o666, 0o620])
def test_a_file_that_others_may_write_runs_none(path: Path, mode: int) -> None:
    path.chmod(mode)
    settings = load(path)
    assert settings.keymap.no_commands == f"{path} can be written by others (mode {mode:o})"
    assert settings.keymap.sign("open-log") == "L"


def test_info_says_why_none_runs(path: Path, tmp_path: Path) -> None:
    path.chmod(0o666)
    root = tmp_path / "outputs"
    root.mkdir()
    done = run_cli(root, "info", "--json", SESSION_CONSOLE_CONFIG=str(path))
    facts = json.loads(done.stdout)
    assert facts["no_commands"] == f"{path} can be written by others (mode 666)"
    assert facts["switches"]["commands"]["value"] == "open-log"


def test_nor_does_one_in_a_folder_that_others_may_write(path: Path) -> None:
    path.parent.chmod(0o770)
    words = f"{path.parent}, above config.toml, can be written by others (mode 770)"
    assert load(path).keymap.no_commands == words


def test_a_shared_folder_where_nobody_replaces_files_of_others_is_fine(path: Path) -> None:
    path.parent.chmod(0o1777)
    assert load(path).keymap.no_commands == ""


def test_a_link_is_as_good_as_all_that_leads_to_its_file(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    assert load(link).keymap.no_commands == ""
    path.parent.chmod(0o777)
    assert "above link.toml" in load(link).keymap.no_commands


@pytest.mark.parametrize("is_folder_linked", [False, True])
def test_a_link_in_the_middle_of_the_way_is_checked_too(
    path: Path, tmp_path: Path, is_folder_linked: bool
) -> None:
    """Fails if only the folders of the first link and of the last file are looked at."""
    between = tmp_path / "between"
    between.mkdir(mode=0o700)
    if is_folder_linked:
        (between / "here").symlink_to(path.parent)
        (tmp_path / "conf").symlink_to("between/../between/here")
        named = tmp_path / "conf" / path.name
    else:
        (between / "here.toml").symlink_to(path)
        named = tmp_path / "config.toml"
        named.symlink_to("between/here.toml")
    assert load(named).keymap.no_commands == ""
    between.chmod(0o777)
    words = f"{between}, above config.toml, can be written by others (mode 777)"
    assert load(named).keymap.no_commands == words
    assert [one.name for one in load(named).commands] == ["open-log"]


def test_a_link_that_another_login_put_into_a_shared_folder_is_not_trusted(
    path: Path, tmp_path: Path
) -> None:
    """The sticky bit keeps others from replacing it, but not its owner."""
    need_right(os.geteuid() == 0, "root, to give a link away")
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    link = shared / "link.toml"
    link.symlink_to(path)
    assert load(link).keymap.no_commands == ""
    os.chown(link, 12345, -1, follow_symlinks=False)
    assert load(link).keymap.no_commands == f"{link}, above link.toml, belongs to uid 12345"


def test_a_way_that_cannot_be_followed_by_its_names_is_not_trusted(path: Path) -> None:
    """An open file that has no name any more can be read, and nobody can tell who wrote it."""
    with path.open() as file:
        path.unlink()
        settings = load(Path(f"/proc/self/fd/{file.fileno()}"))
    assert "cannot be checked: No such file" in settings.keymap.no_commands
    assert [one.name for one in settings.commands] == ["open-log"]


def test_a_chain_of_links_is_followed_as_far_as_the_system_does(path: Path) -> None:
    link = path
    for number in range(40):
        before, link = link, path.with_name(f"{number}.toml")
        link.symlink_to(before.name)
    assert load(link).keymap.no_commands == ""
    path.parent.joinpath("more.toml").symlink_to(link.name)
    with pytest.raises(UsageError, match=r"[Ss]ymbolic links"):
        load(path.parent / "more.toml")


def test_a_file_of_another_login_runs_none(path: Path) -> None:
    need_right(os.geteuid() == 0, "root, to give a file away")
    os.chown(path, 12345, -1)
    assert load(path).keymap.no_commands == f"{path} belongs to uid 12345"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (
            '[commands.open-log]\nargv = ["x"]\nkey = "d"\n',
            "line 3: commands.open-log.key: d be",
        ),
        (f'{OPEN}[keys]\nresume = "L"\n', "line 2: commands.open-log.key: L belongs to 'resume'"),
        ('[commands.stop]\nkey = "L"\nargv = ["x"]\n', "line 2: commands.stop.key: an action or"),
        (f"{OPEN}ask = 1\n", "line 4: commands.open-log.ask: expected true or false"),
        (
            '[commands.open]\nkey = "L"\nargv = ["x", "{sesion}"]\n',
            "line 3: commands.open.argv",
        ),
        ('[commands]\nopen = "less"\n', "line 2: commands.open: expected a table"),
        ("commands = 7\n", "line 1: commands: expected one table a command"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(path: Path, toml: str, words: str) -> None:
    path.write_text(toml)
    with pytest.raises(UsageError) as raised:
        load(path)
    assert f"{path}, {words}" in str(raised.value)
