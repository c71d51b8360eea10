"""The official SDK of OVH against the simulated OVH: nothing but the address is changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import ovh
import pytest

from providers.simulator.journal import Kind
from providers.simulator.network import Network
from providers.simulator.ovh import OvhAccount
from tests.providers.simulator.listener import Listener

NUMBER = "+33939980000"
TEXTER, OTHER, LANDLINE = "+33639980001", "+33639980002", "+33199000001"
SERVICE = "/sms/sms-ab12345-1"
TAG = "k3mq7wzp2ra5xv6tybce"

Client = Callable[..., ovh.Client]


@pytest.fixture
def account() -> OvhAccount:
    return OvhAccount(numbers=(NUMBER,), users={"router": Decimal(3)})


@pytest.fixture
async def network(account: OvhAccount) -> AsyncIterator[Network]:
    async with Network({"ovh": account}) as simulated:
        yield simulated


@pytest.fixture
def client(network: Network, account: OvhAccount, monkeypatch: pytest.MonkeyPatch) -> Client:
    address = network.base_url("ovh")
    monkeypatch.setitem(ovh.client.ENDPOINTS, "ovh-eu", f"{address}/1.0")
    monkeypatch.setitem(ovh.client.OAUTH2_TOKEN_URLS, "ovh-eu", f"{address}/auth/oauth2/token")

    def make(**keys: str) -> ovh.Client:
        ours = {
            "application_key": account.application_key,
            "application_secret": account.application_secret,
            "consumer_key": account.consumer_key,
        }
        return ovh.Client("ovh-eu", timeout=5, **(ours | keys))

    return make


async def call(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return await asyncio.to_thread(method, *args, **kwargs)


async def test_a_job_is_taken_charged_and_found_again(network: Network, client: Client) -> None:
    api = client()
    order = {"message": "Bonsoir", "receivers": [TEXTER, "0033639980002", LANDLINE, "hello"], "tag": TAG}
    done = await call(api.post, f"{SERVICE}/virtualNumbers/0033939980000/jobs", **order)
    await network.idle()

    assert sorted(done["validReceivers"]) == [TEXTER, OTHER]
    assert done["invalidReceivers"] == [LANDLINE, "hello"]
    assert done["totalCreditsRemoved"] == 2
    found = await call(api.get, f"{SERVICE}/virtualNumbers/0033939980000/outgoing", tag=TAG)
    assert sorted(found) == sorted(done["ids"])
    texts = [await call(api.get, f"{SERVICE}/virtualNumbers/0033939980000/outgoing/{each}") for each in found]
    assert {(text["receiver"], text["deliveryReceipt"], text["ptt"]) for text in texts} == {
        (TEXTER, 1, 4),
        (OTHER, 1, 4),
    }
    assert [entry.to for entry in network.journal.sends()] == [TEXTER, OTHER]
    assert network.journal.spent("ovh") == 2
    assert (await call(api.get, SERVICE))["creditsLeft"] == 1_998


async def test_what_is_pending_is_a_job_and_carries_no_tag(account: OvhAccount, client: Client) -> None:
    account.step_seconds = 30
    api = client()
    done = await call(
        api.post, f"{SERVICE}/jobs", message="Bonsoir", receivers=[TEXTER], sender="Paravent", tag=TAG
    )
    assert await call(api.get, f"{SERVICE}/outgoing") == []
    assert await call(api.get, f"{SERVICE}/jobs") == done["ids"]
    job = await call(api.get, f"{SERVICE}/jobs/{done['ids'][0]}")
    assert (job["receiver"], job["deliveryReceipt"]) == (TEXTER, 0)
    assert "tag" not in job


async def test_without_no_stop_clause_ovh_adds_its_own(network: Network, client: Client) -> None:
    order = {"message": "Bonsoir", "receivers": [TEXTER], "sender": "Paravent"}
    await call(client().post, f"{SERVICE}/jobs", **order)
    await call(client().post, f"{SERVICE}/jobs", noStopClause=True, **order)
    assert [sent.text for sent in network.journal.sends()] == ["Bonsoir\nSTOP 36111", "Bonsoir"]


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"application_key": "another"}, ovh.InvalidKey),
        ({"consumer_key": "another"}, ovh.InvalidCredential),
        ({"application_secret": "another"}, ovh.BadParametersError),
    ],
)
async def test_wrong_keys_are_turned_away(
    client: Client, keys: dict[str, str], error: type[ovh.APIError]
) -> None:
    with pytest.raises(error):
        await call(client(**keys).get, SERVICE)


async def test_the_clock_that_counts_is_the_servers(account: OvhAccount, client: Client) -> None:
    account.ahead_seconds = 3_600
    api = client()
    assert abs(await call(api.get, "/auth/time", _need_auth=False) - time.time() - 3_600) < 60
    assert await call(api.get, "/sms") == [account.service_name]
    account.ahead_seconds = -3_600
    with pytest.raises(ovh.BadParametersError, match="out of time"):
        await call(api.get, "/sms")


async def test_a_service_account_comes_in_with_a_token(account: OvhAccount, client: Client) -> None:
    def services(secret: str) -> Any:
        keys = {"client_id": account.client_id, "client_secret": secret}
        return ovh.Client("ovh-eu", timeout=5, **keys).get("/sms")

    # oauthlib wants https, or to be told; loopback has none
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        client()
        assert await call(services, account.client_secret) == [account.service_name]
        with pytest.raises(ovh.exceptions.OAuth2FailureError):
            await call(services, "another")


async def test_a_user_may_spend_its_quota_and_no_more(network: Network, client: Client) -> None:
    api = client()
    order = {"message": "Bonsoir", "sender": "Paravent", "noStopClause": True}
    await call(api.post, f"{SERVICE}/users/router/jobs", receivers=[TEXTER, OTHER], **order)
    with pytest.raises(ovh.APIError, match="credits"):
        await call(api.post, f"{SERVICE}/users/router/jobs", receivers=[TEXTER, OTHER], **order)
    await network.idle()
    assert len(await call(api.get, f"{SERVICE}/users/router/outgoing")) == 2
    assert (await call(api.get, f"{SERVICE}/users/router"))["quotaInformations"]["quotaLeft"] == 1


@pytest.mark.parametrize(
    ("order", "error", "words"),
    [
        ({"sender": "Unknown"}, ovh.BadParametersError, "sender"),
        (
            {"senderForResponse": True, "message": "http://paravent.example"},
            ovh.BadParametersError,
            "contact",
        ),
        ({"sender": "Paravent", "tag": "t" * 21}, ovh.BadParametersError, "parameter"),
        ({"sender": "Paravent", "receivers": []}, ovh.BadParametersError, "parameter"),
    ],
)
async def test_what_it_does_not_take(
    network: Network, client: Client, order: dict[str, Any], error: type[ovh.APIError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await call(client().post, f"{SERVICE}/jobs", **{"message": "Bonsoir", "receivers": [TEXTER]} | order)
    assert not network.journal.sends()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("suspend", ovh.Forbidden),
        ("revoke", ovh.InvalidCredential),
        ("unpaid", ovh.APIError),
        ("throttle", ovh.APIError),
        ("error_before", ovh.APIError),
    ],
)
async def test_faults_are_said_in_its_words(
    network: Network, client: Client, fault: str, error: type[ovh.APIError]
) -> None:
    api = client()
    order = {"message": "Bonsoir", "receivers": [TEXTER], "sender": "Paravent"}
    await call(api.post, f"{SERVICE}/jobs", **order)
    await network.fault("ovh", fault)
    with pytest.raises(error):
        await call(api.post, f"{SERVICE}/jobs", **order)
    assert len(network.journal.sends()) == 1


async def test_one_receiver_can_be_refused_among_many(network: Network, client: Client) -> None:
    await network.fault("ovh", "refuse", to=OTHER)
    order = {"message": "Bonsoir", "receivers": [TEXTER, OTHER], "sender": "Paravent"}
    done = await call(client().post, f"{SERVICE}/jobs", **order)
    assert (done["validReceivers"], done["invalidReceivers"]) == ([TEXTER], [OTHER])
    assert [entry.to for entry in network.journal.of(Kind.REFUSED)] == [OTHER]


async def test_it_can_count_calls_a_minute(account: OvhAccount, client: Client) -> None:
    account.calls_a_minute = 3
    api = client()
    for _ in range(3):
        await call(api.get, SERVICE)
    with pytest.raises(ovh.APIError, match="Too many"):
        await call(api.get, SERVICE)


async def test_what_comes_in_is_pushed_and_receipts_too(
    network: Network, account: OvhAccount, client: Client, listener: Listener
) -> None:
    hooks = f"{listener.base_url}/hooks/ovh/t0ken"
    network.connect("ovh", inbound_url=f"{hooks}/inbound", receipt_url=f"{hooks}/receipt")
    text, status = await network.text(to=NUMBER, sender=TEXTER, text="Salut ça va 💥")
    api = client()
    order = {"message": "Bonsoir", "receivers": [TEXTER], "tag": TAG}
    done = await call(api.post, f"{SERVICE}/virtualNumbers/0033939980000/jobs", **order)
    came, *receipts = await listener.until(3)

    assert status == 200
    assert came.method == "POST"
    assert came.form() == {
        "id": text.provider_id,
        "senderid": "0639980001",
        "message": "Salut ça va 💥",
        "tag": "",
        "shortcode": NUMBER[1:],
    }
    facts = [dict(parse_qsl(urlsplit(each.url).query)) for each in receipts if each.method == "GET"]
    assert [(each["id"], each["description"], each["ptt"]) for each in facts] == [
        (str(done["ids"][0]), "8", "3"),
        (str(done["ids"][0]), "1", "4"),
    ]


async def test_what_came_in_is_listed_exported_and_deleted(
    network: Network, account: OvhAccount, client: Client
) -> None:
    text = network.carrier("ovh").receive(to=NUMBER, sender=TEXTER, text="Salut ça va 💥")
    api = client()
    box = f"{SERVICE}/virtualNumbers/0033939980000/incoming"
    assert await call(api.get, box) == [int(text.provider_id)]
    shown = await call(api.get, f"{box}/{text.provider_id}")
    assert (shown["sender"], shown["message"], shown["credits"]) == (TEXTER, "Salut ça va 💥", 1)
    assert account.balance == 1_999, "receiving costs a credit"

    document = await call(api.get, f"{SERVICE}/document", wayType="incoming")
    assert (await call(api.get, f"/me/document/{document}"))["size"] == 0
    about = await call(api.get, f"/me/document/{document}")
    assert about["size"] > 0
    assert about["getUrl"].startswith(network.base_url("ovh"))

    await call(api.delete, f"{box}/{text.provider_id}")
    assert await call(api.get, box) == []
    with pytest.raises(ovh.ResourceNotFoundError):
        await call(api.get, f"{box}/{text.provider_id}")


async def test_it_knows_who_said_stop(account: OvhAccount, client: Client) -> None:
    account.blacklist.add(TEXTER)
    api = client()
    assert await call(api.get, f"{SERVICE}/blacklists") == [TEXTER]
    order = {"message": "Bonsoir", "receivers": [TEXTER], "sender": "Paravent"}
    assert (await call(api.post, f"{SERVICE}/jobs", **order))["validReceivers"] == []
