"""Twilio's webhook signatures, judged by the validator of the official SDK."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from providers import Forged, Hook, Inbound, Malformed
from providers.contract.conformance import NOW, NUMBER, TEXT, TEXTER
from providers.twilio import Twilio, TwilioSettings
from providers.twilio.proof import Proof

TOKEN, FORMER, SHARED = "the-auth-token", "the-former-auth-token", "the-shared-secret"
SETTINGS = TwilioSettings.model_validate(
    {
        "account_sid": "AC" + "a" * 32,
        "auth_token": (TOKEN, FORMER),
        "api_key_sid": "SK" + "c" * 32,
        "api_key_secret": "the-api-key-secret",
        "shared_keys": {"webhooks_sharedkey_1": SHARED},
    }
)
URL = "https://paravent.example/hooks/acme/inbound"
FIELDS = {"MessageSid": "SM" + "b" * 32, "From": TEXTER, "To": NUMBER, "Body": TEXT}
FORM = "application/x-www-form-urlencoded"
SIGNED, BY = "x-twilio-signature", "x-twilio-webhooks-signature-settings"

texts = st.text(st.characters(exclude_categories=["Cs"]))
forms = st.dictionaries(texts.filter(bool), st.lists(texts, min_size=1, max_size=3), max_size=8)
paths = st.builds(
    lambda path, query: "/" + quote(path) + (f"?a={quote(query)}" if query else ""), texts, texts
)
hosts = st.sampled_from(
    ["paravent.example", "paravent.example:443", "xn--bcher-kva.example", "127.0.0.1:443"]
)


class Many(dict[str, list[str]]):
    """Fields with several values, as the SDK takes them."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def hook(url: str = URL, body: bytes = b"", method: str = "POST", **headers: str) -> Hook:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Hook(method, url, {"content-type": FORM} | named, body, received_at=NOW)


def form_hook(url: str = URL, token: str = TOKEN, over: str | None = None) -> Hook:
    signature = RequestValidator(token).compute_signature(over or url, FIELDS)
    return hook(url, urlencode(FIELDS).encode(), x_twilio_signature=signature)


def taken(one: Hook) -> bool:
    try:
        Proof(SETTINGS).fields(one)
    except Forged:
        return False
    return True


@given(forms, hosts, paths, st.sampled_from([TOKEN, FORMER, "the-api-key-secret", "a stranger's"]))
def test_a_form_is_taken_exactly_when_the_sdk_takes_it(
    form: dict[str, list[str]], host: str, path: str, token: str
) -> None:
    url, fields = f"https://{host}{path}", Many(form)
    signature = RequestValidator(token).compute_signature(url, fields)
    theirs = any(RequestValidator(ours).validate(url, fields, signature) for ours in (TOKEN, FORMER))
    one = hook(url, urlencode(form, doseq=True).encode(), x_twilio_signature=signature)
    assert taken(one) is theirs
    assert theirs is (token in (TOKEN, FORMER))


@given(forms, forms, paths, paths)
def test_no_signature_is_good_for_another_form_or_address(
    form: dict[str, list[str]], other: dict[str, list[str]], path: str, other_path: str
) -> None:
    url, other_url = f"https://paravent.example{path}", f"https://paravent.example{other_path}"
    signature = RequestValidator(TOKEN).compute_signature(url, Many(form))
    theirs = RequestValidator(TOKEN).validate(other_url, Many(other), signature)
    assert (
        taken(hook(other_url, urlencode(other, doseq=True).encode(), x_twilio_signature=signature)) is theirs
    )


@given(texts, paths)
def test_a_get_is_signed_by_its_address_alone(text: str, path: str) -> None:
    url = f"https://paravent.example{path.partition('?')[0]}?Body={quote(text)}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    assert Proof(SETTINGS).fields(hook(url, method="GET", x_twilio_signature=signature)) == {"Body": text}


def test_an_inbound_text_by_get_is_read() -> None:
    url = f"{URL}?{urlencode(FIELDS)}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    read = Twilio(SETTINGS).inbound(hook(url, method="GET", x_twilio_signature=signature))
    assert read == [Inbound(provider_id=FIELDS["MessageSid"], sender=TEXTER, to=NUMBER, text=TEXT)]


