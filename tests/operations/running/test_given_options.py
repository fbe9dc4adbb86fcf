"""What becomes of the SDK's options that a pipeline gives, before the SDK gets them."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from claude_agent_sdk import AgentDefinition, ClaudeAgentOptions

from tests.support.listings.prepared_query import prepared, resumed
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.core.errors import UsageError
from tui.core.recorded_agent import OF_PARTS
from tui.runs.agent.recorded_options import unrecorded
from tui.storage.state.logbook import read_logbook


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


SOME = [f"KEY_{one}" for one in range(9)]
MANY = [f"KEY_{one}" for one in range(90)]


@pytest.mark.parametrize(
    ("had", "given", "missed"),
    [
        ({"PGHOST": "x", "DRY_RUN": "1"}, {"LANG": "C"}, r"env\.DRY_RUN, env\.PGHOST"),
        ({"PGHOST": "x", "DRY_RUN": "1"}, {"PGHOST": "y"}, r"env\.DRY_RUN"),
        ({"DRY_RUN": "1"}, {"npm_config_foo-bar": "1"}, r"env\.DRY_RUN"),
        ({"DRY_RUN": "1"}, {f"OTHER_{one}": "1" for one in range(90)}, r"env\.DRY_RUN"),
        (dict.fromkeys(SOME, "x"), {"LANG": "C"}, r"env\.KEY_0, env\.KEY_1, env\.KEY_2 and 6 more"),
        (dict.fromkeys(MANY, "x"), dict.fromkeys(MANY[1:], "x"), r"env\.90=[0-9a-f]{12}"),
    ],
)
def test_a_variable_that_is_given_stands_for_no_other(
    listing: SampleListing, had: dict[str, str], given: dict[str, str], missed: str
) -> None:
    """Else the row would lose the others' names, and an operator's resume would not be refused."""
    first = prepared(listing, options=ClaudeAgentOptions(env=had)).given.recorded
    listing.add(FIRST, metadata={"agent": dict(first)})
    with pytest.raises(UsageError, match=f"was run with {missed}, which"):
        prepared(listing, resume=FIRST, options=ClaudeAgentOptions(env=given))
    more = {f"NAME_{one}": "x" for one in range(20)}
    for again in (had, had | more) if len(had) < 90 else (had, had | {"LANG": "C"}):
        prepared(listing, resume=FIRST, options=ClaudeAgentOptions(env=again))
    freed = {"options": ClaudeAgentOptions(env=given), "without": ["env"]}
    prepared(listing, resume=FIRST, **freed)


class OwnOptions(ClaudeAgentOptions):
    """Made in a way that the SDK, which makes options anew, does not know."""

    def __init__(self, model: str) -> None:
        super().__init__(model=model, tools=["Read"])


def test_options_of_a_pipelines_own_class_are_made_the_sdks(listing: SampleListing) -> None:
    found = prepared(listing, options=OwnOptions("opus")).given.options
    assert type(found) is ClaudeAgentOptions
    assert found == ClaudeAgentOptions(model="opus", tools=["Read"])


SERVERS = {"crm": {"command": "x", "args": ["a"]}}
SAID: dict[str, Any] = {
    "tools": [],
    "allowed_tools": ["Read"],
    "disallowed_tools": ["Bash"],
    "skills": ["buy"],
    "mcp_servers": SERVERS,
    "output_format": {"type": "json_schema", "schema": {"type": "object"}},
    "sandbox": {"enabled": True},
    "env": {"LANG": "C"},
    "extra_args": {"bare": None},
    "agents": {"rev": AgentDefinition("d", "p", tools=["Read"])},
}


def _alike(value: Any, of_list: type) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({name: _alike(one, of_list) for name, one in value.items()})
    if isinstance(value, AgentDefinition):
        return replace(value, tools=_alike(value.tools, of_list))
    return of_list(value) if isinstance(value, list) else value


@pytest.mark.parametrize("of_list", [tuple, deque, frozenset])
@pytest.mark.parametrize("name", SAID)
def test_what_is_like_a_list_or_dict_is_one_before_the_sdk_gets_it(
    listing: SampleListing, name: str, of_list: Any
) -> None:
    """The SDK takes a tuple of tools for all of them, and no mapping but a dict."""
    given = ClaudeAgentOptions(**{name: _alike(SAID[name], of_list)})
    found = prepared(listing, options=given)
    assert found.given.options is not None
    value = getattr(found.given.options, name)
    assert (value, type(value)) == (SAID[name], type(SAID[name]))
    plain = ClaudeAgentOptions(**{name: SAID[name]})
    assert found.given.recorded == prepared(listing, options=plain).given.recorded


HOLDING: dict[str, Any] = {
    "extra_args": {"bare": None},
    "env": {"AWS_PROFILE": "readonly"},
    "plugins": [{"type": "local", "path": "/srv/guard"}],
    "skills": [],
    "cli_path": "/srv/confined",
    "sandbox": {"enabled": True},
    "settings": '{"permissions": {"deny": ["Bash"]}}',
    "hooks": {"PreToolUse": [1]},
    "user": "root",
    "disallowed_tools": ["x" * 300_000],
    "agents": {"x" * 90: AgentDefinition("d", "p", permissionMode="plan")},
}
# Said again by others: none of them is what held it back, but no sub-agent is one that is freed.
OTHER: dict[str, list[Any]] = {
    "extra_args": [{"debug-to-stderr": None}],
    "env": [{"AWS_REGION": "x"}],
    "plugins": [[], [{"type": "local", "path": "/srv/other"}]],
    "skills": [["buy"], "all"],
    "cli_path": ["", "/usr/bin/claude"],
    "sandbox": [{}, {"enabled": False}],
    "settings": ["", "{}", "/srv/other.json", '{"permissions": {"allow": ["Bash"]}}'],
    "hooks": [{}, {"PreToolUse": []}, {"PostToolUse": [1]}],
    "user": ["nobody"],
    "agents": [{"x" * 90: AgentDefinition("d", "p")}],
}
FREED: dict[str, Any] = {"disallowed_tools": ["Write"], "agents": {}}


@pytest.mark.parametrize("name", HOLDING)
def test_what_may_hold_an_agent_back_is_given_again_or_said_to_be_none(
    listing: SampleListing, name: str
) -> None:
    """Without it in the list the agent would go on with more than it had, and a warning."""
    servers: dict[str, Any] = {f"crm{number:03}": {} for number in range(50)}
    had = ClaudeAgentOptions(**{"mcp_servers": servers, name: HOLDING[name]})
    recorded = dict(prepared(listing, options=had).given.recorded)
    listing.add(FIRST, metadata={"agent": json.loads(json.dumps(recorded))})
    for options in (None, ClaudeAgentOptions(model="opus"), ClaudeAgentOptions(fork_session=True)):
        with pytest.raises(UsageError, match=f"was run with {name}.*give it in the options again"):
            prepared(listing, resume=FIRST, options=options)
    again = ClaudeAgentOptions(**{name: HOLDING[name]})
    assert prepared(listing, resume=FIRST, options=again).given.recorded["unrecorded"]
    for other in OTHER.get(name, ()):
        with pytest.raises(UsageError, match=f"was run with {name}"):
            prepared(listing, resume=FIRST, options=ClaudeAgentOptions(**{name: other}))
    free: list[dict[str, Any]] = [{"without": [name]}]
    if name in FREED:
        free += [{"options": ClaudeAgentOptions(**{name: FREED[name]})}]
    for how in free:
        left = prepared(listing, resume=FIRST, **how).given.recorded["unrecorded"]
        assert not [one for one in left if one.startswith(name)]


@pytest.mark.parametrize("name", sorted({*HOLDING} & OF_PARTS))
def test_what_an_earlier_version_recorded_by_its_option_alone_is_given_by_nothing(
    listing: SampleListing, name: str
) -> None:
    """It could have been another hook, flag or variable, and that would be gone unsaid."""
    again = ClaudeAgentOptions(**{name: HOLDING[name]})
    with pytest.raises(UsageError, match=f"was run with {name}, .*an earlier version recorded"):
        resumed(listing, {"unrecorded": [name]}, options=again)
    left = prepared(listing, resume=FIRST, options=again, without=[name]).given
    assert list(left.recorded["unrecorded"]) == list(unrecorded(again))


def test_a_subagent_that_an_earlier_version_told_by_a_cut_name_is_not_another(
    listing: SampleListing,
) -> None:
    known = {"unrecorded": [f"agents.{'x' * 40}.permissionMode"]}
    freed = ClaudeAgentOptions(agents={"x" * 90: AgentDefinition("d", "p")})
    with pytest.raises(UsageError, match=r"was run with agents\.x+\.permissionMode"):
        resumed(listing, known, options=freed)


@pytest.mark.parametrize(
    ("had", "has", "lifted"),
    [
        ({"disallowed_tools": ["Bash"]}, {"disallowed_tools": ["Write"]}, "disallowed_tools Bash"),
        ({"disallowed_tools": ["Bash"]}, {"disallowed_tools": ["Bash", "Write"]}, ""),
        ({"tools": ["Read"]}, {"tools": ["Read", "Bash"]}, "tools Read"),
        ({"tools": ["Read", "Bash"]}, {"tools": ["Read"]}, ""),
        ({"permission_mode": "plan"}, {"permission_mode": "acceptEdits"}, "permission_mode plan"),
        ({"permission_mode": "acceptEdits"}, {"permission_mode": "plan"}, ""),
        ({"max_turns": 3}, {"max_turns": 9}, "max_turns 3"),
        ({"max_turns": 3}, {"max_turns": 2}, ""),
        ({"setting_sources": ["project"]}, {"setting_sources": ["user"]}, "setting_sources"),
    ],
)
def test_a_limit_in_whose_place_a_wider_one_is_given_is_logged_as_one_that_is_lifted(
    listing: SampleListing, had: dict[str, Any], has: dict[str, Any], lifted: str
) -> None:
    resumed(listing, had, options=ClaudeAgentOptions(**has))
    notes = [one.note for one in read_logbook(listing.root)]
    assert (not lifted and not notes) or lifted in notes[-1]
