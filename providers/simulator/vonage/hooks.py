"""Vonage's webhooks: Messages with a signed token, the SMS API with a signature over its fields.

What a webhook says is dated by the simulation's clock; its proof by the wall's, as whoever checks it does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import jwt

from providers.simulator.account import Text
from providers.simulator.courier import Post
from providers.simulator.vonage.account import VonageAccount

_NETWORK = "20801"
_MESSAGES_WORDS = {
    "sent": "submitted",
    "delivered": "delivered",
    "undelivered": "rejected",
    "failed": "undeliverable",
}
_SMS_WORDS = {"sent": "accepted", "delivered": "delivered", "undelivered": "failed", "failed": "rejected"}
_BASIC_ENDS, _PLANE_ENDS = 153, 67


def split_price(text: Text, parts: int) -> list[Decimal]:
    """What each of so many parts costs; the last takes what rounding leaves."""
    each = (text.price / parts).quantize(Decimal("0.00000001"))
    return [*[each] * (parts - 1), text.price - each * (parts - 1)]


def bare(number: str) -> str:
    """A number without its plus."""
    return number.removeprefix("+")


# Messages API


def messages_inbound(account: VonageAccount, text: Text) -> Post:
    """The inbound webhook: one for the whole text."""
    said = {
        "to": bare(text.to),
        "from": bare(text.sender),
        "channel": "sms",
        "message_uuid": text.provider_id,
        "timestamp": _iso(text.at),
        "message_type": "text",
        "text": text.text,
        "sms": {
            "num_messages": str(text.parts),
            "total_count": str(text.parts),
            "keyword": _keyword(text.text),
        },
        "usage": _usage(account, text),
        "origin": {"network_code": _NETWORK},
    }
    return _bearing(account, account.inbound_url, said)


def messages_receipt(account: VonageAccount, text: Text, status: str, code: str, now: datetime) -> Post:
    """The status webhook: `submitted` is when a text is billed, so it names the price."""
    said: dict[str, Any] = {
        "message_uuid": text.provider_id,
        "to": bare(text.to),
        "from": bare(text.sender),
        "timestamp": _iso(now),
        "status": _MESSAGES_WORDS[status],
        "channel": "sms",
        "sms": {"count_total": str(text.parts)},
        "destination": {"network_code": _NETWORK},
    }
    if text.reference:
        said["client_ref"] = text.reference
    if status == "sent":
        said["usage"] = _usage(account, text)
    if code:
        kind = f"https://developer.vonage.com/api-errors/messages#{code}"
        said["error"] = {"type": kind, "title": code, "detail": "Not delivered", "instance": str(uuid4())}
    return _bearing(account, text.receipt_url, said)


def _usage(account: VonageAccount, text: Text) -> dict[str, str]:
    price = text.price if account.price_is == "total" else split_price(text, text.parts)[0]
    return {"price": f"{price:.4f}", "currency": account.unit}


def _bearing(account: VonageAccount, url: str, said: Mapping[str, Any]) -> Post:
    body = json.dumps(said).encode()
    claims = {
        "iat": int(time.time()),
        "jti": str(uuid4()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": account.api_key,
        "application_id": account.application_id,
    }
    headers = {"Content-Type": "application/json", "User-Agent": "Vonage"}
    if account.signature_secret:
        headers["Authorization"] = f"Bearer {jwt.encode(claims, account.signature_secret, algorithm='HS256')}"
    return Post(url, body, headers)


# SMS API


def sms_inbound(account: VonageAccount, text: Text) -> list[Post]:
    """The inbound webhooks: one a part, each with an id of its own."""
    pieces = split_text(text.text, text.parts)
    ids = text.detail["ids"]
    posts = []
    for place, piece in enumerate(pieces):
        said = {
            "msisdn": bare(text.sender),
            "to": bare(text.to),
            "messageId": ids[place],
            "text": piece,
            "type": "unicode" if any(ord(char) > 127 for char in piece) else "text",  # noqa: PLR2004 - beyond ASCII
            "keyword": _keyword(piece),
            "api-key": account.api_key,
            "message-timestamp": _plain(text.at),
        }
        if len(pieces) > 1:
            said |= {
                "concat": "true",
                "concat-ref": str(text.order % 256),
                "concat-total": str(len(pieces)),
                "concat-part": str(place + 1),
            }
        posts.append(_written(account, account.inbound_url, said))
    return posts


def sms_receipt(account: VonageAccount, text: Text, status: str, code: str, now: datetime) -> list[Post]:
    """The delivery receipts: one a part."""
    ids = text.detail["ids"]
    prices = split_price(text, len(ids))
    posts = []
    for identity, price in zip(ids, prices, strict=True):
        said = {
            "msisdn": bare(text.to),
            "to": bare(text.sender),
            "network-code": _NETWORK,
            "messageId": identity,
            "price": f"{price:.8f}",
            "status": _SMS_WORDS[status],
            "scts": f"{now:%y%m%d%H%M}",
            "err-code": code or "0",
            "api-key": account.api_key,
            "message-timestamp": _plain(now),
        }
        if text.reference:
            said["client-ref"] = text.reference
        posts.append(_written(account, text.receipt_url, said))
    return posts


def sms_signature(fields: Mapping[str, str], secret: str, method: str) -> str:
    """Vonage's signature over fields without `sig`, lower-case hex."""
    clean = {key: fields[key].translate({ord("&"): "_", ord("="): "_"}) for key in sorted(fields)}
    data = "".join(f"&{key}={value}" for key, value in clean.items() if key != "sig").encode()
    if method == "md5hash":
        return hashlib.md5(data + secret.encode()).hexdigest()  # noqa: S324 - what Vonage does
    return hmac.digest(secret.encode(), data, method.removesuffix("hmac")).hex()


