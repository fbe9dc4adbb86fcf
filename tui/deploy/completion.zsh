#compdef session-console
# For zsh: put this file on the fpath as _session-console. Written by tui.cli.completion.
_session_console_names() {
    local names
    names=(${(f)"$(session-console ls --json 2>/dev/null | grep -oE '"(session_id|listing)": "[A-Za-z0-9._-]+"' | cut -d'"' -f4 | sort -u)"})
    compadd -a names
}

_session-console() {
    local -a verbs
    verbs=(
        'ls:list sessions, soonest to end first'
        'show:show everything known of a session'
        'tail:print the end of a session'\''s stream'
        'grep:search all that was said; ends with 1 when nothing matches, as grep does'
        'export:write a session as Markdown, from the trash too'
        'new:begin a new session'
        'resume:resume a session in a run of its own'
        'send:queue a follow-up for a running session'
        'answer:answer a permission request, or a question'
        'interrupt:end the turn that runs now'
        'stop:end a session'\''s run, or an orphaned CLI'
        'model:change the model of a running agent'
        'mode:change the permission mode of a running agent'
        'extend:let sessions last longer'
        'delete:move sessions into the trash'
        'restore:get a session back from the trash'
        'undo:take back my last delete, clean-up or extension'
        'purge:erase a session for good, trash included'
        'fail:mark a session failed'
        'activate:make a failed or expired session active again'
        'ack:settle what needs somebody, until something new happens'
        'rename:give a session a title'
        'adopt:move strays into their listing, and track what no row tracks'
        'reapply:put back what the pipeline overwrote'
        'cleanup:move what has expired, is left over, old or too much into the trash'
        'hold:stop new runs and clean-up in this root, or go on'
        'trash:list what the trash holds, or preview one of it'
        'log:print who did what'
        'stats:count sessions, bytes and costs, by listing'
        'doctor:explain everything odd, and what to do'
        'check:for monitoring: 1 when something needs somebody'
        'info:print every path, version and setting'
        'help:print a guide, or list the guides'
    )
    _arguments -C --help --json --operator --read-only --restricted --root --demo --rich --ssh --version '1:verb:->verb' '*::word:->rest'
    case $state in
        verb) _describe verb verbs ;;
        rest)
            case $words[1] in
                ls) _arguments --ends --filter --help --json --live --operator --read-only --restricted --root --status '*:name:_session_console_names' ;;
                show) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                tail) _arguments --follow --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                grep) _arguments --help --json --operator --read-only --restricted --root ;;
                export) _arguments --help --json --operator --output --read-only --restricted --root '*:name:_session_console_names' ;;
                new) _arguments --days --help --json --max-budget-usd --max-turns --mode --model --operator --read-only --restricted --root --stage --tools --wait '*:name:_session_console_names' ;;
                resume) _arguments --also --fork --help --json --max-budget-usd --max-turns --mode --model --operator --read-only --restricted --root --take-over --tools --wait '*:name:_session_console_names' ;;
                send) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                answer) _arguments --help --input --json --operator --read-only --reason --restricted --root '*:name:_session_console_names' ;;
                interrupt) _arguments --help --json --operator --read-only --restricted --root --yes '*:name:_session_console_names' ;;
                stop) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                model) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                mode) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                extend) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                delete) _arguments --help --json --operator --read-only --restricted --root --yes '*:name:_session_console_names' ;;
                restore) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                undo) _arguments --help --json --operator --read-only --restricted --root ;;
                purge) _arguments --help --json --operator --read-only --restricted --root --yes '*:name:_session_console_names' ;;
                fail) _arguments --help --json --operator --read-only --reason --restricted --root '*:name:_session_console_names' ;;
                activate) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                ack) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                rename) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                adopt) _arguments --all --help --json --listing --operator --read-only --restricted --root --stage '*:name:_session_console_names' ;;
                reapply) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                cleanup) _arguments --dry-run --expired --help --json --max-size --older-than --operator --purge-trash --read-only --restricted --root --yes '*:name:_session_console_names' ;;
                hold) _arguments --help --json --operator --read-only --reason --restricted --root ;;
                trash) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                log) _arguments --all --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                stats) _arguments --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                doctor) _arguments --fix --help --json --operator --read-only --restricted --root '*:name:_session_console_names' ;;
                check) _arguments --ends --help --json --notify --operator --read-only --restricted --root ;;
                info) _arguments --help --json --operator --read-only --restricted --root ;;
                help) _arguments --help --json --operator --read-only --restricted --root ;;
            esac ;;
    esac
}

_session-console "$@"
