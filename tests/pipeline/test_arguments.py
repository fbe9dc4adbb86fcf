"""What a pipeline calls with: declared for people and programs, and checked before anything."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from claude_agent_sdk import (
    AgentDefinition,
    ClaudeAgentOptions,
    HookMatcher,
    InMemorySessionStore,
    PermissionResultAllow,
    __version__,
)

from tests.pipeline.every_call import API, call_of_api, needed
from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot
from tui import (
    ConsoleError,
    Kind,
    RunEvent,
    SessionManager,
    SessionRun,
    UnknownId,
    UsageError,
)
from tui.runs.agent.recorded_options import as_taken

WAYS = (SessionManager.query, SessionManager.session, SessionManager.run)


@pytest.mark.parametrize("way", WAYS, ids=[one.__name__ for one in WAYS])
def test_every_way_of_starting_an_agent_has_all_arguments_with_defaults(
    way: Callable[..., Any],
) -> None:
    known = inspect.signature(way).parameters
    assert list(known)[:2] == ["self", "prompt"]
    needed = [name for name, one in known.items() if one.default is inspect.Parameter.empty]
    assert needed == ["self", "prompt", "stage"]
    assert {"take_over", "retry_of", "on_event", "follow_ups", "metadata"} < known.keys()
    assert known == inspect.signature(SessionManager.query).parameters
    assert "Any" not in str(inspect.signature(way).return_annotation)
    assert way.__doc__


def test_a_wrong_argument_is_told_at_once(tmp_path: Path) -> None:
    manager = SessionManager(tmp_path / "hollis_park")
    short: dict[str, Any] = {"listing_id": "hollis_park"}
    wrong = short | {"stage": "stage_3", "takeover": True}
    for way in (manager.query, manager.session, manager.run):
        with pytest.raises(TypeError, match="takeover"):
            way("go", **wrong)
        with pytest.raises(TypeError, match="stage"):
            way("go", **short)
    assert not any(tmp_path.iterdir())


TEXT: tuple[object, ...] = (None, 5, b"x", ["x"], Path("x"), uuid.uuid4())
PERHAPS_TEXT = TEXT[1:]
COLUMN = (*TEXT, "x\ud800")
NUMBER = (None, "7", timedelta(1), True, [7], float("nan"), -1, -float("inf"), 10**400)
FLAG: tuple[object, ...] = (None, "no", 0, 1, [])
CALLED: tuple[object, ...] = (5, "print", {}, [print])
MAPPING: tuple[object, ...] = (
    5,
    "x",
    [],
    [("a", 1)],
    {1: 2},
    {"a": object()},
    {"a": float("nan")},
    {"a": {1}},
)

# Each argument of the API by its name: what must be refused. A new one needs a row.
WRONG: dict[str, tuple[object, ...]] = {
    "output_dir": (None, 5, b"x", ["x"], "a\0b", Path("a\0b"), "x\ud800", "/", Path("/")),
    "max_age_days": (*NUMBER, float("inf")),
    "additional_days": (*NUMBER, float("inf")),
    "max_bytes": (*NUMBER, 0.5, "1 GB"),
    "within_s": NUMBER,
    "permission_timeout": (5, 0.5, "5m", timedelta(-1), timedelta.max),
    "on_event": CALLED,
    "clock": CALLED,
    "log_prompts": FLAG,
    "follow_ups": FLAG,
    "take_over": FLAG,
    "prompt": (None, 5, b"x", ["x"], iter("x"), Path("x")),
    "stage": COLUMN,
    "listing_id": COLUMN,
    "session_id": TEXT,
    "name": COLUMN,
    "resume": PERHAPS_TEXT,
    "retry_of": PERHAPS_TEXT,
    "reason": PERHAPS_TEXT,
    "options": (5, "opus", {}, {"model": "opus"}, ClaudeAgentOptions),
    "metadata": MAPPING,
    "without": (None, 5, "env", [5], ("env", 5), {5}, ["model"], {"env": 1}),
}
# Of the SDK's options, which are checked by the types that the SDK declares.
WRONG_PARTS: dict[str, object] = {
    "env": None,
    "extra_args": None,
    "allowed_tools": "WebSearch",
    "disallowed_tools": [5],
    "add_dirs": "docs",
    "mcp_servers": 5,
    "agents": [],
    "hooks": 5,
    "can_use_tool": 5,
    "max_turns": "3",
    "max_budget_usd": True,
    "model": 5,
    "cwd": 5,
    "permission_mode": 5,
    "resume": 5,
    "session_id": uuid.uuid4(),
    "continue_conversation": "no",
    "setting_sources": "project",
    "system_prompt": 5,
    "settings": {},
    "sandbox": 5,
    "verbatim_prompts": None,
}


ARGUMENTS = [
    (call, name)
    for call, act in API.items()
    for name in list(inspect.signature(act).parameters)[1:]
]


@pytest.mark.parametrize(("call", "name"), ARGUMENTS)
async def test_a_wrong_argument_is_refused_by_its_name_before_anything_is_done(
    listing: SampleListing, call: str, name: str
) -> None:
    before, default = snapshot(listing.root), inspect.signature(API[call]).parameters[name].default
    for wrong in (one for one in WRONG[name] if one is not default):
        with pytest.raises(UsageError, match=rf"^{name} (must be|cannot be|is|has) ") as refused:
            await call_of_api(call, listing.folder, needed(call, **{name: wrong}))
        assert len(str(refused.value).splitlines()) == 1
        assert len(str(refused.value)) < 300
    assert snapshot(listing.root) == before


@pytest.mark.parametrize("part", WRONG_PARTS)
async def test_a_wrong_part_of_the_options_is_refused_by_its_name(
    listing: SampleListing, part: str
) -> None:
    before, given = snapshot(listing.root), {part: WRONG_PARTS[part]}
    options: Any = ClaudeAgentOptions(**given)  # type: ignore[arg-type]
    for call in ("SessionManager.query", "SessionManager.session", "SessionManager.run"):
        with pytest.raises(UsageError, match=rf"^options\.{part} must be \S.*, not \S") as refused:
            await call_of_api(call, listing.folder, needed(call, options=options))
        assert len(str(refused.value)) < 300
    assert snapshot(listing.root) == before


def test_what_fits_is_taken(tmp_path: Path) -> None:
    class Folder:
        def __fspath__(self) -> str:
            return str(tmp_path / "hollis_park")

    class Given(dict[str, Any]):
        """A mapping of the pipeline's own."""

    folder: Any = Folder()
    told: list[RunEvent] = []
    manager = SessionManager(folder, 7, on_event=told.append, permission_timeout=timedelta(0))
    options: dict[str, Any] = {
        "allowed_tools": ("Read", "WebSearch"),
        "disallowed_tools": {"Bash": 1}.keys(),
        "add_dirs": [tmp_path, "docs"],
        "permission_mode": "dontAsk",
        "mcp_servers": {"crm": {"type": "http", "url": "http://127.0.0.1:9"}},
        "can_use_tool": print,
        "max_budget_usd": 1,
        "max_thinking_tokens": 0,
        "load_timeout_ms": 0,
        "session_id": str(uuid.UUID(int=0xABC)).upper(),
        "system_prompt": {"type": "preset", "preset": "claude_code"},
    }
    run = manager.session(
        {"type": "user", "message": {"role": "user", "content": "\ud800"}},
        stage="stage_3",
        options=ClaudeAgentOptions(**options),
        max_age_days=0.5,
        metadata=Given(workers=8, note="\ud800"),
    )
    assert isinstance(run, SessionRun)


