"""Marks the messages of what operators sent to a pipeline's session after its prompt's answer."""

from __future__ import annotations

_BY = "prompted_by"


def mark(message: object, by: str) -> None:
    """Mark one of the SDK's messages as of a turn that an operator prompted."""
    vars(message)[_BY] = by


def prompted_by(message: object) -> str:
    """Return the operator whose follow-up a message of `query` belongs to; empty for your own."""
    return str(getattr(message, _BY, ""))
