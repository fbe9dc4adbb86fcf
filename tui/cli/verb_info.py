"""What the console knows of each verb, from its declaration."""

from __future__ import annotations

from tui.cli.declarations.arguments import COMMON
from tui.cli.declarations.table import VERBS
from tui.cli.declarations.verb import Verb
from tui.operations.context import VerbInfo

_TAKES = ("id", "ids", "listing", "topic", "view")
_SETTABLE = ("--json",)  # the other common options belong to the console itself


def verb_infos() -> tuple[VerbInfo, ...]:
    """Return every verb of the command line, in the order in which help lists them."""
    return tuple(map(_info, VERBS))


def _taken(first: str, *, has_text: bool) -> str:
    """Return what the first argument is; before text a second id could be a word of it."""
    return "id" if first == "ids" and has_text else first if first in _TAKES else ""


def _info(verb: Verb) -> VerbInfo:
    positionals = [one for one in verb.arguments if not one.is_option]
    options = [one for one in verb.arguments if one.is_option]
    first = positionals[0].names[0] if positionals else ""
    return VerbInfo(
        name=verb.name,
        summary=verb.summary,
        takes=_taken(first, has_text=any(one.is_text for one in positionals)),
        needs=sum(one.is_required for one in positionals),
        flags=tuple(sorted({*_SETTABLE, *(one.names[-1] for one in options)})),
        valued=tuple(
            name
            for one in (*COMMON, *options)
            if one.takes_value
            for name in one.names
            if one.is_option
        ),
        target=verb.target,
        acts=verb.acts,
        why_not=verb.why_not,
        takes_listing=verb.takes_listing,
    )
