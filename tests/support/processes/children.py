"""A program that a test starts and that ends with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import AnyStr

from tests.support.place import REPOSITORY


class Child(subprocess.Popen[AnyStr]):
    """Like `Popen`, but a failing test does not wait for the program's end."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, value, traceback)


@contextmanager
def module(*words: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a module of ours, with warnings as errors; it is ended with the block."""
    with Child(
        [sys.executable, "-W", "error", "-m", *words],
        env=environment,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
