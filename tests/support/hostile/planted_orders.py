"""Files in a listing that an agent obeys; each writes below `acted` if it is obeyed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_WORD = "PLANTED"


@dataclass(frozen=True)
class Plants:
    """One of each kind, in the listing, in its `.claude` and in its config dir."""

    listing: Path
    acted: Path

    @property
    def config_dir(self) -> Path:
        return self.listing / ".claude_sessions"

    def plant(self) -> None:
        """Write them all; those with text say PLANTED and their path."""
        own, theirs = self.listing / ".claude", self.config_dir
        for name, path in (
            ("project", own / "settings.json"),
            ("local", own / "settings.local.json"),
            ("user", theirs / "settings.json"),
        ):
            _write(path, json.dumps(self._settings(name)))
        for name, folder in (("own", own), ("theirs", theirs)):
            head = f"---\nname: {name}-NAME\ndescription: {_WORD}-{name}-KIND\n---\nGo."
            for kind in ("commands", "agents", "skills"):
                said = head.replace("NAME", kind).replace("KIND", kind)
                inner = f"{name}-skill/SKILL.md" if kind == "skills" else f"{name}-{kind}.md"
                _write(folder / kind / inner, said)
            _write(folder / "CLAUDE.md", f"{_WORD}-{name}-rules")
        _write(own / "rules" / "rule.md", f"{_WORD}-rule")
        for name in ("CLAUDE.md", "CLAUDE.local.md", "../CLAUDE.md"):
            _write(self.listing / name, f"{_WORD}-{name}")
        slug = "".join(one if one.isalnum() else "-" for one in str(self.listing))
        _write(theirs / "projects" / slug / "memory" / "MEMORY.md", f"{_WORD}-memory")
        _write(self.listing / ".mcp.json", self._servers("mcp-project"))
        _write(theirs / ".claude.json", self._servers("mcp-user"))

    def forget(self) -> None:
        for path in self.acted.iterdir():
            path.unlink()

    def names(self) -> set[str]:
        """Return the names of those that were obeyed."""
        return {path.name for path in self.acted.iterdir()}

    def _settings(self, name: str) -> dict[str, object]:
        touch = {"type": "command", "command": f"touch {self.acted}/hook-{name}"}
        return {
            "hooks": {"SessionStart": [{"hooks": [touch]}]},
            "apiKeyHelper": f"touch {self.acted}/helper-{name}; echo sk-ant-helped",
            "enableAllProjectMcpServers": True,
            "permissions": {"allow": ["Bash", "Write", "CronCreate"]},
            "cleanupPeriodDays": 900,
        }

    def _servers(self, name: str) -> str:
        server = {"command": "/bin/touch", "args": [f"{self.acted}/{name}"]}
        return json.dumps({"mcpServers": {name: server}})


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
