"""Shell completion, written from the verbs' declarations: `python -m tui.cli.completion FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tui.cli.taken import verb_infos
from tui.operations.context import VerbInfo

_EVERYWHERE = ("--help", "--json", "--operator", "--read-only", "--restricted", "--root")
_CONSOLE = ("--demo", "--rich", "--ssh", "--version")
# A shell would run what a folder's name says, so only plain names are offered.
_NAMES = (
    "ls --json 2>/dev/null"
    """ | grep -oE '"(session_id|listing)": "[A-Za-z0-9._-]+"' | cut -d'"' -f4 | sort -u"""
)
_BASH = """\
# For bash: source this file. Written by tui.cli.completion; do not edit.
_session_console_names() {{
    "$@" {names}
}}

_session_console() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} words='{top}' verb='' takes='' look=("$1") i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
            --root) look+=(--root "${{COMP_WORDS[++i]}}") ;;
            --operator) ((++i)) ;;
            [!-]*) verb=${{verb:-${{COMP_WORDS[i]}}}} ;;
        esac
    done
    case $verb in
{cases}
    esac
    if [[ $takes && $word != -* ]]; then
        words=$(_session_console_names "${{look[@]}}")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}

complete -o default -F _session_console session-console
"""
_ZSH_NAMES = " '*:name:_session_console_names'"
_ZSH = """\
#compdef session-console
# For zsh: put this file on the fpath as _session-console. Written by tui.cli.completion.
_session_console_names() {{
    local names
    names=(${{(f)"$(session-console {names})"}})
    compadd -a names
}}

_session-console() {{
    local -a verbs
    verbs=(
{verbs}
    )
    _arguments -C {everywhere} {console} '1:verb:->verb' '*::word:->rest'
    case $state in
        verb) _describe verb verbs ;;
        rest)
            case $words[1] in
{cases}
            esac ;;
    esac
}}

_session-console "$@"
"""


def bash(verbs: tuple[VerbInfo, ...]) -> str:
    """Return the completion for bash 4 and later."""
    top = " ".join((*(verb.name for verb in verbs), *_EVERYWHERE, *_CONSOLE))
    cases = "\n".join(
        f"        {verb.name}) words='{' '.join(_flags(verb))}' takes={verb.takes} ;;"
        for verb in verbs
    )
    return _BASH.format(names=_NAMES, top=top, cases=cases)


def zsh(verbs: tuple[VerbInfo, ...]) -> str:
    """Return the completion for zsh."""
    told = "\n".join(f"        {_quoted(f'{verb.name}:{verb.summary}')}" for verb in verbs)
    cases = "\n".join(
        f"                {verb.name}) _arguments {' '.join(_flags(verb))}"
        f"{_ZSH_NAMES if verb.takes else ''} ;;"
        for verb in verbs
    )
    everywhere, console = " ".join(_EVERYWHERE), " ".join(_CONSOLE)
    return _ZSH.format(
        names=_NAMES, verbs=told, cases=cases, everywhere=everywhere, console=console
    )


def fish(verbs: tuple[VerbInfo, ...]) -> str:
    """Return the completion for fish."""
    says = "complete -c session-console"
    lines = [
        "# For fish: put this file into ~/.config/fish/completions as session-console.fish.",
        "# Written by tui.cli.completion; do not edit.",
        f"function __session_console_names\n    session-console {_NAMES}\nend",
        f"{says} -f",
        *(f"{says} -l {flag[2:]}" for flag in _EVERYWHERE),
        *(f"{says} -n __fish_use_subcommand -l {flag[2:]}" for flag in _CONSOLE),
    ]
    for verb in verbs:
        seen = f"{says} -n '__fish_seen_subcommand_from {verb.name}'"
        about = _quoted(verb.summary)
        lines.append(f"{says} -n __fish_use_subcommand -a {verb.name} -d {about}")
        lines += [f"{seen} -l {flag[2:]}" for flag in _flags(verb) if flag not in _EVERYWHERE]
        if verb.takes:
            lines.append(f"{seen} -a '(__session_console_names)'")
    return "\n".join(lines) + "\n"


SHELLS: Mapping[str, Callable[[tuple[VerbInfo, ...]], str]] = {
    "completion.bash": bash,
    "completion.zsh": zsh,
    "completion.fish": fish,
}


def write(folder: Path) -> None:
    """Write the completion of every shell into a folder."""
    for name, text in SHELLS.items():
        (folder / name).write_text(text(verb_infos()), encoding="utf-8")


def _flags(verb: VerbInfo) -> tuple[str, ...]:
    longs = {flag for flag in verb.flags if flag.startswith("--")}
    return tuple(sorted(longs | set(_EVERYWHERE)))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
