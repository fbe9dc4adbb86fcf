"""An operator console for Claude Agent SDK sessions; for a pipeline, `SessionManager`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.core.errors import ConsoleError as ConsoleError
    from tui.core.errors import DatabaseProblem as DatabaseProblem
    from tui.core.errors import Kind as Kind
    from tui.core.errors import Refused as Refused
    from tui.core.errors import RunFailed as RunFailed
    from tui.core.errors import RunInterrupted as RunInterrupted
    from tui.core.errors import RunStopped as RunStopped
    from tui.core.errors import UnknownId as UnknownId
    from tui.core.errors import UsageError as UsageError
    from tui.core.follow_ups import prompted_by as prompted_by
    from tui.core.models.cut_off import CutOffSession as CutOffSession
    from tui.core.prompts import OnePrompt as OnePrompt
    from tui.core.prompts import Prompts as Prompts
    from tui.core.run_events import OnEvent as OnEvent
    from tui.core.run_events import Outcome as Outcome
    from tui.core.run_events import PermissionAnswered as PermissionAnswered
    from tui.core.run_events import PermissionAsked as PermissionAsked
    from tui.core.run_events import RunEnded as RunEnded
    from tui.core.run_events import RunEvent as RunEvent
    from tui.core.run_events import RunStarted as RunStarted
    from tui.core.run_events import SessionTracked as SessionTracked
    from tui.core.run_events import TurnFinished as TurnFinished
    from tui.pipeline.manager import SessionManager as SessionManager
    from tui.pipeline.session_run import SessionRun as SessionRun

__version__ = "0.1.0"
_EVENTS = (
    *("RunEvent", "RunStarted", "SessionTracked", "PermissionAsked", "PermissionAnswered"),
    *("TurnFinished", "RunEnded", "Outcome", "OnEvent"),
)
__all__ = [
    "ConsoleError",
    "CutOffSession",
    "DatabaseProblem",
    "Kind",
    "OnEvent",
    "OnePrompt",
    "Outcome",
    "PermissionAnswered",
    "PermissionAsked",
    "Prompts",
    "Refused",
    "RunEnded",
    "RunEvent",
    "RunFailed",
    "RunInterrupted",
    "RunStarted",
    "RunStopped",
    "SessionManager",
    "SessionRun",
    "SessionTracked",
    "TurnFinished",
    "UnknownId",
    "UsageError",
    "__version__",
    "prompted_by",
]
_HOMES = {
    "CutOffSession": "tui.core.models.cut_off",
    "OnePrompt": "tui.core.prompts",
    "Prompts": "tui.core.prompts",
    "SessionManager": "tui.pipeline.manager",
    "SessionRun": "tui.pipeline.session_run",
    "prompted_by": "tui.core.follow_ups",
    **dict.fromkeys(_EVENTS, "tui.core.run_events"),
}


def __getattr__(name: str) -> Any:
    """Import a pipeline's names when they are asked for: no verb needs what they bring."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "tui.core.errors")), name)
