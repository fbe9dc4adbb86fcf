"""The verbs for sessions: finding, reading, changing and removing them."""

from __future__ import annotations

from pathlib import Path

from tui.cli.declarations.arguments import ID, IDS, LISTING, YES, argument, count, flag, text, word
from tui.cli.declarations.verb import Verb
from tui.core.console import disabled_reason

SESSIONS = (
    Verb(
        name="ls",
        module="sessions.ls_show",
        summary="list sessions, those that end soonest first",
        examples=("ls hollis_park --ends 24h", "ls --filter 'cost>5 or failed'", "ls --json"),
        acts=False,
        arguments=(
            LISTING,
            word("--status", "S", "only with this state or status", "status"),
            flag("--live", about="only sessions that are running now"),
            word("--ends", "24h", "only sessions that end within this time"),
            text("--filter", "WORDS", "the console's filter, such as 'stage:3 cost>5 or failed'"),
        ),
    ),
    Verb(
        name="show",
        module="sessions.ls_show",
        summary="show everything known about a session",
        examples=("show 9f2c",),
        acts=False,
        arguments=(ID,),
        target="marked",
    ),
    Verb(
        name="tail",
        module="sessions.tail",
        summary="print the end of a session's stream",
        examples=("tail -f 9f2c", "tail 9f2c -n 20"),
        acts=False,
        arguments=(
            ID,
            flag("-f", "--follow", about="keep printing until Ctrl-C"),
            argument("-n", type=int, default=50, metavar="50", help="how many entries to print"),
        ),
        target="marked",
    ),
    Verb(
        name="grep",
        module="sessions.grep",
        summary="search all transcripts; exits with 1 when nothing matches",
        examples=(
            "grep -e Halvorsen -e Dunwell --stage 3 --since 22:00",
            'grep "industrial pumps" hollis_park',
        ),
        acts=False,
        arguments=(
            argument(
                "pattern",
                nargs="?",
                metavar="PATTERN",
                help="a regular expression; case is ignored",
            ),
            LISTING,
            argument(
                "-e",
                action="append",
                default=[],
                metavar="PATTERN",
                help="find this too: any of several; without another PATTERN",
            ),
            flag("-i", "--ignore-case", about="ignore case, which is so without it too"),
            flag("-s", "--case-sensitive", about="tell upper from lower case"),
            word("--stage", "S", "only sessions of this stage, such as 3", "stage"),
            word("--since", "8h", "only what was said since: 8h, 22:00 or 2026-12-24"),
            argument("-n", type=count, default=0, metavar="N", help="stop after N lines"),
        ),
    ),
    Verb(
        name="export",
        module="sessions.export",
        summary="write a session as Markdown, even from the trash",
        examples=("export 9f2c -o pumps.md", "export 9f2c"),
        acts=False,
        arguments=(
            ID._replace(completes=("session", "trash")),
            argument(
                "-o",
                "--output",
                type=Path,
                metavar="FILE",
                help="write to this new file, not stdout",
            ),
        ),
        target="marked",
    ),
    Verb(
        name="extend",
        module="sessions.session_edits",
        summary="extend the expiry of sessions",
        examples=("extend 9f2c 7d",),
        acts=True,
        arguments=(
            IDS,
            argument(
                "until", metavar="7d", help="7, 12h, +7d (on top) or 2026-12-24", is_signed=True
            ),
        ),
        target="marked",
        why_not=disabled_reason.not_extendable,
    ),
    Verb(
        name="delete",
        module="sessions.trash",
        summary="move sessions to the trash",
        examples=("delete 9f2c --yes",),
        acts=True,
        arguments=(IDS, YES),
        target="marked",
        why_not=disabled_reason.not_deletable,
    ),
    Verb(
        name="restore",
        module="sessions.trash",
        summary="restore a session from the trash",
        examples=("restore 9f2c",),
        acts=True,
        arguments=(ID._replace(completes=("trash",)),),
        target="marked",
    ),
    Verb(
        name="undo",
        module="sessions.undo",
        summary="undo your last delete, clean-up or extension",
        examples=("undo",),
        acts=True,
    ),
    Verb(
        name="purge",
        module="sessions.trash",
        summary="erase a session permanently, from the trash too",
        examples=("purge 9f2c --yes",),
        acts=True,
        arguments=(ID._replace(completes=("session", "trash")), YES),
        target="marked",
    ),
    Verb(
        name="fail",
        module="sessions.session_edits",
        summary="mark a session as failed",
        examples=('fail 9f2c --reason "wrong client"',),
        acts=True,
        arguments=(ID, text("--reason", "T", "why, for your colleagues")),
        target="marked",
    ),
    Verb(
        name="activate",
        module="sessions.session_edits",
        summary="make a failed or expired session active again",
        examples=("activate 9f2c",),
        acts=True,
        arguments=(ID,),
        target="marked",
    ),
    Verb(
        name="ack",
        module="sessions.session_edits",
        summary="acknowledge what needs attention, until something new happens",
        examples=("ack 9f2c",),
        acts=True,
        arguments=(
            word("id", "ID", "a session, or a listing whose folder is gone", "session listing"),
        ),
        target="marked",
    ),
    Verb(
        name="rename",
        module="sessions.session_edits",
        summary="set the title of a session",
        examples=('rename 9f2c "Pumps, DACH"',),
        acts=True,
        arguments=(ID, word("title", "TITLE")),
        target="one",
    ),
    Verb(
        name="adopt",
        module="sessions.session_edits",
        summary="move stray sessions into their listing, and track untracked ones",
        examples=("adopt --all",),
        acts=True,
        arguments=(
            argument("ids", nargs="*", metavar="ID", completes="session"),
            flag("--all", about="every stray session of the root"),
            word("--listing", "L", "move it to this listing", "listing"),
            word("--stage", "S", "its stage, if untracked", "stage"),
        ),
        target="marked",
    ),
    Verb(
        name="reapply",
        module="sessions.session_edits",
        summary="write back what the pipeline overwrote",
        examples=("reapply 9f2c",),
        acts=True,
        arguments=(ID,),
        target="marked",
    ),
)
