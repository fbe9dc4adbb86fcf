"""Record what a real CLI writes, as the fixture of its version: `python -m tests.record_cli [CLI]`.

The CLI runs against the loopback API: a Bash call, a sub-agent with a call of its own, a title, a
local command, an MCP server, a setting. What it leaves is kept without what is of this machine,
and without the long texts that the CLI brings along.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.place import REPOSITORY
from tui.claude import layout
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import ToolUse, Turn, say
from tui.operations.running.preflight import cli_path
from tui.settings import Settings

RECORDED = REPOSITORY / "tests" / "claude" / "recorded"
SESSION, TITLE, PROMPT = "9f2c0000-1111-4222-8333-444455556666", "Buyers counted", "Count them."
MODEL, INPUT_TOKENS = "claude-opus-4-7", 12_000
CWD, PID = "/recorded/cwd", 4242
_LONGEST, _MOST = 160, 20
_ENTRY = "entry.json"
_TAGGED = re.compile(r"\s*<([a-z-]+)>.*</\1>\s*", re.DOTALL)
_DOMAIN = re.compile(r"linux:[0-9a-f]+:pid:\[\d+\]")
_PRIVATE = {
    "userID": "recorded",
    "machineID": "recorded",
    "messagingSocketPath": "recorded",
    "procStart": "1",
    "pid": PID,
}
# Records of which only these keys are kept: the rest is what was sent to the model.
_BOOKKEEPING = ("type", "sessionId", "agentId", "timestamp", "version")


def _scene(asked: ApiRequest) -> Turn:
    if asked.prompt.startswith("Look"):
        count = ToolUse("Bash", {"command": "echo three", "description": "Count"})
        return say("There are three.") if asked.step else say("I look.", count)
    if asked.step == 0:
        copied = f'cat "$CLAUDE_CONFIG_DIR"/{layout.REGISTRY}/*.json > {_ENTRY}; seq 3'
        return say("One moment.", ToolUse("Bash", {"command": copied, "description": "Count"}))
    if asked.step == 1:
        tool = "Agent" if "Agent" in asked.tools else "Task"
        call = {"description": "Find buyers", "prompt": "Look.", "subagent_type": "general-purpose"}
        return say(ToolUse(tool, call | {"run_in_background": False}))
    return say("All done.")


def record(cli: Path) -> Path:
    """Write the fixture of the version that `cli` is, and return its folder."""
    version = _output(cli, "--version").split()[0]
    with tempfile.TemporaryDirectory() as name:
        place = Path(name).resolve()
        config_dir, cwd, home = place / "config", place / "cwd", place / "home"
        market = place / "market"
        for folder in (config_dir, cwd, home, market / ".claude-plugin"):
            folder.mkdir(parents=True)
        _write(market / ".claude-plugin" / "marketplace.json", _MARKET)
        with LoopbackApi(_scene, input_tokens=INPUT_TOKENS) as api:
            scratch = {"CLAUDE_CONFIG_DIR": str(config_dir), "CLAUDE_CODE_TMPDIR": str(place)}
            own = {"PATH": os.environ["PATH"], "HOME": str(home)}
            _use(cli, cwd, own | api.env() | scratch, market)
        target = RECORDED / version
        shutil.rmtree(target, ignore_errors=True)
        _keep(config_dir, cwd, target)
    return target


_MARKET = {"name": "market", "owner": {"name": "nobody"}, "plugins": []}


def _use(cli: Path, cwd: Path, env: dict[str, str], market: Path) -> None:
    asks = ["-p", "--model", MODEL]
    tools = ["--allowedTools", "Bash,Agent,Task"]
    for words in (
        [*asks, *tools, "--session-id", SESSION, "--name", TITLE, "--", PROMPT],
        [*asks, "--resume", SESSION, "--", "/cost"],
        ["mcp", "add", "--scope", "user", "echo", "--", "/bin/cat"],
        ["plugin", "marketplace", "add", str(market)],
    ):
        _output(cli, *words, cwd=cwd, env=env)


def _output(cli: Path, *words: str, **more: Any) -> str:
    done: subprocess.CompletedProcess[bytes] = subprocess.run(
        [cli, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=300, **more
    )
    if done.returncode:
        raise SystemExit(f"{cli.name} {words[0]}: {done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode()


def _keep(config_dir: Path, cwd: Path, target: Path) -> None:
    """Write what is kept of a config dir, as it would be were `cwd` the folder `CWD`."""
    names = {str(cwd): CWD, str(cwd.parent): str(Path(CWD).parent)}
    own = layout.transcript_path(config_dir, cwd, SESSION)
    kept = layout.transcript_path(target, CWD, SESSION)
    found = [own, *sorted(own.with_suffix("").rglob("*"))]
    for path in [one for one in found if one.is_file()]:
        to = kept.parent / path.relative_to(own.parent)
        text = path.read_text("utf-8")
        if layout.is_transcript(path):
            lines = [_line(_cleaned(json.loads(one), names)) for one in text.splitlines()]
            _save(to, "".join(lines))
        else:
            _write(to, _cleaned(json.loads(text), names))
    entry = json.loads((cwd / _ENTRY).read_text("utf-8"))
    _write(layout.registry_entry(target, PID), _cleaned(entry, names))
    for name in (layout.SETTINGS, layout.STATE):
        _write(target / name, _cleaned(json.loads((config_dir / name).read_text("utf-8")), names))


def _cleaned(value: Any, names: dict[str, str]) -> Any:
    """Return a value without the names of this machine, and with its long texts cut."""
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
        return _cut(_DOMAIN.sub("linux:recorded:pid:[1]", value))
    if isinstance(value, list):
        return [_cleaned(one, names) for one in value[:_MOST]]
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    if isinstance(kind, str) and kind.startswith("api-request"):
        value = {name: value[name] for name in _BOOKKEEPING if name in value}
    if kind == "attachment":
        value = {name: one for name, one in value.items() if not name.startswith("rendered")}
        value["attachment"] = {"type": value["attachment"].get("type")}
    return {name: _PRIVATE.get(name, _cleaned(one, names)) for name, one in value.items()}


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    tagged = _TAGGED.fullmatch(text)
    return f"<{tagged[1]}>(cut)</{tagged[1]}>" if tagged else f"{text[:40]}(cut)"


def _line(record: Any) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"


def _write(path: Path, value: Any) -> None:
    _save(path, json.dumps(value, indent=1) + "\n")


def _save(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for one in map(Path, sys.argv[1:] or [str(cli_path(Settings()))]):
        print(record(one.absolute()).relative_to(REPOSITORY))
