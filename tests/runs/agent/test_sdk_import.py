"""The SDK is imported without what only in-process MCP servers need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_LEAN = """
import sys
from tui.runs.agent.sdk_import import import_lean_sdk
sdk = import_lean_sdk()
"""


def _said(code: str, *folders: Path, before: str = "") -> str:
    path = f"import sys; sys.path[:0] = {[str(one) for one in folders]!r}\n{before}\n"
    words = [sys.executable, "-c", path + _LEAN + code]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_a_runner_imports_the_sdk_without_mcp() -> None:
    """`mcp` and `jsonschema` are most of the SDK's import; an SDK that needs them is noticed."""
    said = _said(
        "from claude_agent_sdk import ClaudeSDKClient, ClaudeAgentOptions, HookMatcher\n"
        "from claude_agent_sdk.types import StreamEvent\n"
        "print(sdk.ClaudeSDKClient is ClaudeSDKClient)\n"
        "print([one for one in sys.modules if one.split('.')[0] in ('mcp', 'mcp_types')])\n"
        "import mcp.types, jsonschema\n"
        "print(bool(mcp.types.__file__ and jsonschema.__file__))"
    )

    assert said.split("\n") == ["True", "[]", "True"]


def test_an_sdk_that_needs_more_is_imported_whole(tmp_path: Path) -> None:
    """A new version that does more with what is left out at its import must start all the same."""
    sdk, mcp = tmp_path / "claude_agent_sdk", tmp_path / "mcp"
    for folder in (sdk, mcp):
        folder.mkdir()
    (sdk / "__init__.py").write_text("from . import kept, deeper\nCOUNT = len(kept.Tool.fields)\n")
    (sdk / "kept.py").write_text("from mcp.types import Tool\n")
    (sdk / "deeper.py").write_text("from mcp.types import Tool\nCOUNT = len(Tool.fields)\n")
    (mcp / "__init__.py").write_text("")
    (mcp / "types.py").write_text("class Tool:\n    fields = ('name', 'title')\n")

    assert _said("print(sdk.COUNT)", tmp_path) == "2"


def test_nothing_is_replaced_where_the_real_one_is_imported(tmp_path: Path) -> None:
    """In another program's process an import of ours must change nothing."""
    (tmp_path / "mcp.py").write_text("NAME = 'real'\n")
    (tmp_path / "claude_agent_sdk.py").write_text("import mcp\nNAME = mcp.NAME\n")

    assert _said("print(sdk.NAME)", tmp_path, before="import mcp") == "real"
