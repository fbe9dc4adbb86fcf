"""The context of a use case, the values that it hands to the console, and where it is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar

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


class HasHost(Protocol):
    """A session, or what is planned or was done with one; `host` is empty when it lives here."""

    @property
    def host(self) -> str: ...


_Subject = TypeVar("_Subject", bound=HasHost)
_Words = ParamSpec("_Words")
_Result = TypeVar("_Result")
_Act = Callable[Concatenate[Context, _Subject, _Words], _Result]


def at_home(act: _Act[_Subject, _Words, _Result]) -> _Act[_Subject, _Words, _Result]:
    """Have an operation carried out where its subject lives."""

    @wraps(act)
    def decided(
        context: Context, subject: _Subject, /, *words: _Words.args, **more: _Words.kwargs
    ) -> _Result:
        if not subject.host:
            return act(context, subject, *words, **more)
        context.require_writable()
        name = act.__name__.lstrip("_")
        done: Any = context.elsewhere.carry_out(context, name, subject, *words, **more)
        result: _Result = done
        return result

    return decided


def parted(sessions: Iterable[Session]) -> tuple[list[Session], list[Session]]:
    """Return the sessions that live here, and those that do not."""
    here: list[Session] = []
    elsewhere: list[Session] = []
    for one in sessions:
        (elsewhere if one.host else here).append(one)
    return here, elsewhere


def here(catalog: Catalog) -> Catalog:
    """Return a catalog without the sessions that live on other hosts.

    Without those of their listings that have no folder here, too.
    """
    if not any(one.host for one in catalog.sessions):
        return catalog
    listings = (
        replace(one, sessions=tuple(parted(one.sessions)[0]))
        for one in catalog.listings
        if catalog.is_here(one)
    )
    return replace(catalog, listings=tuple(listings))
