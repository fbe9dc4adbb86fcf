"""What a word that is no verb may have meant: a slip, a shortened verb, or another tool's word."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tui.core.text.near_names import nearest
from tui.core.text.safe_text import one_line

_MOST = 3
# By what does it here: the words that other tools, or people, have for it.
WORDS_FOR: Mapping[str, str] = {
    "ack": "acknowledge dismiss seen",
    "activate": "enable reactivate unfail",
    "answer": "accept allow approve deny grant permit reject reply",
    "check": "alerts status",
    "cleanup": "clean gc prune tidy",
    "delete": "del erase kick rm remove",
    "doctor": "diagnose fsck repair",
    "export": "dump save",
    "extend": "keep prolong renew touch",
    "grep": "find rg search",
    "help": "guide man",
    "hold": "freeze lock pause unhold",
    "info": "about version",
    "interrupt": "abort cancel halt",
    "log": "audit history journal logs",
    "ls": "dir list sessions",
    "ls --filter": "filter only where",
    "ls --live": "jobs ps running top",
    "new": "add create launch run spawn start",
    "note": "annotate comment",
    "purge": "destroy shred wipe",
    "quit": "bye close exit q! qa wq x",
    "rename": "mv title",
    "report": "handover summary",
    "restore": "recover undelete untrash",
    "resume": "continue open rerun restart retry",
    "resume --fork": "branch clone copy cp fork",
    "send": "ask chat message msg prompt say tell",
    "show": "describe get inspect",
    "snooze": "defer mute",
    "stats": "cost du usage",
    "stop": "end kill terminate",
    "tail": "cat less read",
    "tail -f": "attach follow watch",
    "trash": "bin deleted",
    "undo": "revert rollback",
    "view": "views",
}
_MEANT = {word: ours for ours, words in WORDS_FOR.items() for word in words.split()}


def unknown_verb(typed: str, verbs: Collection[str], listed_by: str) -> str:
    """Say that no verb is called `typed`, and what was probably meant.

    `listed_by` is what lists all verbs.
    """
    hint = meant_verbs(typed, verbs)
    rest = f"; `{listed_by}` lists them"
    return f"no verb is called {one_line(typed)[:40]!r}{f': {hint}' if hint else rest}"


def meant_verbs(typed: str, verbs: Collection[str]) -> str:
    """Ask whether one of a few verbs was meant; an empty string where none is near."""
    named = [f"`{one}`" for one in _candidates(typed, verbs)]
    shown = " or ".join((", ".join(named[:-1]), named[-1])) if named[1:] else "".join(named)
    return f"did you mean {shown}?" if shown else ""


def _candidates(typed: str, verbs: Collection[str]) -> tuple[str, ...]:
    """Return the verbs that a word may mean, with an option where that makes it so."""
    word = typed.lower()
    ours = _MEANT.get(word, "")
    if ours.split(" ")[0] in verbs:
        return (ours,)
    begun = [one for one in verbs if word and one.startswith(word)]
    return tuple(begun[:_MOST]) or tuple(filter(None, [nearest(word, verbs, likeness=0.6)]))
