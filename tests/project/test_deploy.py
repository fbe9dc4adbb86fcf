"""The files of `tui/deploy`: run step by step in a fresh environment, exactly as written."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.children import Child
from tests.support.processes.compose_file import read_compose
from tests.support.processes.image import DEPLOY, Image, build
from tests.support.processes.runs_site import kinds, wait
from tests.support.processes.terminal import Terminal
from tests.support.programs import unshared
from tui.demo.api import LoopbackApi
from tui.runs.folder.protocol import run_folders

ROOT = "/srv/buyers/data/outputs"
PROGRAM = "/usr/local/bin/session-console"
COMPOSE: dict[str, Any] = read_compose((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NAMESPACE = ["--fork", "--mount-proc", "--kill-child"]
BYPASSES = """
import asyncio, sys
from pathlib import Path
from claude_agent_sdk import ClaudeAgentOptions
from tui import SessionManager

async def main(listing):
    options = ClaudeAgentOptions(permission_mode="bypassPermissions", cwd=listing)
    manager = SessionManager(listing)
    async for _ in manager.query("PERMIT", stage="s", listing_id="l", options=options):
        pass

listing = Path(sys.argv[1])
listing.mkdir(exist_ok=True)
asyncio.run(main(listing))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    made = build(tmp_path_factory.mktemp("image"))
    made.environment["PYTHONPYCACHEPREFIX"] = f"{made.environment['HOME']}/bytecode"
    return made


@pytest.fixture(scope="module")
def outputs(image: Image, api: LoopbackApi) -> Path:
    """A volume after the image's own command has run once, for one listing."""
    done = image.run(image.command, LISTING_ID="hollis_park", **api.env())
    assert done.stdout.splitlines() == ["Very well.", "cleaned up: 0"]
    return Path(image.environment["SESSION_CONSOLE_ROOT"])


@pytest.fixture
def session_id(image: Image, outputs: Path) -> str:
    done = image.run(["session-console", "ls", "hollis_park", "--json"])
    return str(json.loads(done.stdout)[0]["session_id"])


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / name).read_text())
    return parser


def here(image: Image, command: str) -> list[str]:
    """Return a host's crontab line as a shell command that runs here."""
    root = image.environment["SESSION_CONSOLE_ROOT"]
    return ["sh", "-c", command.replace(PROGRAM, "session-console").replace(ROOT, root)]


def cron_lines() -> list[str]:
    lines = (DEPLOY / "crontab").read_text().splitlines()
    jobs = [line for line in lines if line and not re.match(r"#|\w+=", line)]
    found = [re.fullmatch(r"(?:\S+ +){5}buyers +(.+)", job) for job in jobs]
    assert all(found)
    return [job[1] for job in found if job]


def test_the_wheel_brings_every_file(image: Image) -> None:
    installed = image.run(["python", "-c", "import tui; print(tui.__path__[0])"]).stdout.strip()
    assert installed.startswith(str(image.folder / "opt" / "venv"))
    assert {path.name for path in Path(installed, "deploy").iterdir() if path.is_file()} == {
        path.name for path in DEPLOY.iterdir() if path.is_file() and path.name != ".env"
    }


def test_the_image_is_nobodys_in_particular_and_holds_no_secret(image: Image) -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert image.user == "10001:10001"
    assert "useradd --uid 10001 --gid 10001" in text
    assert f"install -d -m 2775 -o app -g app {image.volume}" in " ".join(text.split())
    assert image.environment["SESSION_CONSOLE_ROOT"] == image.inside(image.volume)
    assert image.environment["TZ"]
    assert not re.search(r"KEY|TOKEN|SECRET|sk-ant", text)


def test_the_services_share_volume_zone_user_and_processes() -> None:
    services = [one | {"volumes": one["volumes"][:2]} for one in SERVICES.values()]
    for name in ("volumes", "user", "cap_drop", "security_opt", "image"):
        assert len({json.dumps(service[name]) for service in services}) == 1, name
    assert {service["environment"]["TZ"] for service in SERVICES.values()} == {"${TZ:-UTC}"}
    assert [one.get("pid") for one in SERVICES.values()] == [None, *["service:console"] * 3]
    assert all(service["init"] is True for service in SERVICES.values())
    assert all(int(one["stop_grace_period"].rstrip("s")) >= 30 for one in SERVICES.values())
    keys = [one["environment"].get("ANTHROPIC_API_KEY", "") for one in SERVICES.values()]
    assert [key.startswith("${ANTHROPIC_API_KEY:?") for key in keys] == [True, True, False, True]
    assert SERVICES["pipeline"]["environment"]["LISTING_ID"] == "${LISTING_ID:-}"
    assert COMPOSE["volumes"] == {"outputs": {}}


def test_the_member_ends_alone_and_comes_back() -> None:
    service = unit("session-console-member.service")["Service"]
    assert service["ExecStart"].split()[1:] == ["member"]
    assert (service["KillMode"], service["Restart"]) == ("process", "always")


