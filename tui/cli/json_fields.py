"""What `--json` prints of each kind of value; scripts rely on the names (`help json`).

Times are ISO 8601 with offset. A value that is not known is `null`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tui.cli.output import Verbatim
from tui.core.act_summary import source_of
from tui.core.models.row import Row, Status
from tui.core.models.session import Session, State
from tui.core.sessions.attention import snoozed_until
from tui.core.sessions.session_state import state_word
from tui.core.text.bounded_json import json_object
from tui.core.text.safe_text import safe_text
from tui.core.values import asdict

if TYPE_CHECKING:  # a verb imports only what it prints
    from tui.core.models.audit import AuditEvent
    from tui.core.models.entry import Entry
    from tui.core.models.permission_request import PermissionRequest
    from tui.core.models.run import Run, SentCommand
    from tui.operations.context import ActionResult
    from tui.operations.finding import Finding
    from tui.operations.monitor.alerts import Alert
    from tui.operations.monitor.history import ListingStats
    from tui.operations.search.grep import GrepHit
    from tui.operations.trash.cleanup import BulkResult, CleanupPlan
    from tui.operations.trash.trash_list import TrashedSession
    from tui.storage.trash.manifest import Manifest


def iso(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601 with its offset."""
    return moment.isoformat() if moment else None


def session_json(session: Session, now: datetime, quiet_after: timedelta) -> dict[str, Any]:
    """Return a session; one that is busy is quiet once it wrote nothing for `quiet_after`.

    Of one that lives on another host that is named, and not where its copy lies here.
    """
    left = (session.expires_at - now).total_seconds() if session.expires_at else None
    has_row, file = session.row is not None, session.transcript
    unread = session.row_problem or (
        session.transcript_problem if session.transcript is None else ""
    )
    return {
        "session_id": session.session_id,
        "listing": session.listing,
        "stage": session.stage if has_row else None,
        "status": session.status if has_row else None,
        "liveness": str(session.liveness),
        "state_word": str(state_word(session, now, quiet_after)),
        "waiting_for": session.waiting_for or None,
        "cut_off_at": iso(session.cut_off_at),
        "unsent": len(session.unsent),
        "created_at": iso(session.created_at),
        "expires_at": iso(session.expires_at),
        "expires_in_s": None if left is None else round(left),
        "sweep_at": iso(session.sweep_at),
        "ends_at": iso(session.ends_at),
        "title": session.title or None,
        "model": session.model or None,
        "cost_usd": session.cost_usd,
        "transcript": safe_text(file.place) if file is not None and not session.host else None,
        "bytes": session.bytes,
        "last_activity_at": iso(session.last_activity_at),
        "state": None if unread else str(session.state),
        "unread": unread or None,
        "tags": list(session.tags),
        "note": session.note or None,
        "snoozed_until": iso(snoozed_until(session, now, quiet_after)),
        **({"host": session.host} if session.host else {}),
    }


def annotation_json(session: Session) -> dict[str, Any]:
    """Return who set each tag, who wrote the note, and who acknowledged or snoozed it."""
    annotation, ack = session.annotation, session.ack
    signed = {one.name: {"by": one.by, "at": iso(one.at)} for one in annotation.tags}
    unsigned = {"by": None, "at": None}  # the CLI's own
    noted = annotation.note
    return {
        "tagged": [{"tag": name, **signed.get(name, unsigned)} for name in session.tags],
        "noted": {"by": noted.by, "at": iso(noted.at)} if noted else None,
        "acknowledged": {"by": ack.by, "at": iso(ack.at), "until": iso(ack.until)} if ack else None,
    }


def result_json(result: ActionResult) -> dict[str, Any]:
    """Return what one action did, and to which session."""
    return session_id_json(result) | {"words": result.words}


def session_id_json(value: Session | ActionResult) -> dict[str, Any]:
    """Return which session a value is about."""
    return {"session_id": value.session_id, "listing": value.listing}


