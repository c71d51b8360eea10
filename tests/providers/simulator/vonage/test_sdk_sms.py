"""The official SDK's SMS API against the simulated Vonage, unmodified but for the address."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from vonage import Auth
from vonage_http_client.errors import (
    HttpRequestError,
)
from vonage_sms import SmsResponse
from vonage_sms.errors import PartialFailureError, SmsError

from providers.simulator.journal import Kind
from providers.simulator.network import Network
from providers.simulator.vonage import VonageAccount
from tests.providers.simulator.listener import Heard, Listener
from tests.providers.simulator.vonage.conftest import LONG, NUMBER, REFERENCE, TEXTER, Client, call, only, sms


@only("sms")
@pytest.mark.parametrize("by", ["basic", "signature"])
async def test_an_sms_is_taken_in_parts_each_with_its_price_and_receipts(
    by: str, client: Client, network: Network, account: VonageAccount, listener: Listener
) -> None:
    signing = {"signature_secret": account.signature_secret, "signature_method": "sha256"}
    if by == "basic":
        taken = await call(client().sms.send, sms(text=LONG))
    else:
        # `sms.send` signs the fields it leaves out as well, as "None"; the client below it does not.
        http = client(api_secret=None, **signing).http_client
        form = sms(text=LONG).model_dump(by_alias=True, exclude_none=True)
        taken = SmsResponse(**await call(http.post, http.rest_host, "/sms/json", form, "signature", "form"))
    await network.idle()

    assert [part.message_price for part in taken.messages] == ["0.04120000"] * 3
    assert {part.client_ref for part in taken.messages} == {REFERENCE}
    assert taken.messages[-1].remaining_balance == "9.87640000"
    assert network.journal.spent("vonage") == Decimal("0.1236")
    receipts = [heard.form() for heard in listener.heard]
    ids = [part.message_id for part in taken.messages]
    told = [(each["messageId"], each["status"]) for each in receipts]
    assert sorted(told) == sorted((identity, word) for identity in ids for word in ("accepted", "delivered"))
    check = Auth(
        api_key=account.api_key, signature_secret=account.signature_secret, signature_method="sha256"
    )
    assert all(check.check_signature(each) for each in receipts)


@only("sms")
async def test_some_parts_may_be_taken_and_others_not(
    client: Client, network: Network, account: VonageAccount
) -> None:
    account.parts_taken = 2
    with pytest.raises(PartialFailureError) as partly:
        await call(client().sms.send, sms(text=LONG))
    assert [part["status"] for part in partly.value.response["messages"]] == ["0", "0", "1"]
    assert network.journal.spent("vonage") == Decimal("0.0824")


@only("sms")
@pytest.mark.parametrize(
    ("fault", "status"),
    [("suspend", "8"), ("revoke", "4"), ("unpaid", "9"), ("throttle", "1")],
)
async def test_sms_faults_are_said_with_http_200(
    fault: str, status: str, client: Client, network: Network
) -> None:
    await network.fault("vonage", fault)
    with pytest.raises(SmsError, match=f"error code {status}:"):
        await call(client().sms.send, sms())
    assert not network.journal.sends()
    (refused,) = network.journal.of(Kind.REFUSED)
    assert refused.code == status


@only("sms")
async def test_what_sms_does_not_take(client: Client, network: Network, account: VonageAccount) -> None:
    for wrong, status in (({"from_": "Stranger"}, "15"), ({"to": "12"}, "3"), ({"text": "x" * 3_201}, "12")):
        with pytest.raises(SmsError, match=f"error code {status}:"):
            await call(client().sms.send, sms(**wrong))
    for auth, status in (
        ({"api_secret": "wrong"}, "4"),
        ({"api_secret": None, "signature_secret": "wrong", "signature_method": "sha256"}, "14"),
    ):
        with pytest.raises(SmsError, match=f"error code {status}:"):
            await call(client(**auth).sms.send, sms())
    await network.fault("vonage", "error_before")
    with pytest.raises(HttpRequestError, match="503"):
        await call(client().sms.send, sms())
    assert not network.journal.sends()


@only("sms")
async def test_a_text_of_another_alphabet_is_damaged_unless_it_is_called_unicode(
    client: Client, network: Network
) -> None:
    for kind in ("text", "unicode"):
        await call(client().sms.send, sms(text="ça va être bien", type=kind))
    assert [sent.text for sent in network.journal.sends()] == ["?a va ?tre bien", "ça va être bien"]


@only("sms")
@pytest.mark.parametrize("form", ["GET", "POST", "JSON"])
@pytest.mark.parametrize("method", ["md5", "sha1", "sha256", "sha512"])
async def test_a_long_sms_comes_in_signed_parts(
    form: str, method: str, network: Network, account: VonageAccount, listener: Listener
) -> None:
    account.webhook_form = form  # type: ignore[assignment] # the parameters are its three words
    account.signature_method = f"{method}hmac"
    text = "a=b&c, " + "être ou ne pas être 💥 " * 6
    got, status = await network.text(to=NUMBER, sender=TEXTER, text=text)
    assert status == 200
    parts = [read(heard) for heard in listener.heard]
    check = Auth(api_key=account.api_key, signature_secret=account.signature_secret, signature_method=method)
    assert all(check.check_signature(dict(part)) for part in parts)
    assert "".join(part["text"] for part in parts) == text
    assert [part["concat-part"] for part in parts] == ["1", "2", "3"]
    assert len({part["messageId"] for part in parts}) == got.parts == 3
    assert len({part["concat-ref"] for part in parts}) == 1


def read(heard: Heard) -> dict[str, str]:
    if heard.method == "GET":
        return dict(parse_qsl(urlsplit(heard.url).query, keep_blank_values=True))
    if "json" in heard.headers["content-type"]:
        said: dict[str, str] = json.loads(heard.body)
        return said
    return heard.form()


@only("sms")
async def test_the_plain_hash_and_no_signature_at_all(
    network: Network, account: VonageAccount, listener: Listener
) -> None:
    account.signature_method = "md5hash"
    await network.text(to=NUMBER, sender=TEXTER, text="a=b")
    said = listener.heard[0].form()
    proof = said.pop("sig")
    text = "".join(f"&{key}={said[key].replace('=', '_')}" for key in sorted(said))
    assert proof == hashlib.md5((text + account.signature_secret).encode()).hexdigest().upper()
    account.signature_secret = ""
    await network.text(to=NUMBER, sender=TEXTER, text="a=b")
    assert "sig" not in listener.heard[1].form()