@pytest.mark.parametrize("act", ["cleanup", "check"])
def test_the_units_belong_together(act: str) -> None:
    service, timer = unit(f"session-console-{act}.service"), unit(f"session-console-{act}.timer")
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["ReadWritePaths"] == ROOT == service["Unit"]["RequiresMountsFor"]
    assert "ProtectProc" not in service["Service"]
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert (act == "check") == ("Persistent" not in timer["Timer"])


@pytest.mark.parametrize(
    "command",
    [
        unit("session-console-cleanup.service")["Service"]["ExecStart"],
        cron_lines()[0],
        SERVICES["cleanup"]["command"][2].replace("sleep 86400", "exit"),
    ],
    ids=["systemd", "cron", "compose"],
)
def test_a_scheduled_cleanup_takes_what_has_expired(
    image: Image, outputs: Path, session_id: str, command: str
) -> None:
    expire = "UPDATE claude_sessions SET expires_at = '2020-01-01T00:00:00' WHERE session_id = ?"
    code = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(*sys.argv[2:3], "
    code += "sys.argv[3:]); db.commit()"
    database = str(outputs / "hollis_park" / "buyers.db")
    assert image.run(["python", "-c", code, database, expire, session_id]).returncode == 0
    done = image.run(here(image, command), SESSION_CONSOLE_OPERATOR="cleanup")
    assert (done.returncode, done.stderr) == (0, "")
    trash = json.loads(image.run(["session-console", "trash", "--json"]).stdout)
    assert session_id in {one["session_id"] for one in trash}
    assert image.run(["session-console", "restore", session_id]).returncode == 0


@pytest.mark.parametrize(
    "command",
    [
        unit("session-console-check.service")["Service"]["ExecStart"],
        cron_lines()[1],
        shlex.join(SERVICES["console"]["healthcheck"]["test"][1:]),
    ],
    ids=["systemd", "cron", "compose"],
)
def test_a_check_tells_that_somebody_is_needed(image: Image, session_id: str, command: str) -> None:
    told = image.workdir / "data" / "outputs" / "told"
    notify = {"SESSION_CONSOLE_NOTIFY_COMMAND": f"touch {told}"}
    done = image.run(here(image, command), **notify)
    assert (done.returncode, told.exists()) == (0, False), done.stdout
    image.run(["session-console", "fail", session_id, "--reason", "wrong client"])
    try:
        assert image.run(here(image, command), **notify).returncode == 1
        assert told.exists() == ("--notify" in command)
    finally:
        image.run(["session-console", "activate", session_id])
        told.unlink(missing_ok=True)


def test_the_console_opens_in_the_container(image: Image, outputs: Path) -> None:
    command = [*image.words(["session-console", "--ssh", "--operator", "anna"])]
    with Terminal(command, environment=image.environment, cwd=image.workdir) as screen:
        screen.wait_for("hollis_park", "Find strategic buyers")
        screen.send("q")
        assert wait(lambda: screen.process.poll() is not None)
    assert screen.process.returncode == 0


def test_bypass_permissions_works_for_the_user_and_never_for_root(
    image: Image, outputs: Path, api: LoopbackApi, tmp_path: Path
) -> None:
    listing = outputs / "bypass"
    done = image.run(["python", "-c", BYPASSES, str(listing)], **api.env())
    assert done.returncode == 0, done.stderr
    assert (listing / "made-1").exists()
    as_root = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
    refused = subprocess.run(
        [*as_root, "python", "-c", BYPASSES, str(tmp_path / "l")],
        env=image.environment | api.env() | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "cannot be used with root/sudo privileges" in refused.stderr
    assert not (tmp_path / "l" / "made-0").exists()


@pytest.fixture
def container(image: Image, outputs: Path, api: LoopbackApi) -> Iterator[subprocess.Popen[str]]:
    """The console's service in its own pid namespace, with a run of a new listing in it."""
    listing = outputs / "brightwater"
    listing.mkdir()
    shutil.copymode(outputs, listing)
    if os.geteuid() == 0:
        os.chown(listing, *map(int, image.user.split(":")))
    (keep,) = SERVICES["console"]["command"]
    begin = f'session-console new brightwater "LONG tale" --stage stage_4 && exec {keep}'
    with Child(
        [*unshared("--map-current-user"), *NAMESPACE, *image.words(["sh", "-c", begin])],
        cwd=image.workdir,
        env=image.environment | api.env(),
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_stop_of_the_container_ends_its_runs_in_order(
    container: subprocess.Popen[str], outputs: Path
) -> None:
    """Without the trap, the run is killed with the container and never reports its end."""
    (folder,) = wait(lambda: run_folders(outputs / "brightwater"))
    wait(lambda: "init" in kinds(folder))
    children = Path(f"/proc/{container.pid}/task/{container.pid}/children")
    os.kill(int(children.read_text()), signal.SIGTERM)
    assert container.wait(60) == 0
    assert kinds(folder)[-2:] == ["left", "ended"]
