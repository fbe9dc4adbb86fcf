"""The line of a key is told whatever the text around it looks like."""

from __future__ import annotations

import pytest

from tui.core.text.toml_lines import SettingsSource, line_of

TEXT = '''\
# theme = "no"
theme = "nord"

words = """
[keys]
resume = "no"
"""

[keys] # the keys
# resume = "no"
"help" = "?"
resume = [
  "R",
]
[stages.a]
keys = 1
'''


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (("theme",), 2),
        (("words",), 4),
        (("keys",), 9),
        (("keys", "help"), 11),
        (("keys", "resume"), 12),
        (("stages", "a", "keys"), 16),
        (("nowhere",), 0),
        (("theme", "inside"), 0),
    ],
)
def test_the_line_on_which_a_value_begins(names: tuple[str, ...], line: int) -> None:
    assert line_of(TEXT, *names) == line


def test_a_text_that_cannot_be_read_has_no_lines() -> None:
    assert line_of("= = =\n" * 10, "a") == 0
    assert line_of("a = 1\n" + "#\n" * 5000, "a") == 0


def test_a_source_names_the_file_the_line_and_the_table() -> None:
    source = SettingsSource("config.toml", '[roots."/x"]\nmax_runs = 0\n')
    assert source.at("roots") == "config.toml, line 1"
    assert source.within("roots", "/x").at("max_runs") == "config.toml, line 2: roots./x"
    assert SettingsSource("the environment").at("theme") == "the environment"
