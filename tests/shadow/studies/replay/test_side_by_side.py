"""A provider waits for those that are behind: by so many blocks, until they move, get no request, or the study stops."""

import asyncio

import pytest

from shadow.studies.replay.side_by_side import LEAD, SideBySide
from tests.running import PATIENCE


async def waits(pace: SideBySide, name: str, block: int) -> bool:
    turn = asyncio.create_task(pace.turn(name, block))
    await asyncio.sleep(0)
    done = turn.done()
    turn.cancel()
    return not done


@pytest.mark.parametrize(("block", "held"), [(2, False), (3, True)])
async def test_the_first_three_blocks_are_sent_whatever_the_others_do_and_the_fourth_waits(block: int, held: bool):
    assert LEAD == 3
    assert await waits(SideBySide(("a", "b", "c")), "a", block) is held


async def test_the_slowest_provider_counts_and_none_waits_for_itself():
    pace = SideBySide(("a", "b", "c"))
    pace.reach("b", 9)
    pace.reach("c", 1)
    assert not await waits(pace, "a", 4)
    assert await waits(pace, "a", 5)
    pace.reach("a", 9)
    assert not await waits(pace, "c", 2)
    pace.reach("c", 0)
    assert not await waits(pace, "a", 4), "a provider never falls back"


@pytest.mark.parametrize("move", [lambda pace: pace.reach("b", 7), lambda pace: pace.release()])
async def test_who_waits_goes_on_when_the_slowest_moved_or_the_study_stops(move):
    pace = SideBySide(("a", "b"))
    turn = asyncio.create_task(pace.turn("a", 10))
    await asyncio.sleep(0)
    assert not turn.done()
    move(pace)
    await asyncio.wait_for(turn, PATIENCE)
