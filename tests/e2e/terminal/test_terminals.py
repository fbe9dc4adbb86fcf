"""The console in many terminals: what each can show, in which letters, at which size."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tests.support.place import REPOSITORY
from tests.support.processes.terminal import Terminal
from tests.support.programs import need

PLACE = REPOSITORY
LOCAL = {"SSH_CONNECTION": "", "SSH_TTY": "", "COLORTERM": "", "NO_COLOR": ""}
TRUE = {"COLORTERM": "truecolor"}
# What is set, whether it is over SSH, and which colours may come.
TERMINALS: dict[str, tuple[dict[str, str], bool, set[str]]] = {
    "xterm over SSH": ({"TERM": "xterm-256color", **TRUE}, True, {"16", "256"}),
    "xterm": ({"TERM": "xterm-256color", **TRUE}, False, {"16", "256", "rgb"}),
    "screen": ({"TERM": "screen", **TRUE}, False, {"16"}),
    "linux": ({"TERM": "linux", **TRUE}, False, {"16"}),
    "vt100": ({"TERM": "vt100", **TRUE}, False, set()),
    "no colour": ({"TERM": "xterm-256color", "NO_COLOR": "1", **TRUE}, False, set()),
    "exported size": ({"COLUMNS": "200", "LINES": "9", "LC_CTYPE": "C.UTF-8"}, True, {"16", "256"}),
    "long locale": ({"TERM": "xterm", "LC_ALL": "en_US.UTF-8@" + "x" * 5000}, False, {"16"}),
}
TOLD = {
    "24-bit colours": {"16", "256", "rgb"},
    "256 colours": {"16", "256"},
    "16 colours": {"16"},
    "no colours": set[str](),
}
_SGR = re.compile(rb"\x1b\[([\d;]*)m")
_MODE = re.compile(rb"\x1b\[\?(\d+)([hl])")
_KITTY = (b"\x1b[>", b"\x1b[<", b"$p", b"\x1b]22")


def fixed(
    *words: str, size: tuple[int, int] = (80, 24), environment: Mapping[str, str] | None = None
) -> Terminal:
    """Start the console over the fixed catalog."""
    command = (sys.executable, "-m", "tests.support.console.fixed_console", *words)
    return Terminal(command, size=size, environment=LOCAL | dict(environment or {}), cwd=PLACE)


def shown(screen: Terminal, *words: str) -> str:
    """Return the picture when the words are there and it has come to rest."""
    screen.wait_for(*words)
    until = time.monotonic() + 60
    still = ""
    while still != (still := screen.text):
        assert time.monotonic() < until, "it never came to rest"
        time.sleep(0.25)
    return still


@pytest.fixture(scope="module")
def screens() -> Iterator[dict[str, Terminal]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(fixed(*(("--ssh",) if is_ssh else ()), environment=given))
            for name, (given, is_ssh, _) in TERMINALS.items()
        }


def colours(output: bytes) -> set[str]:
    """Return which kinds of colour were asked for."""
    kinds = set()
    for codes in _SGR.findall(output):
        numbers = [int(number or 0) for number in codes.split(b";")]
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48):
                is_rgb = numbers.pop(0) == 2
                kinds.add("rgb" if is_rgb else "256")
                del numbers[: 3 if is_rgb else 1]
            elif number % 60 // 10 in (3, 4) and number % 10 < 8:
                kinds.add("16")
    return kinds


@pytest.mark.parametrize("name", TERMINALS)
def test_every_terminal_shows_the_same_in_the_colours_it_has(
    screens: dict[str, Terminal], name: str
) -> None:
    environment, _, allowed = TERMINALS[name]
    screen = screens[name]
    assert shown(screen, "cranbury", "? help") == shown(
        screens["xterm over SSH"], "cranbury", "? help"
    )
    assert colours(bytes(screen.raw)) <= allowed
    if environment.get("TERM") in ("linux", "vt100"):
        assert not [asked for asked in _KITTY if asked in screen.raw]


@pytest.mark.parametrize("name", TERMINALS)
def test_info_tells_the_colours_that_the_console_uses(
    screens: dict[str, Terminal], tmp_path: Path, name: str
) -> None:
    environment, is_ssh, allowed = TERMINALS[name]
    given = {"TERM": "xterm-256color", **LOCAL, **environment}
    told = info(tmp_path, *(("--ssh",) if is_ssh else ()), **given)
    kinds = next(kinds for words, kinds in TOLD.items() if f", {words}" in told)
    assert kinds == allowed
    shown(screens[name], "cranbury", "? help")
    assert colours(bytes(screens[name].raw)) & {"rgb"} == kinds & {"rgb"}


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        ((), {"TERM": "xterm-256color", "NO_COLOR": ""}, "256 colours, UTF-8, not over SSH"),
        ((), {"TERM": "vt100", **TRUE}, "no colours (TERM), "),
        ((), {"TERM": "xterm-256color", "NO_COLOR": "1", **TRUE}, "no colours (NO_COLOR), "),
        ((), {"TERM": "xterm-256color", "COLORTERM": "TrueColor"}, "24-bit colours, "),
        ((), {"TERM": "screen", **TRUE}, "16 colours, "),
        ((), {"TERM": "xterm-256color", "SSH_TTY": "/dev/pts/1", **TRUE}, "256 colours (of 24-bit"),
        (("--ssh",), {"TERM": "xterm-256color", **TRUE}, "not over SSH, with --ssh"),
        (
            ("--rich",),
            {"TERM": "xterm-256color", "SSH_TTY": "/dev/pts/1", **TRUE},
            "24-bit colours, UTF-8, over SSH, with --rich",
        ),
        ((), {"TERM": "dumb", **TRUE}, "no screen: the console refuses it"),
        ((), TRUE, "TERM=(none), no screen"),
    ],
)
def test_info_goes_by_what_the_console_goes_by(
    tmp_path: Path, words: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    assert told in info(tmp_path, *words, **environment)


def info(root: Path, *words: str, **environment: str) -> str:
    done = run_cli(root, *words, "info", "--json", LANG="C.UTF-8", **environment)
    terminal: str = json.loads(done.stdout)["terminal"]
    return terminal


def test_tmux_shows_what_pyte_shows(screens: dict[str, Terminal], tmp_path: Path) -> None:
    def tmux(*words: str) -> str:
        base = [need("tmux"), "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]
        return subprocess.run([*base, *words], capture_output=True, text=True, check=True).stdout

    command = f"cd {PLACE} && exec {sys.executable} -m tests.support.console.fixed_console --ssh"
    tmux("new-session", "-d", "-x", "80", "-y", "24", command)
    try:
        picture = shown(screens["xterm over SSH"], "cranbury", "? help")
        lines = picture.rstrip().splitlines()
        until(lambda: tmux("capture-pane", "-p").rstrip().splitlines() == lines)
        tmux("send-keys", "Down", "Down", "Up", "?")
        until(lambda: "Keys and verbs" in tmux("capture-pane", "-p"))
        tmux("send-keys", "q", "k")
        until(lambda: tmux("capture-pane", "-p").rstrip().splitlines() == lines)
    finally:
        tmux("kill-server")


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_a_terminal_that_can_draw_nothing_is_told_the_verb_in_one_line(
    tmp_path: Path, term: str
) -> None:
    command = ["env", *((f"TERM={term}",) if term else ("-u", "TERM"))]
    program = [*command, sys.executable, "-m", "tui", "--root", str(tmp_path)]
    with Terminal(program, size=(120, 24)) as screen:
        screen.wait_for("cannot draw: use a verb instead, such as `ls`")
        assert screen.end() == 2
        assert len(screen.text.split()) < 20
        assert b"\x1b" not in screen.raw


@pytest.mark.parametrize("how", ["q", "SIGTERM", "SIGHUP", "fault"])
def test_the_shell_gets_its_terminal_back(how: str) -> None:
    words = ("--faulty",) if how == "fault" else ()
    with fixed(*words) as screen:
        before = screen.attributes
        screen.wait_for("cranbury", "? help")
        assert screen.attributes != before
        if how == "fault":
            screen.send("e")
            screen.wait_for("extend cranbury")
            screen.send("7\r")
            screen.wait_for("nobody foresaw this")
        if how in ("q", "fault"):
            screen.send("q")
        else:
            screen.process.send_signal(signal.Signals[how])
        assert screen.end() == 0
        assert screen.attributes == before
        screen.wait_for("asked")
        modes = {int(number): state for number, state in _MODE.findall(bytes(screen.raw))}
        assert modes.pop(25) == modes.pop(7) == b"h"  # the cursor is seen, lines wrap
        assert {1049, 2004, 1000, 1003, 1006} <= set(modes)
        assert set(modes.values()) == {b"l"}
        assert screen.raw.count(b"\x1b[>25u") == screen.raw.count(b"\x1b[<u")


HOSTILE = "Käufer für “Müller” 会社 ↓ ✓ 👍 e\u0301 │"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> SampleListing:
    listing = SampleListing(tmp_path_factory.mktemp("foreign") / "outputs")
    listing.add(FIRST, days=9)
    listing.track(SECOND, days=3)
    markdown = "Grüße\n\n- eins\n- zwei\n\n| ä | 会 |\n|---|---|\n| ü | ß |\n\n> zitiert"
    listing.write_transcript(SECOND, HOSTILE, markdown, prompt=HOSTILE)
    return listing


WALK = (
    ("", ("Kaufer fur", '"Muller" ????', "+-", "- eins", "zitiert")),
    ("?", ("Keys and verbs",)),
    ("q", ("? help",)),
    ("\r", ("t tools", "Kaufer fur")),
    ("q", ("? help", "+-")),
    ("*e", ("extend 2",)),
    ("\x03", ("? help",)),
    (":rename über", ("uber",)),
    ("\x03", ("? help",)),
    ("c", ("clean up the one listing",)),
    ("\x03", ("? help",)),
    ("1", ("All",)),
    ("3", ("to clean up",)),
)


def test_a_locale_without_utf_8_gets_ascii_and_nothing_else(foreign: SampleListing) -> None:
    command = (sys.executable, "-m", "tui", "--root", str(foreign.root))
    with ExitStack() as stack:
        screens = [
            stack.enter_context(Terminal(command, size=(120, 36), environment=LOCAL | given))
            for given in ({"LC_ALL": "C"}, {"LC_ALL": "", "LC_CTYPE": "en_US.ISO-8859-1"})
        ]
        for keys, words in WALK:
            for screen in screens:
                screen.send(keys)
            for screen in screens:
                screen.wait_for(*words)
        for screen in screens:
            screen.send("q")
            assert screen.end() == 0
            assert not [byte for byte in screen.raw if byte > 127]


@pytest.mark.parametrize(
    "words", ["ls", f"show {SECOND}", f"tail {SECOND}", f"export {SECOND}", "grep für", "ls über"]
)
def test_a_verb_says_it_in_ascii_too(foreign: SampleListing, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "--root", str(foreign.root), *words.split()],
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "en_US.ISO-8859-1", "HOME": str(foreign.root)},
        cwd=PLACE,
        timeout=120,
        check=False,
    )
    said = (done.stdout + done.stderr).decode("ascii")
    assert "Kaufer fur" in said or "Grusse" in said or "uber" in said
    assert "Traceback" not in said


def storm(*screens: Terminal, last: tuple[int, int]) -> None:
    """Resize fifty times in two seconds, to what is too small as well, and end at a size."""
    for number in range(50):
        for screen in screens:
            screen.resize(20 + number * 37 % 160, 4 + number * 13 % 50)
        time.sleep(0.04)
    for screen in screens:
        screen.resize(*last)


SCENES = {
    "jd": "delete alder_precisi",
    "jr|go on, and well": "go on, and well",
    "\r|?": "Keys and verbs",
}


def looks_like(one: Terminal, other: Terminal) -> bool:
    return one.text == other.text


def test_a_storm_of_sizes_ends_in_the_picture_of_the_last() -> None:
    last = (132, 43)
    with ExitStack() as stack:
        stormy = {keys: stack.enter_context(fixed("--ssh")) for keys in SCENES}
        fresh = {keys: stack.enter_context(fixed("--ssh", size=last)) for keys in SCENES}
        for screens in (stormy, fresh):
            for keys, screen in screens.items():
                shown(screen, "cranbury", "? help")
                for part in keys.split("|"):
                    screen.send(part)
                screen.wait_for(SCENES[keys])
        storm(*stormy.values(), last=last)
        for keys, screen in stormy.items():
            until(partial(looks_like, screen, fresh[keys]))
            assert SCENES[keys] in screen.text
            screen.send("\x1b")
            screen.taken()
        time.sleep(0.7)  # an Esc is one by silence
        for keys, screen in stormy.items():
            screen.send("qqq" if "?" in keys else "qq")
            assert screen.process.wait(60) == 0
            screen.wait_for("asked []")


def test_a_storm_harms_neither_a_stream_nor_a_clean_up() -> None:
    with fixed("--talks", "--slow") as screen:
        screen.wait_for("cranbury", "? help")
        screen.send("\r")
        screen.wait_for("of many")
        before = newest_word(screen)
        storm(screen, last=(80, 24))
        until(lambda: newest_word(screen) > before)
        screen.send("q")
        screen.wait_for("? help")
        screen.send("c")
        screen.wait_for("clean up all")
        screen.words("expired\r")
        screen.wait_for("y yes")
        screen.wait_until_seen()
        screen.send("y")
        until(lambda: "y yes" not in screen.text)  # too small a screen would take no answer
        storm(screen, last=(80, 24))
        screen.wait_for("cleaned up")
        screen.resize(59, 16)
        screen.wait_for("needs 60x16, has 59x16; or use `ls`")
        screen.send("dy")
        screen.resize(80, 24)
        screen.wait_for("cranbury", "? help")
        screen.send("qq")
        assert screen.end() == 0
        screen.wait_for("asked")
        assert "'delete'" not in screen.text


def newest_word(screen: Terminal) -> int:
    """Return the number of the newest word that the stream shows; 0 for none."""
    return max(map(int, re.findall(r"word (\d+) of", screen.text)), default=0)


def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
