"""Every fault, shown on the simulated Twilio: what the caller meets, and what is true all the same."""

from __future__ import annotations

import asyncio
import socket
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from providers.simulator.faults import FAULTS, UnknownFault
from providers.simulator.journal import Kind
from providers.simulator.simulation import Simulation
from tests.providers.simulator.conftest import PUBLISHED, TEXTER, Caller
from tests.providers.simulator.listener import Listener


def taken(simulation: Simulation) -> int:
    """How many texts were truly accepted."""
    return len(simulation.journal.sends())


@pytest.mark.parametrize(
    ("fault", "arguments", "status", "code"),
    [
        ("refuse", {"code": "21211"}, 400, 21211),
        ("refuse", {"code": "21408", "to": TEXTER}, 400, 21408),
        ("refuse", {"code": "21606", "sender": PUBLISHED}, 400, 21606),
        ("suspend", {}, 403, 20005),
        ("revoke", {}, 401, 20003),
        ("unpaid", {}, 403, 20005),
        ("throttle", {}, 429, 20429),
        ("error_before", {}, 503, 20503),
        ("error_before", {"status": 500}, 500, 20503),
    ],
)
async def test_a_fault_that_refuses_takes_nothing_and_ends_when_cleared(
    fault: str, arguments: dict[str, Any], status: int, code: int, caller: Caller, simulation: Simulation
) -> None:
    await simulation.fault("twilio", fault, **arguments)
    answered, answer = await caller.send()
    assert (answered, answer["code"], taken(simulation)) == (status, code, 0)
    assert [entry.code for entry in simulation.journal.of(Kind.REFUSED)] == [str(code)]
    await simulation.clear("twilio", fault)
    assert ((await caller.send())[0], taken(simulation)) == (201, 1)


async def test_a_fault_of_one_number_leaves_the_others_alone(caller: Caller, simulation: Simulation) -> None:
    await simulation.fault("twilio", "refuse", code="21211", to="+33639980009")
    assert (await caller.send())[0] == 201
    assert (await caller.send(To="+33639980009"))[0] == 400


async def test_a_fault_counts_down_and_is_over(caller: Caller, simulation: Simulation) -> None:
    fault = await simulation.fault("twilio", "throttle", times=2, retry_after=3)
    assert [(await caller.send())[0] for _ in range(3)] == [429, 429, 201]
    assert (fault.left, fault.struck) == (0, 2)
    assert simulation.carriers["twilio"].faults.now() == []


@pytest.mark.parametrize("fault", ["suspend", "unpaid"])
async def test_an_account_that_is_only_looked_at_opens_again_after_as_many_looks(
    fault: str, caller: Caller, simulation: Simulation
) -> None:
    await simulation.fault("twilio", fault, times=2)
    assert [(await caller.get(".json"))[1]["status"] for _ in range(3)] == [
        "suspended",
        "suspended",
        "active",
    ]
    assert (await caller.send())[0] == 201


@pytest.mark.parametrize(("fault", "answered"), [("suspend", 200), ("revoke", 401)])
async def test_a_suspended_account_can_still_be_looked_at_and_a_revoked_one_cannot(
    fault: str, answered: int, caller: Caller, simulation: Simulation
) -> None:
    await simulation.fault("twilio", fault)
    assert (await caller.get("/Balance.json"))[0] == answered


async def test_an_unpaid_account_shows_no_money(caller: Caller, simulation: Simulation) -> None:
    await simulation.fault("twilio", "unpaid")
    assert (await caller.get("/Balance.json"))[1]["balance"] == "0"


async def test_an_error_after_accepting_hides_a_text_that_was_taken(
    caller: Caller, simulation: Simulation
) -> None:
    await simulation.fault("twilio", "error_after", status=502)
    assert ((await caller.send())[0], taken(simulation)) == (502, 1)


async def test_a_refusal_does_not_use_up_a_fault_that_follows_acceptance(
    caller: Caller, simulation: Simulation
) -> None:
    await simulation.fault("twilio", "error_after", times=1)
    assert (await caller.send(Body=""))[0] == 400
    assert (await caller.send())[0] == 500


