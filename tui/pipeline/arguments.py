"""Checks what pipelines call with, and gives several methods the same arguments, written once."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import wraps
from types import SimpleNamespace
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, get_type_hints

from tui.core.declared_types import misfit
from tui.core.errors import UsageError
from tui.pipeline.options_check import unusable_option, unusable_together
from tui.runs.agent.recorded_options import as_taken
from tui.runs.agent.sdk_import import import_sdk

P = ParamSpec("P")
Asked = TypeVar("Asked")
Own = TypeVar("Own")
T = TypeVar("T")

_MOST = 2**63  # what SQLite and the clocks take


def checked(act: Callable[P, T]) -> Callable[P, T]:
    """Let a method raise `UsageError` for an argument that is not of its declared type.

    Before it begins: nothing was written or started then.
    """
    check_all = _check_of(act)

    def check(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        try:
            check_all(args, kwargs)
        except UsageError as error:  # of a run, as all that it raises
            error.session_id = getattr(args[0], "session_id", "")
            error.cost_usd = getattr(args[0], "cost_usd", None)
            raise

    @wraps(act)
    def method(*args: P.args, **kwargs: P.kwargs) -> T:
        check(args, kwargs)
        return act(*args, **kwargs)

    @wraps(act)
    async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
        check(args, kwargs)
        return await cast("Any", act(*args, **kwargs))

    return cast("Callable[P, T]", awaited) if inspect.iscoroutinefunction(act) else method


def takes(
    make: Callable[P, Asked],
) -> Callable[[Callable[[Own, Asked], T]], Callable[Concatenate[Own, P], T]]:
    """Let a method be called with the arguments of `make`, whose value it gets, checked.

    Type checkers, completion and `help` see those arguments, each with its default.
    """
    check = _check_of(make)

    def decorate(act: Callable[[Own, Asked], T]) -> Callable[Concatenate[Own, P], T]:
        @wraps(act)
        def method(own: Own, /, *args: P.args, **kwargs: P.kwargs) -> T:
            try:
                accepted.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{act.__name__}() {error}") from None
            try:
                check(args, kwargs)
            except UsageError as error:
                given = kwargs.get("resume")
                error.session_id = given if isinstance(given, str) else ""
                raise
            return act(own, make(*args, **kwargs))

        known, accepted = inspect.signature(act), inspect.signature(make)
        itself = next(iter(known.parameters.values()))
        shown = [itself, *accepted.parameters.values()]
        method.__dict__["__signature__"] = known.replace(parameters=shown)
        return method

    return decorate


def _check_of(made: Callable[..., Any]) -> Callable[[tuple[Any, ...], Mapping[str, Any]], None]:
    """Return what raises `UsageError` for arguments that are not as `made` declares them."""
    parameters = inspect.signature(made).parameters
    declared = {name: one for name, one in parameters.items() if one.annotation is not one.empty}

    def check(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        for name, value in (*zip(parameters, args, strict=False), *kwargs.items()):
            # A default is as declared. Unknown names are for Python to refuse.
            if name in declared and value is not declared[name].default:
                _require(made, declared[name], value)

    return check


def _require(made: Callable[..., Any], declared: inspect.Parameter, value: object) -> None:
    name, its_type = declared.name, _type_of(made, declared)
    taken = _as_taken(value)
    wrong = misfit(name, value, its_type, source=_of_sdk(value))
    if wrong and taken is not value and not misfit(name, taken, its_type):
        wrong = ""
    if wrong := wrong or _unusable(name, value, its_type):
        raise UsageError(wrong)
    for part, one in _parts(taken):
        if wrong := unusable_option(part, one):
            raise UsageError(f"{name}.{part} {wrong}")
    if is_dataclass(taken) and (wrong := unusable_together(taken)):
        raise UsageError(f"{name}.{wrong}")


def _type_of(made: Callable[..., Any], declared: inspect.Parameter) -> Any:
    """Return the declared type; one of the SDK's is imported only by who gives one."""
    written = SimpleNamespace(__annotations__={declared.name: declared.annotation})
    names = vars(sys.modules[made.__module__])
    try:
        return get_type_hints(written, names)[declared.name]
    except NameError as error:
        of_sdk = {str(error.name): getattr(import_sdk(), str(error.name))}
        return get_type_hints(written, names, of_sdk)[declared.name]


def _unusable(name: str, value: object, its_type: object) -> str:
    """Return what is wrong with a value of the right type; a plain string becomes a column."""
    if isinstance(value, int | float) and not (0 <= value < _MOST or value == math.inf):
        shown = max(min(value, 1e99), -1e99)
        return f"{name} must be a number from 0 to 2**63, not {shown:.6g}"
    try:
        if its_type is str:
            cast("str", value).encode()
    except UnicodeEncodeError:
        return f"{name} has a lone surrogate, which UTF-8 cannot hold"
    return ""


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """Yield the parts of the SDK's options, which it does not check itself."""
    if is_dataclass(value):
        yield from ((one.name, getattr(value, one.name)) for one in fields(value))


def _as_taken(value: object) -> object:
    """Return options of the SDK as it gets them, which may fit though what was given does not."""
    is_of_sdk = is_dataclass(value) and isinstance(value, import_sdk().ClaudeAgentOptions)
    return as_taken(value) if is_of_sdk else value


def _of_sdk(options: object) -> str:
    """Say which SDK declares the words that its options take: a later one may take more."""
    if not is_dataclass(options):
        return ""
    return f", as the installed claude-agent-sdk {import_sdk().__version__} declares"
