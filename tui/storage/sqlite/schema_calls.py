"""Finds slow calls in a table's checks, defaults and indexes, which run when a row is written.

SQLite does not ask its authorizer about them, and a search in large values is a single step that no
deadline interrupts: so only calls known to be quick are allowed.
"""

from __future__ import annotations

import re

from tui.core.text.late_pattern import late_pattern

_TOKEN = late_pattern(
    r"(?P<text>'(?:[^']|'')*')|(?P<comment>--[^\n]*|/\*.*?(?:\*/|$))"
    r"|(?P<quoted>\"(?:[^\"]|\"\")*\"|\[[^\]]*\]|`(?:[^`]|``)*`)|(?P<word>\w+)|(?P<sign>[^\s])",
    re.DOTALL,
)
_SEARCHES = frozenset({"like", "glob", "match", "regexp"})
_QUICK = frozenset(
    {
        *("claude_sessions", "claude_session_events", "check", "key", "unique", "in", "default"),
        *("and", "or", "not", "as", "is", "when", "then", "else", "case", "where", "between"),
        *("lower", "upper", "length", "typeof", "coalesce", "ifnull", "nullif", "abs", "round"),
        *("date", "time", "datetime", "julianday", "unixepoch", "strftime", "json_valid", "cast"),
        *("varchar", "nvarchar", "char", "character", "nchar", "varying", "decimal", "numeric"),
        *("float", "double", "int", "integer", "text", "timestamp"),
    }
)


def slow_call(sql: str) -> str:
    """Return the first call in a table's or index's SQL that may be slow; empty for none."""
    before, is_reference = "", False
    for token in _TOKEN.finditer(sql):
        kind, word = token.lastgroup, token.group().strip('"[]`').lower()
        if kind == "comment":
            continue
        if kind == "word" and word in _SEARCHES:
            return word
        is_call = word == "(" and kind == "sign" and before and not is_reference
        if is_call and before not in _QUICK:
            return before
        if kind in ("word", "quoted"):
            is_reference = before == "references"
            before = word
        else:
            before = ""
    return ""
