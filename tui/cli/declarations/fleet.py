"""The verbs for a fleet of hosts."""

from __future__ import annotations

from tui.cli.declarations.arguments import YES, argument, flag, text, word
from tui.cli.declarations.verb import Verb

FLEET = (
    Verb(
        name="fleet",
        module="fleet.fleet",
        summary="join this host to a fleet, leave it, or print how it stands",
        examples=("fleet join", "fleet status", "fleet log", "fleet grant --role host_b"),
        acts=True,
        arguments=(
            argument(
                "deed",
                choices=("join", "status", "log", "leave", "grant"),
                help="join: tell the fleet of this host, as often as you like; status: how it and "
                "the others stand; log: who asked what from which host; leave: erase there what it "
                "has of this host; grant: print the SQL that makes a host's role",
            ),
            text("--session", "ID", "log: of the sessions whose ids begin so"),
            text("--role", "NAME", "grant: the role's name (default: that of this host)"),
            flag("--replace", about="join: in the place of a root of this name, gone for good"),
            YES,
        ),
        acts_when=lambda args: args.deed in ("join", "leave"),
    ),
    Verb(
        name="hosts",
        module="fleet.hosts",
        summary="list the fleet's hosts: who reports, who is silent, and how far behind",
        examples=("hosts",),
        acts=False,
    ),
    Verb(
        name="move",
        module="fleet.move",
        summary="move a session to another host of the fleet",
        examples=("move 9f2c host_b", "move 9f2c host_b --take-over"),
        acts=True,
        arguments=(
            word("id", "ID", completes="session"),
            word("host", "HOST"),
            flag("--take-over", about="from a host that is silent: what it did not ship is left"),
        ),
        target="one",
    ),
    Verb(
        name="member",
        module="fleet.member",
        summary="keep this host in touch with its fleet, until SIGTERM",
        examples=("member",),
        acts=True,
    ),
)
