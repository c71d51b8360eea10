"""The control API: handsets text, judges read, faults are set and cleared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from providers.simulator.simulation import Simulation
from tests.providers.simulator.conftest import PUBLISHED, TEXTER, Caller
from tests.providers.simulator.listener import Listener

Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
async def ask(simulation: Simulation) -> AsyncIterator[Ask]:
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(simulation.control_url, timeout=timeout) as session:

        async def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
            async with session.request(method, path, json=body) as answer:
                return answer.status, await answer.json() if answer.status != 204 else None

        yield ask


async def test_a_handset_texts_and_sees_its_conversation(
    ask: Ask, simulation: Simulation, caller: Caller, listener: Listener
) -> None:
    status, sent = await ask("POST", "/texts", {"to": PUBLISHED, "from": TEXTER, "text": "Salut"})
    assert (status, sent["carrier"], sent["webhook_status"]) == (200, "twilio", 200)
    assert listener.heard[0].form()["MessageSid"] == sent["provider_id"]
    await caller.send(Body="Bonjour")
    await simulation.idle()
    _, seen = await ask("GET", f"/handsets/{TEXTER}")
    said = [(each["direction"], each["with"], each["text"]) for each in seen["conversation"]]
    assert said == [("sent", PUBLISHED, "Salut"), ("received", PUBLISHED, "Bonjour")]


async def test_a_text_that_is_lost_or_refused_by_the_router_says_so(
    ask: Ask, simulation: Simulation, listener: Listener
) -> None:
    text = {"to": PUBLISHED, "from": TEXTER, "text": ""}
    listener.answers.append(403)
    assert (await ask("POST", "/texts", text))[1]["webhook_status"] == 403
    await simulation.fault("twilio", "lost_inbound")
    assert (await ask("POST", "/texts", text))[1]["webhook_status"] is None


async def test_the_journal_is_read_from_any_place(ask: Ask, caller: Caller, simulation: Simulation) -> None:
    await caller.send()
    await simulation.idle()
    _, whole = await ask("GET", "/journal")
    assert [entry["kind"] for entry in whole["entries"]] == ["accepted", "charged", "delivered"]
    assert whole["entries"][1]["price"] == "0.0798"
    _, rest = await ask("GET", "/journal?since=1&limit=1")
    assert [entry["number"] for entry in rest["entries"]] == [2]


async def test_faults_are_set_shown_and_cleared(ask: Ask, caller: Caller) -> None:
    body = {"carrier": "twilio", "fault": "throttle", "times": 5, "retry_after": 2}
    status, fault = await ask("POST", "/faults", body)
    assert (status, fault["left"], fault["retry_after"]) == (201, 5, 2)
    assert (await caller.send())[0] == 429
    _, shown = await ask("GET", "/faults")
    assert [(each["carrier"], each["fault"], each["left"]) for each in shown["now"]] == [
        ("twilio", "throttle", 4)
    ]
    assert shown["known"]["throttle"]["arguments"] == {"on": "all", "retry_after": 0}
    assert (await ask("DELETE", "/faults?carrier=twilio&fault=throttle"))[0] == 204
    assert (await caller.send())[0] == 201


async def test_balance_and_webhooks_are_set(ask: Ask, simulation: Simulation, listener: Listener) -> None:
    status, left = await ask("POST", "/balance", {"carrier": "twilio", "balance": "3.50"})
    assert (status, left) == (200, {"balance": "3.50", "unit": "USD"})
    url = f"{listener.base_url}/elsewhere"
    assert (await ask("POST", "/webhooks", {"carrier": "twilio", "inbound_url": url}))[0] == 204
    await simulation.text(to=PUBLISHED, sender=TEXTER, text="Salut")
    assert listener.heard[0].url == url
    _, carriers = await ask("GET", "/")
    assert carriers["twilio"]["base_url"] == simulation.base_url("twilio")
    assert carriers["twilio"]["balance"] == "3.4925"
    assert "token" not in str(carriers)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/texts", {"to": "+33100", "from": TEXTER, "text": "x"}, 404, "no carrier here owns"),
        ("POST", "/texts", {"to": PUBLISHED, "from": "", "text": "x"}, 400, "from is a text"),
        ("POST", "/texts", {"to": PUBLISHED, "from": TEXTER}, 400, "text is a text"),
        ("POST", "/texts", ["x"], 400, "JSON object"),
        ("GET", "/journal?since=-1", None, 400, "since is a whole number"),
        ("POST", "/faults", {"carrier": "pigeon", "fault": "drip"}, 404, "there are: twilio"),
        ("POST", "/faults", {"carrier": "twilio", "fault": "explode"}, 400, "there are: drip"),
        ("POST", "/faults", {"carrier": "twilio", "fault": "drip", "name": "x"}, 400, "no argument 'name'"),
        ("POST", "/faults", {"carrier": "twilio", "fault": "drip", "times": True}, 400, "times is"),
        ("DELETE", "/faults?carrier=pigeon", None, 404, "there are: twilio"),
        ("DELETE", "/faults?fault=explode", None, 400, "there are: drip"),
        ("POST", "/balance", {"carrier": "twilio", "balance": "much"}, 400, "decimal"),
        ("POST", "/balance", {"carrier": "twilio", "balance": "NaN"}, 400, "finite"),
        ("POST", "/webhooks", {"carrier": "twilio", "inbound_url": 7}, 400, "inbound_url is a text"),
    ],
)
async def test_a_mistake_is_explained(
    method: str, path: str, body: object, status: int, says: str, ask: Ask
) -> None:
    answered, answer = await ask(method, path, body)
    assert answered == status
    assert says in answer["error"]
