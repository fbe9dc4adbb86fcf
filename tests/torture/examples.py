"""The hunt for new examples: every property test with random seeds, and many more of them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_EXAMPLES = 5_000
_TESTS = Path(__file__).parents[1]


def run(scale: float) -> Mapping[str, Any]:
    """Try 5,000 examples a test, at scale 1; what fails is said with the seed that finds it again.

    An example that failed belongs into its test as `@example(...)`, with the mend.
    """
    examples, seed = max(1, round(_EXAMPLES * scale)), random.SystemRandom().getrandbits(32)
    files = [
        str(path) for path in sorted(_TESTS.rglob("test_*.py")) if "@given" in path.read_text()
    ]
    words = ["-n", "2", f"--hypothesis-seed={seed}", *files]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=_TESTS.parent,
        env={**os.environ, "SESSION_CONSOLE_HUNT": str(examples)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}, {examples} examples\n{done.stdout}{done.stderr}"
    return {"examples": examples, "files": len(files), "seed": seed}
