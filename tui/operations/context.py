"""What every use case needs to know: the settings, and what time it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from tui.core.act_summary import new_act_id
from tui.core.errors import Refused
from tui.core.models.row import Row
from tui.safe_io.opening import guard_below, guard_config_dir
from tui.settings import Settings

Target = Literal["none", "one", "marked"]


@dataclass(frozen=True, slots=True)
class Context:
    """The settings in force and the clock; `clock()` is aware UTC.

    What is written with an `act_id` is one act; without it each transaction is one.
    """

    settings: Settings
    clock: Callable[[], datetime]
    act_id: str = ""

    def __post_init__(self) -> None:
        guard_below(self.root)
        if self.settings.claude_home is not None:
            guard_config_dir(self.settings.claude_home)

    @property
    def root(self) -> Path:
        """The folder that holds the listings' folders."""
        return self.settings.root

    def is_mine(self, operator: str) -> bool:
        """Whether what `operator` did was done here: by that name, or by this login from anywhere.

        A name that was given stays whole, and a login is told by the address behind it alone.
        """
        login, _, address = operator.rpartition("@")
        is_login = bool(login) and login == self.settings.login and _is_address(address)
        return operator == self.settings.operator or is_login

    def require_writable(self) -> None:
        """Raise `Refused` when this console may only look."""
        if self.settings.read_only:
            raise Refused("this console is read-only")

    def require_unrestricted(self, deed: str) -> None:
        """Raise `Refused` when this console is to leave the machine around its root alone."""
        if self.settings.restricted:
            raise Refused(f"this console is restricted: {deed}")

    def as_one_act(self) -> Context:
        """Return it for one act of the operator, on however many sessions."""
        return self if self.act_id else replace(self, act_id=new_act_id())

    def at_one_moment(self) -> Context:
        """Return that with its clock stopped: what is done at one moment is undone together."""
        now = self.clock()
        return replace(self.as_one_act(), clock=lambda: now)


@dataclass(frozen=True, slots=True)
class VerbOutput:
    """What a verb had to say when it was asked inside the console: data and talk, line by line.

    `code` is the exit code it would have had.
    """

    code: int
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class VerbInfo:
    """What the console must know of a verb to offer it by its name.

    `takes` is what its first word names: `id` (one session), `ids` (some), `listing`, `topic`,
    or empty; it is optional when `needs`, the number of required words, is 0. `flags` are its
    options, `valued` those of them that are followed by a value. When no session is named it is
    run on its `target`: the selected session (`one`), the marked ones, or none. `acts` says
    whether it changes anything.
    """

    name: str
    summary: str
    takes: str = ""
    needs: int = 0
    flags: tuple[str, ...] = ()
    valued: tuple[str, ...] = ()
    target: Target = "none"
    acts: bool = True


@dataclass(frozen=True, slots=True)
class ActionResult:
    """Something that was done, in words for the message line, and what undoing it needs.

    `listing` is the name shown; `folder` is the listing's own, which undoing goes by.
    `is_needless` means that nothing had to change; `act_id` is what joins it to others of its act.
    """

    kind: str
    listing: str
    session_id: str
    at: datetime
    words: str
    before: Row | None = None
    after: Row | None = None
    trash_id: str = ""
    zone: str = "UTC"
    folder: Path = Path()
    is_needless: bool = False
    act_id: str = ""


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