def run_json(run: Run) -> dict[str, Any]:
    """Return a run: who started it, its state, and what it waits for."""
    request = run.request
    return {
        "run_id": run.run_id,
        "state": run.state,
        "operator": run.operator,
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at),
        "error": run.error or None,
        "cost_usd": run.cost_usd,
        "request": request_json(request) if request else None,
        "model": run.model or None,
        "permission_mode": run.permission_mode or None,
        "queued_for": run.queued_for or None,
        "stalled_since": iso(run.stalled_since),
        "sent": [_sent_json(one) for one in run.sent],
        "asked": _sent_json(run.asked) if run.asked else None,
        "progress": _progress_json(run),
    }


def _progress_json(run: Run) -> dict[str, Any] | None:
    """Return how far a run is with its prompt; nothing once it is over."""
    progress = run.progress
    if run.is_over:
        return None
    return {
        "phase": str(progress.phase),
        "since": iso(progress.since),
        "until": iso(progress.until),
        "status": progress.status or None,
        "attempt": progress.attempt or None,
        "most": progress.most or None,
    }


def _sent_json(sent: SentCommand) -> dict[str, Any]:
    return {
        "kind": sent.kind,
        "by": sent.by,
        "at": iso(sent.at),
        "text": sent.text or None,
        "is_taken": sent.is_taken,
    }


