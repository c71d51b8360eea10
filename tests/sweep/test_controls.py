"""Each protection switched off: the same body as its test, and it fails on the same assertion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from providers import Receipt
from router.office import Office
from router.postgres.parked import Parking
from router.rules.failover import Route
from router.sweep.causes import Causes
from router.sweep.probes import Probes
from router.sweep.receipts import Receipts
from tests.sweep import test_money, test_probes, test_receipts


async def test_control_without_remembering_who_proved_it_unsent_nobody_answers(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgets(self: Parking, reply: object, account: str) -> None:
        return None

    monkeypatch.setattr(Parking, "unsent_by", forgets)
    monkeypatch.setattr("tests.sweep.town.PATIENCE", 2.0)
    with pytest.raises(AssertionError, match=r"!= 'twilio'|it never held"):
        await test_receipts.test_what_is_proven_unsent_is_answered_once_by_another(
            database, tmp_path, "twilio"
        )


async def test_control_a_hint_that_is_believed_sends_a_second_time(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def believes(self: Receipts, parked: Any) -> tuple[Receipt, Any]:
        return parked.receipt, parked.attempt or await self.parking.find("ovh", None, None, None)

    monkeypatch.setattr(Receipts, "_believed", believes)
    with pytest.raises(AssertionError):
        await test_receipts.test_a_hint_is_not_believed_without_the_provider_s_record(database, tmp_path)


async def test_control_without_asking_why_an_account_without_money_is_called_suspended(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asks_nobody(self: Causes) -> bool:
        return False

    monkeypatch.setattr(Causes, "__call__", asks_nobody)
    monkeypatch.setattr("tests.sweep.town.PATIENCE", 2.0)
    with pytest.raises(AssertionError, match=r"it never held.*'suspended'"):
        await test_money.test_whose_money_ran_out_says_so_at_once_with_what_is_left(database, tmp_path)


async def test_control_where_all_relays_may_probe_they_all_do(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Probes._own_office

    def lets_all_in(self: Probes, probed: Any) -> Any:
        self.office.prober = self.office.owner
        return replace(honest(self, probed), prober=self.office.owner)

    monkeypatch.setattr(Probes, "_own_office", lets_all_in)
    monkeypatch.setattr(test_probes, "MEANWHILE", 8.0)  # a busy machine takes its time to do wrong
    with pytest.raises(AssertionError, match="== 1"):
        await test_probes.test_only_the_probing_relay_may_use_an_account_that_is_probed(database, tmp_path)


async def test_control_without_a_trial_a_good_look_traps_all_that_come(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def anyone_in_any_number(self: Office, route: Route) -> bool:
        return False

    monkeypatch.setattr(Office, "_on_trial", anyone_in_any_number)
    with pytest.raises(AssertionError, match=r"<= \(2 \* "):
        await test_probes.test_an_account_that_hangs_on_sends_alone_traps_one_text_at_a_time(
            database, tmp_path, "twilio"
        )
