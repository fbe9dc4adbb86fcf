"""The verb that keeps a host in touch with its fleet: member."""

from __future__ import annotations

import argparse

from tui.cli.output import say
from tui.fleet.member.member import Member
from tui.operations.context import Context


def member(context: Context, args: argparse.Namespace) -> int:
    """Keep the fleet informed, and do what it asks of this host, until SIGTERM."""
    Member(context, say).run()
    return 0
