"""A restricted console is asked for everything, while all that it starts and writes is watched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.place import REPOSITORY
from tests.support.processes.past_session import past
from tests.support.processes.runs_site import Site, wait
from tests.support.processes.terminal import Terminal
from tui.cli.verb_info import verb_infos
from tui.runs.folder import protocol
from tui.runs.folder.protocol import read_run

WATCHED = """
import json, os, sys
STARTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork",
          "os.forkpty", "pty.spawn"}
MAKES = {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "shutil.move"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
log = os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)

def told(*facts):
    os.write(log, (json.dumps(facts, default=os.fsdecode) + "\\n").encode())

def hook(event, args):
    if event in STARTS:
        told("start", event, [os.fsdecode(word) for word in args[1]] if len(args) > 1 else [])
    elif event == "open" and isinstance(args[2], int) and args[2] & WRITES:
        told("write", event, args[0] if isinstance(args[0], (str, bytes)) else "")
    elif event in MAKES:
        told("write", event, *[one for one in args if isinstance(one, (str, bytes))])

from tui.__main__ import main, say_verb
"""
SCREEN = WATCHED + "sys.addaudithook(hook)\nsys.exit(main())\n"
VERBS = (
    WATCHED
    + """
from datetime import datetime, UTC
from tui.core.errors import ConsoleError
from tui.operations.context import Context
from tui.settings import load_settings
context = Context(load_settings(os.environ, {}), lambda: datetime.now(UTC))
sys.addaudithook(hook)
for words in json.load(sys.stdin):
    try:
        print(json.dumps([words, say_verb(context, words).code]))
    except ConsoleError as error:
        print(json.dumps([words, error.exit_code]))
"""
)
TRICKY = (
    ["export", "ID", "-o", "OUT/made"],
    ["export", "ID", "--output=OUT/made"],
    ["export", "ID", "-o", "ROOT/hollis_park/made.md"],
    ["export", "ID", "-o", "/dev/stdout"],
    ["grep", "; touch OUT/made"],
    ["grep", "$(touch OUT/made)", "hollis_park"],
    ["grep", "--", "-o OUT/made"],
    ["ls", "--root", "/"],
    ["ls", "--operator", "$(touch OUT/made)"],
    ["tail", "ID", "-n", "3"],
    ["check", "--notify"],
    ["new", "hollis_park", "!touch OUT/made", "--stage", "; touch OUT/made"],
    ["new", "hollis_park", "/bin/touch OUT/made", "--stage", "stage_3", "--tools", "Bash"],
    ["new", "../../OUT", "Go", "--stage", "stage_3"],
    ["resume", "ID", "--mode", "bypassPermissions", "Go"],
    ["resume", "ID", "--tools", "Bash,Write", "Go"],
    ["resume", "ID", "Show me @/etc/passwd"],
    ["mode", "ID", "acceptEdits"],
    ["model", "ID", "opus; touch OUT/made"],
    ["send", "ID", "!touch OUT/made"],
    ["rename", "ID", "`touch OUT/made`"],
    ["fail", "ID", "--reason", "$(touch OUT/made)"],
    ["hold", "on", "--reason", "| sh"],
    ["hold", "off"],
    ["adopt", "--all"],
    ["doctor", "--fix"],
    ["cleanup", "--older-than", "1000d", "--purge-trash", "--yes"],
)
KEYS = [chr(code) for code in range(33, 127) if chr(code) not in "q:?"]
KEYS += [chr(code) for code in range(1, 27) if code not in (3, 9, 13, 16)]


def environment(site: Site, log: Path) -> dict[str, str]:
    """Everything that names a program or a place, so that using it would show."""
    places = {"ROOT": str(site.listing.parent), "ENV_FILE": str(site.env_file)}
    given = {"OPERATOR": "anna", "RESTRICTED": "true", "NOTIFY_COMMAND": "touch told"}
    given |= {"CONFIG": str(site.env_file.with_name("none.toml"))} | places
    programs = dict.fromkeys(("SHELL", "PAGER", "EDITOR", "VISUAL", "BROWSER"), "/bin/touch")
    ours = {f"SESSION_CONSOLE_{name}": value for name, value in given.items()}
    here = {"WATCH_LOG": str(log), "TMUX": "/tmp/none,1,0", "SSH_CONNECTION": "", "PYTHONPATH": ""}
    return os.environ | programs | ours | here | {"PYTHONPATH": str(REPOSITORY)}


def require_calm(site: Site, log: Path) -> list[Any]:
    """Fail if anything was started but runs and our own search, or written but in our places."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    ours = [str(site.listing.parent), "/dev/null", "/dev/tty", "/dev/pts/"]
    ours += [os.environ["XDG_STATE_HOME"], os.environ["XDG_CACHE_HOME"]]
    for kind, event, *facts in events:
        if kind == "start":
            words = facts[0]
            assert event == "subprocess.Popen", (event, words)
            is_run = words[:2] == ["/bin/sh", "-c"] and words[3:5] == ["runner", sys.executable]
            assert is_run or words[0] == sys.executable, words
        for path in facts if kind == "write" else ():
            assert not Path(path).is_absolute() or path.startswith(tuple(ours)), (event, path)
    return events


