"""Which lines may match a search: a notice is shown in other words than its line has."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

from tui.core.text.late_pattern import late_pattern

_COMMAND = b"<command-"
_PROMPTS = (b'"user"',)
# The words of notices, in lower case.
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
# Of a file inside a message, whose name and type its line contains; a size is in no line.
_FILE = (b"[document ", b"[image ", b"[file ", b"[document]", b"[image]")
_SIZED = (b"b]", b"k]", b"m]", b"g]")
_SIZE = late_pattern(rb"(?:.* )?(?:[0-9]{1,4}|[0-9]?[.][0-9]?)[bkmg]?", re.DOTALL)
_FILE_MARKERS = (b'"document"', b'"image"')
# For prompts that left the queue: found by the lines of other prompts.
_QUEUED = (
    b"queued and not taken up: ",
    b"said while it worked: ",
    b"taken back from the queue: ",
)
# In the lines that become such notices, in lower case.
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


@lru_cache(maxsize=8)  # a search asks for each file again, and it takes half a millisecond
def told_in(literals: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return what a line must contain to match one of `literals`, in lower case; empty: any line.

    Looking for all parts of notices takes four times as long, so it is done only for literals
    that may occur in one.
    """
    if not literals:
        return ()
    is_made = any(_meets(one, words) for one in literals for words in (*_MADE, *_QUEUED))
    is_queued = any(_meets(one, words) for one in literals for words in _QUEUED)
    is_file = any(_meets_file(one) for one in literals)
    return (
        *literals,
        _COMMAND,
        *(_MARKERS if is_made else ()),
        *(_FILE_MARKERS if is_file and not is_made else ()),
        *(_PROMPTS if is_queued else ()),
    )


def _meets_file(literal: bytes) -> bool:
    """Whether a literal may be a part of what names a file inside a message."""
    is_size = _SIZE.fullmatch(literal) is not None
    return is_size or any(_meets(literal, words) for words in (*_FILE, *_SIZED))


def _meets(literal: bytes, words: bytes) -> bool:
    """Whether a literal may be inside the words, contain them, or overlap one of their ends.

    Words that begin or end with a space or a bracket have something before or after them.
    """
    if literal in words or words in literal:
        return True
    sizes = range(1, min(len(literal), len(words)))
    ends = ((literal[:n], words[-n:]) for n in sizes if words[-1:] in b" (")
    begins = ((literal[-n:], words[:n]) for n in sizes if words[:1] in b" :)[,")
    return any(one == other for one, other in chain(ends, begins))
