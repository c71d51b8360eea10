"""What receiving costs, in the books: once each, in the window it came in, never refused, no deadlock."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

from router.postgres.incoming import Cost, Incoming
from router.postgres.pool import Pool
from tests.postgres.scene import ACME, DAY, MONTH, NOON, TOTAL, Scene, proof, text

PRICE = (400_000, Decimal("0.4"), "EUR", Decimal(1))


async def _received(scene: Scene, *names: str, **different: Any) -> list[Cost]:
    await scene.owner().store(*(text(name, cost=PRICE, **different) for name in names))
    return await Incoming(scene.pool).costs(100)


async def _book(pool: Pool, costs: list[Cost]) -> int:
    return await Incoming(pool).book(costs, [(DAY, MONTH)] * len(costs), NOON)


async def test_what_fits_is_spent_and_the_rest_is_overrun(scene: Scene) -> None:
    costs = await _received(scene, "ana", "bea", "cleo")
    assert await _book(scene.pool, costs) == 3
    assert await scene.window(ACME) == (0, 1_200_000, 200_000)
    assert await scene.window(TOTAL) == (0, 1_200_000, 0)
    rows = await scene.look.fetch("SELECT * FROM ledger WHERE kind = 'inbound' ORDER BY id")
    assert [row["account_overrun"] for row in rows] == [0, 0, 200_000]
    assert {(row["amount"], row["unit"], row["rate"]) for row in rows} == {
        (Decimal("0.4"), "EUR", Decimal(1))
    }
    assert await Incoming(scene.pool).costs(100) == []


async def test_a_cost_is_booked_once_whoever_books_it(scene: Scene) -> None:
    costs = await _received(scene, *(f"texter {n}" for n in range(20)))
    async with Pool(scene.dsn, application="other") as other:
        booked = await asyncio.gather(
            *(_book(pool, list(costs)[::turn]) for pool in (scene.pool, other) for turn in (1, -1) * 4)
        )
    assert sum(booked) == 20
    assert (await scene.window(ACME))[1] == 20 * 400_000


async def test_a_reservation_stands_beside_it_and_is_never_passed(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("dora", estimate=700_000)
    await _book(scene.pool, await _received(scene, "ana"))
    assert await scene.window(ACME) == (700_000, 400_000, 100_000)
    await owner.settle(proof(sent, "accepted", price=700_000))
    assert await scene.window(ACME) == (0, 1_100_000, 100_000)


async def test_it_goes_to_the_window_it_came_in(scene: Scene) -> None:
    (cost,) = await _received(scene, "ana", received_at=NOON - timedelta(days=1))
    yesterday = DAY - timedelta(days=1)
    await Incoming(scene.pool).book([cost], [(yesterday, MONTH)], NOON)
    starts = await scene.look.fetchval("SELECT starts_at FROM purse_window WHERE purse = 'acme'")
    assert starts == yesterday


async def test_while_texts_are_armed_nothing_deadlocks(scene: Scene) -> None:
    await scene.purses(acme="1000", beta="1000", total="10000")
    costs = await _received(scene, *(f"texter {n}" for n in range(40)), claim=False)
    owners = [scene.owner() for _ in range(4)]

    async def arms(n: int) -> None:
        for turn in range(10):
            sent = await owners[n].armed(f"other {n} {turn}")
            await owners[n].settle(proof(sent, "accepted", price=99))

    async def books() -> None:
        for at in range(0, 40, 5):
            await _book(scene.pool, costs[at : at + 5])

    await asyncio.gather(*(arms(n) for n in range(4)), books(), books())
    assert (await scene.window(ACME))[1] == 40 * 400_000 + 40 * 99
