"""Twilio: sending, webhooks, looking up, trace, balance, status, inbound log."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus, urlencode

from providers import (
    CLOCKS_DIFFER,
    Ability,
    Accepted,
    Answer,
    Balance,
    CutOff,
    CutReason,
    Doubt,
    Exchange,
    Failure,
    Hook,
    Inbound,
    InDoubt,
    Malformed,
    Outcome,
    Outgoing,
    Provider,
    Receipt,
    Request,
    Response,
    read_price,
    transliterate,
)
from providers.twilio import records
from providers.twilio.account import TwilioSettings
from providers.twilio.codes import failure_of
from providers.twilio.proof import Proof

_PAGES = 90


# Twilio signs names and values run together: a captured request could be cut at other places, into a text
# without its words or with a longer id. These forms leave no other place to cut.
_SID = re.compile("(?:SM|MM)[0-9a-fA-F]{32}")
_REFERENCE = re.compile("[a-z2-7]{20}")


@lru_cache(maxsize=256)
def _quoted(value: str) -> str:
    """Nearly every text says the same words."""
    return quote_plus(value, errors="replace")


class Twilio(Provider):
    """One account at Twilio. It confirms the default stop words by itself."""

    name = "twilio"
    Settings = TwilioSettings
    abilities = frozenset(
        {
            Ability.LOOK_UP,
            Ability.TRACE,
            Ability.BALANCE,
            Ability.STATUS,
            Ability.INBOUND_LOG,
            Ability.SIGNED_WEBHOOKS,
            Ability.CONFIRMS_STOP,
        }
    )
    names_receipts = True
    answer = Answer(200, "text/xml", b"<Response/>")

    def __init__(self, settings: TwilioSettings) -> None:
        self._settings = settings
        self._messages = f"{settings.address}/Messages.json"
        self._headers = settings.sign_in()
        self._form_headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        self._proof = Proof(settings)

    # Sending

    def send(self, text: Outgoing, now: datetime) -> Exchange[Outcome]:
        """Send one text. Twilio has no field for our reference: it rides in the receipt's address."""
        body = self._form(text).encode("ascii")
        response = yield Request("POST", self._messages, self._form_headers, body, carries_text=True)
        found = response.fields() if response.ok else {}
        sid = found.get("sid")
        if not records.is_sid(sid):
            return failure_of(response)
        price = read_price(found.get("price"), found.get("price_unit"))
        return Accepted(provider_id=sid, parts=records.parts(found), price=price)

    def _form(self, text: Outgoing) -> str:
        settings = self._settings
        service = settings.messaging_services.get(text.sender)
        mark = "&" if "?" in text.receipt_url else "?"
        again = f"#rc={settings.callback_retries}&rp=all" if settings.callback_retries else ""
        callback = (f"{text.receipt_url}{mark}reference=", text.reference, again)
        fields = [
            f"To={_quoted(text.to)}",
            f"MessagingServiceSid={_quoted(service)}" if service else f"From={_quoted(text.sender)}",
            f"Body={_quoted(text.text)}",
            f"StatusCallback={''.join(map(_quoted, callback))}",
            f"ValidityPeriod={min(max(text.valid_for, 1), 36_000)}",
        ]
        if settings.smart_encoded:
            fields.append("SmartEncoded=true")
        if not settings.risk_check:
            fields.append("RiskCheck=disable")
        return "&".join(fields)

    # Webhooks

    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        """Read one text. Twilio has joined its parts already."""
        form = self._proof.fields(hook)
        sid, sender, to, body = (form.get(name) for name in ("MessageSid", "From", "To", "Body"))
        if not (sid and _SID.fullmatch(sid) and sender and to) or body is None:
            raise Malformed("fields")
        return [Inbound(provider_id=sid, sender=sender, to=to, text=body)]

    def receipt(self, hook: Hook) -> Sequence[Receipt]:
        """Read one receipt. Being signed, it proves that the text its address names was accepted."""
        form = self._proof.fields(hook)
        sid = form.get("MessageSid", "")
        if not _SID.fullmatch(sid):
            raise Malformed("fields")
        reference = dict(hook.query()).get("reference", "")
        ours = reference if _REFERENCE.fullmatch(reference) else None
        return [records.told(sid, form.get("MessageStatus", ""), form.get("ErrorCode", ""), ours)]

    # Looking up

    def look_up(self, doubt: Doubt, now: datetime) -> Exchange[Receipt | Failure | None]:
        """Find a text by receiver, sender, words and time, for Twilio lists no reference of ours.

        Two such texts prove that one of them is ours but not which: that is None, like none at all.
        A receipt, whose address names the reference, still settles it.
        """
        known = doubt.sender not in self._settings.messaging_services
        # No DateSent: a filter by it hides what is still queued, and so makes one of two look alone.
        listed = yield from self._list({"To": doubt.to, **({"From": doubt.sender} if known else {})})
        if not isinstance(listed, list):
            return listed
        found = [message for message in listed if self._may_be(message, doubt)]
        return records.receipt(found[0], doubt.reference) if len(found) == 1 else None

    def _may_be(self, message: Mapping[str, Any], doubt: Doubt) -> bool:
        at, body = records.moment(message.get("date_created")), str(message.get("body"))
        if self._settings.smart_encoded:
            body, text = transliterate(body), transliterate(doubt.text)
        else:
            text = doubt.text
        return (
            records.is_sid(message.get("sid"))
            and message.get("sid") not in doubt.others
            and message.get("direction") != "inbound"
            and (message.get("to"), body) == (doubt.to, text)
            and at is not None
            and abs(at - doubt.sent_at) <= CLOCKS_DIFFER
        )

    # Trace, balance, status

    def trace(self, provider_id: str, now: datetime) -> Exchange[Receipt | Failure | None]:
        """Read one text. Its price appears some minutes after its final status."""
        if not records.is_sid(provider_id):
            return None
        response = yield Request(
            "GET", f"{self._settings.address}/Messages/{provider_id}.json", self._headers
        )
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        found = response.fields() if response.ok else {}
        return records.receipt(found) if found.get("sid") == provider_id else failure_of(response)

    def balance(self, now: datetime) -> Exchange[Balance | Failure]:
        """What is left, a few minutes late. A subaccount has none of its own."""
        response = yield Request("GET", f"{self._settings.address}/Balance.json", self._headers)
        return _balance(response) or failure_of(response)

    def status(self, now: datetime) -> Exchange[Failure | None]:
        """Whether the account is active; if it is suspended, whether for want of money."""
        response = yield Request("GET", f"{self._settings.address}.json", self._headers)
        match response.fields().get("status") if response.ok else None:
            case "active":
                return None
            case "closed":
                return CutOff(CutReason.REVOKED, "closed")
            case "suspended":
                left = _balance(
                    (yield Request("GET", f"{self._settings.address}/Balance.json", self._headers))
                )
                spent = left is not None and left.amount <= 0
                return CutOff(CutReason.UNPAID if spent else CutReason.SUSPENDED, "suspended")
            case _:
                return failure_of(response)

    # Inbound log

    def inbound_log(
        self, numbers: Sequence[str], since: datetime, now: datetime, held: Collection[str] = ()
    ) -> Exchange[Sequence[Inbound] | Failure]:
        """Texts that came in to these numbers since then, oldest first, also those that are held.

        Twilio filters by day and lists them whole.
        """
        del held
        texts: list[Inbound] = []
        for number in numbers:
            day = since.astimezone(UTC).date().isoformat()
            listed = yield from self._list({"To": number, "DateSent>": day})
            if not isinstance(listed, list):
                return listed
            texts += [text for text in map(records.inbound, listed) if text is not None]
        whole = since.replace(microsecond=0)  # Twilio's own times have no fractions
        # listed newest first, and many share a second
        recent = [text for text in reversed(texts) if text.at is None or text.at >= whole]
        return sorted(recent, key=lambda text: text.at or since)

    def _list(self, query: Mapping[str, str]) -> Exchange[list[dict[str, Any]] | Failure]:
        """All pages of a listing. It follows only addresses of this account: they get its password."""
        found: list[dict[str, Any]] = []
        page = f"{self._messages}?{urlencode({**query, 'PageSize': '1000'})}"
        for _ in range(_PAGES):
            response = yield Request("GET", page, self._headers)
            listed = response.fields().get("messages") if response.ok else None
            if not isinstance(listed, list):
                return failure_of(response)
            found += [message for message in listed if isinstance(message, dict)]
            page = f"{self._settings.base_url}{response.fields().get('next_page_uri')}"
            if not re.fullmatch(re.escape(self._messages) + r"\?[!-~]+", page):
                return found
        return InDoubt("too_many_pages")


def _balance(response: Response) -> Balance | None:
    found = response.fields() if response.ok else {}
    amount, unit = str(found.get("balance")), str(found.get("currency"))
    if not (re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]+)?", amount) and re.fullmatch("[A-Z]{3}", unit)):
        return None
    return Balance(amount=float(amount), unit=unit)
