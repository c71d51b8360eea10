"""Many callers of one `Coalesce` in a seeded loop: some leave, some are poison, some flushes fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from router.coalesce import Coalesce
from tests.seeds.loop import SeededLoop

WRONG, FORGOTTEN, AGAIN = "somebody else's answer", "done for somebody who left, and forgotten", "done twice"


class PoisonError(Exception):
    """What is in the batch was refused, and nothing was done."""


class AwayError(Exception):
    """The flush failed as a whole."""


async def gathering(loop: SeededLoop) -> list[str]:
    """One afternoon; what is to be said of it."""
    luck, done, orphans = loop.luck, list[int](), list[int]()
    poison = {item for item in range(12) if luck.random() < 0.15}
    fails = luck.choice((0.0, 0.2))

    async def flush(items: Sequence[int]) -> list[int]:
        await asyncio.sleep(luck.uniform(0, 0.01))
        if poison & set(items):
            raise PoisonError
        if luck.random() < fails:
            raise AwayError
        done.extend(items)
        await asyncio.sleep(luck.uniform(0, 0.01))
        return [-item for item in items]

    gather = Coalesce(
        flush, limit=luck.choice((2, 4, 200)), in_flight=luck.choice((1, 2)), poison=(PoisonError,),
        orphan=lambda item, _result: orphans.append(item),
    )  # fmt: skip
    answers: dict[int, int] = {}
    refused: set[int] = set()

    async def call(item: int) -> None:
        await asyncio.sleep(luck.uniform(0, 0.03))
        try:
            answers[item] = await gather(item)
        except PoisonError:
            refused.add(item)
        except AwayError:
            return

    callers = [asyncio.ensure_future(call(item)) for item in range(12)]
    await asyncio.sleep(luck.uniform(0, 0.03))
    for caller in callers:
        if luck.random() < 0.3:
            caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    await gather.drain()
    await asyncio.sleep(0.001)
    return _complaints(answers, refused - poison, orphans, done)


def _complaints(answers: dict[int, int], wronged: set[int], orphans: list[int], done: list[int]) -> list[str]:
    said = []
    if any(answer != -item for item, answer in answers.items()) or wronged:
        said.append(WRONG)
    if len(done) > len(set(done)):
        said.append(AGAIN)
    if sorted([*answers, *orphans]) != sorted(done):
        said.append(FORGOTTEN)
    return said


def replay(seed: int) -> list[str]:
    """The afternoon of a seed, always the same."""
    loop = SeededLoop(seed)
    try:
        return loop.run_until_complete(gathering(loop))
    finally:
        loop.close()
