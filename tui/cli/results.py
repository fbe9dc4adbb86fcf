"""Prints what actions did, and which of them failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from tui.cli.output import as_console_error, put, put_error, put_json, say
from tui.core.errors import ConsoleError

T = TypeVar("T")


def put_result(result: Mapping[str, Any], *, as_json: bool) -> int:
    """Print the result of one action, as JSON or only its `words`; return exit code 0."""
    put_json(dict(result)) if as_json else put(result["words"])
    return 0


def put_each(targets: Iterable[T], act: Callable[[T], Mapping[str, Any]], *, as_json: bool) -> int:
    """Act on each, also after a failure, and print the results; return the exit code."""
    results, errors = [], []
    for one in targets:
        try:
            results.append(act(one))
        except (ConsoleError, OSError) as error:
            errors.append(as_console_error(error))
    return put_results(results, errors, as_json=as_json)


def put_results(
    results: Sequence[Mapping[str, Any]], errors: Sequence[ConsoleError], *, as_json: bool
) -> int:
    """Print results and errors; return the exit code of the last error, or 0."""
    for error in errors:
        put_error(error, as_json=as_json)
    if as_json:
        put_json([dict(one) for one in results])
        return errors[-1].exit_code if errors else 0
    for one in results:
        put(one["words"])
    count = len(results) + len(errors)
    if count > 1:
        say(f"{len(results)} of {count} done")
    return errors[-1].exit_code if errors else 0
