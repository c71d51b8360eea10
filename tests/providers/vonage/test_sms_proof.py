"""An SMS API webhook is taken only with Vonage's signature."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vonage_http_client.auth import Auth

from providers import (
    Ability,
    Forged,
    Hook,
)
from providers.contract.conformance import (
    NOW,
)
from providers.vonage import sms
from tests.providers.vonage.dialect import (
    KEY,
    SECRET,
    SMS,
    STRANGERS,
    form_hook,
    get_hook,
    json_hook,
    signed,
    sms_inbound,
    vonage,
)

_FIELDS = st.dictionaries(
    st.text(min_size=1, max_size=12).filter(lambda key: key not in {"sig", "timestamp"}),
    st.text(max_size=40),
    max_size=6,
)


@settings(deadline=None, database=None)
@given(_FIELDS, st.text(min_size=1, max_size=30), st.sampled_from(["md5", "sha1", "sha256", "sha512"]))
def test_the_signature_is_the_official_sdks(fields: dict[str, str], secret: str, method: str) -> None:
    stamped = {**fields, "timestamp": "1795449600"}
    sdk = Auth(api_key=KEY, signature_secret=secret, signature_method=method)
    proof = sms.signature(stamped, secret, f"{method}hmac")
    assert proof == sdk.sign_params(dict(stamped))
    assert sdk.check_signature({**stamped, "sig": proof.upper()})


@settings(deadline=None, database=None)
@given(_FIELDS, st.text(min_size=1, max_size=30))
def test_the_plain_hash_is_md5_of_the_fields_and_the_secret(fields: dict[str, str], secret: str) -> None:
    text = "".join(f"&{key}=" + fields[key].replace("&", "_").replace("=", "_") for key in sorted(fields))
    expected = hashlib.md5((text + secret).encode()).hexdigest()
    assert sms.signature(fields, secret, "md5hash") == expected


@pytest.mark.parametrize("method", ["md5hash", "md5hmac", "sha1hmac", "sha256hmac", "sha512hmac"])
@pytest.mark.parametrize("hook", [form_hook, get_hook, json_hook])
def test_every_method_is_verified_in_every_form(method: str, hook: Callable[[Any], Hook]) -> None:
    fields = sms_inbound("a=b&c — ça 👍") | {"timestamp": str(int(NOW.timestamp())), "nonce": "1"}
    proof = sms.signature(fields, SECRET, method)
    account = vonage(SMS, signature_method=method)
    for written in (proof, proof.upper()):
        (text,) = account.inbound(hook({**fields, "sig": written}))
        assert text.text == "a=b&c — ça 👍"
    with pytest.raises(Forged):
        account.inbound(hook({**fields, "sig": proof[:-1] + ("0" if proof[-1] != "0" else "1")}))


def sms_forgeries() -> dict[str, dict[str, str]]:
    second = int(NOW.timestamp())
    return {
        "another's secret": signed(sms_inbound(), STRANGERS),
        "another method": signed(sms_inbound(), method="sha1"),
        "another text": signed(sms_inbound()) | {"text": "something else"},
        "too old": signed(sms_inbound(timestamp=str(second - 301))),
        "from the future": signed(sms_inbound(timestamp=str(second + 301))),
        "no time": signed(sms_inbound(timestamp="soon")),
        "a time beyond all years": signed(sms_inbound(timestamp="1" * 13)),
        "no time at all": sms_inbound() | {"sig": sms.signature(sms_inbound(), SECRET, "sha256hmac")},
        "another account": signed(sms_inbound(**{"api-key": "zzzz9999"})),
        "no proof": sms_inbound(),
    }


_WHY = {
    "too old": "age",
    "from the future": "age",
    "no time": "age",
    "a time beyond all years": "age",
    "no time at all": "age",
    "another account": "account",
    "no proof": "unsigned",
}


def _sms_is_refused(case: str) -> None:
    with pytest.raises(Forged) as refused:
        vonage(SMS).inbound(form_hook(sms_forgeries()[case]))
    assert refused.value.reason == _WHY.get(case, "signature")


def test_a_proof_that_is_no_text_is_a_wrong_one() -> None:
    with pytest.raises(Forged) as refused:
        vonage(SMS).inbound(json_hook(sms_inbound() | {"sig": "\ud800"}))
    assert refused.value.reason == "signature"


def test_to_the_last_second_it_is_young_and_the_account_need_not_be_named() -> None:
    second = int(NOW.timestamp())
    for stamp in (second - 300, second + 300):
        assert vonage(SMS).inbound(form_hook(signed(sms_inbound(timestamp=str(stamp)))))
    fields = sms_inbound()
    del fields["api-key"]
    assert vonage(SMS).inbound(form_hook(signed(fields)))


@pytest.mark.parametrize("case", sms_forgeries())
def test_a_forged_sms_is_refused(case: str) -> None:
    _sms_is_refused(case)


@pytest.mark.parametrize("case", ["another's secret", "another method", "another text"])
def test_control_a_forged_sms_passes_with_the_comparison_off(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{sms.__name__}.hmac.compare_digest", lambda *_: True)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        _sms_is_refused(case)


@pytest.mark.parametrize("case", ["too old", "from the future"])
def test_control_an_old_sms_passes_with_the_clock_off(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "abs", lambda _: 0, raising=False)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        _sms_is_refused(case)


def test_without_a_signature_secret_it_does_not_claim_to_be_signed() -> None:
    account = vonage(SMS, signature_secrets=[])
    assert Ability.SIGNED_WEBHOOKS not in account.abilities
    assert account.inbound(form_hook(sms_inbound()))
    assert Ability.SIGNED_WEBHOOKS in vonage(SMS).abilities
