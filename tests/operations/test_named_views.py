"""Who may save, share and delete named views, and which of two with one name is shown."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import SampleListing
from tests.support.place import REPOSITORY
from tui.core.console.named_view import MOST_VIEWS, SHIPPED, NamedView, Origin, found
from tui.core.errors import ConsoleError, Refused, UsageError
from tui.core.sessions.session_filter import parse_filter
from tui.operations.context import Context
from tui.operations.named_views import delete_view, save_view, views_and_problem
from tui.settings import Settings
from tui.storage.state.logbook import read_logbook

BIG = NamedView(name="big", filter="size>10M", sort="size")


@pytest.fixture
def anna(listing: SampleListing, tmp_path: Path) -> Context:
    return of(listing.context(), "anna", tmp_path)


@pytest.fixture
def ben(listing: SampleListing, tmp_path: Path) -> Context:
    return of(listing.context(), "ben", tmp_path)


def of(context: Context, operator: str, folder: Path) -> Context:
    settings = replace(
        context.settings, operator=operator, login="", state_dir=folder / f"state-{operator}"
    )
    return replace(context, settings=settings)


def view(context: Context, name: str) -> NamedView:
    return found(every(context), name)


def every(context: Context) -> tuple[NamedView, ...]:
    return views_and_problem(context)[0]


def test_the_shipped_views_are_there_and_their_filters_are_right(anna: Context) -> None:
    names = [one.name for one in every(anna)]
    assert names == ["ends-today", "expensive", "needs-attention", "running"]
    for one in SHIPPED:
        parse_filter(one.filter)


def test_an_own_view_is_its_operators_alone(anna: Context, ben: Context) -> None:
    assert save_view(anna, BIG, is_shared=False) == "view big saved"
    assert view(anna, "BIG") == BIG
    with pytest.raises(UsageError, match="no view is called 'big'"):
        view(ben, "big")
    save_view(anna, replace(BIG, filter="size>1G"), is_shared=False)
    assert view(anna, "big").filter == "size>1G"
    assert delete_view(anna, "big", is_shared=False) == "view big deleted"
    with pytest.raises(UsageError):
        view(anna, "big")


def test_a_shared_view_is_there_for_all_and_the_log_knows_by_whom(
    anna: Context, ben: Context
) -> None:
    save_view(anna, BIG, is_shared=True)
    shared = view(ben, "big")
    assert (shared.filter, shared.origin, shared.by) == (BIG.filter, Origin.SHARED, "anna")
    with pytest.raises(Refused, match=r"big is shared by anna: use another name"):
        save_view(ben, BIG, is_shared=True)
    with pytest.raises(Refused, match=r"shared by anna: `view delete big --shared`"):
        delete_view(ben, "big", is_shared=False)
    said = delete_view(ben, "big", is_shared=True)
    assert said == "view big, which anna had shared, deleted for all operators of this root"
    acts = [(one.action, one.operator, one.note) for one in read_logbook(ben.root)]
    assert acts == [
        ("share-view", "anna", "big"),
        ("unshare-view", "ben", "big, which anna had shared"),
    ]
    with pytest.raises(UsageError, match="no view 'big' is shared"):
        delete_view(ben, "big", is_shared=True)


def test_an_own_view_wins_and_the_list_still_names_the_shared_one(
    anna: Context, ben: Context
) -> None:
    save_view(anna, BIG, is_shared=True)
    save_view(ben, replace(BIG, filter="size>1G"), is_shared=False)
    assert view(ben, "big").filter == "size>1G"
    own, shared = (one for one in every(ben) if one.name == "big")
    assert own.origin_words == "own"
    assert shared.origin_words == "shared by anna, hidden by the one above"
    assert view(anna, "big").filter == BIG.filter


def test_no_shared_view_takes_the_name_of_one_that_is_shipped(anna: Context, ben: Context) -> None:
    """Fails if a colleague can hide what needs attention from everybody."""
    mine = NamedView(name="needs-attention", filter="nothing")
    with pytest.raises(Refused, match="share it by another name"):
        save_view(anna, mine, is_shared=True)
    save_view(anna, mine, is_shared=False)
    assert view(anna, "needs-attention").filter == "nothing"
    assert view(ben, "needs-attention").filter == "attention"
    delete_view(anna, "needs-attention", is_shared=False)
    with pytest.raises(Refused, match="it stays"):
        delete_view(anna, "needs-attention", is_shared=False)


def test_a_planted_view_with_a_shipped_name_is_hidden(anna: Context) -> None:
    folder = anna.root / ".session_console"
    folder.mkdir(exist_ok=True)
    (folder / "views.json").write_text('{"views": {"running": {"filter": "x", "by": "eve"}}}')
    assert view(anna, "running").origin is Origin.SHIPPED


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (replace(BIG, name="a b"), "is no name for a view"),
        (replace(BIG, name="save"), "is no name for a view"),
        (replace(BIG, name="../x"), "is no name for a view"),
        (replace(BIG, filter="cost>"), "needs an amount"),
    ],
)
@pytest.mark.parametrize("is_shared", [False, True])
def test_a_wrong_name_or_filter_is_refused(
    anna: Context, wrong: NamedView, says: str, is_shared: bool
) -> None:
    with pytest.raises(UsageError, match=says):
        save_view(anna, wrong, is_shared=is_shared)
    assert len(every(anna)) == len(SHIPPED)


@pytest.mark.parametrize("is_shared", [False, True])
def test_there_are_never_more_than_are_read(anna: Context, is_shared: bool) -> None:
    for number in range(MOST_VIEWS):
        save_view(anna, replace(BIG, name=f"v{number}"), is_shared=is_shared)
    with pytest.raises(Refused, match="delete one first"):
        save_view(anna, BIG, is_shared=is_shared)
    save_view(anna, replace(BIG, name="v7", filter="live"), is_shared=is_shared)
    assert view(anna, "v7").filter == "live"


def test_a_read_only_console_shares_nothing(anna: Context) -> None:
    looking = replace(anna, settings=replace(anna.settings, read_only=True))
    save_view(looking, BIG, is_shared=False)
    with pytest.raises(Refused, match="read-only"):
        save_view(looking, BIG, is_shared=True)
    with pytest.raises(Refused, match="read-only"):
        delete_view(looking, "big", is_shared=True)
    assert not (anna.root / ".session_console" / "views.json").exists()


def test_shared_views_that_cannot_be_read_take_no_others_along(anna: Context) -> None:
    """Fails if one large file of a colleague leaves everybody without views."""
    folder = anna.root / ".session_console"
    folder.mkdir(exist_ok=True)
    (folder / "views.json").write_text(" " * 300_000 + "{}")
    save_view(anna, BIG, is_shared=False)
    views, problem = views_and_problem(anna)
    assert {one.name for one in views} == {"big", *(one.name for one in SHIPPED)}
    assert problem.startswith("the shared views cannot be read: views.json: not a small file")
    with pytest.raises(ConsoleError, match="cannot be written"):
        save_view(anna, BIG, is_shared=True)
    with pytest.raises(ConsoleError, match="the shared views cannot be read"):
        delete_view(anna, "theirs", is_shared=False)
    with pytest.raises(ConsoleError, match="the shared views cannot be read") as raised:
        found(views, "theirs", problem)
    assert not isinstance(raised.value, UsageError)


def test_views_that_cannot_be_read_are_not_overwritten(anna: Context) -> None:
    save_view(anna, BIG, is_shared=False)
    assert anna.settings.state_dir is not None
    (file,) = anna.settings.state_dir.glob("*.json")
    for content in (" " * 17_000_000, "{"):
        file.write_text(content)
        for act in (every, lambda at: save_view(at, BIG, is_shared=False)):
            with pytest.raises(ConsoleError, match=f"your views cannot be .*{file}"):
                act(anna)
        with pytest.raises(ConsoleError, match="your views cannot be changed"):
            delete_view(anna, "big", is_shared=False)
        assert file.read_text() == content


def test_two_consoles_of_one_operator_lose_none_of_their_views(anna: Context) -> None:
    """Fails if the views are read before the file is locked."""
    run = f"import sys; from {__name__} import save_ten; save_ten(*sys.argv[1:])"
    words = (str(anna.root), str(anna.settings.state_dir))
    writers = [
        subprocess.Popen([sys.executable, "-c", run, *words, name], cwd=REPOSITORY)
        for name in "abcd"
    ]
    assert [one.wait(timeout=60) for one in writers] == [0] * 4
    assert len(every(anna)) == len(SHIPPED) + 40


def save_ten(root: str, state: str, name: str) -> None:
    """Save ten views, as one of several consoles; called in a process of its own."""
    settings = Settings(root=Path(root), operator="anna", state_dir=Path(state))
    context = Context(settings, lambda: datetime.now(UTC))
    for number in range(10):
        save_view(context, replace(BIG, name=f"{name}{number}"), is_shared=False)
