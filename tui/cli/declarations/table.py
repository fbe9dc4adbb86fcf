"""All verbs, by name and in the order in which help lists them."""

from __future__ import annotations

from tui.cli.declarations.fleet import FLEET
from tui.cli.declarations.root import ROOT
from tui.cli.declarations.runs import RUNS
from tui.cli.declarations.sessions import SESSIONS

VERBS = (*SESSIONS, *RUNS, *ROOT, *FLEET)
BY_NAME = {one.name: one for one in VERBS}
