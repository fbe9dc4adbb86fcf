# For bash: source this file. Written by tui.cli.completion; do not edit.
_session_console_names() {
    "$@" ls --json 2>/dev/null | grep -oE '"(session_id|listing)": "[A-Za-z0-9._-]+"' | cut -d'"' -f4 | sort -u
}

_session_console() {
    local word=${COMP_WORDS[COMP_CWORD]} words='ls show tail grep export new resume send answer interrupt stop model mode extend delete restore undo purge fail activate ack rename adopt reapply cleanup hold trash log stats doctor check info help --help --json --operator --read-only --restricted --root --demo --rich --ssh --version' verb='' takes='' look=("$1") i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --root) look+=(--root "${COMP_WORDS[++i]}") ;;
            --operator) ((++i)) ;;
            [!-]*) verb=${verb:-${COMP_WORDS[i]}} ;;
        esac
    done
    case $verb in
        ls) words='--ends --filter --help --json --live --operator --read-only --restricted --root --status' takes=listing ;;
        show) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        tail) words='--follow --help --json --operator --read-only --restricted --root' takes=id ;;
        grep) words='--help --json --operator --read-only --restricted --root' takes= ;;
        export) words='--help --json --operator --output --read-only --restricted --root' takes=id ;;
        new) words='--days --help --json --max-budget-usd --max-turns --mode --model --operator --read-only --restricted --root --stage --tools --wait' takes=listing ;;
        resume) words='--also --fork --help --json --max-budget-usd --max-turns --mode --model --operator --read-only --restricted --root --take-over --tools --wait' takes=id ;;
        send) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        answer) words='--help --input --json --operator --read-only --reason --restricted --root' takes=id ;;
        interrupt) words='--help --json --operator --read-only --restricted --root --yes' takes=id ;;
        stop) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        model) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        mode) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        extend) words='--help --json --operator --read-only --restricted --root' takes=ids ;;
        delete) words='--help --json --operator --read-only --restricted --root --yes' takes=ids ;;
        restore) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        undo) words='--help --json --operator --read-only --restricted --root' takes= ;;
        purge) words='--help --json --operator --read-only --restricted --root --yes' takes=id ;;
        fail) words='--help --json --operator --read-only --reason --restricted --root' takes=id ;;
        activate) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        ack) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        rename) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        adopt) words='--all --help --json --listing --operator --read-only --restricted --root --stage' takes=ids ;;
        reapply) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        cleanup) words='--dry-run --expired --help --json --max-size --older-than --operator --purge-trash --read-only --restricted --root --yes' takes=listing ;;
        hold) words='--help --json --operator --read-only --reason --restricted --root' takes= ;;
        trash) words='--help --json --operator --read-only --restricted --root' takes=id ;;
        log) words='--all --help --json --operator --read-only --restricted --root' takes=id ;;
        stats) words='--help --json --operator --read-only --restricted --root' takes=listing ;;
        doctor) words='--fix --help --json --operator --read-only --restricted --root' takes=listing ;;
        check) words='--ends --help --json --notify --operator --read-only --restricted --root' takes= ;;
        info) words='--help --json --operator --read-only --restricted --root' takes= ;;
        help) words='--help --json --operator --read-only --restricted --root' takes= ;;
    esac
    if [[ $takes && $word != -* ]]; then
        words=$(_session_console_names "${look[@]}")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _session_console session-console
