"""The relay with real database, real wire and simulated carriers: all five failures, as the table says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from providers import InDoubt, Unreachable
from router import send
from router.watch import Watch
from tests.sweep.town import Town, town

_MORE = """
[health]
probe_first = "1h"
strikes = 1000

[workers]
poll_every = "1h"
lease = "3s"
call_deadline = "500ms"
"""


@pytest.fixture
async def here(database: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database, tmp_path, more=_MORE) as here:
        yield here
        await here.audit()


async def health(here: Town, account: str) -> list[tuple[str, str, str]]:
    """What is closed of an account: sender or '', status, reason."""
    rows = await here.rows("SELECT * FROM health WHERE account = $1 AND status <> 'open'", account)
    return [(row["sender"], row["status"], row["reason"]) for row in rows]


async def state(here: Town, texter: str) -> str:
    return str((await here.replies(texter))[0]["state"])


THROTTLED, SUSPENDED = [("", "throttled", "throttled")], [("", "cut_off", "suspended")]
MOVES_ON: list[tuple[str, str, dict[str, Any], list[Any]]] = [
    ("twilio", "unreachable", {}, []),
    ("twilio", "throttle", {"retry_after": 5, "on": "sends"}, THROTTLED),
    ("twilio", "suspend", {}, SUSPENDED),
    ("twilio", "revoke", {"on": "sends"}, [("", "cut_off", "revoked")]),
    ("vonage", "unreachable", {}, []),
    ("vonage", "unpaid", {}, [("", "cut_off", "unpaid")]),
    ("ovh", "unpaid", {}, [("", "cut_off", "unpaid")]),
]


@pytest.mark.parametrize(
    ("carrier", "fault", "more", "closed"), MOVES_ON, ids=[" ".join(one[:2]) for one in MOVES_ON]
)
async def test_what_is_certainly_unsent_goes_through_the_next_account_with_its_money_released(
    here: Town, carrier: str, fault: str, more: dict[str, Any], closed: list[Any]
) -> None:
    await here.network.fault(carrier, fault, **more)
    texter = await here.text(carrier)
    first, second = await here.attempted(texter, "refused", "accepted")
    assert (first["account"], first["spent"]) == (carrier, 0)
    assert second["account"] != carrier
    assert [entry.carrier for entry in here.sends(texter)] == [second["account"]]
    assert await state(here, texter) == "accepted"
    assert (await texters(here, texter))["answered"] == 1
    await here.eventually(lambda: health(here, carrier), lambda found: found == closed)


async def a_storm_is_paced(here: Town) -> None:
    fault = await here.network.fault("twilio", "throttle", retry_after=60, on="sends")
    for states in (["refused", "accepted"], ["accepted"], ["accepted"]):
        texter = await here.text("twilio")
        await here.attempted(texter, *states)
        await here.eventually(lambda: health(here, "twilio"), lambda found: found == THROTTLED)
        assert [entry.carrier == "twilio" for entry in here.sends(texter)] == [False]
    assert fault.struck == 1


async def test_in_a_storm_of_429_it_is_paced_and_others_carry(here: Town) -> None:
    await a_storm_is_paced(here)


async def test_control_where_a_pause_closes_nothing_it_is_asked_again_and_again(
    here: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.sweep.town.PATIENCE", 2.0)
    monkeypatch.setattr(Watch, "_changes", lambda *_given: None)
    with pytest.raises(AssertionError):
        await a_storm_is_paced(here)


async def texters(here: Town, texter: str) -> dict[str, Any]:
    pseudonym = here.house.office.vault.pseudonym(texter)
    return (await here.rows("SELECT * FROM texter WHERE pseudonym = $1", pseudonym))[0]


BAD_NUMBER = {"twilio": "21211", "vonage": "", "ovh": ""}


@pytest.mark.parametrize("carrier", BAD_NUMBER)
async def test_a_refused_text_goes_nowhere_else_and_its_account_stays_open(here: Town, carrier: str) -> None:
    await here.network.fault(carrier, "refuse", times=1, code=BAD_NUMBER[carrier])
    texter = await here.text(carrier)
    await here.attempted(texter, "refused")
    assert here.sends(texter) == []
    assert await state(here, texter) == "failed"
    assert (await texters(here, texter))["answered"] == 0
    assert await health(here, carrier) == []
    assert (await here.rows("SELECT sum(reserved) AS held FROM purse_window"))[0]["held"] == 0
    following = await here.text(carrier)
    await here.attempted(following, "accepted")


DOUBTS = ["error_before", "error_after", "reset_before", "reset_after", "hang_before", "hang_after", "drip"]


async def held(here: Town) -> int:
    rows = await here.rows(
        "SELECT coalesce(sum(reserved), 0) AS held FROM purse_window WHERE purse = 'total'"
    )
    return int(rows[0]["held"])


async def a_doubt_is_sent_once(here: Town, carrier: str, fault: str) -> None:
    before = await held(here)
    await here.network.fault(carrier, "missing_receipts")
    await here.network.fault(carrier, fault, times=1)
    texter = await here.text(carrier)
    await here.eventually(
        lambda: here.replies(texter),
        lambda rows: rows and rows[0]["state"] not in {"queued", "claimed", "sending", "delayed"},
    )
    assert len(here.sends(texter)) == int(not fault.endswith("_before"))
    (attempt,) = await here.attempts(texter)
    assert (attempt["state"], attempt["account"]) == ("unknown", carrier)
    assert await state(here, texter) == "in_doubt"
    assert await held(here) == before + attempt["estimate"]
    assert (await texters(here, texter))["answered"] == 1
    await here.network.clear(carrier)


async def test_a_doubt_keeps_its_money_and_is_never_sent_again_by_anyone(here: Town) -> None:
    for fault in DOUBTS:
        await a_doubt_is_sent_once(here, "twilio", fault)
    for carrier in ("vonage", "ovh"):
        for fault in ("reset_after", "hang_before"):
            await a_doubt_is_sent_once(here, carrier, fault)
    assert await health(here, "twilio") == []


@pytest.mark.parametrize("fault", ["error_after", "reset_after"])
async def test_taken_for_unsent_a_doubt_is_sent_twice(
    here: Town, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry = send.carry

    async def believing(*given: Any, **named: Any) -> Any:
        found = await carry(*given, **named)
        return Unreachable(found.code) if isinstance(found, InDoubt) else found

    monkeypatch.setattr(send, "carry", believing)
    with pytest.raises(AssertionError):
        await a_doubt_is_sent_once(here, "twilio", fault)


async def test_why_each_preferred_account_was_passed_over_is_kept(here: Town) -> None:
    await here.network.fault("twilio", "suspend")
    await here.attempted(await here.text("twilio"), "refused", "accepted")
    await here.eventually(lambda: health(here, "twilio"), bool)
    await here.database.execute("UPDATE purse SET cap = 0, unlimited = false WHERE name = 'vonage'")
    await here.database.execute("UPDATE purse_window SET cap = 0 WHERE purse = 'vonage'")
    await here.house.watch.refresh()
    texter = await here.text("twilio")
    (attempt,) = await here.attempted(texter, "accepted")
    assert (attempt["account"], attempt["passed_over"]) == ("ovh", "twilio:cut_off vonage:budget")


async def test_when_nobody_can_carry_a_text_it_waits_and_goes_once_somebody_can(here: Town) -> None:
    for carrier in ("twilio", "vonage", "ovh"):
        await here.network.fault(carrier, "throttle", retry_after=1, on="sends")
    texter = await here.text("twilio")
    await here.attempted(texter, "refused", "refused", "refused")
    assert here.sends(texter) == []
    await here.network.clear()
    await here.eventually(lambda: here.attempts(texter), lambda rows: rows[-1]["state"] == "accepted")
    assert len(here.sends(texter)) == 1
