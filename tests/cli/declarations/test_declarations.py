"""A verb is added by its declaration and its function; everything else follows from them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY

DECLARED = """ROOT = (
    Verb(
        name="count",
        module="root.count",
        summary="count the sessions of a listing",
        examples=("count hollis_park", "count hollis_park --store"),
        arguments=(LISTING, flag("--store", about="write the number down")),
        acts=False,
        acts_when=lambda args: bool(args.store),
    ),
"""
FUNCTION = """
from tui.cli.output import put

def count(context, args):
    put(f"counted {args.listing}")
    return 0
"""
FACTS = """
import json
from tests.make_readme import usage, verbs_table
from tests.support.verb_lines import verb_lines
from tui.cli.completion import SHELLS
from tui.cli.declarations.table import VERBS
from tui.cli.verb_info import verb_infos
from tui.ui.actions.verb_line.verbs import complete, parse
from tui.operations.context import Context
print(json.dumps({
    "readme": verbs_table() + usage(),
    "looking": verb_lines(acting=False),
    "acting": verb_lines(acting=True),
    "completion": {name: write(VERBS) for name, write in SHELLS.items()},
    "console": parse("count --store hollis_park", verb_infos()).options,
    "completed": complete("cou", verb_infos(), ()),
}))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the program with one more verb."""
    for name in ("tui", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignored)
    declarations = tmp_path / "tui" / "cli" / "declarations" / "root.py"
    text = declarations.read_text()
    declarations.write_text(text.replace("ROOT = (\n", DECLARED))
    (tmp_path / "tui" / "cli" / "verbs" / "root" / "count.py").write_text(FUNCTION)
    SampleListing(tmp_path / "outputs").add(FIRST)
    return tmp_path


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=copy, timeout=120)


def test_a_new_verb_needs_its_declaration_and_its_function(copy: Path) -> None:
    verb = ("-m", "tui", "--root", "outputs", "count", "hollis_park")
    assert run(copy, *verb).stdout == "counted hollis_park\n"
    assert run(copy, *verb, "--read-only").returncode == 0
    refused = run(copy, *verb, "--read-only", "--store")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "count the sessions of a listing" in run(copy, "-m", "tui", "--help").stdout
    assert "example: session-console count hollis_park" in run(copy, *verb, "--help").stdout
    done = run(copy, "-c", FACTS)
    facts = json.loads(done.stdout)
    assert "| `count` | count the sessions of a listing |" in facts["readme"]
    assert "\ncount [LISTING] [--store]\n" in facts["readme"]
    assert ["count", "hollis_park"] in facts["looking"]
    assert ["count", "hollis_park", "--store"] in facts["acting"]
    assert all("count" in text and "store" in text for text in facts["completion"].values())
    assert facts["console"] == {"--store": "yes"}
    assert facts["completed"] == "count "
