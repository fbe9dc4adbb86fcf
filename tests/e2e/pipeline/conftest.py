"""The pipeline that the tests of this room are, in their own process."""

from __future__ import annotations

import pytest

from tests.support.processes.runs_site import Site
from tui import SessionManager


@pytest.fixture(autouse=True)
def _pipeline(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the environment of a pipeline: a key, and no settings of anybody."""
    for name, value in site.api.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", "/dev/null")


@pytest.fixture
def manager(site: Site) -> SessionManager:
    return SessionManager(site.listing, max_age_days=40)
