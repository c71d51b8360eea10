"""kill -9 of the router mid-flow, at random moments: nothing lost, nothing sent twice, money exact.

What was sent and charged is read from the carriers' journal, never from the router's tables.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from providers.simulator.journal import Kind
from router.stage.cast import NUMBERS
from router.vault import Vault
from tests.audit import audit
from tests.scenarios.launcher import RETRY_ON_DOUBT
from tests.scenarios.mortal import Mortal, mortal

_TEXTS = int(os.environ.get("PARAVENT_KILL_TEXTS", "150"))
_KILLS = int(os.environ.get("PARAVENT_KILLS", "4"))
_SEED = int(os.environ.get("PARAVENT_KILL_SEED", "2017"))
_UNDER_WAY = """
SELECT account, state, reason FROM reply WHERE state IN ('queued', 'delayed', 'claimed', 'sending')
"""
_TAKEN_AND_IN_DOUBT = """
SELECT account, code, receipt, look_ups FROM attempt a WHERE coalesce(tag, reference) = ANY ($1)
AND state = 'unknown' AND NOT EXISTS (SELECT FROM attempt o WHERE o.tag = a.tag AND o.state = 'accepted')
"""
FAULTS = ["error_after", "reset_after", "hang_after"]
MICROS = {"twilio": Decimal("0.92"), "vonage": Decimal(1), "ovh": Decimal("0.065")}


async def live_and_die(one: Mortal, kills: int, seed: int, *, faults: bool) -> list[str]:
    """Text at a steady pace while the router is killed; answer the texters whose text was acknowledged."""
    luck = random.Random(seed)
    acknowledged: list[str] = []

    async def text(place: int, wait: float) -> None:
        await asyncio.sleep(wait)
        texter = f"+3363998{place:04}"
        if await one.text(luck.choice(list(NUMBERS)), texter):
            acknowledged.append(texter)

    await one.live()
    if faults:
        for carrier in NUMBERS:
            for fault in FAULTS:
                await one.network.fault(carrier, fault, times=luck.randint(3, 6))
    texting = [asyncio.create_task(text(place, luck.uniform(0, 1.5 * kills + 1))) for place in range(_TEXTS)]
    for _ in range(kills):
        await asyncio.sleep(luck.uniform(0.2, 0.8))
        await one.die()
        await one.live()
    await asyncio.gather(*texting)
    await one.network.clear()
    return acknowledged


async def settle_down(one: Mortal) -> None:
    """Until all that can be known is known: only a doubt about what never left may stay."""
    await one.hurry()
    await one.eventually(_UNDER_WAY)
    await one.network.idle()
    await one.hurry()
    taken = [entry.reference for entry in one.sent()]
    await one.eventually(_TAKEN_AND_IN_DOUBT, taken)


async def judge(one: Mortal, acknowledged: list[str], folder: Path) -> None:
    sends = Counter(entry.to for entry in one.sent())
    assert [texter for texter, times in sends.items() if times > 1] == [], "sent twice"

    vault = Vault.in_folder(folder)
    doubtful = {
        row["texter"] for row in await one.database.fetch("SELECT texter FROM reply WHERE state = 'in_doubt'")
    }
    lost = [who for who in acknowledged if not sends[who] and vault.pseudonym(who) not in doubtful]
    assert lost == [], "acknowledged, and neither answered nor in doubt"

    for carrier, rate in MICROS.items():
        charged = sum(
            ((entry.price * rate * 1_000_000).to_integral_value("ROUND_CEILING")
             for entry in one.network.journal.of(Kind.CHARGED, carrier) if entry.reference), Decimal(0),
        )  # fmt: skip
        booked = await one.database.fetchval(
            "SELECT coalesce(sum(spent), 0)::bigint FROM attempt WHERE account = $1", carrier
        )
        assert (carrier, booked) == (carrier, charged), "money"
    await audit(one.dsn)


async def test_killed_at_random_nothing_is_lost_or_sent_twice_and_money_is_exact(
    database: str, tmp_path: Path
) -> None:
    async with mortal(database, tmp_path) as one:
        acknowledged = await live_and_die(one, _KILLS, _SEED, faults=True)
        await settle_down(one)
        await judge(one, acknowledged, tmp_path)
        assert len(acknowledged) > _TEXTS / 10  # the rest met a dead router, and were told so
        assert one.lives == _KILLS + 1


async def test_a_router_that_sends_again_in_doubt_sends_twice(database: str, tmp_path: Path) -> None:
    async with mortal(database, tmp_path, RETRY_ON_DOUBT) as one:
        acknowledged = await live_and_die(one, 0, _SEED, faults=True)
        await one.eventually(_UNDER_WAY)
        with pytest.raises(AssertionError, match="sent twice"):
            await judge(one, acknowledged, tmp_path)
