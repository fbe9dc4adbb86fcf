# For fish: put this file into ~/.config/fish/completions as session-console.fish.
# Written by tui.cli.completion; do not edit.
function __session_console_names
    set -l look session-console
    set -l words (commandline -opc)
    if set -l at (contains -i -- --root $words)
        set look $look --root $words[(math $at + 1)]
    end
    for kind in $argv
        sh -c 'e=; case $1 in stage) v=ls k=stage ;; listing) v=stats k=listing ;; whole) v=stats k=listing e=/ ;; trash) v=trash k=session_id ;; topic) v=help k=topic ;; view) v=view k=name ;; *) v=ls k=session_id ;; esac; shift; t=; command -v timeout >/dev/null && t="timeout 3"; $t "$@" $v --json 2>/dev/null </dev/null | grep -oE "\"$k\": \"[A-Za-z0-9._-]+\"" | cut -d\" -f4 | sort -u | sed "s|$|$e|"' sh $kind $look
    end
end
complete -c session-console -f
complete -c session-console -l help
complete -c session-console -l json
complete -c session-console -l operator -r
complete -c session-console -l read-only
complete -c session-console -l restricted
complete -c session-console -l root -r -F
complete -c session-console -n __fish_use_subcommand -l demo
complete -c session-console -n __fish_use_subcommand -l rich
complete -c session-console -n __fish_use_subcommand -l ssh
complete -c session-console -n __fish_use_subcommand -l version
complete -c session-console -n __fish_use_subcommand -a ls -d 'list sessions, those that end soonest first'
complete -c session-console -n '__fish_seen_subcommand_from ls' -l ends -r
complete -c session-console -n '__fish_seen_subcommand_from ls' -l filter -r
complete -c session-console -n '__fish_seen_subcommand_from ls' -l live
complete -c session-console -n '__fish_seen_subcommand_from ls' -l sort -x -a 'attention ends quiet size cost listing stage title id model owner context created tags note host expires swept'
complete -c session-console -n '__fish_seen_subcommand_from ls' -l status -x -a 'rate-limit retrying stalled quiet waiting starting asking-api running queued orphan unknown attached failed api-error cut-off unsent overwritten unreadable stray ghost untracked leftover expired past-end ready cleaned deleted'
complete -c session-console -n '__fish_seen_subcommand_from ls' -l view -x -a '(__session_console_names view)'
complete -c session-console -n '__fish_seen_subcommand_from ls' -a '(__session_console_names listing)'
complete -c session-console -n __fish_use_subcommand -a show -d 'show everything known about a session'
complete -c session-console -n '__fish_seen_subcommand_from show' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a tail -d 'print the end of a session'\''s stream'
complete -c session-console -n '__fish_seen_subcommand_from tail' -l follow
complete -c session-console -n '__fish_seen_subcommand_from tail' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a grep -d 'search all transcripts; exits with 1 when nothing matches'
complete -c session-console -n '__fish_seen_subcommand_from grep' -l case-sensitive
complete -c session-console -n '__fish_seen_subcommand_from grep' -l ignore-case
complete -c session-console -n '__fish_seen_subcommand_from grep' -l since -r
complete -c session-console -n '__fish_seen_subcommand_from grep' -l stage -x -a '(__session_console_names stage)'
complete -c session-console -n '__fish_seen_subcommand_from grep' -a '(__session_console_names listing)'
complete -c session-console -n __fish_use_subcommand -a export -d 'write a session as Markdown, even from the trash'
complete -c session-console -n '__fish_seen_subcommand_from export' -l output -r
complete -c session-console -n '__fish_seen_subcommand_from export' -a '(__session_console_names session trash)'
complete -c session-console -n __fish_use_subcommand -a extend -d 'extend the expiry of sessions'
complete -c session-console -n '__fish_seen_subcommand_from extend' -l yes
complete -c session-console -n '__fish_seen_subcommand_from extend' -a '(__session_console_names session whole)'
complete -c session-console -n __fish_use_subcommand -a delete -d 'move sessions to the trash'
complete -c session-console -n '__fish_seen_subcommand_from delete' -l yes
complete -c session-console -n '__fish_seen_subcommand_from delete' -a '(__session_console_names session whole)'
complete -c session-console -n __fish_use_subcommand -a restore -d 'restore a session from the trash'
complete -c session-console -n '__fish_seen_subcommand_from restore' -a '(__session_console_names trash)'
complete -c session-console -n __fish_use_subcommand -a undo -d 'undo your last delete, clean-up or extension'
complete -c session-console -n __fish_use_subcommand -a purge -d 'erase a session permanently, from the trash too'
complete -c session-console -n '__fish_seen_subcommand_from purge' -l yes
complete -c session-console -n '__fish_seen_subcommand_from purge' -a '(__session_console_names session trash)'
complete -c session-console -n __fish_use_subcommand -a fail -d 'mark a session as failed'
complete -c session-console -n '__fish_seen_subcommand_from fail' -l reason -r
complete -c session-console -n '__fish_seen_subcommand_from fail' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a activate -d 'make a failed or expired session active again'
complete -c session-console -n '__fish_seen_subcommand_from activate' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a ack -d 'acknowledge what needs attention, until something new happens'
complete -c session-console -n '__fish_seen_subcommand_from ack' -l off
complete -c session-console -n '__fish_seen_subcommand_from ack' -a '(__session_console_names session listing)'
complete -c session-console -n __fish_use_subcommand -a snooze -d 'take a session out of attention for a time, or until something new happens'
complete -c session-console -n '__fish_seen_subcommand_from snooze' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a tag -d 'add tags to a session, or remove them'
complete -c session-console -n '__fish_seen_subcommand_from tag' -l remove -r
complete -c session-console -n '__fish_seen_subcommand_from tag' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a note -d 'write the note of a session; an empty one clears it'
complete -c session-console -n '__fish_seen_subcommand_from note' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a rename -d 'set the title of a session'
complete -c session-console -n '__fish_seen_subcommand_from rename' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a adopt -d 'move stray sessions into their listing, and track untracked ones'
complete -c session-console -n '__fish_seen_subcommand_from adopt' -l all
complete -c session-console -n '__fish_seen_subcommand_from adopt' -l listing -x -a '(__session_console_names listing)'
complete -c session-console -n '__fish_seen_subcommand_from adopt' -l stage -x -a '(__session_console_names stage)'
complete -c session-console -n '__fish_seen_subcommand_from adopt' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a reapply -d 'write back what the pipeline overwrote'
complete -c session-console -n '__fish_seen_subcommand_from reapply' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a new -d 'start a new session'
complete -c session-console -n '__fish_seen_subcommand_from new' -l cwd -r
complete -c session-console -n '__fish_seen_subcommand_from new' -l days -r
complete -c session-console -n '__fish_seen_subcommand_from new' -l max-budget-usd -r
complete -c session-console -n '__fish_seen_subcommand_from new' -l max-turns -r
complete -c session-console -n '__fish_seen_subcommand_from new' -l mode -r
complete -c session-console -n '__fish_seen_subcommand_from new' -l model -r
complete -c session-console -n '__fish_seen_subcommand_from new' -l stage -x -a '(__session_console_names stage)'
complete -c session-console -n '__fish_seen_subcommand_from new' -l tools -r
complete -c session-console -n '__fish_seen_subcommand_from new' -l wait
complete -c session-console -n '__fish_seen_subcommand_from new' -a '(__session_console_names listing)'
complete -c session-console -n __fish_use_subcommand -a resume -d 'resume a session in a new run'
complete -c session-console -n '__fish_seen_subcommand_from resume' -l also -x -a '(__session_console_names session)'
complete -c session-console -n '__fish_seen_subcommand_from resume' -l at -r
complete -c session-console -n '__fish_seen_subcommand_from resume' -l cwd -r
complete -c session-console -n '__fish_seen_subcommand_from resume' -l fork
complete -c session-console -n '__fish_seen_subcommand_from resume' -l max-budget-usd -r
complete -c session-console -n '__fish_seen_subcommand_from resume' -l max-turns -r
complete -c session-console -n '__fish_seen_subcommand_from resume' -l mode -r
complete -c session-console -n '__fish_seen_subcommand_from resume' -l model -r
complete -c session-console -n '__fish_seen_subcommand_from resume' -l take-over
complete -c session-console -n '__fish_seen_subcommand_from resume' -l tools -r
complete -c session-console -n '__fish_seen_subcommand_from resume' -l wait
complete -c session-console -n '__fish_seen_subcommand_from resume' -l without -r
complete -c session-console -n '__fish_seen_subcommand_from resume' -l yes
complete -c session-console -n '__fish_seen_subcommand_from resume' -a '(__session_console_names session whole)'
complete -c session-console -n __fish_use_subcommand -a send -d 'queue a follow-up prompt for running sessions'
complete -c session-console -n '__fish_seen_subcommand_from send' -l yes
complete -c session-console -n '__fish_seen_subcommand_from send' -a '(__session_console_names session whole)'
complete -c session-console -n __fish_use_subcommand -a answer -d 'answer a permission request or a question'
complete -c session-console -n '__fish_seen_subcommand_from answer' -l input -r
complete -c session-console -n '__fish_seen_subcommand_from answer' -l reason -r
complete -c session-console -n '__fish_seen_subcommand_from answer' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a interrupt -d 'interrupt the current turn of sessions'
complete -c session-console -n '__fish_seen_subcommand_from interrupt' -l yes
complete -c session-console -n '__fish_seen_subcommand_from interrupt' -a '(__session_console_names session whole)'
complete -c session-console -n __fish_use_subcommand -a stop -d 'stop the run of sessions, or an orphaned CLI'
complete -c session-console -n '__fish_seen_subcommand_from stop' -l yes
complete -c session-console -n '__fish_seen_subcommand_from stop' -a '(__session_console_names session whole)'
complete -c session-console -n __fish_use_subcommand -a model -d 'change the model of running agents'
complete -c session-console -n '__fish_seen_subcommand_from model' -l yes
complete -c session-console -n '__fish_seen_subcommand_from model' -a '(__session_console_names session whole)'
complete -c session-console -n __fish_use_subcommand -a mode -d 'change the permission mode of running agents'
complete -c session-console -n '__fish_seen_subcommand_from mode' -l yes
complete -c session-console -n '__fish_seen_subcommand_from mode' -a '(__session_console_names session whole)'
complete -c session-console -n __fish_use_subcommand -a cleanup -d 'move sessions that are expired, old or over the size limit to the trash'
complete -c session-console -n '__fish_seen_subcommand_from cleanup' -l dry-run
complete -c session-console -n '__fish_seen_subcommand_from cleanup' -l expired
complete -c session-console -n '__fish_seen_subcommand_from cleanup' -l free -r
complete -c session-console -n '__fish_seen_subcommand_from cleanup' -l max-size -r
complete -c session-console -n '__fish_seen_subcommand_from cleanup' -l older-than -r
complete -c session-console -n '__fish_seen_subcommand_from cleanup' -l purge-trash
complete -c session-console -n '__fish_seen_subcommand_from cleanup' -l yes
complete -c session-console -n '__fish_seen_subcommand_from cleanup' -a '(__session_console_names listing)'
complete -c session-console -n __fish_use_subcommand -a hold -d 'pause new runs and clean-up in this root, or allow them again'
complete -c session-console -n '__fish_seen_subcommand_from hold' -l reason -r
complete -c session-console -n __fish_use_subcommand -a view -d 'list named views, or show, save or delete one'
complete -c session-console -n '__fish_seen_subcommand_from view' -l columns -r
complete -c session-console -n '__fish_seen_subcommand_from view' -l filter -r
complete -c session-console -n '__fish_seen_subcommand_from view' -l listing -r
complete -c session-console -n '__fish_seen_subcommand_from view' -l shared
complete -c session-console -n '__fish_seen_subcommand_from view' -l sort -x -a 'attention ends quiet size cost listing stage title id model owner context created tags note host expires swept'
complete -c session-console -n '__fish_seen_subcommand_from view' -a '(__session_console_names view)'
complete -c session-console -n __fish_use_subcommand -a trash -d 'list the trash, or preview a session in it'
complete -c session-console -n '__fish_seen_subcommand_from trash' -a '(__session_console_names trash)'
complete -c session-console -n __fish_use_subcommand -a log -d 'print who did what'
complete -c session-console -n '__fish_seen_subcommand_from log' -l all
complete -c session-console -n '__fish_seen_subcommand_from log' -l since -r
complete -c session-console -n '__fish_seen_subcommand_from log' -a '(__session_console_names session listing)'
complete -c session-console -n __fish_use_subcommand -a stats -d 'count sessions, bytes and costs by listing'
complete -c session-console -n '__fish_seen_subcommand_from stats' -a '(__session_console_names listing)'
complete -c session-console -n __fish_use_subcommand -a report -d 'write the hand-over: what was done, failed, waits, ends next, and cost'
complete -c session-console -n '__fish_seen_subcommand_from report' -l all
complete -c session-console -n '__fish_seen_subcommand_from report' -l ends -r
complete -c session-console -n '__fish_seen_subcommand_from report' -l output -r
complete -c session-console -n '__fish_seen_subcommand_from report' -l since -r
complete -c session-console -n '__fish_seen_subcommand_from report' -a '(__session_console_names listing)'
complete -c session-console -n __fish_use_subcommand -a doctor -d 'explain everything unusual, and how to fix it'
complete -c session-console -n '__fish_seen_subcommand_from doctor' -l fix
complete -c session-console -n '__fish_seen_subcommand_from doctor' -a '(__session_console_names listing)'
complete -c session-console -n __fish_use_subcommand -a check -d 'list what needs attention, for monitoring: exits with 1 for an error'
complete -c session-console -n '__fish_seen_subcommand_from check' -l ends -r
complete -c session-console -n '__fish_seen_subcommand_from check' -l notify
complete -c session-console -n __fish_use_subcommand -a info -d 'print all paths, versions and settings'
complete -c session-console -n __fish_use_subcommand -a help -d 'print a guide, or list the guides'
complete -c session-console -n '__fish_seen_subcommand_from help' -a '(__session_console_names topic)'
complete -c session-console -n __fish_use_subcommand -a fleet -d 'join this host to a fleet, leave it, or print how it stands'
complete -c session-console -n '__fish_seen_subcommand_from fleet' -l replace
complete -c session-console -n '__fish_seen_subcommand_from fleet' -l role -r
complete -c session-console -n '__fish_seen_subcommand_from fleet' -l session -r
complete -c session-console -n '__fish_seen_subcommand_from fleet' -l yes
complete -c session-console -n __fish_use_subcommand -a hosts -d 'list the fleet'\''s hosts: who reports, who is silent, and how far behind'
complete -c session-console -n __fish_use_subcommand -a move -d 'move a session to another host of the fleet'
complete -c session-console -n '__fish_seen_subcommand_from move' -l take-over
complete -c session-console -n '__fish_seen_subcommand_from move' -a '(__session_console_names session)'
complete -c session-console -n __fish_use_subcommand -a member -d 'keep this host in touch with its fleet, until SIGTERM'
