"""The books: overrun row by row, and what the tables refuse whoever writes."""

from __future__ import annotations

import asyncpg
import pytest

from tests.postgres.scene import (
    ACME,
    BETA,
    TOTAL,
    Scene,
    proof,
    receipt,
)

_BOOK = "INSERT INTO ledger (kind, reference, inbound, account, account_window, source, at) VALUES"


async def test_what_does_not_fit_any_more_is_overrun_row_by_row(scene: Scene) -> None:
    owner = scene.owner()
    await scene.cap(ACME, 300)
    sent = [await owner.armed(name) for name in ("kim", "ada", "eve")]
    prices = {0: 50, 1: 130, 2: 170}
    await owner.settle(*(proof(sent[place], "accepted", price=price) for place, price in prices.items()))
    assert await scene.window(ACME) == (0, 350, 50)
    rows = await scene.look.fetch("SELECT account_overrun FROM ledger WHERE kind = 'settle' ORDER BY id")
    assert [row["account_overrun"] for row in rows] == [0, 0, 50]
    assert await scene.window(TOTAL) == (0, 350, 0)
    await owner.settle(receipt(sent[0], "accepted", 3, price=60))
    assert await scene.window(ACME) == (0, 360, 60)


async def test_the_overrun_of_each_purse_is_its_own(scene: Scene) -> None:
    owner = scene.owner()
    await scene.cap(TOTAL, 200)
    sent = [await owner.armed("kim"), await owner.armed("ada", account=BETA)]
    await owner.settle(*(proof(one, "accepted", price=500) for one in sent))
    assert await scene.window(ACME) == await scene.window(BETA) == (0, 500, 0)
    assert await scene.window(TOTAL) == (0, 1_000, 800)


async def test_no_overrun_where_there_is_no_limit(scene: Scene) -> None:
    owner = scene.owner()
    await scene.cap(ACME, None)
    await scene.cap(TOTAL, None)
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "accepted", price=10**15))
    assert await scene.window() == (0, 10**15, 0)
    await scene.cap(ACME, 7)
    assert await owner.settle(receipt(sent, "accepted", 1, price=10**15 + 3)) == ["accepted"]
    assert await scene.window() == (0, 10**15 + 3, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE purse_window SET spent = high_cap + 1",
        "UPDATE purse_window SET high_cap = cap - 1",
        "UPDATE purse_window SET reserved = -1",
        "UPDATE purse_window SET overrun = -1",
        "UPDATE reply SET owner = NULL",
        "UPDATE reply SET lease_until = NULL",
        "UPDATE reply SET state = 'accepted'",
        "UPDATE reply SET state = 'queued', owner = NULL, lease_until = NULL",
        "UPDATE reply SET state = 'delayed', owner = NULL, lease_until = NULL, reserved = 0",
        "UPDATE attempt SET live = false",
        "UPDATE attempt SET spent = -1",
        "UPDATE texter SET answered = -1",
        "UPDATE texter SET pseudonym = 'x'",
        "UPDATE inbound SET texter = 'x'",
        "UPDATE inbound SET source = 'x'",
        "UPDATE inbound SET cost = -1",
        "UPDATE inbound SET part_index = 1",
        "UPDATE reply SET state = 'x', owner = NULL, lease_until = NULL, reserved = 0",
        "UPDATE reply SET owner = NULL, lease_until = NULL",
        "UPDATE reply SET reserved = -1",
        "UPDATE attempt SET reference = 'x'",
        "UPDATE attempt SET purpose = 'x'",
        "UPDATE attempt SET state = 'x', live = false",
        "UPDATE attempt SET estimate = -1",
        "UPDATE purse SET period = 'x'",
        "UPDATE purse SET cap = -1",
        "UPDATE purse SET origin = 'x'",
        "UPDATE purse SET unlimited = true",
        "UPDATE purse_window SET spent = -1",
        "INSERT INTO receipt (account, digest, status, received_at, raw) SELECT 'a', 'x', 'sent', now(), ''",
        f"{_BOOK} ('bribe', 'x', NULL, 'acme', now(), 'test', now())",
        f"{_BOOK} ('settle', 'x', gen_random_uuid(), 'acme', now(), 'test', now())",
        f"{_BOOK} ('settle', NULL, NULL, 'acme', now(), 'test', now())",
    ],
)
async def test_the_tables_refuse_what_cannot_be(scene: Scene, wrong: str) -> None:
    await scene.owner().armed("kim")
    with pytest.raises(asyncpg.CheckViolationError):
        await scene.look.execute(wrong)


async def test_a_reply_never_has_two_live_attempts(scene: Scene) -> None:
    owner = scene.owner()
    sent = await owner.armed("kim")
    await owner.settle(proof(sent, "refused", then="claimed"))
    await owner.arm(await owner.again(sent))
    with pytest.raises(asyncpg.UniqueViolationError):
        await scene.look.execute("UPDATE attempt SET state = 'unknown', live = true")


@pytest.mark.parametrize("wrong", ["UPDATE ledger SET spent = 0", "DELETE FROM ledger", "TRUNCATE ledger"])
async def test_the_ledger_is_append_only(scene: Scene, wrong: str) -> None:
    await scene.owner().armed("kim")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await scene.look.execute(wrong)
