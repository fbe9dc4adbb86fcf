"""The verb that explains what is unusual and fixes what is safe: doctor."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby

from tui.cli.json_fields import finding_json
from tui.cli.lookup import look
from tui.cli.output import put, put_json, say
from tui.core.errors import Reason, Refused
from tui.core.models.catalog import Catalog
from tui.core.models.line_target import LineTarget
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context
from tui.operations.doctor.doctor import examine, fix, verdict
from tui.operations.finding import LEVEL_WORDS, Finding

_ALIKE = 3


def doctor(context: Context, args: argparse.Namespace) -> int:
    """Explain everything unusual and how to fix it; 1 when there is a fault."""
    findings, catalog = _examined(context, args.listing or "")
    if args.fix:
        for words in fix(context, catalog, findings):
            say(words) if args.json else put(words)
        findings, _ = _examined(context, args.listing or "")
    if args.json:
        put_json([finding_json(one) for one in findings])
    else:
        for line, target in report(findings):
            put(line, target)
        say(str(verdict(findings)))
    return int(any(one.level == "error" for one in findings))


def _examined(context: Context, listing: str) -> tuple[tuple[Finding, ...], Catalog]:
    catalog = look(context, listing)
    findings = examine(context, catalog)
    if listing:
        found = find_listing(catalog, listing)
        if not catalog.is_here(found):
            words = f"{found.listing_id} is on other hosts alone: ask the doctor there"
            raise Refused(words, Reason.ELSEWHERE)
        name = found.listing_id
        findings = tuple(one for one in findings if one.listing == name)
    return findings, catalog


def _target(finding: Finding) -> LineTarget | None:
    """Return where a finding leads: its command, else its session or listing."""
    if not (finding.command or finding.listing):
        return None
    return LineTarget(
        listing=finding.listing, session_id=finding.session_id, command=finding.command
    )


Lines = Iterator[tuple[str, LineTarget | None]]


def report(findings: Sequence[Finding]) -> Lines:
    """Yield the report's lines by listing, the listing with the most serious finding first.

    Each comes with where it leads; the lines of one finding share that.
    """
    for listing in dict.fromkeys(one.listing for one in findings):
        yield f"{listing or 'the root and this machine'}:", None
        here = [one for one in findings if one.listing == listing]
        for _, alike in groupby(here, key=lambda one: (one.level, one.code)):
            yield from _lines_of_group(list(alike))


def _lines_of_group(alike: Sequence[Finding]) -> Lines:
    for one in alike[:_ALIKE]:
        named = f"{one.session_id[:8]}: " if one.session_id else ""
        target = _target(one)
        yield f"  {LEVEL_WORDS[one.level]:<8} {named}{one.words}", target
        yield f"           -> {one.remedy}", target
    if len(alike) > _ALIKE:
        yield (
            f"  {LEVEL_WORDS[alike[0].level]:<8} ... and {len(alike) - _ALIKE} more of the same",
            None,
        )
