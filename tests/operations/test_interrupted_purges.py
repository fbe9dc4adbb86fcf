"""Interrupted purges: each is reported until it is completed, and the next purge does so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.trash.test_purge import CANARY, listing, saying, untrack
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.__main__ import main
from tui.core.errors import ConsoleError, UnknownId
from tui.operations.cause import cause_of
from tui.operations.trash.delete import delete, delete_many
from tui.operations.trash.purge import erase_many, plan_purge, purge
from tui.operations.trash.restore import restore
from tui.storage.trash.erasing import erase, erase_path
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import list_trash

__all__ = ["listing"]


def half_erased(listing: SampleListing) -> Manifest:
    """Delete a session, and interrupt its purge after the first rename."""
    delete(listing.context(), listing.session(FIRST))
    (trashed,) = list_trash(listing.root)
    trashed.moved(0).rename(trashed.erased_mark)
    return trashed


@pytest.mark.parametrize("is_tracked", [True, False])
def test_an_erasure_that_broke_off_is_done_by_the_next(
    listing: SampleListing, is_tracked: bool
) -> None:
    trashed = half_erased(listing)
    left = sum(one.stat().st_size for one in trashed.batch.rglob("*") if one.is_file())
    left -= (trashed.batch / "manifest.json").stat().st_size
    if not is_tracked:
        untrack(listing)
    assert plan_purge(listing.context(), FIRST).size.bytes == left
    assert "erased" in purge(listing.context(), FIRST).words
    assert saying(listing.root, CANARY) == []
    assert not trashed.batch.exists()


def test_a_clean_up_goes_on_with_a_purge_and_names_what_is_left_to_do(
    listing: SampleListing, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its prompts in the CLI's history go too; its row is left to the next purge."""
    half_erased(listing)
    erase_many(listing.context(), ())
    assert CANARY not in (listing.config_dir / "history.jsonl").read_text()
    assert main(["--root", str(listing.root), "doctor"]) == 1
    assert f"`purge {FIRST[:8]}`" in capsys.readouterr().out
    purge(listing.context(), FIRST)
    assert saying(listing.root, CANARY) == []
    main(["--root", str(listing.root), "doctor"])
    assert "half" not in capsys.readouterr().out


def test_its_prompts_go_first(listing: SampleListing, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it is killed once its files are gone, nothing leads to its prompts in the history."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tui.operations.trash.purge.erase_path", interrupted)
    with pytest.raises(KeyboardInterrupt):
        purge(listing.context(), FIRST)
    assert CANARY not in (listing.config_dir / "history.jsonl").read_text()


def test_what_the_manifest_still_says_of_what_is_erased_goes_with_the_next(
    listing: SampleListing,
) -> None:
    """If it is killed before the manifest is rewritten, the title would stay for ever."""
    delete_many(listing.context(), [listing.session(FIRST), listing.session(SECOND)])
    trashed = next(one for one in list_trash(listing.root) if one.session_id == FIRST)
    erase(trashed)
    untrack(listing)
    assert CANARY in (trashed.batch / "manifest.json").read_text()
    purge(listing.context(), FIRST)
    assert CANARY not in (trashed.batch / "manifest.json").read_text()


def test_of_a_batch_nothing_is_said_of_those_erased(listing: SampleListing) -> None:
    delete_many(listing.context(), [listing.session(FIRST), listing.session(SECOND)])
    first = next(one for one in list_trash(listing.root) if one.session_id == FIRST)
    erase_many(listing.context(), [first])
    assert CANARY not in (first.batch / "manifest.json").read_text()
    assert [one.session_id for one in list_trash(listing.root)] == [SECOND]


def test_what_is_half_erased_is_called_that_wherever_it_is_sought(
    listing: SampleListing,
) -> None:
    half_erased(listing)
    context = listing.context()
    assert "its erasure was interrupted" in cause_of(listing.session(FIRST), context)
    with pytest.raises(UnknownId, match=f"`purge {FIRST[:8]}` ends it"):
        restore(context, FIRST)


def test_what_can_be_erased_is_though_another_part_cannot_be(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark stays, so that the next purge finds the rest."""
    delete(listing.context(), listing.session(FIRST))
    (trashed,) = list_trash(listing.root)
    first, *others = trashed.files[1:]
    assert others

    def refuse(path: Path) -> None:
        if path == first:
            raise ConsoleError(f"{path} cannot be erased: Permission denied")
        erase_path(path)

    monkeypatch.setattr("tui.storage.trash.erasing.erase_path", refuse)
    with pytest.raises(ConsoleError, match="cannot be erased"):
        purge(listing.context(), FIRST)
    assert [one for one in others if one.exists()] == []
    assert trashed.erased_mark.exists()
    monkeypatch.undo()
    purge(listing.context(), FIRST)
    assert saying(listing.root, CANARY) == []


@pytest.mark.parametrize("is_explained", [True, False])
def test_an_erasure_that_broke_off_is_named_until_it_is_done(
    listing: SampleListing, is_explained: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the trash, by the doctor, by `check`, and by a clean-up, which completes it."""
    trashed = half_erased(listing)
    if not is_explained:
        (trashed.batch / "manifest.json").write_text("{}")
    root = ["--root", str(listing.root)]
    for verb in (["trash"], ["doctor"], ["check"]):
        assert main([*root, *verb]) == 1
        said = "".join(capsys.readouterr())
        assert "interrupted" in said
        assert ("purge-trash" in said) is not is_explained
    assert main([*root, "cleanup", "--purge-trash", "--yes"]) == 0
    capsys.readouterr()
    assert not trashed.batch.exists()
    assert main([*root, "trash"]) == 0


def test_what_cannot_be_erased_is_a_failure_each_time(
    listing: SampleListing, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trashed = half_erased(listing)
    (trashed.batch / "manifest.json").write_text("{}")

    def refuse(path: Path) -> None:
        raise ConsoleError(f"{path} cannot be erased: Permission denied")

    monkeypatch.setattr("tui.storage.trash.erasing.erase_path", refuse)
    for _ in range(2):
        assert main(["--root", str(listing.root), "cleanup", "--purge-trash", "--yes"]) == 1
        assert "cannot be erased" in capsys.readouterr().err
