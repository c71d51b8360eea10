"""Twilio's webhooks, signed by its own rule."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote_plus

from providers.simulator.account import Text
from providers.simulator.courier import Post
from providers.simulator.twilio.account import TwilioAccount


def inbound_post(account: TwilioAccount, text: Text) -> Post:
    """The SmsUrl webhook."""
    sid = text.provider_id
    fields = {
        "ToCountry": "FR",
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "SmsSid": sid,
        "SmsStatus": "received",
        "Body": text.text,
        "FromCountry": "FR",
        "To": text.to,
        "NumSegments": str(text.parts),
        "MessageSid": sid,
        "AccountSid": account.account_sid,
        "From": text.sender,
        "ApiVersion": "2010-04-01",
    }
    return _signed(account, account.inbound_url, fields, sid)


def receipt_post(account: TwilioAccount, text: Text, status: str, code: str) -> Post:
    """The StatusCallback webhook, at the URL the send named, its query kept."""
    sid = text.provider_id
    fields = {
        "SmsSid": sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": text.to,
        "MessageSid": sid,
        "AccountSid": account.account_sid,
        "From": text.sender,
        "ApiVersion": "2010-04-01",
    }
    if code:
        fields["ErrorCode"] = code
    return _signed(account, text.receipt_url, fields, f"{sid}-{status}")


def _signed(account: TwilioAccount, url: str, fields: Mapping[str, str], event: str) -> Post:
    """A form with Twilio's signature: the URL, then each key and value in the order of the keys."""
    # a fragment is for Twilio itself, see `TwilioCarrier.retries_of`; the router never sees it
    url = url.partition("#")[0]
    signed = (url + "".join(key + fields[key] for key in sorted(fields))).encode(errors="surrogatepass")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "User-Agent": "TwilioProxy/1.1",
        "I-Twilio-Idempotency-Token": event,
    }
    secret, digest = account.auth_token, "sha1"
    if account.shared_key:
        key, secret = account.shared_key
        digest = "sha256"
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key={key},algorithm=HMAC_SHA256"
    proof = hmac.digest(secret.encode(), signed, digest)
    headers["X-Twilio-Signature"] = base64.b64encode(proof).decode()
    form = "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in fields.items())
    return Post(url, form.encode(), headers)


@lru_cache(maxsize=1_024)
def _quoted(word: str) -> str:
    """A word as a form has it. Most words of a webhook are those of the one before."""
    return quote_plus(word, errors="surrogatepass")
