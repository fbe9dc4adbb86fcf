"""This process's environment, by which the CLI finds a listing's sessions outside our runs too."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

_NAMES = ("CLAUDE_CONFIG_DIR", "CLAUDE_SESSION_DIR")

_entered: list[Entered] = []
_lock = Lock()


class Entered:
    """What a manager that is entered has set, and what was there before."""

    def __init__(self, config_dir: Path) -> None:
        """Set the environment until `leave`."""
        with _lock:
            self._before = {name: os.environ.get(name) for name in _NAMES}
            self._set = set_to(config_dir)
            _entered.append(self)

    def leave(self) -> None:
        """Put back what was there, unless somebody has set it since.

        If another manager has been entered meanwhile, that one puts it back.
        """
        with _lock:
            place = _entered.index(self)
            later = _entered[place + 1 : place + 2]
            del _entered[place]
            for name in _NAMES:
                if later:
                    later[0]._inherit(name, self)
                elif os.environ.get(name) == self._set:
                    _put(name, self._before[name])

    def _inherit(self, name: str, left: Entered) -> None:
        if self._before[name] == left._set:
            self._before[name] = left._before[name]


def set_to(config_dir: Path) -> str:
    """Let the CLI keep its files there, whoever starts it from this process."""
    for name in _NAMES:
        os.environ[name] = str(config_dir)
    return str(config_dir)


def _put(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
