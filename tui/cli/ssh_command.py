"""The command of an SSH client, where sshd always runs this program (`ForceCommand`)."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Mapping

from tui.cli.parser import Parser
from tui.core.errors import Refused, UsageError
from tui.core.text.safe_text import one_line

_VARIABLE = "SSH_ORIGINAL_COMMAND"
_PROGRAM = "session-console"


def ssh_words(environment: Mapping[str, str]) -> list[str]:
    """Return the arguments of a command such as `ssh HOST ls --json`; no shell interprets them.

    The program's own name may come first. Raises `UsageError` if it cannot be split into words.
    """
    line = environment.get(_VARIABLE, "")
    try:
        argv = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{one_line(line)[:80]}: {error}") from error
    return argv[1:] if argv[:1] == [_PROGRAM] else argv


def ssh_arguments(given: Namespace, argv: list[str], parser: Parser) -> Namespace:
    """Return the client's arguments, restricted by the flags that were `given` to this program.

    Raises `Refused` for arguments that would override one of them.
    """
    asked = parser.read(argv)
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
    """Raise `Refused` for arguments that choose another root or operator."""
    for name in ("root", "operator"):
        if getattr(asked, name) is not None:
            raise Refused(f"--{name} is fixed where this console is started; you cannot set it")
