#compdef session-console
# For zsh: put this file on the fpath as _session-console. Written by tui.cli.completion.
_session_console_names() {
    local kind
    local -a names
    for kind; do
        names+=(${(f)"$(sh -c 'case $1 in stage) v=ls k=stage ;; listing) v=stats k=listing ;; topic) v=help k=topic ;; trash) v=trash k=session_id ;; *) v=ls k=session_id ;; esac; shift; t=; command -v timeout >/dev/null && t="timeout 3"; $t "$@" $v --json 2>/dev/null </dev/null | grep -oE "\"$k\": \"[A-Za-z0-9._-]+\"" | cut -d\" -f4 | sort -u' sh $kind $look)"})
    done
    compadd -a names
}

_session-console() {
    local -a verbs look
    local at=${words[(I)--root]}
    look=(session-console)
    (( at )) && look+=(--root ${(Q)words[at + 1]})
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
    _arguments -C --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --demo --rich --ssh --version '1:verb:->verb' '*::word:->rest'
    case $state in
        verb) _describe verb verbs ;;
        rest)
            case $words[1] in
                ls) _arguments '--ends=:value:_default' '--filter=:value:_default' --help --json --live '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--status=:status:(active expired failed deleted busy waiting idle queued orphan none unknown quiet stalled ghost untracked leftover stray unread overwritten api-error)' '*:name: _session_console_names listing' ;;
                show) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                tail) _arguments --follow --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                grep) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names listing' ;;
                export) _arguments --help --json '--operator=:value:_default' '--output=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session trash' ;;
                new) _arguments '--days=:value:_default' --help --json '--max-budget-usd=:value:_default' '--max-turns=:value:_default' '--mode=:value:_default' '--model=:value:_default' '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--stage=:name: _session_console_names stage' '--tools=:value:_default' --wait '*:name: _session_console_names listing' ;;
                resume) _arguments '--also=:name: _session_console_names session' --fork --help --json '--max-budget-usd=:value:_default' '--max-turns=:value:_default' '--mode=:value:_default' '--model=:value:_default' '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --take-over '--tools=:value:_default' --wait '*:name: _session_console_names session' ;;
                send) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                answer) _arguments --help '--input=:value:_default' --json '--operator=:value:_default' --read-only '--reason=:value:_default' --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                interrupt) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session' ;;
                stop) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                model) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                mode) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                extend) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                delete) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session' ;;
                restore) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names trash' ;;
                undo) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' ;;
                purge) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session trash' ;;
                fail) _arguments --help --json '--operator=:value:_default' --read-only '--reason=:value:_default' --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                activate) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                ack) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session listing' ;;
                rename) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                adopt) _arguments --all --help --json '--listing=:name: _session_console_names listing' '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--stage=:name: _session_console_names stage' '*:name: _session_console_names session' ;;
                reapply) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                cleanup) _arguments --dry-run --expired --help --json '--max-size=:value:_default' '--older-than=:value:_default' '--operator=:value:_default' --purge-trash --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names listing' ;;
                hold) _arguments --help --json '--operator=:value:_default' --read-only '--reason=:value:_default' --restricted '--root=:folder:_files -/' ;;
                trash) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names trash' ;;
                log) _arguments --all --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session listing' ;;
                stats) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names listing' ;;
                doctor) _arguments --fix --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names listing' ;;
                check) _arguments '--ends=:value:_default' --help --json --notify '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' ;;
                info) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' ;;
                help) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names topic' ;;
            esac ;;
    esac
}

_session-console "$@"