class _Policy(dict[str, Any]):
    """Who answers, and what it is made of: a mapping that can be called."""

    async def __call__(self, *_: Any) -> PermissionResultAllow:
        return PermissionResultAllow()


POLICY: Any = _Policy(bash=True)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"mcp_servers": None}, {}),
        ({"disallowed_tools": None, "add_dirs": None, "betas": None, "plugins": None}, {}),
        ({"settings": Path("it.json")}, {"settings": "it.json"}),
        (
            {"plugins": [{"type": "local", "path": Path("/srv")}]},
            {"plugins": [{"type": "local", "path": "/srv"}]},
        ),
        (
            {"system_prompt": {"type": "file", "path": Path("/srv/it.md")}},
            {"system_prompt": {"type": "file", "path": "/srv/it.md"}},
        ),
        (
            {"system_prompt": {"type": "preset", "preset": "claude_code", "append": None}},
            {"system_prompt": {"type": "preset", "preset": "claude_code"}},
        ),
        (
            {"mcp_servers": {"crm": {"command": "x", "args": None, "env": {}}}},
            {"mcp_servers": {"crm": {"command": "x", "env": {}}}},
        ),
        ({"sandbox": {"enabled": True, "network": None}}, {"sandbox": {"enabled": True}}),
        ({"env": {"HOME": Path("/srv")}}, {"env": {"HOME": "/srv"}}),
        (
            {"extra_args": {"a": Path("/srv"), "b": 3, "d": None}},
            {"extra_args": {"a": "/srv", "b": "3", "d": None}},
        ),
        ({"max_budget_usd": Decimal("1.5")}, {"max_budget_usd": 1.5}),
        ({"permission_mode": "manual"}, {"permission_mode": "default"}),
        (
            {"agents": {"a": AgentDefinition("d", "p", permissionMode=cast("Any", "manual"))}},
            {"agents": {"a": AgentDefinition("d", "p", permissionMode="default")}},
        ),
    ],
)
def test_what_the_sdk_takes_though_it_declares_otherwise_is_taken(
    tmp_path: Path, given: dict[str, Any], taken: dict[str, Any]
) -> None:
    manager, options = SessionManager(tmp_path / "hollis_park"), ClaudeAgentOptions(**given)
    assert isinstance(manager.session("go", stage="stage_3", options=options), SessionRun)
    assert as_taken(options) == ClaudeAgentOptions(**taken)


