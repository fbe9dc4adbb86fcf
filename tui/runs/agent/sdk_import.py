"""Imports the SDK without what only in-process MCP servers need: most of its seconds.

An agent of a detached run cannot have such servers, since its options come from a file.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

_SDK = "claude_agent_sdk"
_UNUSED = (
    "mcp",
    "mcp.server",
    "mcp.shared",
    "mcp.shared.memory",
    "mcp.shared.message",
    "mcp.types",
    "jsonschema",
)
# What the SDK asks `mcp.types` for, to tell its versions apart.
_MISSING = ("jsonrpc_message_adapter",)
# What the SDK imports once it connects.
_LATE = (
    "anyio._backends._asyncio",
    "anyio._core._subprocesses",
    "concurrent.futures.thread",
    "opentelemetry.propagate",
)


def import_sdk() -> ModuleType:
    """Return the SDK as everybody imports it."""
    return importlib.import_module(_SDK)


def import_lean_sdk() -> ModuleType:
    """Return the SDK, imported with stand-ins; whole if they do not suffice, or if it is loaded.

    Only for a process of ours that nothing else imports the SDK in.
    """
    if _SDK in sys.modules or any(name in sys.modules for name in _UNUSED):
        return import_sdk()
    for name in _UNUSED:
        _put_stand_in(name)
    try:
        return import_sdk()
    except Exception:  # another version of the SDK, which needs more of them
        for name in [one for one in sys.modules if one.partition(".")[0] == _SDK]:
            del sys.modules[name]
    finally:
        for name in _UNUSED:
            sys.modules.pop(name, None)
    return import_sdk()


def import_ahead() -> None:
    """Import what a run of ours imports only when it needs it; runs no code for an agent."""
    import_lean_sdk()
    for name in _LATE:
        with suppress(ImportError):  # not installed, or called otherwise by now
            importlib.import_module(name)


class _StandIn(ModuleType):
    """A module that has an empty class under each name."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__") or name in _MISSING:
            raise AttributeError(name)
        return type(name, (_Base,), {})


class _Base:
    """A class that may be derived from with any keywords."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__()


def _put_stand_in(name: str) -> None:
    parent, _, last = name.rpartition(".")
    module = _StandIn(name)
    module.__path__ = []
    sys.modules[name] = module
    if parent:
        setattr(sys.modules[parent], last, module)
