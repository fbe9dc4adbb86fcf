"""The CLI's `cost-state` line: what a session has cost so far, in US dollars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Bytes that every such line holds, to pass over other lines without parsing them.
COST_IN = b'"totalCostUSD"'


def cost_of(line: Mapping[str, Any]) -> float | None:
    """Return the cost of the session so far, `None` for a line without it."""
    cost = line.get("totalCostUSD")
    if line.get("type") != "cost-state" or isinstance(cost, bool):
        return None
    return float(cost) if isinstance(cost, int | float) and 0 <= cost < 1e9 else None