def test_no_verb_starts_or_writes_anything_of_its_own(site: Site, tmp_path: Path) -> None:
    past(site)
    session, log, out = (
        read_run(protocol.run_folders(site.listing)[-1]).session_id,
        *_places(tmp_path),
    )
    places = {"ID": session, "OUT": str(out), "ROOT": str(site.listing.parent)}
    plain = [[one.name, *(["ID"] if one.takes in ("id", "ids") else [])] for one in verb_infos()]
    asked = [[_put(word, places) for word in words] for words in (*TRICKY, *plain)]
    done = subprocess.run(
        [sys.executable, "-B", "-c", VERBS],
        input=json.dumps(asked),
        env=environment(site, log),
        cwd=out,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    codes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [words for words, _ in codes] == asked
    assert {code for words, code in codes if "-o" in words or "--output" in str(words)} == {4}
    started = [words for kind, _, words, *_ in require_calm(site, log) if kind == "start"]
    assert any(words[0] == "/bin/sh" for words in started)
    assert list(out.iterdir()) == []


def _places(tmp_path: Path) -> tuple[Path, Path]:
    out = tmp_path / "elsewhere"
    out.mkdir()
    return tmp_path / "watched.log", out


def _put(word: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        word = word.replace(name, place)
    return word


def test_no_key_starts_or_writes_anything_of_its_own(site: Site, tmp_path: Path) -> None:
    past(site)
    log, out = _places(tmp_path)
    with Terminal(
        [sys.executable, "-B", "-c", SCREEN],
        environment=environment(site, log),
        cwd=out,
    ) as screen:
        screen.wait_for("hollis_park", "· ready")
        for key in KEYS:
            screen.send(f"{key}\x03")
        screen.send("\x1b")
        screen.taken()
        time.sleep(0.6)  # an Esc is one by silence; it closes a page that a key has opened
        screen.send("?")
        screen.wait_for("Keys and verbs")
        screen.line("/is read-only\r")
        screen.wait_for("this console is read-only")
        assert "suspend" not in screen.text
        screen.send("q\x1a")
        screen.send("4y")
        screen.wait_for("sent to the terminal")
        for line, said in (
            (f"export -o {out}/made", "it writes no file"),
            ("resume --tools Bash Go", "allowed_tools Bash"),
            ("info --root /", "the console's own"),
        ):
            screen.line(f":{line}\r")
            screen.wait_for(said)
            screen.send("\x03")
        assert Path(f"/proc/{screen.process.pid}/stat").read_text().split()[2] not in "Tt"
        screen.send("\x1b")
        screen.taken()
        time.sleep(0.6)  # an Esc is one by silence
        screen.send(":quit\r")
        assert screen.process.wait(60) == 0
    require_calm(site, log)
    assert list(out.iterdir()) == []


def test_an_agent_gets_no_shell_from_here(site: Site) -> None:
    folder = site.start("PERMIT please")
    wait(lambda: read_run(folder).request)
    words = [sys.executable, "-m", "tui", "answer", read_run(folder).session_id]
    here = environment(site, site.env_file.with_name("log"))

    def answered(decision: str) -> tuple[int, str]:
        done = subprocess.run([*words, decision], env=here, capture_output=True, text=True)
        return done.returncode, done.stderr

    for decision in ("allow", "always"):
        code, said = answered(decision)
        assert (code, "you can only deny it" in said) == (4, True)
    assert read_run(folder).request
    wait(lambda: read_run(folder).is_over or (answered("deny") and False))
    assert not list(site.listing.glob("made-*"))