@pytest.mark.parametrize(
    ("configured", "signed", "good"),
    [
        ("https://paravent.example/x", "https://paravent.example:443/x", True),
        ("https://paravent.example:443/x", "https://paravent.example/x", True),
        ("http://127.0.0.1/x", "http://127.0.0.1:80/x", True),
        ("https://[::1]/x", "https://[::1]:443/x", True),
        ("https://paravent.example", "https://paravent.example:443", True),
        ("https://paravent.example:8443/x", "https://paravent.example:8443/x", True),
        ("https://paravent.example:8443/x", "https://paravent.example/x", False),
        ("https://paravent.example/x", "https://paravent.example:8443/x", False),
        ("https://paravent.example/x", "https://paravent.example:80/x", False),
        ("https://paravent.example/x", "http://paravent.example/x", False),
        ("https://paravent.example/x", "https://paravent.example/x/", False),
        ("https://paravent.example/x?a=%20b", "https://paravent.example/x?a=+b", False),
    ],
)
def test_only_the_default_port_may_come_and_go(configured: str, signed: str, good: bool) -> None:
    assert taken(form_hook(configured, over=signed)) is good


def test_an_empty_value_counts_and_values_are_sorted_and_single() -> None:
    body = b"b=2&a=&b=1&b=2"
    signature = RequestValidator(TOKEN).compute_signature(URL, Many(a=[""], b=["1", "2"]))
    assert taken(hook(body=body, x_twilio_signature=signature))


def test_bytes_that_are_no_utf_8_are_signed_as_they_came() -> None:
    payload = URL.encode() + b"Body\xff\xfe"
    signature = base64.b64encode(hmac.digest(TOKEN.encode(), payload, "sha1")).decode()
    read = Proof(SETTINGS).fields(hook(body=b"Body=%FF%FE", x_twilio_signature=signature))
    assert read["Body"].encode(errors="surrogateescape") == b"\xff\xfe"


def shared(algorithm: str | None, key: str | None, secret: str, hashed: str) -> Hook:
    told = ",".join(f"{k}={v}" for k, v in (("key", key), ("algorithm", algorithm)) if v is not None)
    signature = RequestValidator(secret).compute_signature(URL, FIELDS, hashed)
    return replace(form_hook(), headers={"content-type": FORM, SIGNED: signature, BY: told})


@pytest.mark.parametrize("algorithm", ["HMAC_SHA256", "hmac_sha256"])
def test_a_shared_key_signs_with_its_own_secret(algorithm: str) -> None:
    assert taken(shared(algorithm, "webhooks_sharedkey_1", SHARED, "HMAC_SHA256"))


@pytest.mark.parametrize(
    ("algorithm", "key", "secret", "hashed"),
    [
        ("HMAC_SHA256", "webhooks_sharedkey_2", SHARED, "HMAC_SHA256"),
        ("HMAC_SHA256", "webhooks_sharedkey_1", TOKEN, "HMAC_SHA256"),
        ("HMAC_SHA256", "webhooks_sharedkey_1", SHARED, "HMAC_SHA1"),
        ("HMAC_SHA1", "webhooks_sharedkey_1", SHARED, "HMAC_SHA1"),
        ("HMAC_MD5", "webhooks_sharedkey_1", SHARED, "HMAC_SHA1"),
        (None, "webhooks_sharedkey_1", SHARED, "HMAC_SHA256"),
        ("HMAC_SHA256", None, TOKEN, "HMAC_SHA256"),
        ("HMAC_SHA256", "", "", "HMAC_SHA256"),
    ],
)
def test_the_header_never_picks_another_secret_or_algorithm(
    algorithm: str | None, key: str | None, secret: str, hashed: str
) -> None:
    assert not taken(shared(algorithm, key, secret, hashed))


def json_hook(body: bytes, digest: str) -> Hook:
    url = f"{URL}?bodySHA256={digest}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    return hook(url, body, content_type="application/json", x_twilio_signature=signature)


