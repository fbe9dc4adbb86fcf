"""Who does not trace does not pay for it."""

from __future__ import annotations

import subprocess
import sys

LOOK = """
import sys
import tui.pipeline.manager
from tui.runs.hosted.tracing import RunTrace
with RunTrace("stage_3", "hollis_park").current():
    pass
print([one for one in sys.modules if one.startswith("opentelemetry")])
"""


def test_opentelemetry_is_not_imported_for_a_process_that_does_not_use_it() -> None:
    told = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=60)
    assert (told.stdout, told.stderr) == ("[]\n", "")
