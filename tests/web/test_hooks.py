"""Texts and receipts at the door: stored as received, once, and only then acknowledged."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from providers import Ability
from router import arrivals
from router.postgres.receipts import Receipts
from tests.web.house import HOOK_TOKEN, PUBLIC, SIDE, TEXTER, House, away, logged

OVH = {"id": "4711", "senderid": TEXTER, "shortcode": SIDE, "message": "Salut c'est Kevin"}
HARD = {
    "a NUL": "Sal\0ut",
    "emoji": "👩‍👩‍👧 non 🙅",
    "right to left": "\u202eمرحبا\u202c abc",
    "a lone surrogate": "a\ud800b",
    "10,000 characters": "é" * 10_000,
    "markup": "<script>alert(1)</script> '; DROP TABLE inbound; --",
    "line ends": "one\r\ntwo\nERROR forged log line",
    "nothing": "",
}

Claim = Callable[[House], Awaitable[None]]


async def _forged_is_refused(house: House) -> None:
    assert await house.text("Salut", headers={"X-Twilio-Signature": "Zm9yZ2Vk"}) == 403
    assert await house.letters() == []


async def _replayed_is_stored_once(house: House) -> None:
    assert [await house.text("Salut") for _ in range(3)] == [200, 200, 200]
    assert len(await house.letters()) == 1


async def _receipt_replayed_is_stored_once(house: House) -> None:
    assert [await house.receipt("delivered") for _ in range(3)] == [200, 200, 200]
    assert len(await house.rows("SELECT * FROM receipt")) == 1


async def _wrong_token_is_refused(house: House) -> None:
    for wrong in (HOOK_TOKEN[:-1] + "X", HOOK_TOKEN[:-1], "é%00", "x"):
        assert await house.knock(f"/hooks/ovh/{wrong}/inbound", OVH) == 403
    assert await house.letters() == []


@pytest.mark.parametrize("words", HARD.values(), ids=HARD.keys())
async def test_a_text_is_stored_as_received(house: House, words: str) -> None:
    assert await house.text(words) == 200
    [(sender, body)] = await house.letters()
    assert sender == TEXTER
    assert body.encode("utf-8", "surrogateescape") == words.encode("utf-8", "surrogatepass")


async def test_a_forged_text_is_refused_and_counted(house: House) -> None:
    await _forged_is_refused(house)
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="forged") == 1


async def test_without_the_signature_check_the_forged_text_gets_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.twilio.proof.hmac.compare_digest", lambda _a, _b: True)
    with pytest.raises(AssertionError):
        await _forged_is_refused(house)


async def test_a_replayed_text_is_stored_once(house: House) -> None:
    await _replayed_is_stored_once(house)
    assert await house.sample("paravent_texts_received_total", account="twilio", number="front") == 1
    assert await house.sample("paravent_texts_duplicate_total", account="twilio") == 2


async def test_with_random_ids_a_replayed_text_is_stored_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "text_id", lambda *_: uuid4())
    with pytest.raises(AssertionError):
        await _replayed_is_stored_once(house)


async def test_a_replayed_receipt_is_stored_once_and_wakes_who_applies_it(house: House) -> None:
    await _receipt_replayed_is_stored_once(house)
    assert await house.sample("paravent_receipts_total", account="twilio", status="delivered") == 1
    assert house.told == ["receipts"] * 3


async def test_with_random_digests_a_replayed_receipt_is_stored_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.notices._digest", lambda *_: uuid4().bytes)
    with pytest.raises(AssertionError):
        await _receipt_replayed_is_stored_once(house)


async def test_of_a_batch_each_receipt_is_told_apart(house: House) -> None:
    await house.receipt("sent")
    [row] = await house.rows("SELECT * FROM receipt")
    line = house.pool.line()
    one = _notice(row)
    other = _notice(row, digest=b"another digest..")
    assert await Receipts().store(line, [other, one, other]) == [True, False, False]


async def test_what_a_malformed_webhook_says_is_not_kept(house: House) -> None:
    assert await house.knock("/hooks/twilio/inbound", {"MessageSid": "SM" + "1" * 32, "Body": "Salut"}) == 400
    assert await house.letters() == []
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="malformed") == 1


async def test_the_token_opens_the_door_of_a_provider_that_signs_nothing(house: House) -> None:
    assert await house.knock(f"/hooks/ovh/{HOOK_TOKEN}/inbound", OVH) == 200
    assert await house.letters() == [(TEXTER, OVH["message"])]
    [row] = await house.rows("SELECT * FROM inbound")
    assert not row["verified"]


async def test_a_wrong_token_does_not(house: House) -> None:
    await _wrong_token_is_refused(house)


async def test_without_the_comparison_a_wrong_token_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.web.hooks.hmac.compare_digest", lambda _a, _b: True)
    with pytest.raises(AssertionError):
        await _wrong_token_is_refused(house)


async def test_tokens_are_compared_in_constant_time_and_never_otherwise(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def refuse(given: bytes, known: bytes) -> bool:
        compared.append((given, known))
        return False

    monkeypatch.setattr("router.web.hooks.hmac.compare_digest", refuse)
    assert await house.knock(f"/hooks/ovh/{HOOK_TOKEN}/inbound", OVH) == 403
    assert compared == [(HOOK_TOKEN.encode(), HOOK_TOKEN.encode())]


@pytest.mark.parametrize(
    "path", ["/hooks/ovh/inbound", "/hooks/ovh/receipt", "/hooks/nobody/inbound", "/hooks/twilio/x/inbound"]
)
async def test_a_path_that_is_nobodys_is_not_found_and_counted(house: House, path: str) -> None:
    assert await house.knock(path, OVH) == 404
    assert await house.letters() == []
    reason = {"account": "unknown", "reason": "unknown_account"}
    assert await house.sample("paravent_webhooks_rejected_total", **reason) == 1


async def test_a_text_to_a_number_that_is_not_ours_is_acknowledged_and_counted(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert await house.text("Salut c'est Kevin", form={"To": "+33937999999"}) == 200
    assert await house.letters() == []
    reason = {"account": "twilio", "reason": "unknown_number"}
    assert await house.sample("paravent_webhooks_rejected_total", **reason) == 1
    assert "unknown_number" in logged(caplog.records)


async def test_what_is_refused_leaves_no_number_text_or_secret_in_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await house.text("Salut c'est Kevin", headers={"X-Twilio-Signature": "Zm9yZ2Vk"})
        await house.text("Salut c'est Kevin", form={"To": "+33937999999"})
        await house.knock("/hooks/twilio/inbound", {"From": TEXTER, "Body": "Kevin"})
        await house.knock(f"/hooks/ovh/{HOOK_TOKEN[:-1]}/inbound", OVH)
        await house.get("/hooks/nobody/inbound?from=%2B33639980001")
    said = logged(
        [record for record in caplog.records if record.name.startswith(("router", "aiohttp.server"))]
    )
    assert "forged" in said
    assert not [
        word for word in (TEXTER, TEXTER[1:], "Kevin", "33937999999", HOOK_TOKEN[:-1]) if word in said
    ]


async def test_a_flood_of_forgeries_is_no_flood_of_lines(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        await house.text("Salut", headers={"X-Twilio-Signature": "Zm9yZ2Vk"})
    assert len([record for record in caplog.records if "forged" in record.getMessage()]) == 1
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="forged") == 20


async def test_a_plugin_that_raises_is_counted_and_harms_nobody_else(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_hook: object) -> None:
        raise RuntimeError("Salut c'est Kevin")

    monkeypatch.setattr(house.office.accounts["twilio"].provider, "inbound", broken)
    assert await house.text("Salut") == 500
    assert await house.knock(f"/hooks/ovh/{HOOK_TOKEN}/inbound", OVH) == 200
    assert len(await house.letters()) == 1
    assert "RuntimeError" in logged(caplog.records)
    assert "Kevin" not in logged(caplog.records)


async def test_while_the_database_is_away_the_door_stays_open(house: House, database: str) -> None:
    async with away(house, database):
        assert await house.text("Salut") == 200
        assert await house.receipt("delivered") == 200
        assert (await house.get("/readyz"))[0] == 200
        assert (await house.get("/healthz"))[0] == 200
        assert (await house.get("/metrics/state"))[0] == 503
        assert await house.sample("paravent_spool_texts") == 1
        assert await house.sample("paravent_spool_receipts") == 1
        assert await house.sample("paravent_spool_oldest_seconds") > 0


async def test_with_the_spool_full_as_well_the_provider_is_asked_to_insist(
    house: House, database: str
) -> None:
    house.spool._limit = 0
    async with away(house, database):
        assert await house.text("Salut") == 503
        assert await house.receipt("delivered") == 503
        assert (await house.get("/readyz"))[0] == 503
        assert await house.sample("paravent_spool_texts") == 0
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="spool_full") == 2
    await house.office.desk.back()
    assert await house.text("Salut") == 200
    assert (await house.get("/readyz"))[0] == 200


async def test_what_is_kept_of_a_webhook_opens_and_holds_no_secret_of_the_house(house: House) -> None:
    assert Ability.SIGNED_WEBHOOKS not in house.office.accounts["ovh"].provider.abilities
    headers = {"Authorization": "Basic c2VjcmV0"}
    await house.knock(f"/hooks/ovh/{HOOK_TOKEN}/inbound", OVH, headers=headers)
    [row] = await house.rows("SELECT id, raw FROM inbound")
    _, raw = house.office.vault.take_record_out(row["raw"], row["id"].bytes + b"raw")
    kept = json.loads(raw)
    assert kept["method"] == "POST"
    assert "message=Salut" in kept["body"]
    assert HOOK_TOKEN not in raw.decode()
    assert "c2VjcmV0" not in raw.decode()
    assert kept["url"].startswith(f"{PUBLIC}/hooks/ovh/key-")


async def test_receiving_costs_what_the_settings_say(house: House) -> None:
    await house.text("Salut")
    [row] = await house.rows("SELECT cost, cost_unit FROM inbound")
    assert (row["cost"], row["cost_unit"]) == (10_000, "EUR")


async def test_a_reply_expires_when_the_settings_say(house: House) -> None:
    await house.text("Salut")
    [row] = await house.rows("SELECT expires_at - received_at AS left FROM reply")
    assert row["left"] == timedelta(hours=6)


def _notice(row: asyncpg.Record, **different: Any) -> Any:
    from router.postgres.receipts import _COLUMNS, Notice

    return Notice(**({name: row[name] for name in _COLUMNS} | different))
