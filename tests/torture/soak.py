"""An hour of the demo at twenty times its speed, watched, steered and joined by consoles.

One console stays: it follows, moves and filters, and is measured. Another steers all the time, and
each minute a third comes and goes. `python -m tests.torture soak --minutes 5` is shorter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.processes.terminal import Terminal
from tests.torture._watched import State, Watched
from tui.demo import Demo, start_demo

_MINUTES, _SPEED = 60.0, 20.0
_TELL_EACH_S = 15.0
_WARM_UP, _WARM_UP_S = 0.3, 180.0
_MORE_MB = 5.0
_WALK = cycle(("j", "j", "\r", " ", "g", "F", "q", "!", "k", "3", "2", "/live\r", "\x1b", "?", "q"))
_STEER = cycle(("r", "Go on with the next one.\r", "!", "a", "y", "j", "j", "e", "1\r", "k"))


def run(scale: float) -> Mapping[str, Any]:
    """Soak for an hour at scale 1; assert that memory is flat, and that descriptors stay."""
    seconds = 60 * _MINUTES * scale
    with (
        tempfile.TemporaryDirectory(prefix="session-console-torture-") as name,
        start_demo(speed=_SPEED) as demo,
        _console(demo, Path(name), "anna") as watched,
        _console(demo, Path(name), "ben") as steering,
    ):
        for one in (watched, steering):
            one.screen.wait_for("live", "hollis_park")
        return _verdict(list(_soaked(demo, Path(name), (watched, steering), seconds)), seconds)


def _soaked(
    demo: Demo, folder: Path, consoles: tuple[Watched, Watched], seconds: float
) -> Iterator[tuple[float, State]]:
    """Press keys, answer what waits, let others come and go; yield how the first one stands."""
    watched, steering = consoles
    began, told, number = time.monotonic(), 0.0, 0
    while (passed := time.monotonic() - began) < seconds:
        number += 1
        watched.screen.send(next(_WALK))
        steering.screen.send(next(_STEER))
        time.sleep(1.0)
        if number % 60 == 30:
            _come_and_go(demo, folder)
        if number % 7 == 0:
            _answer_all(demo, folder)
        if passed - told > _TELL_EACH_S:
            told, state = passed, watched.state()
            print(json.dumps({"at_s": round(passed), **vars(state)}), file=sys.stderr, flush=True)
            yield passed, state


def _verdict(states: Sequence[tuple[float, State]], seconds: float) -> dict[str, Any]:
    """Compare the end with what was there after the warm-up."""
    warm = min(_WARM_UP_S, _WARM_UP * seconds)
    after = [state for at, state in states if at > warm]
    third = max(1, len(after) // 3)
    first, last = after[:third], after[-third:]
    grown = median(one.pss_mb for one in last) - median(one.pss_mb for one in first)
    fds = [median(one.descriptors for one in part) for part in (first, last)]
    late = sorted(one.late_ms for one in after)
    said = {
        "minutes": round(seconds / 60, 1),
        "pss_mb": [first[0].pss_mb, last[-1].pss_mb],
        "grown_mb": round(grown, 1),
        "descriptors": fds,
        "threads": max(one.threads for one in after),
        "late_ms_median": late[len(late) // 2],
        "late_ms_worst": late[-1],
    }
    assert grown <= _MORE_MB, f"memory grows: {said}"
    assert fds[1] <= fds[0], f"descriptors grow: {said}"
    return said


@contextmanager
def _console(demo: Demo, folder: Path, operator: str) -> Iterator[Watched]:
    words, environment = _given(demo, folder, operator)
    with Watched(words, folder / f"told-{operator}", environment) as watched:
        yield watched


def _given(demo: Demo, folder: Path, operator: str) -> tuple[list[str], dict[str, str]]:
    """Return the words and the environment of a program of this operator."""
    config = folder / "config.toml"
    if not config.exists():
        config.write_text(_toml(demo.settings))
    environment = {
        "HOME": str(folder),
        "CLAUDE_CONFIG_DIR": str(demo.settings["claude_home"]),
        "XDG_STATE_HOME": str(demo.settings["state_dir"]),
        "XDG_CACHE_HOME": str(demo.settings["cache_dir"]),
        "SESSION_CONSOLE_CONFIG": str(config),
    }
    return ["--operator", operator], environment


def _toml(settings: Mapping[str, Any]) -> str:
    lines = [f"{name} = {json.dumps(str(settings[name]))}" for name in ("root", "env_file")]
    lines.append(f"max_runs = {settings['max_runs']}")
    for stage, options in settings["stages"].items():
        lines.append(f"[stages.{stage}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    return "\n".join(lines) + "\n"


def _come_and_go(demo: Demo, folder: Path) -> None:
    """Let a colleague look in for a moment, and lose the line."""
    words, environment = _given(demo, folder, "carla")
    with Terminal([sys.executable, "-m", "tui", *words], environment=environment) as screen:
        screen.wait_for("hollis_park", " live ")  # not only in the last one's picture
        screen.send("jj\r")
        time.sleep(1)
        screen.hang_up()
        screen.process.wait(10)


def _answer_all(demo: Demo, folder: Path) -> None:
    """Allow what waits for a permission, as a script does."""
    said = _verb(demo, folder, "ls", "--live", "--json")
    for one in json.loads(said or "[]"):
        if one["liveness"] == "waiting":
            known = json.loads(_verb(demo, folder, "show", one["session_id"], "--json") or "{}")
            asked = (known.get("run") or {}).get("request")
            if asked:
                shown = f"--input={asked['sha256']}"
                _verb(demo, folder, "answer", one["session_id"], "allow", shown)


def _verb(demo: Demo, folder: Path, *verb: str) -> str:
    words, environment = _given(demo, folder, "dora")
    command = [sys.executable, "-m", "tui", *words, *verb]
    given = {**os.environ, **environment}
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60).stdout
