"""What a client of sshd asked for, where sshd runs this program whatever is asked for."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Mapping

from tui.cli.parser import Parser
from tui.core.errors import Refused, UsageError
from tui.core.text.safe_text import one_line

_VARIABLE = "SSH_ORIGINAL_COMMAND"
_PROGRAM = "session-console"


def asked_words(environment: Mapping[str, str]) -> list[str]:
    """Return the words of a command like `ssh HOST ls --json`: never a shell's, only ours.

    The program's own name may stand before them. Raises `UsageError` for what is no line of words.
    """
    line = environment.get(_VARIABLE, "")
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{one_line(line)[:80]}: {error}") from error
    return words[1:] if words[:1] == [_PROGRAM] else words


def as_asked(given: Namespace, words: list[str], parser: Parser) -> Namespace:
    """Return what was asked for, with the flags that were `given` to this program in force.

    Raises `Refused` for what would lift one of them.
    """
    asked = parser.read(words)
    require_given(asked)
    if asked.demo:
        raise Refused("--demo is not for a restricted console: it makes a root of its own")
    kept = {"root": given.root, "operator": given.operator}
    added = {
        name: getattr(given, name) or getattr(asked, name)
        for name in ("read_only", "restricted", "json", "ssh", "rich")
    }
    return Namespace(**vars(asked) | kept | added)


def require_given(asked: Namespace) -> None:
    """Raise `Refused` for words that choose another root or operator than this console's."""
    for name in ("root", "operator"):
        if getattr(asked, name) is not None:
            raise Refused(f"--{name} is given to this console where it is started, not by you")
