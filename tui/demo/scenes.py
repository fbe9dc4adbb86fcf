"""The scenes of the demo's agents: long research, a permission request, an error, a reply."""

from __future__ import annotations

from tui.demo.api import Scene, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.story import INDUSTRIES, Industry, Storyteller, seeded
from tui.demo.turns import Failure, Pause, Search, Text, Thinking, ToolUse, Turn, say

STRATEGIC = "Go through the strategic buyers one by one and say who belongs in the first wave."
PLATFORMS = "Now the PE platforms: check each fund, its dry powder and its add-ons so far."
SHORTLIST = "Clean the candidates and write them to shortlist.csv for the partner."
CONTACTS = "Find the head of corporate development at each A name."

_RATE = 20.0
_STEPS = 140
_WRITES = "sort -u candidates.csv > shortlist.csv"


def demo_scene() -> Scene:
    """Return the scene of the whole demo: each live run by its prompt, a short reply otherwise."""
    return by_word(
        {
            STRATEGIC: research,
            PLATFORMS: research,
            SHORTLIST: shortlist,
            CONTACTS: overloaded,
        },
        reply,
    )


def research(asked: ApiRequest) -> Turn:
    """Play one step of a quarter of an hour of research: words, then a search or a command."""
    teller = _teller(asked)
    if asked.step >= _STEPS:
        return say(f"That was the last one. {teller.paragraph()}", rate=_RATE)
    thought = Thinking(teller.thought(), _RATE)
    words = Text(_opening(asked, teller) + teller.paragraph(), _RATE)
    return say(
        Pause(0.6), *((thought,) if asked.step % 3 == 0 else ()), words, _call(asked, teller)
    )


def shortlist(asked: ApiRequest) -> Turn:
    """Ask for permission to write a file; then say how it went."""
    if asked.step == 0:
        words = "The candidates hold a few names twice. I will sort them and drop the doubles."
        call = {"command": _WRITES, "description": "Write the shortlist"}
        return say(words, ToolUse("Bash", call), rate=_RATE)
    if asked.step == 1 and not asked.is_refused:
        words = "Written. I will count what is left."
        return say(words, _bash("wc -l shortlist.csv", "Count the shortlist"), rate=_RATE)
    if asked.is_refused:
        return say("Understood: I leave the folder as it is and keep the list here.", rate=_RATE)
    return say("The shortlist is in `shortlist.csv`, one line a name.", rate=_RATE)


def overloaded(asked: ApiRequest) -> Turn | Failure:
    """Begin well, then fail like an overloaded API."""
    if asked.step == 0:
        teller = _teller(asked)
        return say(teller.paragraph(), _search(teller), rate=_RATE)
    return Failure(529, "overloaded_error", "Overloaded", retry_after=1)


def reply(asked: ApiRequest) -> Turn:
    """Answer any prompt in a quarter of a minute, with a look at the candidates on the way."""
    teller = _teller(asked)
    if asked.step == 0:
        quoted = " ".join(asked.prompt.split())[:160]
        words = f"You asked: \u201c{quoted}\u201d. Let me look at what we have."
        return say(words, _bash("wc -l candidates.csv", "Count the candidates"), rate=_RATE)
    count = next(iter(asked.results), "").split(" ")[0]
    known = f"There are {count} lines in `candidates.csv`. " if count.isdigit() else ""
    return say(f"{known}One name stands out.\n\n{teller.paragraph()}", rate=_RATE)


def found(asked: ApiRequest) -> Turn:
    """Answer a web search after a moment, with hits for the query."""
    teller = Storyteller(_industry(asked), asked.query)
    return say(Pause(0.9), Search(asked.query, teller.hits()), teller.paragraph())


def _teller(asked: ApiRequest) -> Storyteller:
    seed = f"{asked.session_id}/{len(asked.prompts)}/{asked.step}"
    return Storyteller(_industry(asked), seed)


def _industry(asked: ApiRequest) -> Industry:
    """Return the industry that the conversation mentions, else one chosen by its first prompt."""
    prompts = f"{asked.first_prompt} {asked.prompt}"
    for industry in INDUSTRIES.values():
        if any(word in prompts for word in (industry.name, *industry.products)):
            return industry
    return seeded(asked.first_prompt).choice(list(INDUSTRIES.values()))


def _opening(asked: ApiRequest, teller: Storyteller) -> str:
    if asked.step == 0:
        return f"I take the {teller.industry.name} list from the top.\n\n"
    found_hits = next(iter(asked.results), "").count('"url"')
    return f"Of the {found_hits} pages two say something new.\n\n" if found_hits else ""


def _call(asked: ApiRequest, teller: Storyteller) -> ToolUse:
    if asked.step % 4 == 2:
        command = teller.command()
        return _bash(command.command, command.description)
    return _search(teller)


def _search(teller: Storyteller) -> ToolUse:
    return ToolUse("WebSearch", {"query": teller.query()})


def _bash(command: str, description: str) -> ToolUse:
    return ToolUse("Bash", {"command": command, "description": description})
