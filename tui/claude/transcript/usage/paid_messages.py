"""Which records of a transcript are messages that were paid for, and what each weighs in a cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.claude.transcript.line_parser import tokens
from tui.core.values import dataclass

# What lines hold that tell of a message or of a cost, in lower case.
PAID_IN = (b'"totalcostusd"', b'"usage"')
# By what a token of each kind costs beside one that is read: it only shares out what is known.
_WEIGHTS = {
    "input_tokens": 1.0,
    "output_tokens": 5.0,
    "cache_read_input_tokens": 0.1,
    "cache_creation_input_tokens": 1.25,
}


@dataclass(frozen=True, slots=True)
class PaidMessage:
    """A message of the agent: `key` is the same in all its copies.

    `weight` is its share in the cost of its turn, in no unit; `is_copy` when the record says so.
    """

    key: str
    weight: float
    is_copy: bool


def paid_message(record: Mapping[str, Any]) -> PaidMessage | None:
    """Return the message of a record, `None` for a record that holds none."""
    message = record.get("message")
    usage = message.get("usage") if isinstance(message, dict) else None
    if record.get("type") != "assistant" or not isinstance(usage, dict):
        return None
    weight = sum(tokens(usage.get(name)) * weight for name, weight in _WEIGHTS.items())
    return PaidMessage(_key(record), weight, _is_copy(record))


def _key(record: Mapping[str, Any]) -> str:
    message = record["message"].get("id")
    return str(message if isinstance(message, str) and message else record.get("uuid"))


def _is_copy(record: Mapping[str, Any]) -> bool:
    asked = record.get("requestSessionId", record.get("sessionId"))
    return asked != record.get("sessionId") or isinstance(record.get("forkedFrom"), dict)
