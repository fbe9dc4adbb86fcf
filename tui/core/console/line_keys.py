"""The keys of a line that is open, as the help tells them; the editor itself is a widget."""

from __future__ import annotations

LINE_KEYS: tuple[tuple[str, str], ...] = (
    ("Enter", "do it, or send it"),
    ("Esc ^C", "leave the line; a prompt is kept, and comes back when you ask again"),
    ("M-Enter ^J", "Alt+Enter: another line, in a prompt; pasted lines stay lines there"),
    ("Tab", "complete a verb, a name or a word of the filter"),
    ("↑ ↓", "the line above or below, in a prompt of several"),
    ("^A ^E", "to the start or the end of the line"),
    ("^U ^K ^W", "delete to the start, to the end, or the word before"),
)
