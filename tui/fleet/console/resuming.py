"""Resumes a session where it lives, through the fleet's queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from tui.core.errors import Reason, Refused, RunFailed
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.fleet.bus import RunRequest, encode_run
from tui.fleet.console.posting import PATIENCE_S, OutcomeUnknown
from tui.fleet.console.trouble import trouble
from tui.fleet.store import runs
from tui.fleet.store.connection import Store
from tui.fleet.store.runs import RunProgress, RunState
from tui.operations.running.resume import RunPlan
from tui.operations.target import Target, busy

_EACH_S = 0.03
_ASKED = {"model", "permission_mode", "allowed_tools", "max_turns", "max_budget_usd"}


def plan_resume(session: Session, *, fork: bool = False, takes_over: bool = False) -> RunPlan:
    """Return how a session would be resumed on its home, which has what was recorded of its agent.

    Raises `Refused` for what is done there alone.
    """
    short, host = session.session_id[:8], session.host
    if fork or takes_over:
        what = "forked" if fork else "taken over"
        raise Refused(f"{short} lives on {host}, and can be {what} there alone", Reason.ELSEWHERE)
    if session.is_live:
        raise busy(short)
    if session.transcript is None or not session.transcript.resumable:
        words = f"{short} has no transcript on {host} to go on with"
        raise Refused(words, Reason.NO_TRANSCRIPT)
    return RunPlan(
        mode="resume",
        target=Target(session.session_id, session.folder),
        listing=session.listing,
        stage=session.stage,
        agent={},
        cwd=session.folder,
        zone=session.zone,
        words=f"on {host}, as is recorded there",
        host=host,
    )


def start(
    open_store: Callable[[], Store],
    plan: RunPlan,
    prompt: str,
    by_whom: str,
    *,
    is_restricted: bool,
    patience_s: float = PATIENCE_S,
) -> str:
    """Start a run on the home of its session, and return the name that it has there.

    Raises `Refused` when that does not take it, what kept it from starting it, `FleetAway` when
    nothing was asked, and `OutcomeUnknown`.
    """
    request = _request(plan, prompt, is_restricted=is_restricted)
    key, host = (plan.listing, plan.target.session_id), plan.host
    queued = ""
    with open_store() as store:
        store.check()
        try:
            with store.transaction() as tx:
                queued = runs.enqueue(tx, key, encode_run(request), by_whom, want_host=host)
            found = _awaited(store, queued, patience_s)
        except Exception as error:  # it is queued: whatever breaks off, it may begin
            if not queued:  # it is not in the queue
                raise
            raise _unknown(plan, trouble(error)) from error
        except BaseException:  # nobody waits any more
            _cancel(store, queued)
            raise
    return _name_of(found, plan) or f"a run on {host}"


def _cancel(store: Store, nonce: str) -> None:
    """Take a run out of the queue, if that can be; over a new connection, as this one broke off."""
    store.close()
    if nonce:
        with suppress(Exception), store.transaction() as tx:
            runs.cancel(tx, nonce)


def _name_of(found: RunProgress | None, plan: RunPlan) -> str:
    """Return the name of a run on its host; raises what kept that from it."""
    short, host = plan.target.short, plan.host
    if found is None:
        raise _unknown(plan, "the fleet knows of it no more, as after a purge or a failover")
    if not _is_begun(found):
        raise _unknown(plan, f"{host} has taken it and not begun it yet")
    if found.state is RunState.CANCELLED:
        words = "its host does not answer, or has no room: nothing was started"
        raise Refused(one_line(found.error)[:300] or words, Reason.ELSEWHERE)
    if found.state is RunState.FAILED:
        why = one_line(found.error)
        if found.local_run:  # it may have done a lot before
            words = f"{short} began on {host} and failed: {why or 'it did not say why'}"
        else:
            words = f"{short} was not resumed on {host}: {why or 'it did not begin'}"
        raise RunFailed(words[:300])
    return found.local_run


def _request(plan: RunPlan, prompt: str, *, is_restricted: bool) -> RunRequest:
    if odd := plan.agent.keys() - _ASKED:
        raise Refused(f"{', '.join(sorted(odd))} can be given on {plan.host} alone")
    agent = plan.agent
    return RunRequest(
        mode="resume",
        prompt=prompt,
        model=agent.get("model", ""),
        permission_mode=agent.get("permission_mode", ""),
        tools=tuple(agent.get("allowed_tools", ())),
        max_turns=agent.get("max_turns"),
        max_budget_usd=agent.get("max_budget_usd"),
        without=plan.left_out,
        is_restricted=is_restricted,
    )


def _awaited(store: Store, nonce: str, patience_s: float) -> RunProgress | None:
    """Wait until a host has begun a run, and return how far it is; `None` without its session.

    One that no host takes in time is cancelled, one that is taken has that long again to begin.
    """
    until = time.monotonic() + patience_s
    is_taken = False
    while True:
        with store.transaction() as tx:
            found = runs.progress(tx, nonce)
        if found is None or _is_begun(found):
            return found
        if found.state is not RunState.QUEUED and not is_taken:
            is_taken, until = True, time.monotonic() + patience_s
        if time.monotonic() > until:
            if is_taken:
                return found
            with store.transaction() as tx:
                runs.cancel(tx, nonce)
        time.sleep(_EACH_S)


def _is_begun(found: RunProgress) -> bool:
    is_there = bool(found.local_run) and found.state is not RunState.CLAIMED
    return found.state.is_over or is_there


def _unknown(plan: RunPlan, why: str) -> OutcomeUnknown:
    short = plan.target.short
    words = f"whether {short} was resumed on {plan.host} is not known: {why}"
    return OutcomeUnknown(words[:300], remedy=f"show {short}")
