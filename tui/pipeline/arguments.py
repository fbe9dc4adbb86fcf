"""Gives several methods the same arguments, written once: the fields of one frozen value."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
Asked = TypeVar("Asked")
Own = TypeVar("Own")
T = TypeVar("T")


def takes(
    make: Callable[P, Asked],
) -> Callable[[Callable[[Own, Asked], T]], Callable[Concatenate[Own, P], T]]:
    """Let a method be called with the arguments of `make`, whose value it gets.

    Type checkers, completion and `help` see those arguments, each with its default.
    """

    def decorate(act: Callable[[Own, Asked], T]) -> Callable[Concatenate[Own, P], T]:
        @wraps(act)
        def method(own: Own, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return act(own, make(*args, **kwargs))

        known = inspect.signature(act)
        itself = next(iter(known.parameters.values()))
        shown = [itself, *inspect.signature(make).parameters.values()]
        method.__dict__["__signature__"] = known.replace(parameters=shown)
        return method

    return decorate
