"""Answering an agent: a permission request, shown in full first, or its questions in turn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from tui.core.agent_questions import AgentQuestion, questions
from tui.core.console.saved_view import DENY
from tui.core.errors import UsageError
from tui.core.limits import LONGEST_WAIT_S
from tui.core.models.permission_request import LEAST_DIGEST, PermissionRequest
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.core.text.visible_escapes import revealed
from tui.core.time.expiry import parse_duration
from tui.ui.actions.action_context import ActionContext, after_dashes, named
from tui.ui.actions.outcome import Commands, Outcome, asked_by, done_by, told
from tui.ui.actions.prompting import until_taken
from tui.ui.state.drafts import again
from tui.ui.widgets.prompt import Turns
from tui.view.stream import permission_page
from tui.view.text.lines import Cell, Line
from tui.view.text.styled_text import wrap

_GRANTS = ("allow", "always")
_ALWAYS = "always"
_READS, _ANSWERS = "reading the request", "answering"
_LONGEST_WAIT = timedelta(seconds=LONGEST_WAIT_S)
_OTHER_ANSWERS = ":deny REASON denies it, :wait 2h gives it two more hours"
_PLACEHOLDER = "a number, or an answer of your own; :deny, :wait 2h; PgDn"
_DENIES, _PUTS_OFF = ":deny", ":wait"


async def answer(context: ActionContext, session: Session, given: Sequence[str] = ()) -> Outcome:
    """Answer the waiting request; `given` is a decision and its reason, or a question's answer.

    What would be allowed is shown in any case.
    """
    request = session.run.request if session.run else None
    if request is None:
        raise UsageError("no permission request is waiting here")
    context.request = request
    if given and given[0] == "wait":
        return await _put_off(context, session, " ".join(given[1:]))
    if given and given[0] == "deny":
        return await _say(context, session, request, given[0], " ".join(given[1:]))
    try:
        with asked_by((("show", session.address),)):
            return await _look(context, session, request, " ".join(given))
    finally:
        context.pages.leave()


async def _look(
    context: ActionContext, session: Session, request: PermissionRequest, given: str
) -> Outcome:
    asked = questions(request)
    if asked and not request.problem:
        return await _answer_questions(context, session, request, given)
    answer = given.split(" ")[0]
    refused = f"{answer!r} is not an answer: use allow, always, deny or wait" if answer else ""
    return await _decide(context, session, request, "" if answer in _GRANTS else refused)


async def _decide(
    context: ActionContext, session: Session, request: PermissionRequest, refused: str
) -> Outcome:
    """Show a request page by page, and ask for a decision."""
    reason = await context.learn(partial(context.engine.why_not_grant, session, request), _READS)
    grants = {} if reason else {"y": "once", "A": "always..."}
    choices = {**grants, "n": "deny", "w": "wait longer", "l": "next page"}
    tool, whose = permission_page.short_tool(request), named([session])
    asks = f"{tool} for {whose} can only be denied" if reason else f"allow {tool} for {whose}?"
    draw = partial(_request_lines, context, request, reason)
    await context.learn(
        partial(draw, context.pages.pane.size.width), _READS
    )  # the next time it is known
    while True:
        context.open_pages(f"{whose} wants {tool}", draw)
        key = await context.question.choose(
            asks,
            choices,
            why_not=partial(_why_not_yet, context),
            turns=_turns(context, letters="l "),
            refused=refused,
        )
        refused = ""
        if key == "n":
            return await _deny(context, session, request)
        if key == "w":
            return await _put_off(context, session, "")
        if key == "y" or await _is_always(context, request):
            decision = "allow" if key == "y" else _ALWAYS
            return await _say(context, session, request, decision)


async def _is_always(context: ActionContext, request: PermissionRequest) -> bool:
    """Show what `always` would allow, and have the word typed."""
    refused, tool = "", permission_page.short_tool(request)
    while True:
        context.open_pages(f"always for {tool}", partial(_scope_lines, request))
        asks = f"type {_ALWAYS} to allow this and every later call of {tool} in this run"
        typed = (await context.question.ask(asks, refused=refused, turns=_turns(context))).strip()
        if not typed:
            return False
        if typed != _ALWAYS:
            refused = f"{typed!r} does not allow anything: type {_ALWAYS}, or nothing to go back"
        elif not (refused := _why_not_yet(context, "A")):
            return True


async def _deny(context: ActionContext, session: Session, request: PermissionRequest) -> Outcome:
    def commands(reason: str) -> Commands:
        return (("answer", session.address, "deny", *_because(reason)),)

    async def take(reason: str) -> Outcome:
        return await _say(context, session, request, "deny", reason)

    about = (f"{DENY} {request.request_id}", *session.key)
    asks = "deny: reason? (the agent will read it)"
    with context.drafts.written(about, again(about[0], context.engine.keys)):
        with asked_by(commands(""), commands):
            text, turns = context.drafts.text(about), _turns(context)
            reason = await context.question.ask(asks, text=text, turns=turns, has_lines=True)
        return await context.drafts.taking(take)(reason)


async def _put_off(context: ActionContext, session: Session, words: str) -> Outcome:
    """Let the request wait longer; the line stays open until its time is valid."""

    async def take(typed: str) -> Outcome:
        act = context.do(partial(context.engine.put_off, session, typed), "extending the wait")
        return await done_by((("answer", session.address, "wait", typed),), told(act))

    refused = ""
    if words:
        try:
            return await take(words)
        except UsageError as error:
            refused = str(error)
    asks = f"how much longer may it wait? {_LONGEST_WAIT.days} days at most"
    return await until_taken(
        context.question,
        asks,
        take,
        text=words,
        refused=refused,
        placeholder="30m, 2h, 1d",
        preview=_waits,
    )


async def _say(
    context: ActionContext,
    session: Session,
    request: PermissionRequest,
    decision: str,
    reason: str = "",
) -> Outcome:
    shown = request.digest if decision in _GRANTS else ""
    named_as = (f"--input={shown[:LEAST_DIGEST]}",) if shown else ()
    command = ("answer", session.address, decision, *named_as, *_because(reason))
    give = partial(context.engine.answer, session, decision, reason, shown)
    return await done_by((command,), told(context.do(give, _ANSWERS)))


# Questions -----------------------------------------------------------------------------------


async def _answer_questions(
    context: ActionContext, session: Session, request: PermissionRequest, given: str
) -> Outcome:
    """Show each question of the agent with all its options, and ask for its answer."""
    asked, said, commands = questions(request), list[str](), Commands()
    typed = given.split(";") if len(asked) > 1 else [given]
    for number, one in enumerate(asked, 1):
        commands_of = partial(_commands, context, session, request, tuple(said), count=len(asked))
        begun = typed[number - 1].strip() if number <= len(typed) else ""
        title = f"{named([session])} asks, question {number} of {len(asked)}"
        context.open_pages(title, partial(_question_lines, context, request, number))
        with asked_by((), commands_of):
            line = await _answered(context, one, f"{number}/{len(asked)} ", begun)
        word, words = _otherwise(line)
        if word == _DENIES:
            return await _say(context, session, request, "deny", words)
        if word == _PUTS_OFF:
            return await _put_off(context, session, words)
        commands = commands_of(line)
        said.append(line)
    give = partial(context.engine.answer_questions, session, said, request.digest)
    return await done_by(commands, told(context.do(give, _ANSWERS)))


async def _answered(context: ActionContext, one: AgentQuestion, count: str, text: str) -> str:
    """Ask until the answer is valid, and all of the question was shown."""
    refused, offered = "", " · ".join(f"{n} {revealed(it)}" for n, it in enumerate(one.options, 1))
    many = " (several: 1,2)" if one.takes_many else ""
    while True:
        text = await context.question.ask(
            f"{count}{one.words}  {offered}{many}",
            placeholder=_PLACEHOLDER,
            text=text,
            preview=partial(_chosen, one),
            refused=refused,
            turns=_turns(context),
        )
        if _otherwise(text)[0]:
            return text
        try:
            _meaning(one, text)
            if not (refused := _why_not_yet(context, "y")):
                return text
        except UsageError as error:
            refused = str(error)


def _commands(
    context: ActionContext,
    session: Session,
    request: PermissionRequest,
    said: Sequence[str],
    typed: str,
    *,
    count: int,
) -> Commands:
    """Return the command that answers so; it names the input only once all of that was in sight.

    What no command line can express (some of several answers) is only shown.
    """
    word, after = _otherwise(typed)
    given = [one.strip() for one in (*said, typed) if one.strip()]
    answers = "; ".join(given)
    parts = [one.strip() for one in answers.split(";")] if count > 1 else given
    if word == _DENIES:
        return (("answer", session.address, "deny", *_because(after)),)
    if word == _PUTS_OFF and after:
        return (("answer", session.address, "wait", after),)
    if word or len(given) != count or parts != given or answers in ("deny", "wait"):
        return (("show", session.address),)
    is_named = request.digest and context.pages.pane.is_all_seen
    shown = (f"--input={request.digest[:LEAST_DIGEST]}",) if is_named else ()
    return (("answer", session.address, *shown, *after_dashes(answers)),)


def _otherwise(text: str) -> tuple[str, str]:
    """Return `:deny` or `:wait` and its argument; empty if the line is an answer."""
    word, _, words = text.strip().partition(" ")
    return (word, words.strip()) if word in (_DENIES, _PUTS_OFF) else ("", "")


def _meaning(asked: AgentQuestion, text: str) -> str:
    """Return the answer that a line means. Raises `UsageError` for none."""
    if text.lstrip().startswith(":"):
        raise UsageError(f"{text.split()[0]!r} does not work here: use {_DENIES} or {_PUTS_OFF}")
    return asked.answer(text)


def _chosen(asked: AgentQuestion, text: str) -> Cell:
    """Return what an answer means while it is typed."""
    if not text.strip():
        return Cell("")
    word, words = _otherwise(text)
    if word == _DENIES:
        return Cell(f"→ denied{': ' if words else ''}{revealed(words)}", "noticed")
    if word == _PUTS_OFF:
        return _waits(words)
    try:
        return Cell(f"→ {revealed(_meaning(asked, text))}", "good")
    except UsageError as error:
        return Cell(str(error), "bad")


# Pages ---------------------------------------------------------------------------------------


def _why_not_yet(context: ActionContext, key: str) -> str:
    """Return why nothing can be allowed yet, or no page follows; empty where a key acts."""
    if key == "l":
        return "" if context.pages.pane.pages[1] > 1 else "all of it is in sight"
    if key not in ("y", "A") or context.pages.pane.is_all_seen:
        return ""
    (number, count), lacks = context.pages.pane.pages, context.pages.pane.first_unseen
    way = "PgUp" if lacks < number else "PgDn"  # in one row: with two the pages would be shorter
    said = f"read all of it first: page {lacks} has not been shown yet ({way})"
    return f"page {number} of {count}: {said}"


def _turns(context: ActionContext, letters: str = "") -> Turns:
    """Return the keys that turn pages; letters only where no text is typed."""
    on, back = partial(context.pages.pane.turn, 1), partial(context.pages.pane.turn, -1)
    named = {"space" if key == " " else key: on for key in letters}
    return {"pagedown": on, "pageup": back, **named, **({"b": back} if letters else {})}


def _request_lines(
    context: ActionContext, request: PermissionRequest, reason: str, width: int
) -> tuple[Line, ...]:
    """Return the whole request, below the `reason` if it can only be denied."""
    room, engine = width - 2, context.engine
    end = Cell(permission_page.end_line(request), "bad" if request.problem else "muted")
    lines = (
        *((Cell(row, "bad"),) for row in wrap(one_line(reason), room) if reason),
        *_facts(context, request, room),
        (),
        *permission_page.request_lines(request, room, is_ascii=engine.is_ascii),
        (end,),
    )
    return tuple((Cell(" "), *line) for line in lines)


def _facts(context: ActionContext, request: PermissionRequest, room: int) -> tuple[Line, ...]:
    """Return who asks and why; what depends on the clock stands above the page."""
    engine = context.engine
    waits = f"asked at {request.at.astimezone(engine.zone):%H:%M}"
    return permission_page.fact_lines(
        request, engine.now(), room, is_ascii=engine.is_ascii, waits=waits
    )


def _question_lines(
    context: ActionContext, request: PermissionRequest, number: int, width: int
) -> tuple[Line, ...]:
    one, is_ascii, room = questions(request)[number - 1], context.engine.is_ascii, width - 2
    lines = permission_page.question_lines(one, room, is_ascii=is_ascii)
    if number == 1:
        facts = _facts(context, request, room)
        beside = permission_page.beside_lines(request, room, is_ascii=is_ascii)
        other = wrap(_OTHER_ANSWERS, room)
        lines = (*facts, *((Cell(row, "muted"),) for row in other), (), *beside, *lines)
        lines += tuple(permission_page.call_lines(request, room, is_ascii=is_ascii))
    return tuple((Cell(" "), *line) for line in lines)


def _scope_lines(request: PermissionRequest, width: int) -> tuple[Line, ...]:
    return permission_page.scope_lines(request, width)


def _waits(text: str) -> Cell:
    try:
        length = parse_duration(text) if text.strip() else timedelta()
    except UsageError as error:
        return Cell(str(error), "bad")
    if length > _LONGEST_WAIT:
        return Cell(f"{_LONGEST_WAIT.days} days at most", "bad")
    return Cell(f"→ {length}" if length else "", "good")


def _because(reason: str) -> tuple[str, ...]:
    return (f"--reason={reason}",) if reason else ()
