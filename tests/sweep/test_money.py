"""Accounts without money, purses of calls, balances."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from providers.simulator.journal import Kind
from tests.sweep.test_probes import _QUICK, _back, _left
from tests.sweep.town import town

_PATIENT = """
[health]
probe_first = "1h"

[workers]
poll_every = "1h"
"""


async def test_an_account_out_of_funds_comes_back_by_itself_after_a_top_up(
    database: str, tmp_path: Path
) -> None:
    async with town(database, tmp_path, more=_QUICK) as place:
        carrier = place.network.carrier("twilio").account
        carrier.balance = Decimal(0)
        texter = await place.text("twilio")
        await place.attempted(texter, "refused", "accepted")
        await _left(place)
        carrier.balance = Decimal(10)
        await _back(place)
        later = await place.text("twilio")
        await place.attempted(later, "accepted")
        assert [sent.carrier for sent in place.sends(later)] == ["twilio"]
        await place.audit()


async def test_whose_money_ran_out_says_so_at_once_with_what_is_left(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path, more=_PATIENT) as place:
        await place.round("balances")
        carrier = place.network.carrier("twilio").account
        carrier.balance = Decimal("-0.5")
        await place.attempted(await place.text("twilio"), "refused", "accepted")
        states = "SELECT status, reason FROM health WHERE account = 'twilio' AND sender = ''"
        await place.eventually(
            lambda: place.rows(states), lambda rows: rows == [{"status": "cut_off", "reason": "unpaid"}]
        )
        left = "SELECT amount FROM balance WHERE account = 'twilio'"
        await place.eventually(lambda: place.rows(left), lambda rows: rows[0]["amount"] <= -0.5)
        told = await place.rows(
            "SELECT reason, by FROM health_history WHERE account = 'twilio' AND sender = '' ORDER BY id"
        )
        assert told == [{"reason": "suspended", "by": "flow"}, {"reason": "unpaid", "by": "look"}]
        (before,) = await place.rows("SELECT not_before FROM health WHERE account = 'twilio' AND sender = ''")
        await place.round("causes")
        (after,) = await place.rows("SELECT not_before FROM health WHERE account = 'twilio' AND sender = ''")
        assert after == before


async def test_who_is_suspended_for_another_cause_stays_so(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path, more=_PATIENT) as place:
        await place.network.fault("twilio", "suspend")
        place.network.carrier("twilio").account.balance = Decimal(7)
        await place.attempted(await place.text("twilio"), "refused", "accepted")
        left = "SELECT amount FROM balance WHERE account = 'twilio'"
        await place.eventually(lambda: place.rows(left), lambda rows: rows and 6 < rows[0]["amount"] <= 7)
        told = await place.rows("SELECT reason FROM health WHERE account = 'twilio' AND sender = ''")
        assert told == [{"reason": "suspended"}]


async def test_balances_are_kept(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        for name, left in (("twilio", "12.5"), ("vonage", "3.25"), ("ovh", "40")):
            place.network.carrier(name).account.balance = Decimal(left)
        await place.round("balances")
        kept = await place.rows("SELECT account, amount FROM balance ORDER BY account")
        assert [(row["account"], row["amount"]) for row in kept] == [
            ("ovh", 40.0),
            ("twilio", 12.5),
            ("vonage", 3.25),
        ]


async def test_past_the_allowance_a_text_goes_through_another(database: str, tmp_path: Path) -> None:
    """It is certainly unsent, so it may; and the account is left until the next minute only."""

    def few(written: str) -> str:
        return written.replace("[accounts.twilio]", "[accounts.twilio]\ncalls_per_minute = 1")

    async with town(database, tmp_path, change=few) as place:
        await place.database.execute(
            "INSERT INTO allowance SELECT 'twilio', date_trunc('minute', now()) + n * interval '1 min', 9"
            " FROM generate_series(0, 2) n ON CONFLICT (account, minute) DO UPDATE SET used = 9"
        )
        texter = await place.text("twilio")
        refused, _ = await place.attempted(texter, "refused", "accepted")
        assert refused["code"] == "allowance"
        assert [sent.carrier for sent in place.sends(texter)] == ["vonage"]
        assert place.network.journal.of(Kind.REFUSED) == []
        (state,) = await place.rows("SELECT status, not_before - clock_timestamp() AS wait FROM health")
        assert state["status"] == "throttled"
        assert state["wait"].total_seconds() <= 60
        await place.audit()


async def test_control_without_the_allowance_the_call_is_made(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        texter = await place.text("twilio")
        await place.attempted(texter, "accepted")
        assert [sent.carrier for sent in place.sends(texter)] == ["twilio"]
