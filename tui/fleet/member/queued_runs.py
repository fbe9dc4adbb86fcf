"""Starts the runs that were queued for this host's sessions, and tells what becomes of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tui.claude.session_id import require_session_id
from tui.core.errors import ConsoleError, Refused, UsageError
from tui.core.models.session import Key
from tui.core.values import replace
from tui.fleet import bus
from tui.fleet.member.begun import Begun
from tui.fleet.member.deeds import Deeds, acting_for, failed, session_of
from tui.fleet.store import runs
from tui.fleet.store.connection import Store, Transaction
from tui.fleet.store.runs import ClaimedRun, RunState
from tui.operations.context import Context
from tui.operations.running import resume
from tui.operations.running.prompt_line import with_options
from tui.operations.running.resume import RunPlan
from tui.operations.target import Target, require_unused
from tui.runs.folder.protocol import read_run, runs_folder

_NEVER_S = 1e9  # another host's sessions are not this host's to start
_LOST = "that host lost touch while it began this: look there whether it runs"
_BEGUN = "that host began this before the fleet's database lost that: look there whether it runs"
_LATE = "no host took it within a minute: nothing was started"
_LAPSED = "no host took it within a minute by the database's clock: look there whether it runs"
_STATES = {
    "queued": RunState.STARTING,
    "starting": RunState.STARTING,
    "busy": RunState.BUSY,
    "idle": RunState.BUSY,
    "waiting": RunState.WAITING,
    "done": RunState.DONE,
}


class QueuedRuns:
    """Takes runs from the queue as long as this host has room; not for several threads."""

    def __init__(
        self, context: Context, store: Store, host: str, deeds: Deeds, begun: Begun
    ) -> None:
        self._context, self._store, self._host, self._deeds = context, store, host, deeds
        self._begun = begun
        self._told: dict[str, RunState] = {}
        self._owed: dict[str, tuple[RunState, str, str]] = {}

    def take_one(self) -> bool:
        """Start the oldest run that may start here; return whether there was one."""
        self._tell()
        with self._store.transaction() as tx:
            self._lapse(tx)
            claimed = runs.claim(tx, self._host, patience_s=_NEVER_S)
        if claimed is None:
            return False
        local_run, error = "", ""
        try:
            local_run, error = self._begin(claimed)
        except ConsoleError as problem:
            error = str(problem)
        except OSError as problem:
            error = f"it failed there: {problem.strerror or problem}"
        except Exception as problem:
            error = failed(problem)
        state = RunState.STARTING if local_run else RunState.FAILED
        self._owed[claimed.nonce] = (state, local_run, error)
        self._tell()
        return True

    def _lapse(self, tx: Transaction) -> None:
        """Take runs out of the queue that wait for too long, and say whether they began."""
        for one in runs.late(tx, self._host):
            has_begun = self._begun.has_begun(one.nonce, one.age_s)
            said = _LAPSED if has_begun is None else _BEGUN if has_begun else _LATE
            runs.lapse(tx, one.nonce, self._host, said, is_sure=has_begun is False)
        runs.lapse_of_silent(tx, _LAPSED)

    def _tell(self) -> None:
        """Tell what was begun, also what could not be told before."""
        for nonce, (state, local_run, error) in tuple(self._owed.items()):
            with self._store.transaction() as tx:
                runs.note_state(tx, nonce, self._host, state, local_run=local_run, error=error)
            self._told.pop(nonce, None)
            del self._owed[nonce]

    def follow(self) -> None:
        """Tell the fleet what became of the runs that were started here.

        One that was claimed and has no name here is given up, not begun again: it may have begun.
        """
        self._tell()
        with self._store.transaction() as tx:
            known = runs.at_work(tx, self._host)
        for nonce, key, local_run in known:
            if not local_run:
                with self._store.transaction() as tx:
                    runs.note_state(tx, nonce, self._host, RunState.FAILED, error=_LOST)
                continue
            run = read_run(runs_folder(self._context.root / key[0]) / local_run)
            state = _STATES.get(run.state, RunState.FAILED)
            if self._told.get(nonce) is state:
                continue
            said = run.error or (f"the run ended {run.state}" if state is RunState.FAILED else "")
            with self._store.transaction() as tx:
                runs.note_state(tx, nonce, self._host, state, error=said)
            self._told[nonce] = state
        self._told = {one[0]: self._told[one[0]] for one in known if one[0] in self._told}

    def _begin(self, claimed: ClaimedRun) -> tuple[str, str]:
        """Start a run, and return its name here; if it was begun before, that, or what is known."""
        before = self._begun.begin(claimed.nonce)
        if before is not None:
            return before, "" if before else _BEGUN
        local_run = self._start(claimed)
        with suppress(ConsoleError):  # it runs: whoever asks again is told to look
            self._begun.note_run(claimed.nonce, local_run)
        return local_run, ""

    def _start(self, claimed: ClaimedRun) -> str:
        if claimed.home.host != self._host:
            raise Refused(f"it lives on {claimed.home.host}, which alone can start it")
        request = bus.decode_run(claimed.request)
        context = acting_for(self._context, claimed.by_whom, is_restricted=request.is_restricted)
        plan = self._plan(context, claimed.key, request)
        return resume.start(
            context, with_options(context, plan, options_of(request)), request.prompt
        )

    def _plan(self, context: Context, key: Key, request: bus.RunRequest) -> RunPlan:
        if request.mode == "new":
            require_session_id(key[1])
            plan = resume.plan_new(context, key[0], request.stage, days=request.days)
            target = Target(key[1], plan.target.folder)
            require_unused(context, target, "the id of the new session")
            return replace(plan, target=target)
        session = session_of(self._deeds.look(key[0]), key)
        plan = resume.plan_resume(context, session, fork=request.mode == "fork")
        return resume.fork_at(plan, session, request.at) if request.at else plan


def options_of(request: bus.RunRequest) -> dict[str, Any]:
    """Return the agent's options that a run asks for; raises `UsageError` for unsound ones."""
    words = (request.model, request.permission_mode, *request.tools, *request.without)
    if not all(one.isprintable() for one in words):
        raise UsageError("an option has characters that no option has")
    for number in (request.max_turns, request.max_budget_usd):
        if number is not None and not 0 < number < 1_000_000:
            raise UsageError("a limit of a run is above 0")
    named = {
        "model": request.model,
        "permission_mode": request.permission_mode,
        "allowed_tools": list(request.tools),
        "without": list(request.without),
        "max_turns": request.max_turns,
        "max_budget_usd": request.max_budget_usd,
    }
    return {name: value for name, value in named.items() if value}
