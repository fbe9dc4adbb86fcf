"""The guide's pipeline for one listing: a profile, three workers at once, a shortlist."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage

from tui import SessionManager
from tui.core.errors import ConsoleError

PROFILE = "Profile this company: products, customers, owners."
WORKERS = ("Find strategic buyers.", "Find PE platforms in DACH.", "Find family offices.")
RANK = "Say who of these belongs in the first wave."


async def ask(
    manager: SessionManager, stage: str, prompt: str, resume: str | None = None
) -> tuple[str, str]:
    """Run one agent; return its session, and its answers, to operators' follow-ups too."""
    folder, session_id, answers = manager.output_dir, "", list[str]()
    options = ClaudeAgentOptions(allowed_tools=["WebSearch"], cwd=folder)
    async for message in manager.query(
        prompt, stage=stage, listing_id=folder.name, resume=resume, options=options
    ):
        if isinstance(message, ResultMessage):
            session_id = message.session_id
            answers.append(message.result or "")
    return session_id, "\n".join(answers)


async def run(output_dir: Path) -> str:
    """Run all stages and return the shortlist; an agent that fails is marked in its row."""
    manager = SessionManager(output_dir, max_age_days=7)
    manager.setup()
    await manager.init_table()
    try:
        profile, known = await ask(manager, "stage_1", PROFILE)
        workers = (ask(manager, "stage_2", f"{prompt}\n\n{known}") for prompt in WORKERS)
        found = await asyncio.gather(*workers, return_exceptions=True)
        lists = [one[1] for one in found if not isinstance(one, BaseException)]
        for error in (one for one in found if isinstance(one, BaseException)):
            print(f"a worker failed: {error}", file=sys.stderr)
        _, ranked = await ask(manager, "stage_3", "\n\n".join([RANK, *lists]), resume=profile)
        return ranked
    finally:
        print(f"cleaned up {await manager.cleanup_expired()}", flush=True)


async def main(output_dir: Path) -> None:
    """Run the pipeline; SIGTERM, a container's stop, ends its agents in order, as Ctrl-C does."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    print(await run(output_dir))


if __name__ == "__main__":
    listing = sys.argv[1] if sys.argv[1:] else os.environ.get("LISTING_ID")
    if not listing:
        sys.exit("which listing? name it, or set LISTING_ID")
    try:
        asyncio.run(main(Path("data/outputs", listing).absolute()))
    except KeyboardInterrupt:
        sys.exit("stopped: its sessions can be resumed")
    except ConsoleError as error:
        sys.exit(f"failed: {error}")