def _written(account: VonageAccount, url: str, said: dict[str, str]) -> Post:
    if account.signature_secret:
        said |= {"timestamp": str(int(time.time())), "nonce": str(uuid4())}
        said["sig"] = sms_signature(said, account.signature_secret, account.signature_method).upper()
    if account.webhook_form == "GET":
        return Post(f"{url}{'&' if '?' in url else '?'}{urlencode(said)}", method="GET")
    if account.webhook_form == "JSON":
        return Post(url, json.dumps(said).encode(), {"Content-Type": "application/json"})
    form = urlencode(said, errors="surrogatepass").encode()
    return Post(url, form, {"Content-Type": "application/x-www-form-urlencoded"})


def split_text(text: str, parts: int) -> Sequence[str]:
    """A text in its parts; no letter is torn in two."""
    if parts == 1:
        return [text]
    for room, width in ((_BASIC_ENDS, _septets), (_PLANE_ENDS, _units)):
        pieces = _packed(text, room, width)
        if len(pieces) == parts:
            return pieces
    letters = iter(text)
    each = -(-len(text) // parts)
    return ["".join(islice(letters, each)) for _ in range(parts)]


def _packed(text: str, room: int, width: Any) -> list[str]:
    pieces, filled = [""], 0
    for letter in text:
        if filled + width(letter) > room:
            pieces.append("")
            filled = 0
        pieces[-1] += letter
        filled += width(letter)
    return pieces


def _septets(letter: str) -> int:
    return 2 if letter in "\f^{}\\[~]|€" else 1


def _units(letter: str) -> int:
    return 2 if ord(letter) > 0xFFFF else 1  # noqa: PLR2004 - end of the plane


def _keyword(text: str) -> str:
    return (text.split() or [""])[0].upper()


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _plain(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def report_word(mode: str, status: str) -> str:
    """How the Reports API names a status."""
    words = _SMS_WORDS if mode == "sms" else _MESSAGES_WORDS
    return words.get(status, "buffered" if mode == "sms" else "submitted")
