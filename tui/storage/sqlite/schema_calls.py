"""What the checks, defaults and indexes of a table call when a row of it is written.

SQLite asks its authorizer for none of it. One search of large values is one step to it, which no
deadline ends: so only what is known to be quick is let run.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
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
    """Return what a table's or index's words call that may take any time, empty for nothing."""
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
