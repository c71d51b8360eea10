"""The official SDK asks the simulated Vonage about texts and money; Vonage insists."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from vonage import Vonage
from vonage_http_client.errors import (
    AuthenticationError,
    ForbiddenError,
    HttpRequestError,
)

from providers.simulator.journal import Kind
from providers.simulator.network import Network
from providers.simulator.vonage import VonageAccount
from tests.providers.simulator.listener import Listener
from tests.providers.simulator.vonage.conftest import LONG, NUMBER, TEXTER, Client, call


async def test_vonage_insists_until_it_is_heard_with_a_fresh_proof(
    network: Network, account: VonageAccount, listener: Listener
) -> None:
    listener.answers.extend([500, 503])
    _, status = await network.text(to=NUMBER, sender=TEXTER, text="Salut")
    assert status == 500
    await network.idle()
    assert [entry.status for entry in network.journal.of(Kind.WEBHOOK)] == [500, 503, 200]
    waits = network.carrier("vonage").retries_of("")
    assert 23 * 3_600 < sum(waits) < 26 * 3_600
    proofs = {(heard.headers.get("authorization"), heard.form().get("sig")) for heard in listener.heard}
    assert len(proofs) == 3


async def test_the_balance_is_told(client: Client, network: Network) -> None:
    assert (await call(client().account.get_balance)).value == 10
    await network.fault("vonage", "unpaid")
    assert (await call(client().account.get_balance)).value == 0
    with pytest.raises(AuthenticationError):
        await call(client(api_secret="wrong").account.get_balance)


def asked(sdk: Vonage, **query: Any) -> Any:
    client = sdk.http_client
    return client.get(client.api_host, "/v2/reports/records", query, "basic", "query_params")


@pytest.fixture
def query(mode: str) -> dict[str, str]:
    return {"account_id": "abcd1234", "product": mode.upper(), "direction": "outbound"}


async def test_records_are_found_by_time_and_by_id_page_by_page(
    client: Client, network: Network, account: VonageAccount, query: dict[str, str], mode: str
) -> None:
    carrier = network.carrier("vonage")
    texts = [carrier.accept(to=TEXTER, sender=NUMBER, text=LONG, reference=f"ref{n}") for n in range(3)]
    await network.text(to=NUMBER, sender=TEXTER, text="inbound")
    await network.idle()
    start = f"{texts[0].at:%Y-%m-%dT%H:%M:%SZ}"
    end = f"{texts[0].at:%Y-%m-%dT23:59:59Z}"
    account.report_page = 2
    sdk, dates = client(), {"date_start": start, "date_end": end}

    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {}
    while page.get("request_status") != "SUCCESS":
        more = {key: page[key] for key in ("cursor", "iv") if key in page}
        page = await call(partial(asked, sdk, **query, **dates, **more))
        found += page["records"]
    each = 3 if mode == "sms" else 1
    assert [record["client_ref"] for record in found] == ["ref0"] * each + ["ref1"] * each + ["ref2"] * each
    assert sum(Decimal(str(record["total_price"])) for record in found) == Decimal("0.3708")
    assert {record["status"] for record in found} == {"delivered"}

    (one,) = (await call(lambda: asked(sdk, **query, id=texts[1].provider_id)))["records"]
    assert one["client_ref"] == "ref1"
    inbound = await call(
        lambda: asked(sdk, **query | {"direction": "inbound"}, **dates, include_message="true")
    )
    assert [record["message_body"] for record in inbound["records"]] == ["inbound"]


async def test_records_lag_behind_when_told_to(
    client: Client, network: Network, account: VonageAccount, query: dict[str, str]
) -> None:
    text = network.carrier("vonage").accept(to=TEXTER, sender=NUMBER, text="Salut")
    account.report_seconds = 60
    page = await call(lambda: asked(client(), **query, id=text.provider_id))
    assert (page["records"], page["ids_not_found"]) == ([], text.provider_id)
    account.report_seconds = 0
    page = await call(lambda: asked(client(), **query, id=text.provider_id))
    assert len(page["records"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"id": "1", "date_start": "2026-01-01T00:00:00Z", "date_end": "2026-01-01T01:00:00Z"},
        {"date_start": "2026-01-01T00:00:00Z", "date_end": "2026-01-02T01:00:00Z"},
        {"date_start": "2026-01-01T00:00:00Z"},
        {"id": "1", "product": "FAX"},
        {"id": "1", "direction": ""},
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(
    change: dict[str, str], client: Client, query: dict[str, str]
) -> None:
    with pytest.raises(HttpRequestError, match="422"):
        await call(lambda: asked(client(), **query | change))


async def test_records_of_another_account_are_not_shown(client: Client, query: dict[str, str]) -> None:
    with pytest.raises(ForbiddenError):
        await call(lambda: asked(client(), **query | {"account_id": "zzzz9999", "id": "1"}))
