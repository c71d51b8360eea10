"""What carriers charged is what the books say, to the millionth: late prices, wrong ones, receiving."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from providers.simulator.journal import Entry, Kind
from router.rules.budget import Rounding, to_micros
from tests.sweep.town import Town, town

_RATES = {"EUR": Decimal(1), "USD": Decimal("0.92"), "credit": Decimal("0.065")}


def charged(place: Town, carrier: str) -> int:
    """Millionths that a carrier took and did not give back, each charge converted by itself."""
    journal = place.network.journal

    def micros(entry: Entry) -> int:
        return to_micros(entry.price, _RATES[entry.unit], Rounding.HALF_EVEN)

    taken = sum(micros(entry) for entry in journal.of(Kind.CHARGED, carrier))
    return taken - sum(micros(entry) for entry in journal.of(Kind.RETURNED, carrier))


async def _trace(place: Town) -> None:
    await place.database.execute("UPDATE attempt SET trace_after = now() WHERE trace_after IS NOT NULL")
    await place.round("traces")


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("carrier", ["twilio", "vonage", "ovh"])
async def test_the_books_say_what_the_carrier_charged(
    database: str, tmp_path: Path, carrier: str, factor: int
) -> None:
    def nothing_received(written: str) -> str:
        lines = [line for line in written.splitlines() if not line.startswith("receive_price")]
        return "\n".join(lines)

    free = {carrier: Decimal(0)}
    async with town(database, tmp_path, change=nothing_received, inbound_prices=free) as place:
        await place.network.fault(carrier, "wrong_price", factor=factor)
        texters = [await place.text(carrier) for _ in range(3)]
        for texter in texters:
            await place.attempted(texter, "accepted")
        await place.settled()
        await _trace(place)
        assert await place.books(carrier) == charged(place, carrier) > 0
        await place.audit()


async def test_a_trace_that_learnt_all_is_the_last(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        texter = await place.text("twilio")
        await place.attempted(texter, "accepted")
        await place.settled()
        await _trace(place)
        (attempt,) = await place.attempts(texter)
        assert attempt["traces"] == 1
        assert attempt["trace_after"] is None
        calls = sum(place.network.carrier("twilio").calls.values())
        await _trace(place)
        assert sum(place.network.carrier("twilio").calls.values()) == calls


async def test_a_receipt_that_never_came_is_asked_for(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        for carrier in ("twilio", "vonage", "ovh"):
            await place.network.fault(carrier, "missing_receipts")
        texters = [await place.text(carrier) for carrier in ("twilio", "vonage", "ovh")]
        for texter in texters:
            await place.attempted(texter, "accepted")
        await place.eventually(
            lambda: _soon(place.network.journal.of(Kind.DELIVERED)), lambda delivered: len(delivered) == 3
        )
        await _trace(place)
        for texter in texters:
            (attempt,) = await place.attempts(texter)
            assert attempt["receipt"] == "delivered"
        await place.audit()


async def _soon(entries: list[Entry]) -> list[Entry]:
    await asyncio.sleep(0)
    return entries


async def test_a_price_above_the_limit_is_booked_as_overrun(database: str, tmp_path: Path) -> None:
    def poor(written: str) -> str:
        return written.replace('"5.00", period = "day"', '"0.10", period = "day"')

    async with town(database, tmp_path, change=poor) as place:
        await place.network.fault("vonage", "wrong_price", factor=10)
        texter = await place.text("vonage")
        await place.attempted(texter, "accepted")
        await place.settled()
        (window,) = await place.rows("SELECT * FROM purse_window WHERE purse = 'vonage'")
        assert window["spent"] == charged(place, "vonage") == 725_000
        assert window["overrun"] == 625_000
        await place.audit()


async def test_receiving_is_booked_once_each_and_beyond_the_limit_as_overrun(
    database: str, tmp_path: Path
) -> None:
    def broke(written: str) -> str:
        return written.replace('limit = "5.00"', 'limit = "0.03"')

    async with town(database, tmp_path, change=broke) as place:
        for _ in range(4):
            await place.text("ovh")
        await place.eventually(
            lambda: place.rows("SELECT * FROM ledger WHERE kind = 'inbound'"), lambda rows: len(rows) == 4
        )
        await asyncio.gather(*(place.round("costs") for _ in range(5)))
        booked = await place.rows("SELECT * FROM ledger WHERE kind = 'inbound' ORDER BY id")
        assert [row["spent"] for row in booked] == [13_000] * 4
        assert sum(row["account_overrun"] for row in booked) == 4 * 13_000 - 30_000
        assert {row["unit"] for row in booked} == {"credit"}
        await place.audit()
