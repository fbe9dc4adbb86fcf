# For bash: source this file. Written by tui.cli.completion; do not edit.
_session_console_names() {
    sh -c 'e=; case $1 in stage) v=ls k=stage ;; listing) v=stats k=listing ;; whole) v=stats k=listing e=/ ;; trash) v=trash k=session_id ;; topic) v=help k=topic ;; view) v=view k=name ;; *) v=ls k=session_id ;; esac; shift; t=; command -v timeout >/dev/null && t="timeout 3"; $t "$@" $v --json 2>/dev/null </dev/null | grep -oE "\"$k\": \"[A-Za-z0-9._-]+\"" | cut -d\" -f4 | sort -u | sed "s|$|$e|"' sh "$@"
}

_session_console() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i kind
    local words='ls show tail grep export extend delete restore undo purge fail activate ack snooze tag note rename adopt reapply new resume send answer interrupt stop model mode cleanup hold view trash log stats report doctor check info help fleet hosts move member --help --json --operator --read-only --restricted --root --demo --rich --ssh --version' verb='' takes='' look=("$1")
    COMPREPLY=()
    if [[ $word == = ]]; then
        word=''
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --root | --operator)
                kind=${COMP_WORDS[i]}
                [[ ${COMP_WORDS[i + 1]} == = ]] && ((++i))
                ((++i))
                [[ $kind == --root ]] && look+=(--root "${COMP_WORDS[i]/#\~\//$HOME/}")
                ;;
            [!-]*) verb=${verb:-${COMP_WORDS[i]}} ;;
        esac
    done
    case $verb in
        ls) words='--ends --filter --help --json --live --operator --read-only --restricted --root --sort --status --view' takes='listing' ;;
        show) words='--help --json --operator --read-only --restricted --root' takes='session' ;;
        tail) words='--follow --help --json --operator --read-only --restricted --root' takes='session' ;;
        grep) words='--case-sensitive --help --ignore-case --json --operator --read-only --restricted --root --since --stage' takes='listing' ;;
        export) words='--help --json --operator --output --read-only --restricted --root' takes='session trash' ;;
        extend) words='--help --json --operator --read-only --restricted --root --yes' takes='session whole' ;;
        delete) words='--help --json --operator --read-only --restricted --root --yes' takes='session whole' ;;
        restore) words='--help --json --operator --read-only --restricted --root' takes='trash' ;;
        undo) words='--help --json --operator --read-only --restricted --root' takes='' ;;
        purge) words='--help --json --operator --read-only --restricted --root --yes' takes='session trash' ;;
        fail) words='--help --json --operator --read-only --reason --restricted --root' takes='session' ;;
        activate) words='--help --json --operator --read-only --restricted --root' takes='session' ;;
        ack) words='--help --json --off --operator --read-only --restricted --root' takes='session listing' ;;
        snooze) words='--help --json --operator --read-only --restricted --root' takes='session' ;;
        tag) words='--help --json --operator --read-only --remove --restricted --root' takes='session' ;;
        note) words='--help --json --operator --read-only --restricted --root' takes='session' ;;
        rename) words='--help --json --operator --read-only --restricted --root' takes='session' ;;
        adopt) words='--all --help --json --listing --operator --read-only --restricted --root --stage' takes='session' ;;
        reapply) words='--help --json --operator --read-only --restricted --root' takes='session' ;;
        new) words='--cwd --days --help --json --max-budget-usd --max-turns --mode --model --operator --read-only --restricted --root --stage --tools --wait' takes='listing' ;;
        resume) words='--also --at --cwd --fork --help --json --max-budget-usd --max-turns --mode --model --operator --read-only --restricted --root --take-over --tools --wait --without --yes' takes='session whole' ;;
        send) words='--help --json --operator --read-only --restricted --root --yes' takes='session whole' ;;
        answer) words='--help --input --json --operator --read-only --reason --restricted --root' takes='session' ;;
        interrupt) words='--help --json --operator --read-only --restricted --root --yes' takes='session whole' ;;
        stop) words='--help --json --operator --read-only --restricted --root --yes' takes='session whole' ;;
        model) words='--help --json --operator --read-only --restricted --root --yes' takes='session whole' ;;
        mode) words='--help --json --operator --read-only --restricted --root --yes' takes='session whole' ;;
        cleanup) words='--dry-run --expired --free --help --json --max-size --older-than --operator --purge-trash --read-only --restricted --root --yes' takes='listing' ;;
        hold) words='--help --json --operator --read-only --reason --restricted --root' takes='' ;;
        view) words='--columns --filter --help --json --listing --operator --read-only --restricted --root --shared --sort' takes='view' ;;
        trash) words='--help --json --operator --read-only --restricted --root' takes='trash' ;;
        log) words='--all --help --json --operator --read-only --restricted --root --since' takes='session listing' ;;
        stats) words='--help --json --operator --read-only --restricted --root' takes='listing' ;;
        report) words='--all --ends --help --json --operator --output --read-only --restricted --root --since' takes='listing' ;;
        doctor) words='--fix --help --json --operator --read-only --restricted --root' takes='listing' ;;
        check) words='--ends --help --json --notify --operator --read-only --restricted --root' takes='' ;;
        info) words='--help --json --operator --read-only --restricted --root' takes='' ;;
        help) words='--help --json --operator --read-only --restricted --root' takes='topic' ;;
        fleet) words='--help --json --operator --read-only --replace --restricted --role --root --session --yes' takes='' ;;
        hosts) words='--help --json --operator --read-only --restricted --root' takes='' ;;
        move) words='--help --json --operator --read-only --restricted --root --take-over' takes='session' ;;
        member) words='--help --json --operator --read-only --restricted --root' takes='' ;;
    esac
    case $before in
        --status) words='rate-limit retrying stalled quiet waiting starting asking-api running queued orphan unknown attached failed api-error cut-off unsent overwritten unreadable stray ghost untracked leftover expired past-end ready cleaned deleted' takes='' ;;
        --sort) words='attention ends quiet size cost listing stage title id model owner context created tags note host expires swept' takes='' ;;
        --view) words='' takes='view' ;;
        --stage) words='' takes='stage' ;;
        --listing) words='' takes='listing' ;;
        --also) words='' takes='session' ;;
        --also | --at | --columns | --cwd | --days | --ends | --filter | --free | --input | --listing | --max-budget-usd | --max-size | --max-turns | --mode | --model | --older-than | --operator | --output | --reason | --remove | --role | --root | --session | --since | --sort | --stage | --status | --tools | --view | --without | -e | -n | -o) return ;;
    esac
    if [[ $takes && $word != -* ]]; then
        words=$(for kind in $takes; do _session_console_names "$kind" "${look[@]}"; done)
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _session_console session-console
