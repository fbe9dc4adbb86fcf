"""A query of a pipeline, prepared as its run would begin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.operations.running.pipeline_query import Query, prepare
from tui.runs.hosted.prepared_run import PreparedRun
from tui.runs.prompt_queue import OwnPrompt
from tui.storage.session_locks import held

ASKED = Query("go", stage="stage_3", listing_id="hollis_park")


def prepared(listing: SampleListing, **changes: Any) -> PreparedRun:
    """Prepare a query and release its session."""
    settings = changes.pop("settings", {})
    asked = replace(ASKED, **changes)
    found = prepare(listing.context(**settings), listing.folder, asked, OwnPrompt("go"), 7)
    assert held(listing.folder) == {found.spec.session_id}
    found.lock.release()
    assert not held(listing.folder)
    return found


def resumed(listing: SampleListing, recorded: dict[str, Any], **changes: Any) -> PreparedRun:
    """Prepare a resume of a session whose row has the `recorded` options."""
    listing.add(FIRST, metadata={"agent": recorded})
    return prepared(listing, resume=FIRST, **changes)
