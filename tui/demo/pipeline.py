"""The guide's pipeline for one listing: a profile, three parallel workers, a shortlist."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from claude_agent_sdk import ClaudeAgentOptions

from tui import SessionManager

PROFILE = "Profile this company: products, customers, owners."
WORKERS = ("Find strategic buyers.", "Find PE platforms in DACH.", "Find family offices.")
RANK = "Say who of these belongs in the first wave."


async def main(output_dir: Path) -> None:
    """Run all stages; an agent that fails is marked in its row, and the others go on."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    options = ClaudeAgentOptions(allowed_tools=["WebSearch"], cwd=output_dir)
    async with SessionManager(output_dir, max_age_days=7) as manager:

        async def find(prompt: str) -> str:
            async with manager.session(prompt, stage="stage_2", options=options) as worker:
                return await worker.answer()

        async with manager.session(PROFILE, stage="stage_1", options=options) as adviser:
            known = await adviser.answer()
            workers = (find(f"{prompt}\n\n{known}") for prompt in WORKERS)
            found = await asyncio.gather(*workers, return_exceptions=True)
            await adviser.send("\n\n".join([RANK, *(one for one in found if isinstance(one, str))]))
            print(await adviser.answer())
        print("cleaned up:", await manager.cleanup_expired())


if __name__ == "__main__":
    listing = "".join(sys.argv[1:2]) or os.environ.get("LISTING_ID") or sys.exit("which listing?")
    asyncio.run(main(Path("data/outputs", listing).absolute()))
