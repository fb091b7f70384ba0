"""interleaved(): the blocks of a study, each with one run of every provider; no other order can be built, or judged.

A comparison is fair when both sides were asked within the same minutes: where both swing with the hour, running one after the
other called equal providers different in every study, interleaved in 2 of 100. Tasks are shuffled in passes, because the
evidence for "no worse than allowed" is about the mean over tasks drawn at random: with all easy tasks first it was wrong in 38
of 100 studies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from shadow.studies.measured_run import MeasuredRun

LEAD = 4
"""Runs by which one side may be ahead of the other in the blocks that they share: what is in flight at once."""
SHARE = 0.5
"""The same as a share of the shared blocks, for a provider that had to be waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One run of each provider for one task, to be begun in this order."""

    number: int
    task: str
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """The plan of a study: every block holds every provider once, every pass of tasks holds every task once.

    ValueError for anything else, such as all runs of one provider before those of the next.
    """

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ValueError("a study has at least one block")
        everyone = sorted(self.blocks[0].order)
        if len(everyone) < 2 or len(set(everyone)) < len(everyone):
            raise ValueError(f"a block has at least two providers, each once, got {everyone}")
        if any(sorted(block.order) != everyone for block in self.blocks):
            raise ValueError("providers are run block by block, each once in every block: a blocked order is refused")
        if [block.number for block in self.blocks] != list(range(len(self.blocks))):
            raise ValueError("blocks are numbered from 0 in their order")
        self._check_passes()

    def _check_passes(self) -> None:
        tasks = len({block.task for block in self.blocks})
        for first in range(0, len(self.blocks), tasks):
            part = [block.task for block in self.blocks[first : first + tasks]]
            if max(Counter(part).values()) > 1:
                raise ValueError("tasks are run in passes, each once before any is repeated: a blocked order is refused")

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)


def interleaved(*, seed: int, tasks: Sequence[str], providers: Sequence[str], passes: int) -> Blocks:
    """`passes` times all tasks in another order for each pass, with the providers in another order in each block.

    The order depends on the seed and on the names alone, so that a resumed study goes on with it.
    """
    blocks: list[Block] = []
    for turn in range(passes):
        for task in shuffled(tasks, f"{seed}:pass:{turn}"):
            number = len(blocks)
            blocks.append(Block(number=number, task=task, order=shuffled(providers, f"{seed}:block:{number}")))
    return Blocks(tuple(blocks))


def shuffled(names: Iterable[str], salt: str) -> tuple[str, ...]:
    """The names in an order that depends on the salt alone: sorted by a hash of salt and name."""
    return tuple(sorted(names, key=lambda name: sha256(f"{salt}\0{name}".encode("utf-8", "surrogatepass")).digest()))


def interleaving_fault(runs: Iterable[MeasuredRun], *, candidate: str, reference: str) -> str:
    """Why the runs of these two cannot be compared, "" where they can: how far one was ahead of the other as they began.

    Stored answers of a reference, joined later by those of a new candidate, are the usual cause.
    """
    found = [run for run in runs if run.provider in {candidate, reference}]
    shared = {run.block for run in found if run.provider == candidate} & {run.block for run in found if run.provider == reference}
    ahead, most = 0, 0
    for run in sorted((run for run in found if run.block in shared), key=lambda run: run.position):
        ahead += 1 if run.provider == reference else -1
        most = max(most, abs(ahead))
    if most <= max(LEAD, SHARE * len(shared)):
        return ""
    return (
        f"{candidate} and {reference} were not run side by side: one was {most} of {len(shared)} runs ahead of the other;"
        " run both again in one study (--fresh)"
    )
