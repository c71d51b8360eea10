"""Receipts, prices and probes with one protection less: what does not hold then is not waited for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from providers import Receipt
from router.postgres import parked
from router.sweep.probes import Probes
from router.sweep.receipts import Receipts
from tests.postgres.mutants.change import change
from tests.sweep import test_money, test_prices, test_receipts

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seconds, for what holds at once where it holds."""
    monkeypatch.setattr("tests.sweep.town.PATIENCE", 3.0)


async def test_control_where_overrun_is_not_booked_a_late_price_is_not(database: str, tmp_path: Path) -> None:
    await change(database, "settle", "coalesce(a.over, 0)::bigint", "0::bigint")
    with pytest.raises(AssertionError):
        await test_prices.test_a_price_above_the_limit_is_booked_as_overrun(database, tmp_path)


async def test_control_where_receipts_wait_for_answers_a_send_that_drips_stays_open(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waits(self: Receipts) -> bool:
        return False

    monkeypatch.setattr(Receipts, "__call__", waits)
    with pytest.raises(AssertionError, match="it never held"):
        await test_receipts.test_a_receipt_that_comes_before_the_answer_settles_the_send(database, tmp_path)


async def test_control_where_the_last_receipt_is_believed_a_delivered_text_is_not(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(database, "settle", "m.receipt_rank <= a.receipt_rank AND m.said <> 'accepted'", "false")
    await change(database, "settle", "d.receipt_rank > a.receipt_rank THEN d.receipt", "true THEN d.receipt")
    last = parked._PLAIN.replace("WHERE rank > receipt_rank", "").replace("rank DESC", "rank")
    monkeypatch.setattr(parked, "_PLAIN", last.replace("AND a.receipt_rank < b.rank", ""))
    with pytest.raises(AssertionError, match=r"'sent'|'queued'"):
        await test_receipts.test_receipts_twice_or_backwards_only_move_up(
            database, tmp_path, "reordered_receipts"
        )


async def test_control_where_unsent_texts_are_not_counted_the_account_is_not_left(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgives(self: Receipts, known: Any, _receipt: Receipt) -> None:
        await self.parking.unsent_by(known.reply, known.account)

    monkeypatch.setattr(Receipts, "_note_unsent", forgives)
    with pytest.raises(AssertionError, match="it never held"):
        await test_receipts.test_an_account_that_hands_nothing_over_is_left(database, tmp_path)


async def test_control_where_nobody_probes_a_topped_up_account_stays_closed(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def idle(self: Probes) -> bool:
        return False

    monkeypatch.setattr(Probes, "__call__", idle)
    with pytest.raises(AssertionError, match="it never held"):
        await test_money.test_an_account_out_of_funds_comes_back_by_itself_after_a_top_up(database, tmp_path)
