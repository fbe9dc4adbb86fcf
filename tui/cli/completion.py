"""Shell completion, written from the verbs' declarations: `python -m tui.cli.completion FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tui.cli.verb_info import verb_infos
from tui.core.session_filter import STATUS_WORDS
from tui.operations.context import VerbInfo

_EVERYWHERE = ("--help", "--json", "--operator", "--read-only", "--restricted", "--root")
_CONSOLE = ("--demo", "--rich", "--ssh", "--version")
_NAMED = {"id": "session", "ids": "session", "listing": "listing", "topic": "topic"}
# What a verb's words name, where that is not just what its first word is called.
_NAMES = {
    "restore": "trash",
    "trash": "trash",
    "purge": "session trash",
    "export": "session trash",
    "ack": "session listing",
    "log": "session listing",
    "grep": "listing",
}
_VALUES = {"--stage": "stage", "--listing": "listing", "--also": "session"}
# Asks a root for names of a kind. A shell would run what a folder's name says, so only plain names
# are offered; and whoever waits for a key to answer waits no longer than that.
_ASK = (
    "sh -c 'case $1 in stage) v=ls k=stage ;; listing) v=stats k=listing ;;"
    " topic) v=help k=topic ;; trash) v=trash k=session_id ;; *) v=ls k=session_id ;; esac; shift;"
    ' t=; command -v timeout >/dev/null && t="timeout 3";'
    ' $t "$@" $v --json 2>/dev/null </dev/null'
    r' | grep -oE "\"$k\": \"[A-Za-z0-9._-]+\"" | cut -d\" -f4 | sort -u'
    "' sh"
)
_BASH = """\
# For bash: source this file. Written by tui.cli.completion; do not edit.
_session_console_names() {{
    {ask} "$@"
}}

_session_console() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} i kind
    local words='{top}' verb='' takes='' look=("$1")
    COMPREPLY=()
    if [[ $word == = ]]; then
        word=''
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
            --root | --operator)
                kind=${{COMP_WORDS[i]}}
                [[ ${{COMP_WORDS[i + 1]}} == = ]] && ((++i))
                ((++i))
                [[ $kind == --root ]] && look+=(--root "${{COMP_WORDS[i]/#\\~\\//$HOME/}}")
                ;;
            [!-]*) verb=${{verb:-${{COMP_WORDS[i]}}}} ;;
        esac
    done
    case $verb in
{cases}
    esac
    case $before in
        --status) words='{statuses}' takes='' ;;
{values}
        {valued}) return ;;
    esac
    if [[ $takes && $word != -* ]]; then
        words=$(for kind in $takes; do _session_console_names "$kind" "${{look[@]}}"; done)
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}

complete -o default -F _session_console session-console
"""
_ZSH = """\
#compdef session-console
# For zsh: put this file on the fpath as _session-console. Written by tui.cli.completion.
_session_console_names() {{
    local kind
    local -a names
    for kind; do
        names+=(${{(f)"$({ask} $kind $look)"}})
    done
    compadd -a names
}}

_session-console() {{
    local -a verbs look
    local at=${{words[(I)--root]}}
    look=(session-console)
    (( at )) && look+=(--root ${{(Q)words[at + 1]}})
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
_FISH_NAMES = f"""\
function __session_console_names
    set -l look session-console
    set -l words (commandline -opc)
    if set -l at (contains -i -- --root $words)
        set look $look --root $words[(math $at + 1)]
    end
    for kind in $argv
        {_ASK} $kind $look
    end
end"""


def bash(verbs: tuple[VerbInfo, ...]) -> str:
    """Return the completion for bash 4 and later."""
    cases = (
        f"        {verb.name}) words='{' '.join(_flags(verb))}' takes='{_names(verb)}' ;;"
        for verb in verbs
    )
    values = (f"        {flag}) words='' takes='{kind}' ;;" for flag, kind in _VALUES.items())
    return _BASH.format(
        ask=_ASK,
        top=" ".join((*(verb.name for verb in verbs), *_EVERYWHERE, *_CONSOLE)),
        cases="\n".join(cases),
        statuses=" ".join(STATUS_WORDS),
        values="\n".join(values),
        valued=" | ".join(sorted({flag for verb in verbs for flag in verb.valued})),
    )


def zsh(verbs: tuple[VerbInfo, ...]) -> str:
    """Return the completion for zsh."""
    told = (f"        {_quoted(f'{verb.name}:{verb.summary}')}" for verb in verbs)
    cases = (f"                {verb.name}) _arguments {_zsh_words(verb)} ;;" for verb in verbs)
    return _ZSH.format(
        ask=_ASK,
        verbs="\n".join(told),
        cases="\n".join(cases),
        everywhere=" ".join(map(_zsh_flag, _EVERYWHERE)),
        console=" ".join(_CONSOLE),
    )


def _zsh_words(verb: VerbInfo) -> str:
    flags = (_zsh_flag(one, is_valued=one in verb.valued) for one in _flags(verb))
    names = f"'*:name: _session_console_names {_names(verb)}'" if _names(verb) else ""
    return " ".join((*flags, names)).rstrip()


def _zsh_flag(flag: str, *, is_valued: bool = False) -> str:
    match flag:
        case "--root":
            return f"'{flag}=:folder:_files -/'"
        case "--status":
            return f"'{flag}=:status:({' '.join(STATUS_WORDS)})'"
        case _ if flag in _VALUES:
            return f"'{flag}=:name: _session_console_names {_VALUES[flag]}'"
        case _:
            return f"'{flag}=:value:_default'" if is_valued or flag == "--operator" else flag


def fish(verbs: tuple[VerbInfo, ...]) -> str:
    """Return the completion for fish."""
    says = "complete -c session-console"
    lines = [
        "# For fish: put this file into ~/.config/fish/completions as session-console.fish.",
        "# Written by tui.cli.completion; do not edit.",
        _FISH_NAMES,
        f"{says} -f",
        *(f"{says} {_fish_flag(flag)}" for flag in _EVERYWHERE),
        *(f"{says} -n __fish_use_subcommand -l {flag[2:]}" for flag in _CONSOLE),
    ]
    for verb in verbs:
        seen = f"{says} -n '__fish_seen_subcommand_from {verb.name}'"
        about = _quoted(verb.summary)
        own = [flag for flag in _flags(verb) if flag not in _EVERYWHERE]
        lines.append(f"{says} -n __fish_use_subcommand -a {verb.name} -d {about}")
        lines += [f"{seen} {_fish_flag(one, is_valued=one in verb.valued)}" for one in own]
        if names := _names(verb):
            lines.append(f"{seen} -a '(__session_console_names {names})'")
    return "\n".join(lines) + "\n"


def _fish_flag(flag: str, *, is_valued: bool = False) -> str:
    told = f"-l {flag[2:]}"
    if flag == "--status":
        return f"{told} -x -a '{' '.join(STATUS_WORDS)}'"
    if flag in _VALUES:
        return f"{told} -x -a '(__session_console_names {_VALUES[flag]})'"
    return (
        f"{told} -r" + " -F" * (flag == "--root")
        if is_valued or flag in ("--root", "--operator")
        else told
    )


def _names(verb: VerbInfo) -> str:
    """Return the kinds of names that a verb's words may be."""
    return _NAMES.get(verb.name) or _NAMED.get(verb.takes, "")


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
