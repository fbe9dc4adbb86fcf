#compdef session-console
# For zsh: put this file on the fpath as _session-console. Written by tui.cli.completion.
_session_console_names() {
    local kind
    local -a names
    for kind; do
        names+=(${(f)"$(sh -c 'e=; case $1 in stage) v=ls k=stage ;; listing) v=stats k=listing ;; whole) v=stats k=listing e=/ ;; trash) v=trash k=session_id ;; topic) v=help k=topic ;; view) v=view k=name ;; *) v=ls k=session_id ;; esac; shift; t=; command -v timeout >/dev/null && t="timeout 3"; $t "$@" $v --json 2>/dev/null </dev/null | grep -oE "\"$k\": \"[A-Za-z0-9._-]+\"" | cut -d\" -f4 | sort -u | sed "s|$|$e|"' sh $kind $look)"})
    done
    compadd -a names
}

_session-console() {
    local -a verbs look
    local at=${words[(I)--root]}
    look=(session-console)
    (( at )) && look+=(--root ${(Q)words[at + 1]})
    verbs=(
        'ls:list sessions, those that end soonest first'
        'show:show everything known about a session'
        'tail:print the end of a session'\''s stream'
        'grep:search all transcripts; exits with 1 when nothing matches'
        'export:write a session as Markdown, even from the trash'
        'extend:extend the expiry of sessions'
        'delete:move sessions to the trash'
        'restore:restore a session from the trash'
        'undo:undo your last delete, clean-up or extension'
        'purge:erase a session permanently, from the trash too'
        'fail:mark a session as failed'
        'activate:make a failed or expired session active again'
        'ack:acknowledge what needs attention, until something new happens'
        'snooze:take a session out of attention for a time, or until something new happens'
        'tag:add tags to a session, or remove them'
        'note:write the note of a session; an empty one clears it'
        'rename:set the title of a session'
        'adopt:move stray sessions into their listing, and track untracked ones'
        'reapply:write back what the pipeline overwrote'
        'new:start a new session'
        'resume:resume a session in a new run'
        'send:queue a follow-up prompt for running sessions'
        'answer:answer a permission request or a question'
        'interrupt:interrupt the current turn of sessions'
        'stop:stop the run of sessions, or an orphaned CLI'
        'model:change the model of running agents'
        'mode:change the permission mode of running agents'
        'cleanup:move sessions that are expired, old or over the size limit to the trash'
        'hold:pause new runs and clean-up in this root, or allow them again'
        'view:list named views, or show, save or delete one'
        'trash:list the trash, or preview a session in it'
        'log:print who did what'
        'stats:count sessions, bytes and costs by listing'
        'report:write the hand-over: what was done, failed, waits, ends next, and cost'
        'doctor:explain everything unusual, and how to fix it'
        'check:list what needs attention, for monitoring: exits with 1 for an error'
        'info:print all paths, versions and settings'
        'help:print a guide, or list the guides'
        'fleet:join this host to a fleet, leave it, or print how it stands'
        'hosts:list the fleet'\''s hosts: who reports, who is silent, and how far behind'
        'move:move a session to another host of the fleet'
        'member:keep this host in touch with its fleet, until SIGTERM'
    )
    _arguments -C --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --demo --rich --ssh --version '1:verb:->verb' '*::word:->rest'
    case $state in
        verb) _describe verb verbs ;;
        rest)
            case $words[1] in
                ls) _arguments --help '--ends=:value:_default' '--filter=:value:_default' --json --live '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--sort=:order:(attention ends quiet size cost listing stage title id model owner context created tags note host expires swept)' '--status=:status:(rate-limit retrying stalled quiet waiting starting asking-api running queued orphan unknown attached failed api-error cut-off unsent overwritten unreadable stray ghost untracked leftover expired past-end ready cleaned deleted)' '--view=:name: _session_console_names view' '*:name: _session_console_names listing' ;;
                show) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                tail) _arguments --help --follow --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                grep) _arguments --help --case-sensitive --ignore-case --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--since=:value:_default' '--stage=:name: _session_console_names stage' '*:name: _session_console_names listing' ;;
                export) _arguments --help --json '--operator=:value:_default' '--output=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session trash' ;;
                extend) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session whole' ;;
                delete) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session whole' ;;
                restore) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names trash' ;;
                undo) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' ;;
                purge) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session trash' ;;
                fail) _arguments --help --json '--operator=:value:_default' --read-only '--reason=:value:_default' --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                activate) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                ack) _arguments --help --json --off '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session listing' ;;
                snooze) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                tag) _arguments --help --json '--operator=:value:_default' --read-only '--remove=:value:_default' --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                note) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                rename) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                adopt) _arguments --help --all --json '--listing=:name: _session_console_names listing' '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--stage=:name: _session_console_names stage' '*:name: _session_console_names session' ;;
                reapply) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                new) _arguments --help '--cwd=:value:_default' '--days=:value:_default' --json '--max-budget-usd=:value:_default' '--max-turns=:value:_default' '--mode=:value:_default' '--model=:value:_default' '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--stage=:name: _session_console_names stage' '--tools=:value:_default' --wait '*:name: _session_console_names listing' ;;
                resume) _arguments --help '--also=:name: _session_console_names session' '--at=:value:_default' '--cwd=:value:_default' --fork --json '--max-budget-usd=:value:_default' '--max-turns=:value:_default' '--mode=:value:_default' '--model=:value:_default' '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --take-over '--tools=:value:_default' --wait '--without=:value:_default' --yes '*:name: _session_console_names session whole' ;;
                send) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session whole' ;;
                answer) _arguments --help '--input=:value:_default' --json '--operator=:value:_default' --read-only '--reason=:value:_default' --restricted '--root=:folder:_files -/' '*:name: _session_console_names session' ;;
                interrupt) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session whole' ;;
                stop) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session whole' ;;
                model) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session whole' ;;
                mode) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names session whole' ;;
                cleanup) _arguments --help --dry-run --expired '--free=:value:_default' --json '--max-size=:value:_default' '--older-than=:value:_default' '--operator=:value:_default' --purge-trash --read-only --restricted '--root=:folder:_files -/' --yes '*:name: _session_console_names listing' ;;
                hold) _arguments --help --json '--operator=:value:_default' --read-only '--reason=:value:_default' --restricted '--root=:folder:_files -/' ;;
                view) _arguments --help '--columns=:value:_default' '--filter=:value:_default' --json '--listing=:value:_default' '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --shared '--sort=:order:(attention ends quiet size cost listing stage title id model owner context created tags note host expires swept)' '*:name: _session_console_names view' ;;
                trash) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names trash' ;;
                log) _arguments --help --all --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--since=:value:_default' '*:name: _session_console_names session listing' ;;
                stats) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names listing' ;;
                report) _arguments --help --all '--ends=:value:_default' --json '--operator=:value:_default' '--output=:value:_default' --read-only --restricted '--root=:folder:_files -/' '--since=:value:_default' '*:name: _session_console_names listing' ;;
                doctor) _arguments --help --fix --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names listing' ;;
                check) _arguments --help '--ends=:value:_default' --json --notify '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' ;;
                info) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' ;;
                help) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' '*:name: _session_console_names topic' ;;
                fleet) _arguments --help --json '--operator=:value:_default' --read-only --replace --restricted '--role=:value:_default' '--root=:folder:_files -/' '--session=:value:_default' --yes ;;
                hosts) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' ;;
                move) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' --take-over '*:name: _session_console_names session' ;;
                member) _arguments --help --json '--operator=:value:_default' --read-only --restricted '--root=:folder:_files -/' ;;
            esac ;;
    esac
}

_session-console "$@"