def request_json(request: PermissionRequest) -> dict[str, Any]:
    """Return a permission request, with its input unchanged."""
    asker = request.asker
    return {
        "request_id": request.request_id,
        "tool": request.tool,
        "input": Verbatim(dict(request.input)),
        "call": Verbatim(dict(request.call)) if request.call is not None else None,
        "sha256": request.digest or None,
        "at": iso(request.at),
        "denied_at": iso(request.until),
        "problem": request.problem or None,
        "begins": Verbatim(request.begins) if request.begins else None,
        "missing": request.missing,
        "waiting": request.waiting,
        "agent_id": asker.agent_id or None,
        "agent": asker.agent or None,
        "title": asker.title or None,
        "description": asker.description or None,
        "reason": asker.reason or None,
        "blocked_path": asker.blocked_path or None,
        "suggestions": [dict(one) for one in asker.suggestions],
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return an entry of the stream; empty fields are left out."""
    facts = {
        "kind": str(entry.kind),
        "at": iso(entry.at),
        "text": entry.text,
        "tool": entry.tool,
        "detail": entry.detail,
        "uuid": entry.uuid,
        "message_id": entry.message_id,
        "tool_id": entry.tool_id,
        "is_error": entry.is_error,
        "is_sidechain": entry.is_sidechain,
        "agent": entry.agent,
        "task": entry.task,
    }
    return {name: value for name, value in facts.items() if value or name in ("kind", "text")}


def hit_json(hit: GrepHit, session: Session, number: int) -> dict[str, Any]:
    """Return a match of `grep`, the one of that number in its session."""
    return {
        "listing": hit.listing,
        "session_id": hit.session_id,
        "at": iso(hit.at),
        "kind": str(hit.kind),
        "match": hit.match,
        "text": hit.text,
        "is_sidechain": hit.is_sidechain,
        "title": session.title or None,
        "stage": session.stage if session.row is not None else None,
        "number": number,
        "place": hit.place if hit.place >= 0 else None,
        "match_at": len(hit.before),
    }


def event_json(event: AuditEvent) -> dict[str, Any]:
    """Return an event of the audit, with the row before and after it."""
    return {
        "at": iso(event.at),
        "operator": event.operator,
        "source": str(source_of(event)),
        "action": event.action,
        "listing": event.listing or None,
        "session_id": event.session_id or None,
        "before": _row_json(event.before),
        "after": _row_json(event.after),
        "note": event.note or None,
        "act_id": event.act_id or None,
        "request_id": event.request_id or None,
        "cost_usd": event.cost_usd,
        "detail": dict(json_object(event.detail)) or None,
    }


def _row_json(row: Row | None) -> dict[str, Any] | None:
    return asdict(row) if row else None


def stats_json(stats: ListingStats) -> dict[str, Any]:
    """Return the counts of a listing, or of all of them (`listing` is `null`)."""
    ends = stats.next_end
    return {
        "listing": stats.listing or None,
        "sessions": stats.sessions,
        "failed": stats.failed,
        "gone": stats.gone,
        "statuses": {one.value: stats.statuses.get(one.value, 0) for one in Status}
        | dict(stats.statuses),
        "states": {one.value: stats.states.get(one.value, 0) for one in State},
        **asdict(stats.work),
        "bytes": stats.bytes,
        "cost_usd": stats.cost_usd,
        "pending": stats.pending,
        "pending_bytes": stats.pending_bytes,
        "trash": stats.trash,
        "trash_bytes": stats.trash_bytes,
        "next_end": {"session_id": ends.session_id, "ends_at": iso(ends.ends_at)} if ends else None,
        "problem": stats.problem or None,
        "is_whole": stats.is_whole and not stats.uncosted,
        "uncosted": stats.uncosted,
    }


def alert_json(alert: Alert) -> dict[str, Any]:
    """Return something that needs attention."""
    return {
        "level": alert.level,
        "what": alert.what,
        "listing": alert.listing,
        "session_id": alert.session_id or None,
        "words": alert.words,
        **({"host": alert.host} if alert.host else {}),
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return something that the doctor found."""
    facts = asdict(finding)
    del facts["command"]
    return facts


def trashed_json(one: TrashedSession) -> dict[str, Any]:
    """Return a session in the trash."""
    trashed = one.trashed
    return {
        "trash_id": trashed.trash_id,
        "session_id": trashed.session_id,
        "listing": trashed.listing,
        "at": iso(trashed.at),
        "operator": trashed.operator,
        "action": trashed.action,
        "title": trashed.title or None,
        "bytes": one.size.bytes,
        "files": one.size.files,
        "purge_at": iso(one.purge_at),
    }


def plan_json(plan: CleanupPlan) -> dict[str, Any]:
    """Return what a clean-up would do."""
    return {
        "sessions": [_planned_json(*one) for one in plan.taken],
        "bytes": plan.bytes,
        "skipped": [_planned_json(*one) for one in plan.skipped],
        "purges": [
            _trash_id_json(one) | {"bytes": size}
            for one, size in zip(plan.purges, plan.purge_sizes, strict=True)
        ],
        "purge_bytes": plan.purge_bytes,
        "asked_bytes": plan.asked,
        "freed_bytes": plan.freed_bytes,
        "emptied_at": iso(plan.emptied_at) if plan.taken else None,
        "unfinished": [_trash_id_json(one) for one in plan.unfinished],
        "unread": list(plan.unreadable),
        "words": plan.words,
    }


def _planned_json(session: Session, why: str) -> dict[str, Any]:
    return session_id_json(session) | {"bytes": session.bytes, "why": why}


def _trash_id_json(one: Manifest) -> dict[str, Any]:
    return {"trash_id": one.trash_id, "session_id": one.session_id}


def cleanup_json(plan: CleanupPlan, done: BulkResult) -> dict[str, Any]:
    """Return what a clean-up did, and which sessions it left in place."""
    left = [(one.listing, one.session_id, why) for one, why in plan.skipped]
    left += [(*key, str(error)) for key, error in done.refused]
    return {
        "sessions": [session_id_json(act) | {"trash_id": act.trash_id} for act in done.acts],
        "put_back": [session_id_json(act) for act in done.mended],
        "moved_bytes": done.moved,
        "freed_bytes": done.freed,
        "emptied_at": iso(plan.emptied_at) if done.moved else None,
        "left": [
            {"session_id": session_id, "listing": listing, "why": why}
            for listing, session_id, why in left
        ],
        "unread": list(plan.unreadable),
        "words": plan.words if plan.is_empty else done.words,
    }