def test_json_is_proved_by_the_digest_in_its_address() -> None:
    body = json.dumps(FIELDS).encode()
    good = json_hook(body, hashlib.sha256(body).hexdigest())
    assert RequestValidator(TOKEN).validate(good.url, body.decode(), good.headers[SIGNED])
    assert [text.text for text in Twilio(SETTINGS).inbound(good)] == [TEXT]
    assert not taken(replace(good, body=body + b" "))
    assert not taken(json_hook(body, "0" * 64))
    assert not taken(
        hook(URL, body, content_type="application/json", x_twilio_signature=good.headers[SIGNED])
    )


def test_json_that_is_no_object_is_malformed_once_it_is_proved() -> None:
    for body in (b"[]", b"{", b"[" * 100_000):
        with pytest.raises(Malformed):
            Proof(SETTINGS).fields(json_hook(body, hashlib.sha256(body).hexdigest()))


def reason(one: Hook) -> str:
    with pytest.raises((Forged, Malformed)) as found:
        Proof(SETTINGS).fields(one)
    return found.value.reason


def test_the_metric_has_a_word_for_each_refusal() -> None:
    assert reason(json_hook(b"{}", "%FF%ED%A0%80")) == "body"
    assert reason(form_hook(token="a stranger's")) == "signature"
    assert reason(shared("HMAC_MD5", "webhooks_sharedkey_1", SHARED, "HMAC_SHA1")) == "key"
    assert reason(json_hook(b"[]", hashlib.sha256(b"[]").hexdigest())) == "json"


def test_a_form_that_does_not_say_what_it_is_is_read_as_one() -> None:
    one = form_hook()
    bare = replace(one, headers={SIGNED: one.headers[SIGNED]})
    assert Proof(SETTINGS).fields(bare) == FIELDS


def test_an_address_in_the_query_is_no_part_of_the_address() -> None:
    url = f"https://paravent.example:443/x?to={quote('https://other.example/y', safe=':/')}"
    assert taken(form_hook(url, over=url.replace(":443", "", 1)))


def test_a_port_of_ones_own_has_no_other_behind_it() -> None:
    assert not taken(form_hook("https://paravent.example:8443/x", over="https://paravent.example:8443:443/x"))


def test_what_stands_behind_a_second_equals_sign_is_no_name() -> None:
    one = shared("HMAC_SHA256", "webhooks_sharedkey_1=x", SHARED, "HMAC_SHA256")
    assert reason(one) == "key"
    assert reason(shared("HMAC_SHA256=HMAC_SHA256", "webhooks_sharedkey_1", SHARED, "HMAC_SHA256")) == "key"


@given(st.text(string.printable + "é\ud800"))
def test_no_made_up_signature_is_taken(signature: str) -> None:
    assert not taken(replace(form_hook(), headers={"content-type": FORM, SIGNED: signature}))


def test_forms_with_too_many_fields_are_malformed() -> None:
    with pytest.raises(Malformed):
        Proof(SETTINGS).fields(hook(body=b"&".join([b"a=b"] * 501)))


def forged_texts_are_refused() -> None:
    for forged in (form_hook(token="a stranger's"), hook(body=urlencode(FIELDS).encode())):
        with pytest.raises(Forged):
            Twilio(SETTINGS).inbound(forged)


def test_forged_texts_are_refused() -> None:
    forged_texts_are_refused()


@pytest.mark.parametrize(
    "weakness", [lambda mine, given: True, lambda mine, given: not given or mine == given]
)
def test_without_the_comparison_forged_texts_would_be_taken(
    weakness: Callable[[bytes, bytes], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.twilio.proof.hmac.compare_digest", weakness)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        forged_texts_are_refused()


WHOLE = FIELDS | {"NumMedia": "0"}
CUT_ELSEWHERE = [
    {name: value for name, value in WHOLE.items() if name != "Body"} | {f"Body{TEXT}": ""},
    {name: value for name, value in WHOLE.items() if name != "NumMedia"}
    | {"MessageSid": FIELDS["MessageSid"] + "NumMedia0"},
]


@pytest.mark.parametrize("form", CUT_ELSEWHERE)
def test_a_captured_webhook_cut_at_other_places_is_no_text(form: dict[str, str]) -> None:
    captured = RequestValidator(TOKEN).compute_signature(URL, WHOLE)
    assert RequestValidator(TOKEN).validate(URL, form, captured)
    with pytest.raises(Malformed):
        Twilio(SETTINGS).inbound(hook(body=urlencode(form).encode(), **{SIGNED: captured}))
