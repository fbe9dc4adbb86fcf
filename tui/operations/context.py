"""The context of a use case, and the values that it hands to the console."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from tui.core.console.disabled_reason import WhyNot, nothing
from tui.core.errors import Reason, Refused
from tui.core.models.audit import new_act_id
from tui.core.models.catalog import Catalog
from tui.core.models.line_target import LineTarget
from tui.core.models.row import Row
from tui.core.models.session import Session
from tui.core.text.shell_line import shell_line
from tui.core.values import KW_ONLY, dataclass, field, replace
from tui.safe_io.opening import guard_below, guard_config_dir
from tui.settings import Settings

Target = Literal["none", "one", "marked"]
_OTHER_FILE = ("SESSION_CONSOLE_CONFIG", "XDG_CONFIG_HOME")  # another shell may not have these


class Elsewhere:
    """The sessions whose home is another host; here there are none."""

    def joined(self, catalog: Catalog, only: str | None = None) -> Catalog:
        """Return a catalog, perhaps of one listing `only`, with those sessions in it."""
        return catalog

    def find(self, address: str) -> Session | None:
        """Return the one of them that `address` names, as `find_session` does."""
        return None

    def bring(self, session: Session) -> str:
        """Have the files of such a session here from now on; return why they are not, if known.

        Does not wait for anything.
        """
        return ""

    def fetch(self, session: Session) -> None:
        """Wait until the files of such a session are here; raises `ConsoleError`."""

    def carry_out(self, context: Context, name: str, subject: Any, *words: Any, **more: Any) -> Any:
        """Have the home of `subject` carry out the operation of that name.

        Returns as that does. Raises `Refused` for what no host does for another.
        """
        raise Refused(f"{name} can be done on {subject.host} alone", Reason.ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Context:
    """The settings in force and the clock; `clock()` is aware UTC.

    Everything written with one `act_id` is one act; without it each transaction is one.
    """

    settings: Settings
    clock: Callable[[], datetime]
    act_id: str = ""
    elsewhere: Elsewhere = field(default=Elsewhere(), compare=False)

    def __post_init__(self) -> None:
        guard_below(self.root)
        if self.settings.claude_home is not None:
            guard_config_dir(self.settings.claude_home)

    @property
    def root(self) -> Path:
        """The folder that holds the listing folders."""
        return self.settings.root

    @property
    def is_root_configured(self) -> bool:
        """Whether a shell without `--root` gets this root."""
        settings = self.settings
        is_ours = settings.origins.get("root") == "file" and settings.root.is_absolute()
        return is_ours and os.environ.keys().isdisjoint(_OTHER_FILE)

    def shell_line(self, words: Sequence[str]) -> str:
        """Return the command line of a verb in this root; empty without words."""
        root = "" if self.is_root_configured else str(self.root.absolute())
        return shell_line(words, root) if words else ""

    def is_mine(self, operator: str) -> bool:
        """Whether `operator` is this one: the same name, or the same login from any address.

        An explicit operator name is compared whole; only `LOGIN@ADDRESS` is split.
        """
        login, _, address = operator.rpartition("@")
        is_login = bool(login) and login == self.settings.login and _is_address(address)
        return operator == self.settings.operator or is_login

    def require_writable(self) -> None:
        """Raise `Refused` when this console is read-only."""
        if self.settings.read_only:
            raise Refused("this console is read-only", Reason.READ_ONLY)

    def require_unrestricted(self, deed: str) -> None:
        """Raise `Refused` when this console is restricted to its root."""
        if self.settings.restricted:
            raise Refused(f"this console is restricted: {deed}", Reason.RESTRICTED)

    def as_one_act(self) -> Context:
        """Return a context whose writes are one act, on however many sessions."""
        return self if self.act_id else replace(self, act_id=new_act_id())

    def at_one_moment(self) -> Context:
        """Return that with its clock stopped: what happens at one moment is undone together."""
        now = self.clock()
        return replace(self.as_one_act(), clock=lambda: now)


@dataclass(frozen=True, slots=True)
class VerbOutput:
    """The output of a verb that was run inside the console, stdout and stderr line by line.

    `code` is the exit code that it would have had; `targets` are where lines lead, by their index.
    The lines in `markdown` are Markdown.
    """

    code: int
    lines: Sequence[str]
    targets: Mapping[int, LineTarget] = field(default_factory=dict)
    markdown: range = range(0)


@dataclass(frozen=True, slots=True)
class VerbInfo:
    """What the console needs to know of a verb to offer it on the `:` line.

    `takes` is what its first argument is: `id` (one session), `ids` (several), `listing`, or empty.
    `needs` counts the arguments it requires. `flags` are its options, `valued` those of them that
    take a value. `why_not` says why it can do nothing with a session. `takes_listing`: `LISTING/`
    is all sessions of that listing.
    """

    name: str
    summary: str
    _: KW_ONLY
    takes: str = ""
    needs: int = 0
    flags: tuple[str, ...] = ()
    valued: tuple[str, ...] = ()
    target: Target = "none"
    acts: bool = True
    why_not: WhyNot = nothing
    takes_listing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """The result of an action, in words for the message line, and what undoing it needs.

    `listing` is the shown name, `folder` the listing's own, which undo uses. `is_needless` means
    that nothing had to change; `act_id` joins it to others of the same act. `host` is where it was
    done, empty for here.
    """

    kind: str
    at: datetime
    words: str
    listing: str = ""
    session_id: str = ""
    before: Row | None = None
    after: Row | None = None
    trash_id: str = ""
    zone: str = "UTC"
    folder: Path = Path()
    is_needless: bool = False
    act_id: str = ""
    host: str = ""


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
