"""What the simulated Twilio turns down, and in which words."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from providers.simulator.journal import Kind
from providers.simulator.simulation import Simulation
from providers.simulator.twilio import TwilioAccount, hooks
from tests.providers.simulator.conftest import PUBLISHED, TEXTER, Caller, is_genuine
from tests.providers.simulator.listener import Listener


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"From": "", "MessagingServiceSid": "MG" + "0" * 32}, 21701),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"To": "0639980001"}, 21211),
        ({"From": "Name that is too long"}, 21212),
        ({"From": "+33937000009"}, 21606),
        ({"From": "Stranger"}, 21612),
        ({"To": PUBLISHED}, 21266),
        ({"To": "+33142000000"}, 21614),
        ({"StatusCallback": "nowhere"}, 21609),
        ({"ValidityPeriod": "36001"}, 90007),
        ({"ValidityPeriod": "soon"}, 90007),
    ],
)
async def test_a_wrong_send_is_refused_in_twilios_words_and_nothing_is_taken(
    form: dict[str, str], code: int, caller: Caller, simulation: Simulation
) -> None:
    status, answer = await caller.send(**form)
    assert (status, answer["code"], answer["status"]) == (400, code, 400)
    assert answer["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert [entry.kind for entry in simulation.journal] == [Kind.REFUSED]
    assert [entry.code for entry in simulation.journal] == [str(code)]


async def test_a_name_of_the_account_may_send(caller: Caller) -> None:
    status, answer = await caller.send(From="Paravent")
    assert (status, answer["from"]) == (201, "Paravent")


@pytest.mark.parametrize("authorization", ["", "Basic", "Basic !!", "Basic QUM=", "Bearer x", "Basic //8="])
async def test_credentials_that_are_none_are_refused(authorization: str, caller: Caller) -> None:
    status, answer = await caller.send(authorization=authorization)
    assert (status, answer["code"]) == (401, 20003)


async def test_another_account_and_an_unknown_message_are_not_found(caller: Caller) -> None:
    assert (await caller.get("/Messages/SM0.json"))[0] == 404
    status, answer = await caller.get("/../AC0.json")
    assert (status, answer["code"]) == (404, 20404)


@pytest.mark.parametrize("query", ["PageSize=x", "PageSize=0", "DateSent=yesterday", "PageToken=PAxyz"])
async def test_a_list_that_cannot_be_read_is_refused(query: str, caller: Caller) -> None:
    assert (await caller.get(f"/Messages.json?{query}"))[0] == 400


async def test_a_text_is_refused_once_the_balance_is_used_up(caller: Caller, simulation: Simulation) -> None:
    simulation.carriers["twilio"].account.balance *= 0
    status, answer = await caller.send()
    assert (status, answer["code"]) == (403, 20005)
    assert (await caller.get(".json"))[1]["status"] == "suspended"


async def test_an_inbound_text_is_tried_once_more_and_then_only_the_log_has_it(
    simulation: Simulation, listener: Listener, caller: Caller
) -> None:
    simulation.carriers["twilio"].webhook_retries = (0.001,)
    listener.answers.extend([500, 503, 500, 200])
    first, status = await simulation.text(to=PUBLISHED, sender=TEXTER, text="one")
    assert status == 500
    await simulation.idle()
    await simulation.text(to=PUBLISHED, sender=TEXTER, text="two")
    await simulation.idle()
    assert [entry.status for entry in simulation.journal.of(Kind.WEBHOOK)] == [500, 503, 500, 200]
    tokens = [heard.headers["i-twilio-idempotency-token"] for heard in listener.heard]
    assert tokens == [first.provider_id] * 2 + [tokens[2]] * 2
    _, listed = await caller.get(f"/Messages.json?To=%2B{PUBLISHED[1:]}")
    assert [each["body"] for each in listed["messages"]] == ["two", "one"]


async def test_a_lone_surrogate_from_a_handset_is_carried(simulation: Simulation, listener: Listener) -> None:
    _, status = await simulation.text(to=PUBLISHED, sender=TEXTER, text="broken \ud83d")
    assert status == 200
    assert b"Body=broken+%ED%A0%BD" in listener.heard[0].body


async def test_a_messaging_service_chooses_its_sender_later(
    caller: Caller, simulation: Simulation, account: TwilioAccount
) -> None:
    service = "MG" + "1" * 32
    account.services = {service: "Paravent"}
    status, sent = await caller.send(From="", MessagingServiceSid=service)
    assert (status, sent["status"], sent["from"], sent["num_segments"]) == (201, "accepted", None, "0")
    await simulation.idle()
    _, seen = await caller.get(f"/Messages/{sent['sid']}.json")
    assert (seen["status"], seen["from"], seen["num_segments"]) == ("delivered", "Paravent", "1")
    assert [entry.sender for entry in simulation.journal.sends()] == ["Paravent"]


async def test_the_fragment_of_a_callback_says_how_often_it_is_tried_and_is_not_sent(
    caller: Caller, simulation: Simulation, listener: Listener, account: TwilioAccount
) -> None:
    simulation.courier._pace = 1000
    await simulation.fault("twilio", "unsent")
    listener.answers.extend([500] * 9)
    await caller.send(StatusCallback=f"{listener.base_url}/receipt?x=1#rc=3&rp=all")
    await simulation.idle()
    assert [heard.form()["MessageStatus"] for heard in listener.heard] == ["failed"] * 4
    assert {heard.url for heard in listener.heard} == {f"{listener.base_url}/receipt?x=1"}
    assert all(is_genuine(heard, account.auth_token) for heard in listener.heard)


@pytest.mark.parametrize(
    "word", ["", "Salut c'est Kévin & co = 100 % + toi", "👍🏽", "\ud83d", "+33639980001"]
)
def test_a_word_in_a_form_is_written_as_any_other_would_write_it(word: str) -> None:
    for _ in range(2):  # the second time from memory
        assert f"Body={hooks._quoted(word)}" == urlencode({"Body": word}, errors="surrogatepass")
