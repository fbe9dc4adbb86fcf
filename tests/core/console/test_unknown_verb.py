"""A word that is no verb: what it may have meant, on the command line and at the `:` line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tui
from tests.support.console.harness import console
from tests.support.listings.sample_listing import run_cli
from tui.cli.declarations.table import BY_NAME
from tui.core.console.unknown_verb import WORDS_FOR, meant_verbs, unknown_verb
from tui.ui.actions.verb_line.verbs import OWN

HERE = (*BY_NAME, *(one.name for one in OWN))
WORDS = [word for words in WORDS_FOR.values() for word in words.split()]
MEANT = [
    ("fork", "did you mean `resume --fork`?"),
    ("kill", "did you mean `stop`?"),
    ("RM", "did you mean `delete`?"),
    ("restor", "did you mean `restore`?"),
    ("extned", "did you mean `extend`?"),
    ("st", "did you mean `stop` or `stats`?"),
    ("re", "did you mean `restore`, `rename` or `reapply`?"),
]


@pytest.mark.parametrize(("typed", "hint"), MEANT)
def test_the_command_line_says_what_was_meant(tmp_path: Path, typed: str, hint: str) -> None:
    done = run_cli(tmp_path, typed)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no verb is called {typed!r}: {hint}" in done.stderr
    assert "choose from" not in done.stderr


@pytest.mark.parametrize("typed", ["xyzzy", "", "a\x1b[31m\n" + "x" * 5000])
def test_a_word_like_no_verb_names_what_lists_them(tmp_path: Path, typed: str) -> None:
    done = run_cli(tmp_path, "--", typed)
    assert done.returncode == 2
    assert "`session-console --help` lists them" in done.stderr
    assert len(done.stderr) < 200
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("words", [("ls", "--fliter", "failed"), ("ls", "--fliter=failed")])
def test_a_misspelt_option_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run_cli(tmp_path, *words)
    assert done.returncode == 2
    assert "did you mean '--filter'?" in done.stderr


@pytest.mark.parametrize(("typed", "hint"), [*MEANT[:2], ("exit", "did you mean `quit`?")])
async def test_the_line_says_it_while_typed_and_when_entered(typed: str, hint: str) -> None:
    async with console() as at:
        await at.press("colon", *typed, "space", "x")
        await at.until(lambda: f"? {hint}" in at.text("bottom"))
        await at.press("enter")
        await at.until(lambda: f"no verb is called {typed!r}: {hint}" in at.text("bottom"))
        assert at.typed == f"{typed} x"
        assert at.engine.asked == []


def test_every_word_of_another_tool_means_a_verb_and_is_none_itself() -> None:
    assert {one.split()[0] for one in WORDS_FOR} <= set(HERE)
    assert not set(WORDS) & set(HERE)
    assert sorted(set(WORDS)) == sorted(WORDS)
    for meant in WORDS_FOR:
        verb, *options = meant.split()
        known = [name for one in BY_NAME[verb].arguments for name in one.names] if options else []
        assert set(options) <= set(known)


def test_what_only_the_console_has_is_not_offered_on_the_command_line() -> None:
    assert meant_verbs("exit", HERE) == "did you mean `quit`?"
    assert "quit" not in unknown_verb("exit", BY_NAME, "help")


def test_one_module_compares_names() -> None:
    """Each message that refuses a name says the same when one is near."""
    found = [
        path.name
        for path in sorted(Path(tui.__file__).parent.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        if "get_close_matches" in ast.unparse(node) or ast.unparse(node) == "import difflib"
    ]
    assert found == ["near_names.py"]
