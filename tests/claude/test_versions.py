"""Only a CLI newer than those tested is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.claude.versions import TESTED, untested_words, version_text
from tui.guides import topic_names


def test_the_versions_are_in_their_order() -> None:
    assert [*TESTED] == sorted(TESTED, key=lambda one: [int(part) for part in one.split(".")])


@pytest.mark.parametrize(
    ("version", "is_told"),
    [
        ("2.1.1000 (Claude Code)", True),
        ("3.0.0", True),
        (TESTED[-1], False),
        ("2.1.99 (Claude Code)", False),
        ("", False),
        ("no version", False),
        ("9" * 50, False),
    ],
)
def test_only_a_newer_one_is_told(version: str, is_told: bool) -> None:
    assert bool(untested_words(version)) == is_told


def test_its_version_is_what_the_file_beside_it_says(tmp_path: Path) -> None:
    cli = tmp_path / "claude"
    assert version_text(cli) == ""
    cli.with_name("claude.version").write_text("2.1.332 (Claude Code)\n")
    assert version_text(cli) == "2.1.332 (Claude Code)"
    cli.with_name("claude.version").write_bytes(b"\x1b[31m\xff" + b"9" * 10_000)
    assert "\x1b" not in version_text(cli)
    assert len(version_text(cli)) <= 200


def test_there_is_a_guide_for_it() -> None:
    assert "new-cli-version" in topic_names()
