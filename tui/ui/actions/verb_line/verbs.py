"""The verbs of the `:` line: those of the command line, and what each acts on."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from tui.core.console.column_table import COLUMN_NAMES
from tui.core.console.named_view import VERBS
from tui.core.console.unknown_verb import meant_verbs, unknown_verb
from tui.core.errors import UsageError
from tui.core.sessions.session_order import DIRECTIONS, SORTS
from tui.core.text.prefixes import shared_prefix
from tui.core.values import dataclass
from tui.guides import topic_names
from tui.operations.context import VerbInfo

OWN = (
    VerbInfo("columns", "choose the columns of Sessions, or list them", takes="column", acts=False),
    VerbInfo("wide", "all columns, or the default ones", acts=False),
    VerbInfo("messages", "the last messages with their times", acts=False),
    VerbInfo("sort", "sort Sessions: COLUMN [asc|desc]", takes="order", acts=False),
    VerbInfo("quit", "quit; running agents continue", acts=False),
)
# What a verb takes, by the words that stand behind it already.
_CHOICES: Mapping[str, Callable[[Sequence[str]], Sequence[str]]] = {
    "topic": lambda words: topic_names(),
    "order": lambda words: DIRECTIONS if words else SORTS,
    "column": lambda words: (*COLUMN_NAMES, "default", "wide"),
}
ABBREVIATIONS = {"q": "quit", "h": "help"}


@dataclass(frozen=True, slots=True)
class VerbLine:
    """A verb, and all words behind it as they were typed."""

    verb: VerbInfo
    given: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words that are neither options nor values of options."""
        return tuple(word for word, option in self._parted() if not option)

    @property
    def options(self) -> dict[str, str]:
        """The options with their values, `yes` for those that have none."""
        return {option: word for word, option in self._parted() if option}

    def _parted(self) -> Iterable[tuple[str, str]]:
        rest = iter(self.given)
        for word in rest:
            name, equals, value = word.partition("=")
            if not word.startswith("-") or word == "-":
                yield word, ""
            elif equals:
                yield value, name
            elif word in self.verb.valued:
                yield next(rest, ""), word
            else:
                yield "yes", word

    @property
    def option_words(self) -> tuple[str, ...]:
        """The options as they were typed, but for `--yes`: here that is always asked."""
        return self.words_but()

    def words_but(self, *left_out: str) -> tuple[str, ...]:
        """Return `option_words` without some options."""
        words: list[str] = []
        for word, option in self._parted():
            is_yes = option.startswith("--y") and "--yes".startswith(option)
            if option and not is_yes and option not in left_out:
                words += [option, word] if option in self.verb.valued else [option]
        return tuple(words)

    @property
    def takes_selected(self) -> bool:
        """Whether it needs a session, so that the selected one may be meant."""
        return self.verb.target != "none" and not {"-h", "--help", "--all"} & set(self.given)


def parse(text: str, verbs: Collection[VerbInfo]) -> VerbLine:
    """Return what a `:` line asks for. Raises `UsageError`."""
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text}: {error}") from error
    name = ABBREVIATIONS.get(parts[0], parts[0]) if parts else ""
    for verb in verbs:
        if verb.name == name:
            return VerbLine(verb, tuple(parts[1:]))
    raise UsageError(unknown_verb(name, [verb.name for verb in verbs], "help commands"))


def complete(
    text: str, verbs: Sequence[VerbInfo], listings: Sequence[str], views: Sequence[str] = ()
) -> str:
    """Return the line with its last word completed as far as it is unambiguous.

    The first word is a verb, one with dashes an option of it; the others name listings, or what
    else the verb takes.
    """
    head, blank, last = text.rpartition(" ")
    if not blank:
        found = [verb.name for verb in verbs if verb.name.startswith(last)]
    else:
        name, *words = head.split() or [""]
        verb = next((one for one in verbs if one.name == name), None)
        takes = verb.takes if verb else ""
        choices = _CHOICES[takes](words) if takes in _CHOICES else listings
        if verb and verb.takes_listing:
            choices = [f"{one}/" for one in listings]
        if takes == "view":
            choices = views if words else (*VERBS, *views)
        if takes == "column":
            named, comma, last = last.rpartition(",")
            blank += named + comma
        if last.startswith("-"):
            choices = verb.flags if verb else ()
        found = [one for one in choices if last and one.startswith(last)]
    if not found:
        return text
    if len(found) > 1 or found[0].endswith("/"):  # an id may follow
        return head + blank + shared_prefix(found)
    return f"{head}{blank}{found[0]} "


def hint(text: str, verbs: Sequence[VerbInfo], why_not: Callable[[VerbInfo], str]) -> str:
    """Return what the verb of a line does, or why not now; while it is typed, the candidates.

    A verb with arguments may mean another session than the selected one.
    """
    name, blank, words = text.lstrip().partition(" ")
    found = [verb for verb in verbs if verb.name.startswith(name)]
    exact = [verb for verb in verbs if verb.name == ABBREVIATIONS.get(name, name)]
    if exact and (blank or len(found) == 1):
        reason = "" if words.strip() else why_not(exact[0])
        return f"{exact[0].summary} (not now: {reason})" if reason else exact[0].summary
    if blank or not found:
        return f"? {meant_verbs(name, [verb.name for verb in verbs]) or 'no such verb'}"
    off = [verb.name for verb in found if why_not(verb)]
    on = [verb.name for verb in found if verb.name not in off]
    return " ".join([*on, *(["· not now:", *off] if off else [])])
