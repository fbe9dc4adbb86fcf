"""The guide's pipeline for one listing: a profile, three parallel workers, a shortlist."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage

from tui import SessionManager

PROFILE = "Profile this company: products, customers, owners."
WORKERS = ("Find strategic buyers.", "Find PE platforms in DACH.", "Find family offices.")
RANK = "Say who of these belongs in the first wave."


async def ask(
    manager: SessionManager, stage: str, prompt: str, resume: str | None = None
) -> tuple[str, str]:
    """Run one agent; return its session and its answers, also those to operators' follow-ups."""
    options = ClaudeAgentOptions(allowed_tools=["WebSearch"], cwd=manager.output_dir)
    messages = manager.query(
        prompt,
        stage=stage,
        listing_id=manager.output_dir.name,
        resume=resume,
        options=options,
        follow_ups=True,
    )
    results = [one async for one in messages if isinstance(one, ResultMessage)]
    return results[-1].session_id, "\n".join(one.result or "" for one in results)


async def main(output_dir: Path) -> None:
    """Run all stages; an agent that fails is marked in its row, and the others go on."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    manager = SessionManager(output_dir, max_age_days=7)
    manager.setup()
    await manager.init_table()
    profile, known = await ask(manager, "stage_1", PROFILE)
    workers = (ask(manager, "stage_2", f"{prompt}\n\n{known}") for prompt in WORKERS)
    found = await asyncio.gather(*workers, return_exceptions=True)
    lists = [one[1] for one in found if not isinstance(one, BaseException)]
    _, ranked = await ask(manager, "stage_3", "\n\n".join([RANK, *lists]), resume=profile)
    print(ranked)
    print("cleaned up:", await manager.cleanup_expired())


if __name__ == "__main__":
    listing = "".join(sys.argv[1:2]) or os.environ.get("LISTING_ID") or sys.exit("which listing?")
    asyncio.run(main(Path("data/outputs", listing).absolute()))
