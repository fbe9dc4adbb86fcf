"""Which lines of a transcript may tell a literal: a notice does not stand there as it is shown."""

from __future__ import annotations

from itertools import chain

_COMMAND = b"<command-"
_PROMPTS = (b'"user"',)
# The words that notices are made with, in lower case.
_MADE = (
    b"! ",
    b" (attempt ",
    b" blocked: ",
    b" denied the call",
    b" ended the turn: ",
    b" failed (exit ",
    b" failed: ",
    b" was cancelled",
    b" (",
    b"), ",
    b"): ",
    b", and ",
    b" more",
    b": ",
    b"[document]",
    b"[image]",
    b"another agent",
    b"api error: unknown",
    b"the conversation so far was compacted to a summary",
    b"compacted: older turns are a summary from here on",
    b"cut off: the answer reached the most tokens that one may have",
    b"cut off: the context window is full",
    b"hook ",
    b"hook blocked: no reason given",
    b"hook failed (exit ?): no reason given",
    b": no reason given",
    b"hook stop ",
    b"mcp server failed: ",
    b"message from ",
    b"notification: ",
    b"refused: the model declined to answer",
    b"reminder: ",
)
# Those made with what became of a prompt in the queue: the lines of other prompts tell.
_QUEUED = (
    b"queued and not taken up: ",
    b"said while it worked: ",
    b"taken back from the queue: ",
)
# What the lines hold that become such notices, in lower case.
_MARKERS = (
    b'"attachment"',
    b'"document"',
    b'"failedmcpservers"',
    b'"image"',
    b'"iscompactsummary"',
    b'"ismeta"',
    b'"max_tokens"',
    b'"mcp_servers"',
    b'"model_context_window_exceeded"',
    b'"origin"',
    b'"queue-operation"',
    b'"refusal"',
    b'"subtype"',
    b"-hook",
    b"-message",
    b"-notification",
    b"<bash-input",
    b"<channel",
    b"<system",
    b"<total_tokens",
)


def told_in(literals: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return what a line holds that may tell one of `literals`, in lower case; none for any line.

    To look for all that notices are made of takes four times as long: it is done for those
    literals that one of them may hold.
    """
    if not literals:
        return ()
    is_made = any(_meets(one, words) for one in literals for words in (*_MADE, *_QUEUED))
    is_queued = any(_meets(one, words) for one in literals for words in _QUEUED)
    return (*literals, _COMMAND, *(_MARKERS if is_made else ()), *(_PROMPTS if is_queued else ()))


def _meets(literal: bytes, words: bytes) -> bool:
    """Whether a literal may lie in the words, or around them, or over one of their ends.

    Something stands before or behind them where they begin or end with a space or a bracket.
    """
    if literal in words or words in literal:
        return True
    sizes = range(1, min(len(literal), len(words)))
    ends = ((literal[:n], words[-n:]) for n in sizes if words[-1:] in b" (")
    begins = ((literal[-n:], words[:n]) for n in sizes if words[:1] in b" :)[,")
    return any(one == other for one, other in chain(ends, begins))
