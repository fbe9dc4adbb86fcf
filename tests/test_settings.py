"""Flags over environment over the file over defaults, and a wrong key is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.core.errors import UsageError
from tui.fleet_settings import FleetSettings
from tui.settings import Settings, load_settings
from tui.settings_file import settings_path


def load(
    tmp_path: Path, toml: str = "", flags: dict[str, Any] | None = None, **environment: str
) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(toml)
    return load_settings({"SESSION_CONSOLE_CONFIG": str(path)} | environment, flags or {})


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/home/anna", "LOGNAME": "anna"}
    assert load_settings(environment, {}) == Settings(
        operator="anna",
        login="anna",
        claude_home=Path("/home/anna/.claude"),
        state_dir=Path("/home/anna/.local/state/session-console"),
        cache_dir=Path("/home/anna/.cache/session-console"),
    )


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    toml = 'root = "/file"\noperator = "file"\nmax_age_days = 7'
    named = {"SESSION_CONSOLE_ROOT": "/environment", "SESSION_CONSOLE_OPERATOR": "environment"}
    settings = load(tmp_path, toml, {"root": Path("/flag"), "operator": None}, **named)
    assert (settings.root, settings.operator) == (Path("/flag"), "environment")
    assert (settings.max_age_days, settings.source) == (7, tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("key", "toml", "value"),
    [
        ("read_only", "true", True),
        ("read_only", '"no"', False),
        ("trash_days", "14", 14),
        ("quiet_after", '"5m"', timedelta(minutes=5)),
        ("resume_keeps", "2", timedelta(days=2)),
        ("env_file", '"/etc/keys"', Path("/etc/keys")),
        ("time_zone", '"Europe/Berlin"', "Europe/Berlin"),
        ("columns", '["id", "Cost", "id"]', ("id", "cost")),
        ("columns", '"id, cost"', ("id", "cost")),
        (
            "fleet",
            '{dsn_file = "/etc/dsn", host = "a", lease = "1m"}',
            FleetSettings(dsn_file=Path("/etc/dsn"), host="a", lease=timedelta(minutes=1)),
        ),
        ("stages", '{stage_3 = {model = "opus"}}', {"stage_3": {"model": "opus"}}),
    ],
)
def test_a_key_has_its_kind(tmp_path: Path, key: str, toml: str, value: object) -> None:
    assert getattr(load(tmp_path, f"{key} = {toml}"), key) == value


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("odd = 1", "no setting is called 'odd'"),
        ('"a\\u001b[31mb" = 1', "no setting is called 'ab'"),
        ("source = 'x'", "no setting is called 'source'"),
        ("read_only = 7", r"read_only: expected true or false \(or 1, yes, 0, no\), not '7'"),
        ("trash_days = 0", "trash_days: expected a whole number above 0"),
        ("trash_days = 'many'", "trash_days"),
        ("quiet_after = 'soon'", "quiet_after: 'soon' is not a duration"),
        ("env_file = '~nobody-of-that-name/x'", "env_file"),
        ("columns = 7", "columns: expected a list"),
        ("columns = ['costs']", "columns: no column is called 'costs': did you mean 'cost'?"),
        ("stages = 7", "stages: expected one table a stage"),
        ("stages = {a = 7}", "stages: expected one table a stage"),
        ("fleet = 7", "fleet: expected a table"),
        ("[fleet]\nhost = 'a'", "dsn_file and host belong together"),
        ("[fleet]\nhost = 'a'\ndsn_file = 'dsn'", "dsn_file is no absolute path"),
        ("[fleet]\nhost = '../a'\ndsn_file = '/etc/dsn'", "host is no name"),
        ("[fleet]\nhost = 'a'\ndsn_file = '/etc/dsn'\nlease = '1s'", "lease: from 5s"),
        ("[fleet]\nhost = 'a'\ndsn_file = '/etc/dsn'\nodd = 'x'", "fleet is called 'odd'"),
        ("roots = {a = 7}", "roots: expected one table a root"),
        ("[roots.'/srv/x']\nread_only = 7", "line 2: .*read_only: expected true or false"),
        ("[roots.'/srv/x']\nodd = 7", "no setting is called 'odd'"),
        ("[roots.'/srv/x']\nroot = '/'", "a root's table names no other root"),
        ("[roots.'~nobody-of-that-name/x']", "roots"),
        ('root = "/x"\nmax_age_days = \n', "config.toml, line 2: .*column"),
        ("root = ", "config.toml, line 1: .*at the end"),
        ('root = "/x"\nbell = ', "config.toml, line 2: .*at the end"),
        ("\x00", "config.toml, line 1: "),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, toml: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        load(tmp_path, toml)
    assert "\x1b" not in str(raised.value)


def test_a_wrong_word_in_the_environment_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the environment: trash_days"):
        load(tmp_path, SESSION_CONSOLE_TRASH_DAYS="many")


@pytest.mark.parametrize(
    ("environment", "operator"),
    [
        ({"LOGNAME": "anna"}, "anna"),
        ({"USER": "anna"}, "anna"),
        ({"LOGNAME": "anna", "SSH_CONNECTION": "10.0.0.7 5022 10.0.0.1 22"}, "anna@10.0.0.7"),
        ({"LOGNAME": "an\x1b[31mna\n"}, "anna"),
        ({"LOGNAME": "a" * 500}, "a" * 64),
        ({"LOGNAME": "\x07"}, "unknown"),
    ],
)
def test_the_operator_is_the_login_and_where_it_came_from(
    tmp_path: Path, environment: dict[str, str], operator: str
) -> None:
    assert load(tmp_path, "", None, **environment).operator == operator


def test_a_login_is_known_without_its_address_and_a_given_name_stays_whole(tmp_path: Path) -> None:
    there = {"LOGNAME": "anna", "SSH_CONNECTION": "10.0.0.7 5022 10.0.0.1 22"}
    assert load(tmp_path, "", None, **there).login == "anna"
    named = load(tmp_path, "", {"operator": "anna@x"}, **there)
    assert (named.operator, named.login) == ("anna@x", "")
    named = load(tmp_path, "", None, **there, SESSION_CONSOLE_OPERATOR="bert")
    assert (named.operator, named.login) == ("bert", "")


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"SESSION_CONSOLE_CONFIG": "/a/b.toml"}, "/a/b.toml"),
        ({"XDG_CONFIG_HOME": "/xdg"}, "/xdg/session-console/config.toml"),
    ],
)
def test_the_file_is_where_it_is_named(environment: dict[str, str], path: str) -> None:
    assert settings_path(environment) == Path(path)


def test_a_file_that_the_environment_names_and_that_is_not_there_is_known(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert load_settings({"SESSION_CONSOLE_CONFIG": str(path)}, {}).missing == path
    path.write_text("")
    assert load_settings({"SESSION_CONSOLE_CONFIG": str(path)}, {}).missing is None
    assert load_settings({"HOME": str(tmp_path)}, {}).missing is None