@pytest.mark.parametrize(("fault", "truly"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_reset_leaves_the_caller_in_the_dark(
    fault: str, truly: int, caller: Caller, simulation: Simulation
) -> None:
    await simulation.fault("twilio", fault, times=1)
    with pytest.raises(aiohttp.ClientOSError):
        await caller.send()
    assert taken(simulation) == truly
    assert (await caller.send())[0] == 201


@pytest.mark.parametrize(("fault", "truly"), [("hang_before", 0), ("hang_after", 1)])
@pytest.mark.parametrize("times", [1, None])
async def test_a_hang_answers_nothing_until_it_is_cleared(
    fault: str, truly: int, times: int | None, caller: Caller, simulation: Simulation
) -> None:
    hang = await simulation.fault("twilio", fault, times=times)
    sending = asyncio.create_task(caller.send())
    async with asyncio.timeout(5):
        await hang.hit.wait()
    done, _ = await asyncio.wait({sending}, timeout=0.1)
    assert (done, taken(simulation)) == (set(), truly)
    await simulation.clear()
    with pytest.raises(aiohttp.ClientOSError):
        await sending


async def test_a_dripping_answer_comes_whole_if_one_waits(caller: Caller, simulation: Simulation) -> None:
    await simulation.fault("twilio", "drip", every=0.00001)
    status, answer = await caller.send()
    assert (status, answer["to"], taken(simulation)) == (201, TEXTER, 1)


async def test_a_dripping_answer_outlasts_an_impatient_caller(caller: Caller, simulation: Simulation) -> None:
    await simulation.fault("twilio", "drip", every=3600)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await caller.send()
    assert taken(simulation) == 1


async def test_a_slow_answer_is_late(caller: Caller, simulation: Simulation) -> None:
    await simulation.fault("twilio", "slow_answers", seconds=0.2)
    begun = asyncio.get_running_loop().time()
    assert (await caller.send())[0] == 201
    assert asyncio.get_running_loop().time() - begun >= 0.2


async def test_an_unreachable_carrier_takes_no_connection_until_it_is_back(
    caller: Caller, simulation: Simulation
) -> None:
    assert (await caller.send())[0] == 201
    where = simulation.base_url("twilio")
    await simulation.fault("twilio", "unreachable")
    # the connection that was kept breaks, a new one is not made
    for error in (aiohttp.ClientConnectionError, aiohttp.ClientConnectorError):
        with pytest.raises(error):
            await caller.send()
    assert taken(simulation) == 1
    await simulation.clear("twilio")
    assert ((await caller.send())[0], simulation.base_url("twilio")) == (201, where)


async def test_switched_on_and_off_at_once_it_ends_as_it_was_last_told(
    caller: Caller, simulation: Simulation
) -> None:
    for passes in range(8):
        await simulation.fault("twilio", "unreachable")
        back = asyncio.create_task(simulation.clear("twilio"))
        for _ in range(passes):
            await asyncio.sleep(0)
        await simulation.fault("twilio", "unreachable")
        await simulation.clear("twilio")
        await back
        assert (await caller.send())[0] == 201


async def test_while_it_is_unreachable_nobody_else_is_given_its_port(simulation: Simulation) -> None:
    where = urlsplit(simulation.base_url("twilio"))
    await simulation.fault("twilio", "unreachable")
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind((where.hostname, where.port))
    with socket.socket() as texter, pytest.raises(ConnectionRefusedError):
        texter.connect((where.hostname, where.port))


async def receipts(caller: Caller, simulation: Simulation, listener: Listener) -> list[str]:
    """Send a text and return what is reported of it, in order."""
    await caller.send(StatusCallback=f"{listener.base_url}/receipt")
    await simulation.idle()
    return [heard.form()["MessageStatus"] for heard in listener.heard]


@pytest.mark.parametrize(
    ("fault", "arguments", "said"),
    [
        ("duplicate_receipts", {"copies": 3}, ["sent"] * 3 + ["delivered"] * 3),
        ("reordered_receipts", {}, ["delivered", "sent"]),
        ("missing_receipts", {}, []),
    ],
)
async def test_receipts_go_wrong_while_the_text_arrives(
    fault: str,
    arguments: dict[str, Any],
    said: list[str],
    caller: Caller,
    simulation: Simulation,
    listener: Listener,
) -> None:
    # one at a time, so that the order in which they are heard is the order in which they left
    simulation.carriers["twilio"].account.step_seconds = 0.05
    await simulation.fault("twilio", fault, **arguments)
    assert await receipts(caller, simulation, listener) == said
    assert len(simulation.journal.of(Kind.DELIVERED)) == 1


async def test_slow_receipts_deliver_late_by_simulated_time(caller: Caller, listener: Listener) -> None:
    simulation = caller.simulation
    await simulation.fault("twilio", "slow_receipts", seconds=0.3)
    await caller.send(StatusCallback=f"{listener.base_url}/receipt")
    await listener.until(1)
    assert simulation.journal.of(Kind.DELIVERED) == []
    await simulation.idle()
    assert [heard.form()["MessageStatus"] for heard in listener.heard] == ["sent", "delivered"]


async def test_a_text_reported_unsent_never_arrives_and_its_money_comes_back(
    caller: Caller, simulation: Simulation, listener: Listener
) -> None:
    before = simulation.carriers["twilio"].account.balance
    await simulation.fault("twilio", "unsent")
    assert await receipts(caller, simulation, listener) == ["failed"]
    assert listener.heard[0].form()["ErrorCode"] == "30002"
    assert simulation.journal.of(Kind.DELIVERED) == []
    assert simulation.journal.spent("twilio") == 0
    assert simulation.carriers["twilio"].account.balance == before


async def test_a_text_the_handset_does_not_take_is_paid_all_the_same(
    caller: Caller, simulation: Simulation, listener: Listener
) -> None:
    await simulation.fault("twilio", "undelivered", code="30005")
    assert await receipts(caller, simulation, listener) == ["sent", "undelivered"]
    assert listener.heard[1].form()["ErrorCode"] == "30005"
    assert simulation.journal.spent("twilio") == Decimal("0.0798")


async def test_a_wrong_price_is_truly_charged(caller: Caller, simulation: Simulation) -> None:
    await simulation.fault("twilio", "wrong_price", factor=2.5)
    _, sent = await caller.send()
    await simulation.idle()
    assert (await caller.get(f"/Messages/{sent['sid']}.json"))[1]["price"] == "-0.19950"
    assert simulation.journal.spent("twilio") == Decimal("0.1995")


async def test_a_lost_inbound_text_stands_in_the_log_alone(
    caller: Caller, simulation: Simulation, listener: Listener
) -> None:
    await simulation.fault("twilio", "lost_inbound", times=1)
    got, status = await simulation.text(to=PUBLISHED, sender=TEXTER, text="lost")
    assert (status, listener.heard) == (None, [])
    _, log = await caller.get(f"/Messages.json?To=%2B{PUBLISHED[1:]}")
    assert [each["sid"] for each in log["messages"]] == [got.provider_id]
    assert (await simulation.text(to=PUBLISHED, sender=TEXTER, text="found"))[1] == 200


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("explode", {}, "there are: drip, duplicate_receipts"),
        ("drip", {"speed": 1}, "it takes: on, every"),
        ("unreachable", {"on": "all"}, "it takes: no arguments"),
        ("drip", {"every": "slowly"}, "is a number"),
        ("refuse", {"code": 21211}, "is a text"),
        ("suspend", {"on": "mondays"}, "'sends' or 'all'"),
        ("suspend", {"times": 0}, "from 1"),
    ],
)
async def test_an_unknown_fault_or_argument_is_told_what_there_is(
    name: str, arguments: dict[str, Any], says: str, simulation: Simulation
) -> None:
    with pytest.raises(UnknownFault, match=says):
        await simulation.fault("twilio", name, **arguments)
    with pytest.raises(UnknownFault, match="there are"):
        await simulation.clear("twilio", "explode")
    assert simulation.carriers["twilio"].faults.now() == []


def test_every_fault_says_what_it_does() -> None:
    assert all(shape.does for shape in FAULTS.values())
