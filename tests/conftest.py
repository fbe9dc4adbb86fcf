"""What every test shares."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "session-console",
    deadline=None,  # two cores, shared: a slow example is no failure
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    max_examples=int(os.environ.get("SESSION_CONSOLE_EXAMPLES", "100")),
)
settings.load_profile("session-console")
