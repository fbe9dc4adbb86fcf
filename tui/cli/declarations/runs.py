"""The verbs that start agents and steer those that run."""

from __future__ import annotations

from tui.cli.declarations.arguments import AGENT, ID, PROMPT, WAIT, argument, days, flag, text, word
from tui.cli.declarations.verb import Verb

RUNS = (
    Verb(
        name="new",
        module="runs",
        summary="start a new session",
        examples=('new hollis_park "Find PE platforms in DACH" --stage stage_2',),
        acts=True,
        arguments=(
            word("listing", "LISTING", completes="listing"),
            PROMPT,
            argument("--stage", required=True, metavar="S", completes="stage"),
            argument("--days", type=days, metavar="N", help="days until it expires"),
            *AGENT,
            WAIT,
        ),
    ),
    Verb(
        name="resume",
        module="runs",
        summary="resume a session in a new run",
        examples=('resume 9f2c "Go on" --wait',),
        acts=True,
        arguments=(
            ID,
            PROMPT,
            flag("--fork", about="resume a copy; the session itself does not change"),
            argument(
                "--also",
                action="append",
                default=[],
                metavar="ID",
                help="resume this session too; sessions above `max_runs` are queued",
                completes="session",
            ),
            *AGENT,
            flag("--take-over", about="resume even if its owner may still be alive"),
            WAIT,
        ),
        target="marked",
    ),
    Verb(
        name="send",
        module="runs",
        summary="queue a follow-up prompt for a running session",
        examples=('send 9f2c "And Asia?"',),
        acts=True,
        arguments=(ID, word("prompt", "PROMPT", "`-` reads stdin")),
        target="one",
    ),
    Verb(
        name="answer",
        module="runs",
        summary="answer a permission request or a question",
        examples=("answer 9f2c deny --reason no",),
        acts=True,
        arguments=(
            ID,
            word(
                "decision",
                "allow|always|deny|wait",
                "to a question: the number of an option, or text; separate several with `;`",
            ),
            argument("length", nargs="?", default="", metavar="T", help="how long, such as 30m"),
            text("--input", "SHA256", "the digest of the input to grant, from `show`"),
            text("--reason", "T", "the reason given to the agent"),
        ),
        target="one",
    ),
    Verb(
        name="interrupt",
        module="runs",
        summary="interrupt the current turn",
        examples=("interrupt 9f2c",),
        acts=True,
        arguments=(ID, flag("--yes", about="also a session that another program runs")),
        target="one",
    ),
    Verb(
        name="stop",
        module="runs",
        summary="stop a session's run, or its orphaned CLI",
        examples=("stop 9f2c",),
        acts=True,
        arguments=(ID,),
        target="one",
    ),
    Verb(
        name="model",
        module="runs",
        summary="change the model of a running agent",
        examples=("model 9f2c opus",),
        acts=True,
        arguments=(ID, word("name", "NAME")),
        target="one",
    ),
    Verb(
        name="mode",
        module="runs",
        summary="change the permission mode of a running agent",
        examples=("mode 9f2c plan",),
        acts=True,
        arguments=(ID, word("name", "NAME", "default, acceptEdits, plan, dontAsk, auto")),
        target="one",
    ),
)
