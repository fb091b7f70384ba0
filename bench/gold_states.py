"""End states of all tau2 tasks: the gold actions twice, and once without their last write. Prints a line for each domain.

.venv/bin/python bench/gold_states.py [mock] [airline]
"""

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.journeys.gold_worlds import gold_actions, judged


async def main(domains):
    for domain in domains:
        begun = time.perf_counter()
        free = asyncio.Semaphore(2)
        found = await asyncio.gather(*(judged(domain, actions, free) for actions in gold_actions(domain).values()))
        writes = [task.found for task in found if task.found is not None]
        print(
            f"{domain}: {sum(not task.difference for task in found)} of {len(found)} end states equal, a write left out found in"
            f" {sum(writes)} of {len(writes)}, {time.perf_counter() - begun:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["mock", "airline"]))