def test_what_can_be_called_stays_so_whatever_else_it_is() -> None:
    """Made a dict, it would deny everything."""
    assert as_taken(ClaudeAgentOptions(can_use_tool=POLICY)).can_use_tool is POLICY


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"can_use_tool": POLICY, "permission_prompt_tool_name": "mcp__it__asks"}, "one of them"),
        ({"session_store": InMemorySessionStore(), "enable_file_checkpointing": True}, "refuses"),
    ],
)
def test_options_that_the_sdk_takes_one_of_are_refused_before_a_session_is_tried(
    tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    manager, options = SessionManager(tmp_path / "hollis_park"), ClaudeAgentOptions(**given)
    with pytest.raises(UsageError, match=rf"^options\.\w+ cannot go with .*{words}"):
        manager.session("go", stage="stage_3", options=options)


@pytest.mark.parametrize(
    "given",
    [
        {"mcp_servers": {"crm": {"command": None}}},
        {"mcp_servers": {"crm": {"command": "x", "env": {"READ_ONLY": None}}}},
        {"env": {"A": 1}},
        {"extra_args": {"a": True}},
        {"max_budget_usd": Decimal("sNaN")},
        {"max_budget_usd": Decimal(-1)},
        {"max_turns": Decimal(3)},
        {"env": {"A": Path("a\0b")}},
        {"tools": "Read"},
    ],
)
def test_what_the_sdk_would_not_take_either_is_refused(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    manager, options = SessionManager(tmp_path / "hollis_park"), ClaudeAgentOptions(**given)
    with pytest.raises(UsageError, match=r"^options\."):
        manager.session("go", stage="stage_3", options=options)


async def never(*_: Any) -> Any:
    raise AssertionError


ODD: Any = [5]
FORM: dict[str, Any] = {"type": "json_schema"}
FORMLESS: list[dict[str, Any]] = [{}, FORM, {"type": "json"}, {"schema": {}}]
SDK = f"claude-agent-sdk {__version__}"

# Of the SDK's options: values of the right type that nothing could be begun with as they are meant.
UNUSABLE_PARTS: list[tuple[str, Any, str]] = [
    ("hooks", {"PreTolUse": [HookMatcher(hooks=[never])]}, "cannot be 'PreTolUse': it takes Pre"),
    ("effort", "huge", "cannot be 'huge': it takes low, "),
    ("permission_mode", "yolo", "cannot be 'yolo': it takes default, "),
    ("setting_sources", ["project", "all"], "cannot be 'all': it takes user, project, local"),
    ("skills", "every", "cannot be 'every': it takes all"),
    *(("max_budget_usd", one, "must be a number above 0") for one in (float("nan"), 0, -1.0)),
    *(("max_turns", one, "must be a number above 0") for one in (0, -1, 2**63)),
    ("max_thinking_tokens", -1, "must be a number above 0"),
    ("hooks", {"PreToolUse": [never]}, r"\['PreToolUse'\]\[0\] must be HookMatcher, not function"),
    ("hooks", {"PreToolUse": HookMatcher()}, r"\['PreToolUse'\] must be list\[HookMatcher\], "),
    ("hooks", {"Stop": [HookMatcher(hooks=ODD)]}, r"\['Stop'\]\[0\].hooks must be list\[Callable"),
    (
        "hooks",
        {"Stop": [HookMatcher(matcher=ODD)]},
        r"\['Stop'\]\[0\].matcher must be str | None, ",
    ),
    ("plugins", [{"path": "x"}], r"\[0\] must have 'type'"),
    ("thinking", {"type": "adapt"}, r"\['type'\] cannot be 'adapt': it takes adaptive, enabled"),
    ("tools", {"type": "x"}, r"\['type'\] cannot be 'x': it takes preset"),
    ("system_prompt", {"type": "preset", "preset": "x"}, r"\['preset'\] cannot be 'x': it takes "),
    ("mcp_servers", {"a": {"command": 5}}, r"\['a'\]\['command'\] must be str, not int"),
    ("mcp_servers", {"a": {"type": "x"}}, r"\['a'\]\['type'\] cannot be 'x': it takes stdio, "),
    ("agents", {"a": {"prompt": "x"}}, r"\['a'\] must be AgentDefinition, not dict"),
    ("sandbox", {"enabled": "no"}, r"\['enabled'\] must be bool, not str"),
    ("permission_mode", "lookOnly", f"cannot be 'lookOnly': .*, as the installed {SDK} declares$"),
    ("env", {"A=": "x"}, "cannot have 'A='"),
    *(
        ("extra_args", {one: "x"}, f"cannot have '{one}': name a flag without its dashes")
        for one in ("", "-", "--", "--debug", "a b", "debug=1", "ä")
    ),
    ("extra_args", {"resume-drops-turn": "x"}, "cannot have resume-drops-turn: which session"),
    *(("output_format", one, r'must be \{"type": "json_schema", "schema": ') for one in FORMLESS),
    ("resume_session_at", "", "must be a UUID"),
    ("resume_drops_turn", "11111111-1111-4111-8111-111111111111", "goes with resume_session_at"),
    ("env", {"": "x"}, "cannot have ''"),
    ("env", {"A" * 99 + "=": "x"}, f"cannot have '{'A' * 40}'"),
    ("env", {"A": "a\0b"}, "cannot have 'A'"),
    ("env", {"A": "\ud800"}, "cannot have 'A'"),
    *(
        ("hooks", {"Stop": [HookMatcher(hooks=[never], timeout=one)]}, "has a number that JSON ")
        for one in (float("nan"), float("inf"))
    ),
    ("output_format", FORM | {"schema": {"a": [float("nan")]}}, "has a number that JSON cannot"),
    ("session_id", "x", "must be a UUID"),
    ("session_id", uuid.UUID(int=7).hex, "must be a UUID"),
    ("session_id", "", "must be a UUID"),
]


@pytest.mark.parametrize(("part", "value", "told"), UNUSABLE_PARTS)
async def test_an_option_that_cannot_mean_anything_is_refused_by_its_name(
    listing: SampleListing, part: str, value: Any, told: str
) -> None:
    before, options = snapshot(listing.root), ClaudeAgentOptions(**{part: value})
    for call in ("SessionManager.query", "SessionManager.session", "SessionManager.run"):
        with pytest.raises(UsageError, match=rf"^options\.{part} ?{told}"):
            await call_of_api(call, listing.folder, needed(call, options=options))
    assert snapshot(listing.root) == before


SESSIONS = [
    (call, name) for call, name in ARGUMENTS if name in ("session_id", "resume", "retry_of")
]


@pytest.mark.parametrize(("call", "name"), [*SESSIONS, ("SessionManager.query", "options")])
async def test_an_empty_session_id_is_none_that_is_known(
    listing: SampleListing, call: str, name: str
) -> None:
    before = snapshot(listing.root)
    empty: Any = ClaudeAgentOptions(resume="") if name == "options" else ""
    with pytest.raises((UnknownId, UsageError)):
        await call_of_api(call, listing.folder, needed(call, **{name: empty}))
    assert snapshot(listing.root) == before


@pytest.mark.parametrize("name", ["stage", "listing_id"])
async def test_a_name_that_no_column_should_hold_is_refused(
    listing: SampleListing, name: str
) -> None:
    before = snapshot(listing.root)
    for call in ("SessionManager.query", "SessionManager.track_session"):
        for wrong in ("x" * 201, *(("", " \n") if name == "stage" else ())):
            with pytest.raises(UsageError, match=f"^{name} (has 201 characters|must be a word)"):
                await call_of_api(call, listing.folder, needed(call, **{name: wrong}))
    for own in ("agent", "operator", "last_error", "failed_at", "last_error_kind"):
        given = needed("SessionManager.query", metadata={own: 1})
        with pytest.raises(UsageError, match=f"^metadata cannot have {own}: "):
            await call_of_api("SessionManager.query", listing.folder, given)
    assert snapshot(listing.root) == before


def test_what_is_not_known_is_told_by_the_name_of_what_was_called(tmp_path: Path) -> None:
    manager = SessionManager(tmp_path / "hollis_park")
    unknown: dict[str, Any] = {"takeover": True}
    for way in (manager.query, manager.session, manager.run):
        with pytest.raises(TypeError, match=rf"^{way.__name__}\(\) got .*'takeover'"):
            way("go", stage="stage_3", **unknown)


async def test_a_refusal_of_an_argument_names_the_session_that_was_to_go_on(
    listing: SampleListing,
) -> None:
    for call in ("SessionManager.query", "SessionManager.session", "SessionManager.run"):
        for wrong in ({"take_over": 5}, {"options": ClaudeAgentOptions(max_turns=0)}):
            with pytest.raises(UsageError) as refused:
                await call_of_api(call, listing.folder, needed(call, resume=FIRST, **wrong))
            assert refused.value.session_id == FIRST
        with pytest.raises(UsageError) as refused:
            await call_of_api(call, listing.folder, needed(call, resume=5))
        assert refused.value.session_id == ""


@pytest.mark.parametrize(
    ("cwd", "told"),
    [
        ("/nonexistent", "/nonexistent, which is not there"),
        ("~", "{here}/~, which is not there"),
        ("relative", "{here}/relative, which is not there"),
        ("a\0b", "{here}/ab, which is not there"),
        (Path(__file__), f"{__file__}, which is not a folder"),
    ],
)
def test_a_folder_that_no_agent_could_begin_in_fails_no_session(
    listing: SampleListing, cwd: Any, told: str
) -> None:
    listing.add(FIRST)
    before, options = snapshot(listing.root), ClaudeAgentOptions(cwd=cwd)
    for call in ("SessionManager.query", "SessionManager.session"):
        for more in ({}, {"resume": FIRST}):
            given = needed(call, options=options, **more)
            with pytest.raises(UsageError) as refused:
                asyncio.run(call_of_api(call, listing.folder, given))
            assert str(refused.value) == f"options.cwd is {told.format(here=Path.cwd())}"
    assert snapshot(listing.root) == before


async def test_a_process_whose_own_folder_is_gone_is_told_so(
    listing: SampleListing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for more in ({}, {"options": ClaudeAgentOptions(cwd="x")}):
        with pytest.raises(
            ConsoleError, match=r"that this process works in.*give an absolute cwd"
        ) as no:
            await call_of_api(
                "SessionManager.query", listing.folder, needed("SessionManager.query", **more)
            )
        assert no.value.kind is Kind.SETUP
    with pytest.raises(ConsoleError, match=r"^output_dir must be absolute: ") as no:
        SessionManager("outputs/hollis_park")
    assert no.value.kind is Kind.SETUP


async def test_what_only_a_failure_records_is_in_no_row_that_was_tracked(
    listing: SampleListing, caplog: pytest.LogCaptureFixture
) -> None:
    """A turn without an answer would go by it, and mark the session failed."""
    manager = SessionManager(listing.folder)
    invented = {"last_error": "x", "failed_at": "1999-01-01", "last_error_kind": "budget"}
    for _ in ("new", "known"):
        caplog.clear()
        await manager.track_session(FIRST, "stage_3", "hollis_park", invented | {"n": 1})
        (row,) = await manager.list_active_sessions()
        assert json.loads(row["metadata"]) == {"n": 1}
        told = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
        assert told == [
            f"{FIRST} gets no {one}: only a failure records that" for one in sorted(invented)
        ]
