"""The real CLI, whose transcript lacks something before each result, as where the disk was full."""

from __future__ import annotations

import sys
from pathlib import Path

from tui.operations.running.preflight import cli_path
from tui.settings import Settings

_WORDS = """\
#!{python}
import os, pathlib, subprocess, sys
own = pathlib.Path(os.environ["CLAUDE_CONFIG_DIR"], "projects")
with subprocess.Popen([{cli!r}, *sys.argv[1:]], stdout=subprocess.PIPE) as cli:
    for line in cli.stdout:
        if b'"type":"result"' in line:
            for path in own.glob("*/*.jsonl"):
                {cut}
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
sys.exit(cli.returncode)
"""


_END = "os.truncate(path, path.stat().st_size - 100)"
_LINE = """\
lines = path.read_bytes().splitlines(keepends=True)
                lines.remove(next(one for one in lines if {marked!r} in one))
                path.write_bytes(b"".join(lines))"""


def cutting_cli(folder: Path, *, line: bytes = b"") -> Path:
    """Return the program; it loses the end, or the whole first line that has `line` in it."""
    path, cut = folder / "cutting-claude", _LINE.format(marked=line) if line else _END
    own = str(cli_path(Settings()))
    path.write_text(_WORDS.format(python=sys.executable, cli=own, cut=cut))
    path.chmod(0o755)
    return path
