"""The arguments of verbs: how one is declared, and those that several verbs share."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument, in the terms of `ArgumentParser.add_argument`.

    `completes` lists the kinds of names that a shell offers for it: session, listing, stage, trash,
    status, topic, view or order. `is_signed`: its value may begin with a minus sign. `is_text`: at
    the `:` line it is typed without quotes, so that only the first word may name a session.
    """

    names: tuple[str, ...]
    options: Mapping[str, Any]
    completes: tuple[str, ...] = ()
    is_signed: bool = False
    is_text: bool = False

    @property
    def is_option(self) -> bool:
        """Whether it is an option rather than a positional argument."""
        return self.names[0].startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether a value follows it."""
        return self.options.get("action") != "store_true"

    @property
    def is_required(self) -> bool:
        """Whether it must be given; a list of ids is left out only for `--all`."""
        if self.is_option:
            return bool(self.options.get("required"))
        return self.options.get("nargs") != "?"

    @property
    def usage(self) -> str:
        """The argument as a line of usage shows it, such as `[--days N]`."""
        shown = str(self.options.get("metavar") or "|".join(self.options.get("choices", ())))
        if self.is_option:
            shown = f"{self.names[0]} {shown}" if self.takes_value else self.names[0]
        elif self.options.get("nargs") in ("+", "*"):
            shown = f"{shown}..."
        is_left_out = self.options.get("nargs") == "*" or not self.is_required
        return f"[{shown}]" if is_left_out else shown


def argument(*names: str, completes: str = "", is_signed: bool = False, **options: Any) -> Argument:
    """Declare an argument; `completes` lists its kinds of names, separated by spaces."""
    return Argument(names, options, tuple(completes.split()), is_signed)


def count(text: str) -> int:
    """Return a number above 0, as an argument's `type`."""
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not number:
        raise argparse.ArgumentTypeError("expected a number above 0")
    return number


def days(text: str) -> int:
    """Return a number of days from 1 to 36500, as an argument's `type`."""
    number = int(text) if text.isdecimal() else 0
    if not 0 < number <= 36500:
        raise argparse.ArgumentTypeError("expected a number of days from 1 to 36500")
    return number


def flag(*names: str, about: str) -> Argument:
    """Declare an option without a value."""
    return argument(*names, action="store_true", help=about)


def word(name: str, metavar: str, about: str | None = None, completes: str = "") -> Argument:
    """Declare an argument with a value; it is `None` when left out."""
    return argument(name, metavar=metavar, help=about, completes=completes)


def text(name: str, metavar: str, about: str) -> Argument:
    """Declare an option with a value; it is empty when left out."""
    return argument(name, metavar=metavar, help=about, default="")


COMMON = (
    argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="the folder that contains the listings (default: data/outputs)",
    ),
    word("--operator", "NAME", "who you are, where several people share a login"),
    flag("--read-only", about="refuse everything that would change something"),
    flag(
        "--restricted",
        about="give no shell access: no suspending, no writing of files, no other programs, "
        "no permissions beyond the settings'",
    ),
    flag("--json", about="print data and errors as JSON"),
)
ID = word("id", "ID", completes="session")
ID_OR_ALL = word("id", "ID", "a session, or `LISTING/` for all of a listing", "session whole")
IDS = argument(
    "ids",
    nargs="+",
    metavar="ID",
    help="sessions, or `LISTING/` for all of a listing",
    completes="session whole",
)
LISTING = argument("listing", nargs="?", metavar="LISTING", completes="listing")
OUTPUT = argument(
    "-o",
    "--output",
    type=Path,
    metavar="FILE",
    help="write to this new file; one that exists is refused",
)
YES = flag("--yes", about="do not ask for confirmation")
ALL_YES = flag("--yes", about="also all sessions of `LISTING/`")
WAIT = flag("--wait", about="wait for the answer and print it")
AGENT = (
    word("--model", "M", "use another model"),
    word("--mode", "M", "use another permission mode"),
    word("--tools", "A,B", "allow these tools without asking"),
    word("--cwd", "DIR", "work in this folder of the listing; `.` is the listing's own"),
    word("--max-turns", "N", "stop after this many turns of the model"),
    word("--max-budget-usd", "X", "stop after spending this many dollars"),
)
PROMPT = argument("prompt", nargs="?", default="", metavar="PROMPT", help="`-` reads stdin")
