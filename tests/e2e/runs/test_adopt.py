"""With the real CLI: what a pipeline with the wrong variable wrote goes on once it is adopted."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.support.listings.sample_listing import snapshot
from tests.support.processes.runs_site import Site, over
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.doctor.doctor import examine
from tui.operations.running.resume import plan_resume, start
from tui.operations.sessions.adopt import adopt
from tui.runs.folder.protocol import runs_folder
from tui.settings import Settings


def test_an_adopted_stray_goes_on_as_the_same_conversation(site: Site) -> None:
    home = site.listing.parent.parent / "home" / ".claude"
    home.mkdir(parents=True)
    settings = Settings(
        root=site.listing.parent, operator="anna", env_file=site.env_file, claude_home=home
    )
    context = Context(settings, lambda: datetime.now(UTC))
    spec = site.spec("ECHO the first", config_dir=home)

    def session() -> Session:
        return find_session(CatalogScanner(context).look(), spec.session_id)

    assert (
        over(site.start(spec.prompt, config_dir=home, session_id=spec.session_id)).state == "done"
    )
    assert session().is_stray
    codes = {one.code for one in examine(context, CatalogScanner(context).look())}
    assert {"stray", "wrong_variable"} <= codes
    adopt(context, session())
    assert not [name for name in snapshot(home) if spec.session_id in name]
    codes = {one.code for one in examine(context, CatalogScanner(context).look())}
    assert not {"stray", "wrong_variable", "swept_first"} & codes
    run_id = start(context, plan_resume(context, session()), "ECHO the second")
    assert over(runs_folder(site.listing) / run_id).state == "done"
    said = site.transcript(spec.session_id)
    assert "ECHO the first" in said
    assert "ECHO the second" in said
