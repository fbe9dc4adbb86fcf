"""Every verb says what does not answer, and ends: on a root that hangs, and on a listing in it."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hostile.hung_disk import hung_disk
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tests.support.verb_lines import verb_lines
from tui.__main__ import say_verb
from tui.cli.declarations.fleet import FLEET
from tui.cli.declarations.runs import RUNS
from tui.cli.declarations.table import BY_NAME
from tui.core.errors import ConsoleError
from tui.operations.catalog.answering import NO_ANSWER
from tui.operations.context import VerbOutput

STUCK, GOOD = "stuck", "good"
_RUNS = {one.name for one in RUNS}
_FLEET = {one.name for one in FLEET}  # refused first where there is no fleet


def lines(session: str, listing: str) -> list[str]:
    """Return an example of each verb, and where it may act another that does."""
    found = dict[tuple[str, bool], str]()
    for is_acting in (False, True):
        for words in verb_lines(acting=is_acting, session=session, listing=listing):
            found.setdefault((words[0], is_acting), shlex.join(words))
    return list(found.values())


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleListing:
    """A listing that can hang, beside one that cannot; nobody waits as long as usual."""
    monkeypatch.setattr("tui.operations.catalog.answering._PATIENCE_S", 2.0)
    monkeypatch.setattr("tui.operations.catalog.scanner._ALONE_PATIENCE_S", 2.0)
    monkeypatch.setattr("tui.operations.monitor.history._PATIENCE_S", 2.0)
    monkeypatch.setattr("tui.cli.verbs.root.check._PAUSE_S", 0.0)
    SampleListing(tmp_path / "outputs", GOOD).add(SECOND)
    stuck = SampleListing(tmp_path / "outputs", STUCK)
    stuck.add(FIRST)
    return stuck


def said(listing: SampleListing, words: list[str]) -> tuple[int, str]:
    """Return the exit code and all words of a verb, which must end."""
    found: list[VerbOutput | Exception] = []

    def run() -> None:
        try:
            found.append(say_verb(listing.context(), words))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert found, f"{words} waits without end"
    (one,) = found
    if isinstance(one, VerbOutput):
        return one.code, "\n".join(one.lines)
    assert isinstance(one, ConsoleError), repr(one)
    return one.exit_code, "\n".join((str(one), *getattr(one, "__notes__", ()))).rstrip()


# Of these nobody can tell beforehand that they are about the listing that hangs.
BARE = [
    one
    for one in lines(FIRST, STUCK)
    if FIRST in one and not BY_NAME[shlex.split(one)[0]].needs_all
]


def unchanged(folder: Path) -> Callable[[], bool]:
    before = snapshot(folder)
    return lambda: snapshot(folder) == before


@pytest.mark.parametrize("line", lines(FIRST, STUCK))
def test_on_a_root_that_hangs_every_verb_says_so(stuck: SampleListing, line: str) -> None:
    words, is_same = shlex.split(line), unchanged(stuck.root)
    with hung_disk(stuck.root):
        code, text = said(stuck, words)
    if BY_NAME[words[0]].needs_root:
        assert (code, text) == (1, f"{stuck.root} {NO_ANSWER}")
    assert is_same()


@pytest.mark.parametrize("line", [*lines(f"{STUCK}/{FIRST}", STUCK), *BARE])
def test_on_a_listing_that_hangs_every_verb_says_so(stuck: SampleListing, line: str) -> None:
    words, is_same = shlex.split(line), unchanged(stuck.folder)
    with hung_disk(stuck.folder):
        code, text = said(stuck, words)
    is_asked = FIRST in line or STUCK in line or BY_NAME[words[0]].needs_all
    if is_asked and words[0] not in _FLEET:
        assert (code, NO_ANSWER in text, STUCK in text) == (1, True, True), text
    assert is_same()


@pytest.mark.parametrize(
    "line", [one for one in lines(SECOND, GOOD) if shlex.split(one)[0] not in _RUNS]
)
def test_beside_a_listing_that_hangs_no_verb_waits_for_it(stuck: SampleListing, line: str) -> None:
    """What would have to read it, too, is refused before anything is done."""
    words, is_same = shlex.split(line), unchanged(stuck.root / GOOD)
    with hung_disk(stuck.folder):
        code, text = said(stuck, words)
    if BY_NAME[words[0]].needs_all:
        assert (code, text) == (1, f"{STUCK} {NO_ANSWER}: nothing was done")
        assert is_same()
    elif words[0] in ("show", "rename", "note", "tag"):
        assert code == 0, text


def test_what_an_earlier_console_knew_is_not_waited_for(
    stuck: SampleListing, tmp_path: Path
) -> None:
    """Each remembered listing was asked whether it is still there, without end."""
    context = stuck.context(state_dir=tmp_path / "state")
    assert say_verb(context, ["ls"]).code == 0
    with hung_disk(stuck.folder):
        found: list[VerbOutput] = []
        look = threading.Thread(target=lambda: found.append(say_verb(context, ["ls"])), daemon=True)
        look.start()
        look.join(60)
    assert [one.code for one in found] == [1]
