"""What each verb takes, read off its declaration, for whoever offers verbs by their names."""

from __future__ import annotations

import argparse

from tui.cli.arguments import declare
from tui.cli.parser import Parser, build_parser
from tui.operations.context import VerbInfo

_NAMED = {"id": "id", "ids": "ids", "listing": "listing", "topic": "topic"}
_EVERYWHERE = {"--help", "--root", "--operator", "--read-only", "--restricted"}


def verb_infos() -> tuple[VerbInfo, ...]:
    """Return every verb of the command line, in the order in which they are declared."""
    subparsers = next(
        action
        for action in build_parser(declare)._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    summaries = {action.dest: action.help or "" for action in subparsers._choices_actions}
    return tuple(
        _info(name, summaries.get(name, ""), parser) for name, parser in subparsers.choices.items()
    )


def _info(name: str, summary: str, parser: Parser) -> VerbInfo:
    options = [one for one in parser._actions if one.option_strings]
    words = [one for one in parser._actions if not one.option_strings]
    return VerbInfo(
        name,
        summary,
        _NAMED.get(words[0].dest, "") if words else "",
        sum(one.required or one.nargs == "*" for one in words),
        tuple(sorted({one.option_strings[-1] for one in options} - _EVERYWHERE)),
        tuple(sign for one in options if one.nargs != 0 for sign in one.option_strings),
    )
