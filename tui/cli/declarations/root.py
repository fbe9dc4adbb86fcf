"""The verbs for a whole root, and for this program."""

from __future__ import annotations

from tui.cli.declarations.arguments import LISTING, OUTPUT, YES, argument, count, flag, text, word
from tui.cli.declarations.verb import Verb

ROOT = (
    Verb(
        name="cleanup",
        module="root.cleanup",
        summary="move sessions that are expired, old or over the size limit to the trash",
        examples=(
            "cleanup --expired --older-than 30d --dry-run",
            "cleanup --older-than 1d --purge-trash --yes",
            "cleanup --free 200M --dry-run",
        ),
        acts=True,
        needs_all=True,
        arguments=(
            LISTING,
            flag("--expired", about="expired sessions and leftover transcripts (default)"),
            word("--older-than", "30d", "sessions inactive for this long"),
            word("--max-size", "5G", "the least recently active first, and old trash"),
            flag("--purge-trash", about="also erase trash that is older than `trash_days`"),
            word(
                "--free", "200M", "erase that much for good: the oldest trash first, then expired"
            ),
            flag("--dry-run", about="only list what would be done"),
            YES,
        ),
        acts_when=lambda args: not args.dry_run,
    ),
    Verb(
        name="hold",
        module="root.hold",
        summary="pause new runs and clean-up in this root, or allow them again",
        examples=("hold on", "hold"),
        acts=True,
        arguments=(
            argument("switch", nargs="?", choices=("on", "off"), help="neither: print the state"),
            text("--reason", "T", "why, for your colleagues"),
        ),
        acts_when=lambda args: args.switch is not None,
    ),
    Verb(
        name="view",
        module="root.view",
        summary="list named views, or show, save or delete one",
        examples=(
            "view save big --filter 'size>10M' --sort size",
            "view save big --filter 'size>10M' --shared",
            "view",
        ),
        acts=False,
        arguments=(
            argument(
                "view",
                nargs="?",
                default="",
                metavar="save|delete|NAME",
                completes="view",
                help="what to do; a name: print that one",
            ),
            argument("name", nargs="?", default="", metavar="NAME", completes="view"),
            text("--listing", "L", "save: only this listing"),
            text("--filter", "WORDS", "save: the filter"),
            word("--sort", "COLUMN", "save: by this column; `cost:asc` turns it", "order"),
            text("--columns", "A,B", "save: with these columns"),
            flag("--shared", about="for all operators of this root"),
        ),
        acts_when=lambda args: args.shared,
    ),
    Verb(
        name="trash",
        module="sessions.trash",
        summary="list the trash, or preview a session in it",
        examples=("trash 9f2c", "trash"),
        acts=False,
        needs_all=True,
        arguments=(argument("id", nargs="?", metavar="ID", completes="trash"),),
    ),
    Verb(
        name="log",
        module="root.log",
        summary="print who did what",
        examples=("log hollis_park -n 20", "log"),
        acts=False,
        arguments=(
            argument(
                "id",
                nargs="?",
                metavar="ID",
                help="a session or a listing",
                completes="session listing",
            ),
            argument("-n", type=count, default=50, metavar="50", help="how many actions"),
            word("--since", "22:00", "22:00, yesterday, 2026-11-20, '2026-11-20 22:00' or 8h"),
            flag("--all", about="every session of an action on many"),
        ),
    ),
    Verb(
        name="stats",
        module="root.stats",
        summary="count sessions, bytes and costs by listing",
        examples=("stats --json",),
        acts=False,
        needs_all=True,
        arguments=(LISTING,),
    ),
    Verb(
        name="report",
        module="root.report",
        summary="write the hand-over: what was done, failed, waits, ends next, and cost",
        examples=("report --since 22:00 -o pumps.md", "report hollis_park --since 8h"),
        acts=False,
        needs_all=True,
        arguments=(
            LISTING,
            argument(
                "--since",
                default="12h",
                metavar="22:00",
                help="22:00, yesterday, 2026-11-20, '2026-11-20 22:00' or 8h (default: 12h)",
            ),
            argument(
                "--ends", default="24h", metavar="24h", help="report what ends within this time"
            ),
            flag("--all", about="list everything; without it, equal things are one line"),
            OUTPUT,
        ),
    ),
    Verb(
        name="doctor",
        module="root.doctor",
        summary="explain everything unusual, and how to fix it",
        examples=("doctor --fix", "doctor"),
        acts=False,
        needs_all=True,
        arguments=(LISTING, flag("--fix", about="apply the safe fixes and report them")),
        acts_when=lambda args: bool(args.fix),
    ),
    Verb(
        name="check",
        module="root.check",
        summary="list what needs attention, for monitoring: exits with 1 for an error",
        examples=("check --ends 1h", "check --notify"),
        acts=False,
        arguments=(
            argument(
                "--ends", default="1h", metavar="1h", help="report what ends within this time"
            ),
            flag("--notify", about="run `notify_command` once for each new alert"),
        ),
        acts_when=lambda args: bool(args.notify),
    ),
    Verb(
        name="info",
        module="root.info",
        summary="print all paths, versions and settings",
        examples=("info --json",),
        acts=False,
        needs_all=True,
    ),
    Verb(
        name="help",
        module="root.help",
        summary="print a guide, or list the guides",
        examples=("help security", "help"),
        acts=False,
        needs_root=False,
        arguments=(argument("topic", nargs="?", default="", metavar="TOPIC", completes="topic"),),
    ),
)
