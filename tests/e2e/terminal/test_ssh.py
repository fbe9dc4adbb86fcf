"""Over a real sshd with the settings that we ship: who gets in as whom, and a line that dies."""

from __future__ import annotations

import grp
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tui
from tests.support.processes.children import Child
from tests.support.processes.past_session import past
from tests.support.processes.runs_site import SCENES, Site, over, wait
from tests.support.processes.sshd import LOGIN, PROGRAM, Sshd
from tui.demo.api import LoopbackApi, by_word
from tui.demo.turns import Text, say
from tui.runs.folder import protocol
from tui.runs.folder.protocol import read_run
from tui.safe_io.processes import started

_SENTENCES = 45
LETTER = " ".join(
    f"Buyer number {number} of the long list is worth a call." for number in range(_SENTENCES)
)
SHIPPED = Path(tui.__file__).parent / "deploy" / "sshd_config"
_TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    scene = by_word({"LETTER": lambda asked: say(Text(LETTER, 60))}, default=SCENES)
    with LoopbackApi(scene) as server:
        yield server


def shipped(site: Site, group: str = "operators", *, dies_soon: bool = False) -> Sshd:
    """The server with the file that we ship, its places and its group put where this test is."""
    folder = site.env_file.parent / "sshd"
    home = {name: os.environ[name] for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME")}
    settings = folder / "settings.toml"
    kept = " ".join(f"{name}={value}" for name, value in home.items())
    places = {
        "/usr/local/bin/session-console": str(PROGRAM),
        "/etc/session-console.toml": f"{settings} {kept}",
        "/etc/ssh/session-console/%u.keys": f"{folder}/authorized_keys",
        f"Match Group buyers-{group}": f"Match Group {grp.getgrgid(os.getgid()).gr_name}",
        "ClientAliveInterval 15": f"ClientAliveInterval {1 if dies_soon else 15}",
        "ClientAliveCountMax 3": f"ClientAliveCountMax {1 if dies_soon else 3}",
    }
    text = SHIPPED.read_text()
    for shown, here in places.items():
        assert shown in text
        text = text.replace(shown, here)
    server = Sshd(folder, text)
    settings.write_text(f'root = "{site.listing.parent}"\nenv_file = "{site.env_file}"\n')
    server.add_key("anna", 'restrict,pty,environment="SESSION_CONSOLE_OPERATOR=anna"')
    server.add_key("bert", 'restrict,pty,environment="SESSION_CONSOLE_OPERATOR=bert"')
    watches = 'environment="SESSION_CONSOLE_READ_ONLY=true"'
    server.add_key("vera", f'restrict,pty,environment="SESSION_CONSOLE_OPERATOR=vera",{watches}')
    server.add_key("unnamed")
    return server


def latest(site: Site) -> Path:
    return protocol.run_folders(site.listing)[-1]


def console_below(server: Sshd) -> tuple[int, int]:
    """Return the pids of the one console that this server runs, and of its session's sshd."""
    for path in Path("/proc").glob("[0-9]*"):
        line = ancestors(int(path.name))
        if str(PROGRAM) in words_of(int(path.name)) and server.pid in line:
            return int(path.name), next(pid for pid in line if "sshd" in words_of(pid))
    return 0, 0


def ancestors(pid: int) -> list[int]:
    """Return the processes above one, nearest first."""
    found: list[int] = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
        found.append(pid)
    return found


def words_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def worked(pid: int) -> float:
    """Return for how many seconds a process was at work; 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def test_a_line_that_dies_ends_the_console_and_not_the_run_and_the_view_is_kept(
    site: Site,
) -> None:
    past(site)
    past(site, "ECHO another one")
    other = "> 6d 23h · ready hollis_park 3 ECHO another"
    with shipped(site, dies_soon=True) as server:
        with server.connect(key="anna") as screen:
            text = screen.wait_for("ECHO this", "ECHO another")
            screen.send("g" if "> 6d 23h · ready hollis_park 3 ECHO this" in text else "j")
            screen.wait_for("> 6d 23h · ready hollis_park 3 ECHO this")
            screen.send("r")
            screen.wait_for("mode default")
            screen.words("LETTER please\r")
            screen.wait_for("running", "Buyer number 2 of")
            folder = latest(site)
            screen.send("/stage:3\r")
            screen.wait_for("TITLE /stage:3")
            screen.send(" ")
            screen.wait_for(other)
            screen.line(":new hollis_park stage_3\r")
            screen.wait_for("new hollis_park/3", "asks for tools")
            screen.send("Not sent")
            screen.wait_for("Not sent")
            ends_with(server, server.wire.cut)
            assert read_run(folder).state == "busy"
        with server.connect(key="anna") as screen:
            screen.wait_for("restored: filter `stage:3`, 1 marked")
            screen.wait_for(other)
            site.hurry()
            assert (read_run(folder).operator, over(folder).state) == ("anna", "done")
            screen.line(":new hollis_park stage_3\r")
            screen.wait_for("Not sent")
            ends_with(server, server.wire.stall)


def ends_with(server: Sshd, fail: Callable[[], None]) -> None:
    """Let the line fail: the console must be gone after that could be known, at no CPU.

    A line that is cut tells at once; of one that is silent, the server has to find out.
    """
    console, session = wait(lambda: all(found := console_below(server)) and found)
    was = work = worked(console)
    fail()
    if fail == server.wire.stall:
        wait(lambda: started(session) is None)

    def is_gone() -> bool:
        nonlocal work
        work = worked(console) or work
        return started(console) is None

    wait(is_gone)
    assert work - was < 0.5


def told(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_key_is_an_operator_of_its_own_with_its_own_rights(site: Site) -> None:
    session = past(site)
    with shipped(site) as server:
        who = {key: told(server.run("info --json", key=key)) for key in ("anna", "vera", "unnamed")}
        assert {key: facts["operator"] for key, facts in who.items()} == {
            "anna": "anna",
            "vera": "vera",
            "unnamed": f"{LOGIN}@127.0.0.1",
        }
        assert {facts["restricted"] for facts in who.values()} == {"true"}
        assert [facts["read_only"] for facts in who.values()] == ["false", "true", "false"]
        assert server.run(f"extend {session} 20d", key="anna").returncode == 0
        assert server.run(f"session-console extend {session} 30d", key="bert").returncode == 0
        refused = server.run(f"extend {session} 40d --json", key="vera")
        assert (refused.returncode, json.loads(refused.stderr)["error"]["code"]) == (4, "refused")
        acts = told(server.run("log --json", key="vera"))
        by = [act["operator"] for act in acts if act["action"].startswith("extend")]
        assert sorted(by) == ["anna", "bert"]


def test_a_viewer_only_looks_whatever_is_asked(site: Site) -> None:
    session = past(site)
    with shipped(site, "viewers") as server:
        assert told(server.run("info --json", key="anna"))["read_only"] == "true"
        lifted = ("-o", "SetEnv=SESSION_CONSOLE_READ_ONLY=false")
        done = server.run(f"extend {session} 20d", key="anna", options=lifted)
        assert (done.returncode, "read-only" in done.stderr) == (4, True)
        with server.connect(key="anna", size=(60, 16)) as screen:
            assert "[RO]" in screen.wait_for("hollis_park", "[RO]", "· ready")
            screen.send("rdieu")
            screen.send(":ls\r")
            screen.wait_for("ENDS STATE LISTING", "[RO]")


WAYS_OUT = (
    "sh -i",
    "ls\n$(touch {made})",
    "session-console ls > {made}",
    "export {session} -o {made}",
)


def test_no_command_reaches_a_shell_or_a_file(site: Site, tmp_path: Path) -> None:
    session, made = past(site), tmp_path / "made"
    with shipped(site) as server:
        for way in WAYS_OUT:
            done = server.run(way.format(made=made, session=session), key="anna")
            assert done.returncode in (2, 3, 4), (way, done)
            assert done.stdout == "", way
            assert not made.exists(), way
        asked = ("-o", "SetEnv=SESSION_CONSOLE_OPERATOR=bert LC_ALL=../../x")
        facts = told(server.run("info --json", key="unnamed", options=asked))
        assert facts["operator"] == f"{LOGIN}@127.0.0.1"
    assert len(protocol.run_folders(site.listing)) == 1


def test_nothing_but_the_console_comes_through_the_door(site: Site, tmp_path: Path) -> None:
    made = tmp_path / "made"
    with shipped(site) as server:
        inside = f"127.0.0.1:{server.wire.port}"
        for options in (
            ("-W", inside),
            ("-N", "-o", "ExitOnForwardFailure=yes", "-R", f"0:{inside}"),
        ):
            done = server.run(key="unnamed", options=options)
            assert done.returncode == 255, options
        at = f"{LOGIN}@127.0.0.1"
        port = ("-P", str(server.wire.port))
        key = server.client_options("unnamed")
        for words in (
            ["sftp", *key, *port, "-b", "-", at],
            ["scp", *key, *port, __file__, f"{at}:{made}"],
            ["scp", "-O", *key, *port, __file__, f"{at}:{made}"],
        ):
            asked = f"put {__file__} {made}\n"
            done = subprocess.run(words, input=asked, capture_output=True, text=True, timeout=60)
            assert done.returncode != 0
            assert not made.exists()


@pytest.mark.parametrize("fail", ["killed client", "cut line"])
def test_a_verb_that_waits_ends_with_its_line_and_the_run_goes_on(site: Site, fail: str) -> None:
    """Without the guard nothing tells it: without a terminal there is no hang-up signal."""
    with shipped(site) as server:
        begins = 'new hollis_park "LETTER please" --stage 3 --wait'
        ends_after(server, server.client("-T", command=begins, key="bert"), site, fail)
        follows = f"tail -f {read_run(latest(site)).session_id}"
        ends_after(server, server.client("-T", command=follows, key="bert"), site, fail)
        site.hurry()
        assert over(latest(site)).state == "done"


def ends_after(server: Sshd, command: list[str], site: Site, fail: str) -> None:
    """Let a client run a verb until its run is at work, then let it fail."""
    pipe = subprocess.PIPE
    with Child(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe) as client:
        pid, _ = wait(lambda: all(found := console_below(server)) and found)
        wait(lambda: protocol.run_folders(site.listing) and read_run(latest(site)).model)
        assert started(pid) is not None
        client.kill() if fail == "killed client" else server.wire.cut()
        wait(lambda: started(pid) is None)
        client.kill()
    assert read_run(latest(site)).state == "busy"
