"""The guide's pipeline for one listing: a profile, three parallel workers, a shortlist."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from claude_agent_sdk import ClaudeAgentOptions

from tui import SessionManager, SessionRun

PROFILE = "Profile this company: products, customers, owners."
WORKERS = ("Find strategic buyers.", "Find PE platforms in DACH.", "Find family offices.")
RANK = "Say who of these belongs in the first wave."


def start(manager: SessionManager, stage: str, prompt: str) -> SessionRun:
    """Return an agent that is yet to be started."""
    options = ClaudeAgentOptions(allowed_tools=["WebSearch"], cwd=manager.output_dir)
    name = manager.output_dir.name
    return manager.session(prompt, stage=stage, listing_id=name, options=options)


async def answer(run: SessionRun) -> str:
    """Return an agent's answer to what it was sent last."""
    async for _ in run:
        pass
    return (run.result and run.result.result) or ""


async def work(manager: SessionManager, prompt: str) -> str:
    """Return what one worker has found."""
    async with start(manager, "stage_2", prompt) as worker:
        return await answer(worker)


async def main(output_dir: Path) -> None:
    """Run all stages; an agent that fails is marked in its row, and the others go on."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    async with SessionManager(output_dir, max_age_days=7) as manager:
        async with start(manager, "stage_1", PROFILE) as adviser:
            known = await answer(adviser)
            workers = (work(manager, f"{prompt}\n\n{known}") for prompt in WORKERS)
            found = await asyncio.gather(*workers, return_exceptions=True)
            await adviser.send("\n\n".join([RANK, *(one for one in found if isinstance(one, str))]))
            print(await answer(adviser))
        print("cleaned up:", await manager.cleanup_expired())


if __name__ == "__main__":
    listing = "".join(sys.argv[1:2]) or os.environ.get("LISTING_ID") or sys.exit("which listing?")
    asyncio.run(main(Path("data/outputs", listing).absolute()))
