"""Receipts: early, late, twice, out of order, forged; and what they do to money and replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from providers.simulator.journal import Kind
from router.rules.health import Status
from router.sweep import receipts
from router.sweep.proofs import proof
from tests.sweep.town import town

CARRIERS = ("twilio", "vonage", "ovh")


async def test_every_carrier_answers_and_its_delivery_becomes_known(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        texters = {carrier: await place.text(carrier) for carrier in CARRIERS}
        for carrier, texter in texters.items():
            await place.attempted(texter, "accepted")
            (sent,) = place.sends(texter)
            assert sent.carrier == carrier
        await place.settled()
        for texter in texters.values():
            (attempt,) = await place.attempts(texter)
            assert attempt["receipt"] == "delivered"
        timed = await place.rows("SELECT account FROM receipt WHERE seconds IS NOT NULL ORDER BY account")
        assert [row["account"] for row in timed] == ["ovh", "twilio", "vonage"]
        await place.audit()


@pytest.mark.parametrize("fault", ["duplicate_receipts", "reordered_receipts"])
async def test_receipts_twice_or_backwards_only_move_up(database: str, tmp_path: Path, fault: str) -> None:
    async with town(database, tmp_path) as place:
        for carrier in CARRIERS:
            await place.network.fault(carrier, fault)
        texters = [await place.text(carrier) for carrier in CARRIERS]
        for texter in texters:
            await place.attempted(texter, "accepted")
        await place.settled()
        for texter in texters:
            (attempt,) = await place.attempts(texter)
            assert attempt["receipt"] == "delivered"
            assert len(place.sends(texter)) == 1
        stored = await place.rows("SELECT count(*) AS n FROM receipt GROUP BY account, digest")
        assert {row["n"] for row in stored} == {1}
        await place.audit()


async def test_a_receipt_that_comes_before_the_answer_settles_the_send(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        fault = await place.network.fault("twilio", "drip", every=60)
        texter = await place.text("twilio")
        await place.attempted(texter, "accepted")
        assert fault.struck == 1
        assert not fault.cleared.is_set()
        (reply,) = await place.replies(texter)
        assert reply["state"] == "accepted"
        await place.network.clear("twilio")
        await place.settled()
        assert len(place.sends(texter)) == 1
        await place.audit()


async def test_a_receipt_ends_a_doubt(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        await place.network.fault("vonage", "reset_after", times=1)
        await place.network.fault("vonage", "slow_receipts", seconds=0.5)
        texter = await place.text("vonage")
        await place.attempted(texter, "unknown")
        await place.attempted(texter, "accepted")
        assert len(place.sends(texter)) == 1
        await place.settled()
        await place.audit()


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_what_is_proven_unsent_is_answered_once_by_another(
    database: str, tmp_path: Path, carrier: str
) -> None:
    async with town(database, tmp_path) as place:
        await place.network.fault(carrier, "unsent")
        texter = await place.text(carrier)
        await place.attempted(texter, "refused", "accepted")
        first, second = place.sends(texter)
        assert first.carrier == carrier
        assert second.carrier != carrier
        await place.settled()
        assert len(place.network.journal.of(Kind.DELIVERED)) == 1
        (reply,) = await place.replies(texter)
        assert reply["requeued"]
        await place.audit()


async def test_an_account_that_hands_nothing_over_is_left(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path, more="") as place:
        await place.network.fault("twilio", "unsent")
        texters = [await place.text("twilio") for _ in range(3)]
        for texter in texters:
            await place.attempted(texter, "refused", "accepted")

        async def status() -> Any:
            await place.house.watch.refresh()
            return place.house.office.facts.health.get(("twilio", ""))

        state = await place.eventually(
            status, lambda state: state is not None and state.status != Status.OPEN
        )
        assert state.status is Status.CUT_OFF
        later = await place.text("twilio")
        await place.attempted(later, "accepted")
        (sent,) = place.sends(later)
        assert sent.carrier == "vonage"
        await place.settled()
        await place.audit()


async def test_a_hint_is_not_believed_without_the_provider_s_record(database: str, tmp_path: Path) -> None:
    """OVH signs nothing: a push that says a text was never handed over does not send it again."""
    async with town(database, tmp_path) as place:
        await place.network.fault("ovh", "slow_receipts", seconds=600)
        texter = await place.text("ovh")
        (attempt,) = await place.attempted(texter, "accepted")
        await place.database.execute(
            "INSERT INTO receipt (account, digest, provider_id, status, proven_unsent, unbilled, received_at,"
            " raw) VALUES ('ovh', 'forged', $1, 'failed', true, true, now(), '')",
            attempt["provider_id"],
        )
        await place.eventually(
            lambda: place.rows(
                "SELECT * FROM receipt WHERE digest = 'forged' AND (tries > 0 OR attempt <> '')"
            ),
            lambda rows: rows,
        )
        assert [row["state"] for row in await place.attempts(texter)] == ["accepted"]
        assert len(place.sends(texter)) == 1
        await place.audit()


async def test_one_bad_receipt_is_in_nobody_s_way(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = proof

    def raises(*arguments: Any) -> Any:
        if arguments[2].code == "bad":
            raise ValueError
        return honest(*arguments)

    monkeypatch.setattr(receipts, "proof", raises)
    async with town(database, tmp_path) as place:
        await place.network.fault("vonage", "missing_receipts", times=1)
        spoilt = await place.text("vonage")
        (attempt,) = await place.attempted(spoilt, "accepted")
        await place.database.execute(
            "INSERT INTO receipt (account, digest, reference, status, code, received_at, raw)"
            " VALUES ('vonage', 'bad', $1, 'sent', 'bad', now(), '')",
            attempt["reference"],
        )
        texter = await place.text("vonage")
        await place.eventually(
            lambda: place.attempts(texter), lambda rows: rows and rows[0]["receipt"] == "delivered"
        )
        (bad,) = await place.eventually(
            lambda: place.rows("SELECT applied_at, tries FROM receipt WHERE code = 'bad'"),
            lambda rows: rows[0]["tries"] > 0,
        )
        assert bad["applied_at"] is None


async def test_a_receipt_of_nobody_s_text_is_tried_a_few_times_and_put_away(
    database: str, tmp_path: Path
) -> None:
    async with town(database, tmp_path) as place:
        await place.database.execute(
            "INSERT INTO receipt (account, digest, provider_id, status, received_at, raw)"
            " VALUES ('vonage', 'stray', 'nobody', 'delivered', now(), '')"
        )

        async def hastened() -> list[dict[str, Any]]:
            await place.database.execute("UPDATE receipt SET try_after = now()")
            return await place.rows("SELECT tries, attempt FROM receipt WHERE applied_at IS NOT NULL")

        (away,) = await place.eventually(hastened, lambda rows: rows)
        assert away["tries"] == len(receipts.WAITS)
        assert away["attempt"] is None


async def test_a_receipt_of_one_account_says_nothing_of_another_s_text(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        texter = await place.text("twilio")
        (attempt,) = await place.attempted(texter, "accepted")
        await place.settled()
        await place.database.execute(
            "INSERT INTO receipt (account, digest, reference, status, proven_unsent, received_at, raw)"
            " VALUES ('vonage', 'foreign', $1, 'failed', true, now(), '')",
            attempt["reference"],
        )
        await place.eventually(
            lambda: place.rows("SELECT tries FROM receipt WHERE digest = 'foreign'"),
            lambda rows: rows[0]["tries"] > 0,
        )
        await place.attempted(texter, "accepted")


async def test_health_is_not_touched_by_a_single_text_unsent(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        await place.network.fault("twilio", "unsent", times=1)
        await place.attempted(await place.text("twilio"), "refused", "accepted")
        await place.house.watch.refresh()
        assert place.house.office.facts.health == {}
