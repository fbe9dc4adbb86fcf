"""Where the repository is that the tests are of."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
