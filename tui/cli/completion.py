"""Shell completion, written from the verbs' declarations: `python -m tui.cli.completion FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tui.cli.declarations.arguments import COMMON, Argument
from tui.cli.declarations.table import VERBS
from tui.cli.declarations.verb import Verb
from tui.core.sessions.session_order import SORTS
from tui.core.sessions.status_filter import STATE_WORDS

_EVERYWHERE = ("--help", *sorted(one.names[0] for one in COMMON))
# The words of a kind that a shell offers without asking the program.
_LISTED = {("status",): STATE_WORDS, ("order",): SORTS}
_CONSOLE = ("--demo", "--rich", "--ssh", "--version")
# Asks the program for names of a kind. A shell expands what it is offered, so only plain names are
# offered; and a root that does not answer must not block the prompt for more than 3 s.
_ASK = (
    "sh -c 'e=; case $1 in stage) v=ls k=stage ;; listing) v=stats k=listing ;;"
    " whole) v=stats k=listing e=/ ;;"
    " trash) v=trash k=session_id ;; topic) v=help k=topic ;; view) v=view k=name ;;"
    " *) v=ls k=session_id ;; esac; shift;"
    ' t=; command -v timeout >/dev/null && t="timeout 3";'
    ' $t "$@" $v --json 2>/dev/null </dev/null'
    r' | grep -oE "\"$k\": \"[A-Za-z0-9._-]+\"" | cut -d\" -f4 | sort -u | sed "s|$|$e|"'
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
{listed}
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


def bash(verbs: Sequence[Verb]) -> str:
    """Return the completion for bash 4 and later."""
    cases = (
        f"        {verb.name}) words='{' '.join(_flags(verb))}' takes='{_names(verb)}' ;;"
        for verb in verbs
    )
    options = [one for verb in verbs for one in verb.arguments if one.is_option]
    named = {_flag(one): one.completes for one in options if one.completes not in ((), *_LISTED)}
    values = (f"        {flag}) words='' takes='{' '.join(of)}' ;;" for flag, of in named.items())
    listed = {
        _flag(one): f"        {_flag(one)}) words='{' '.join(_LISTED[one.completes])}' takes='' ;;"
        for one in options
        if one.completes in _LISTED
    }
    valued = {name for one in (*COMMON, *options) if one.takes_value for name in one.names}
    return _BASH.format(
        ask=_ASK,
        top=" ".join((*(verb.name for verb in verbs), *_EVERYWHERE, *_CONSOLE)),
        cases="\n".join(cases),
        listed="\n".join(listed.values()),
        values="\n".join(values),
        valued=" | ".join(sorted(valued)),
    )


def zsh(verbs: Sequence[Verb]) -> str:
    """Return the completion for zsh."""
    listed = (f"        {_quoted(f'{verb.name}:{verb.summary}')}" for verb in verbs)
    cases = (f"                {verb.name}) _arguments {_zsh_words(verb)} ;;" for verb in verbs)
    return _ZSH.format(
        ask=_ASK,
        verbs="\n".join(listed),
        cases="\n".join(cases),
        everywhere=" ".join(("--help", *map(_zsh_flag, _sorted(COMMON)))),
        console=" ".join(_CONSOLE),
    )


def _zsh_words(verb: Verb) -> str:
    flags = ("--help", *map(_zsh_flag, _sorted((*COMMON, *_long_options(verb)))))
    names = f"'*:name: _session_console_names {_names(verb)}'" if _names(verb) else ""
    return " ".join((*flags, names)).rstrip()


def _zsh_flag(option: Argument) -> str:
    flag = _flag(option)
    if flag == "--root":
        return f"'{flag}=:folder:_files -/'"
    if option.completes in _LISTED:
        return f"'{flag}=:{option.completes[0]}:({' '.join(_LISTED[option.completes])})'"
    if option.completes:
        return f"'{flag}=:name: _session_console_names {' '.join(option.completes)}'"
    return f"'{flag}=:value:_default'" if option.takes_value else flag


def fish(verbs: Sequence[Verb]) -> str:
    """Return the completion for fish."""
    complete = "complete -c session-console"
    lines = [
        "# For fish: put this file into ~/.config/fish/completions as session-console.fish.",
        "# Written by tui.cli.completion; do not edit.",
        _FISH_NAMES,
        f"{complete} -f",
        f"{complete} -l help",
        *(f"{complete} {_fish_flag(one)}" for one in _sorted(COMMON)),
        *(f"{complete} -n __fish_use_subcommand -l {flag[2:]}" for flag in _CONSOLE),
    ]
    for verb in verbs:
        seen = f"{complete} -n '__fish_seen_subcommand_from {verb.name}'"
        about = _quoted(verb.summary)
        lines.append(f"{complete} -n __fish_use_subcommand -a {verb.name} -d {about}")
        lines += [f"{seen} {_fish_flag(one)}" for one in _sorted(_long_options(verb))]
        if names := _names(verb):
            lines.append(f"{seen} -a '(__session_console_names {names})'")
    return "\n".join(lines) + "\n"


def _fish_flag(option: Argument) -> str:
    flag = f"-l {_flag(option)[2:]}"
    if option.completes in _LISTED:
        return f"{flag} -x -a '{' '.join(_LISTED[option.completes])}'"
    if option.completes:
        return f"{flag} -x -a '(__session_console_names {' '.join(option.completes)})'"
    if not option.takes_value:
        return flag
    return f"{flag} -r -F" if _flag(option) == "--root" else f"{flag} -r"


def _names(verb: Verb) -> str:
    """Return the kinds of names that a verb's first word may be."""
    kinds = (one.completes for one in verb.arguments if one.completes and not one.is_option)
    return " ".join(next(kinds, ()))


SHELLS: Mapping[str, Callable[[Sequence[Verb]], str]] = {
    "completion.bash": bash,
    "completion.zsh": zsh,
    "completion.fish": fish,
}


def write(folder: Path) -> None:
    """Write the completion of every shell into a folder."""
    for name, text in SHELLS.items():
        (folder / name).write_text(text(VERBS), encoding="utf-8")


def _flag(option: Argument) -> str:
    return option.names[-1]


def _long_options(verb: Verb) -> Iterator[Argument]:
    return (one for one in verb.arguments if _flag(one).startswith("--"))


def _sorted(options: Iterable[Argument]) -> list[Argument]:
    return sorted(options, key=_flag)


def _flags(verb: Verb) -> list[str]:
    return sorted({*_EVERYWHERE, *map(_flag, _long_options(verb))})


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
