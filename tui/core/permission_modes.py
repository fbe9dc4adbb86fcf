"""The permission modes of an agent: what each lets it do without asking."""

from __future__ import annotations

from collections.abc import Mapping

_ALLOWS: Mapping[str, str] = {
    "default": "it asks for what is not allowed yet",
    "plan": "it only reads and plans",
    "dontAsk": "what is not allowed yet is denied",
    "acceptEdits": "it changes files unasked",
    "auto": "a classifier allows, and nobody is asked",
    "bypassPermissions": "it runs every tool unasked, commands too",
}
ASKING_MODES = frozenset({"default", "plan", "dontAsk"})


def allows(mode: str) -> str:
    """Return what an agent may do in a mode, in words; empty for an unknown one."""
    return _ALLOWS.get(mode, "")


def is_permissive(mode: str) -> bool:
    """Whether an agent does something in a mode that nobody has allowed; unknown ones may."""
    return mode not in ASKING_MODES
