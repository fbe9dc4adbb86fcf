"""Makes a console's side of the fleet from its settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tui.core.errors import Reason, Refused
from tui.fleet.dsn import fleet_of, read_dsn
from tui.settings import Settings

if TYPE_CHECKING:
    from tui.fleet.console.fleet import Fleet
    from tui.fleet.store.connection import Store

_CONSOLE_S = 1.0  # its own root is shown by then, and the others once they are known
_VERB_S = 16.0  # as long as a connection and an answer may take: it looks only once


def fleet_of_console(settings: Settings, *, is_patient: bool) -> Fleet:
    """Return what this console sees and steers of other hosts; one that looks once `is_patient`.

    Raises `Refused` for a host without the driver, or without a folder for copies.
    """
    try:
        from tui.fleet.console.fleet import Fleet
    except ModuleNotFoundError as error:
        raise Refused(
            f"[fleet] is in the settings, and {error.name} is not installed: install "
            "session-console[fleet]",
            Reason.NOT_SET_UP,
        ) from error
    folder = settings.state_dir or settings.cache_dir
    if folder is None:
        raise Refused("a console of a fleet needs a state folder: set HOME", Reason.NOT_SET_UP)
    return Fleet(
        _opener(settings),
        fleet_of(settings).host,
        folder / "mirrors",
        patience_s=_VERB_S if is_patient else _CONSOLE_S,
    )


def _opener(settings: Settings) -> Callable[[], Store]:
    from tui.fleet.store.connection import Store

    fleet = fleet_of(settings)
    return lambda: Store(
        partial(read_dsn, fleet.dsn_file),
        application=f"session-console {fleet.host} console",
        host=fleet.host,
    )
