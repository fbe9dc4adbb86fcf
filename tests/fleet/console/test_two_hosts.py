"""A console of one host, and the member of another: real processes, roots, and CLI runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fleet_host import FleetHost
from tests.support.listings.sample_listing import FIRST, SampleListing, of_three
from tests.support.processes.runs_site import Site, over, wait
from tui.core.errors import ConsoleError, Refused
from tui.core.models.session import Liveness, Session
from tui.fleet.console.fleet import Fleet
from tui.fleet.store.connection import Store
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.running import resume, steer
from tui.operations.sessions import annotate, extend
from tui.operations.stream.brought import BroughtStream
from tui.operations.trash import delete, restore, undo
from tui.runs.folder import protocol


@pytest.fixture
def context(dsn: str, tmp_path: Path) -> Iterator[Context]:
    """A console of the host `b`, whose root is empty."""
    here = SampleListing(tmp_path / "here")
    here.root.mkdir()
    with Fleet(lambda: Store(dsn), "b", tmp_path / "mirrors", patience_s=60, act_s=60) as fleet:
        yield replace(here.context(operator="ann"), elsewhere=fleet)


def there(context: Context, session_id: str) -> Session | None:
    catalog = context.elsewhere.joined(CatalogScanner(context).look())
    return next((one for one in catalog.sessions if one.session_id == session_id), None)


def test_what_is_done_to_a_session_from_another_host_is_in_the_files_of_its_home(
    dsn: str, context: Context, tmp_path: Path
) -> None:
    listing = of_three(tmp_path / "outputs")
    with FleetHost("c", tmp_path / "c", listing.root, dsn):
        session = wait(lambda: there(context, FIRST))
        plan = extend.plan_extension(session, "30d", context.clock())
        extend.extend(context, plan)
        longer = listing.session(FIRST).expires_at
        assert longer != session.expires_at
        with pytest.raises(ConsoleError, match="changed since you looked: it expires on"):
            extend.extend(context, plan)
        assert listing.session(FIRST).expires_at == longer
        (undone,) = undo.undo_last(context)
        assert undone.host == "c"
        assert listing.session(FIRST).expires_at == session.expires_at
        with pytest.raises(Refused, match="nothing that you"):
            undo.undo_last(context)
        annotate.note(context, session, "call them")
        noted = wait(lambda: (one := there(context, FIRST)) and one.note and one)
        assert noted.note == "call them"
        gone = delete.delete(context, noted)
        assert not listing.transcript_path(FIRST).exists()
        undo.undo(context, gone)
        assert listing.transcript_path(FIRST).exists()
        wait(lambda: (one := there(context, FIRST)) and one.transcript is not None)
        delete.delete(context, noted)
        wait(lambda: (one := there(context, FIRST)) and one.status == "deleted")
        restore.restore(context, FIRST)
        assert listing.transcript_path(FIRST).exists()


def test_a_run_on_another_host_is_followed_answered_and_resumed_from_here(
    dsn: str, context: Context, site: Site, tmp_path: Path
) -> None:
    settings = f'env_file = "{site.env_file}"'
    with FleetHost("c", tmp_path / "c", site.listing.parent, dsn, settings):
        run = site.start("PERMIT please")
        session_id = protocol.session_of(run)
        waiting = wait(
            lambda: (one := there(context, session_id)) and one.run and one.run.request and one
        )
        request = waiting.run.request
        steer.answer(context, waiting, "allow", shown=request.digest)
        steer.interrupt(context, waiting)
        over(run)
        resting = wait(
            lambda: (one := there(context, session_id)) and one.liveness is Liveness.NONE and one
        )
        stream = BroughtStream(context.elsewhere, resting)
        texts = list[str]()

        def has_come(words: str) -> bool:
            texts.extend(one.text for one in stream.poll(resting).entries)
            return any(words in one for one in texts)

        wait(lambda: has_come("PERMIT please"))
        plan = resume.plan_resume(context, resting)
        name = resume.start(context, plan, "ECHO again")
        assert over(site.listing / ".session_console" / "runs" / name).operator == "ann"
        wait(lambda: has_come("ECHO again"))


def test_the_words_of_a_running_agent_on_another_host_are_shown_as_they_come(
    dsn: str, context: Context, site: Site, tmp_path: Path
) -> None:
    settings = f'env_file = "{site.env_file}"'
    with FleetHost("c", tmp_path / "c", site.listing.parent, dsn, settings):
        run = site.start("LONG one")
        session_id = protocol.session_of(run)
        busy = wait(
            lambda: (one := there(context, session_id)) and one.run and not one.run.is_over and one
        )
        stream = BroughtStream(context.elsewhere, busy)

        def written() -> str:
            partial = stream.poll(busy).partial
            return partial.text if partial is not None else ""

        wait(lambda: "industrial pumps" in written())
        steer.stop(context, busy)
        over(run)
