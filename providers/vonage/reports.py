"""The Reports API and the balance: what became of a text, what came in, what is left.

https://developer.vonage.com/en/api/reports and https://developer.vonage.com/en/api/account
Records lag behind: that one is missing proves nothing. A failed look says nothing about sending
either, so its failure is scoped to the one message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any
from urllib.parse import urlencode

from providers import (
    CLOCKS_DIFFER,
    Balance,
    CutOff,
    CutReason,
    Doubt,
    Exchange,
    Failure,
    Inbound,
    InDoubt,
    Receipt,
    Request,
    Response,
    Scope,
    Status,
)
from providers.vonage.account import Credentials, VonageSettings
from providers.vonage.codes import (
    DLR_REFUSED,
    SMS_RECEIPT,
    messages_status,
    receipt_reason,
    refusal,
)
from providers.vonage.notation import moment, plus, together

_PAGES = 80
_NEAR = timedelta(minutes=3)
_WINDOW = timedelta(hours=24)
_SECOND = timedelta(seconds=1)


class Reports:
    """What can be asked about an account. All of it needs its key and secret."""

    def __init__(self, settings: VonageSettings, credentials: Credentials) -> None:
        self._settings = settings
        self._credentials = credentials
        mode = "SMS" if settings.mode == "sms" else "MESSAGES"
        self._product = settings.reports_product or mode

    def look_up(self, doubt: Doubt) -> Exchange[Receipt | Failure | None]:
        """Find our reference among all that was sent around then: there is no filter for it.

        Only where it is not among a few minutes' texts are those read that clocks may be apart by.
        """
        for apart in (_NEAR, CLOCKS_DIFFER):
            found = yield from self._records(
                "outbound", date_start=_iso(doubt.sent_at - apart), date_end=_iso(doubt.sent_at + apart)
            )
            if not isinstance(found, list):
                return found
            if ours := [record for record in found if record.get("client_ref") == doubt.reference]:
                return self._receipt(ours)
        return None

    def trace(self, provider_id: str) -> Exchange[Receipt | Failure | None]:
        """What is recorded of one id, which in the SMS API is one part."""
        found = yield from self._records("outbound", id=provider_id)
        if not isinstance(found, list):
            return found
        receipt = self._receipt([record for record in found if record.get("message_id") == provider_id])
        if receipt and any(str(record.get("concatenated")).lower() == "true" for record in found):
            return replace(receipt, price=None, parts=None)
        return receipt

    def inbound_log(
        self, numbers: Sequence[str], since: datetime, now: datetime
    ) -> Exchange[Sequence[Inbound] | Failure]:
        """Texts to our numbers since then, in windows of a day. Parts of a long one are not told apart."""
        texts: list[Inbound] = []
        start, until = since.replace(microsecond=0), now.replace(microsecond=0) + _SECOND
        while start < until:
            end = min(start + _WINDOW, until)
            found = yield from self._records(
                "inbound", include_message="true", date_start=_iso(start), date_end=_iso(end)
            )
            if not isinstance(found, list):
                return found
            texts += [text for record in found if (text := _inbound(record)) and text.to in numbers]
            start = end
        return sorted(texts, key=lambda text: text.at or since)

    def balance(self) -> Exchange[Balance | Failure]:
        """What is left, in the account's currency, which the answer does not name."""
        response = yield self._get(f"{self._settings.rest_url}/account/get-balance")
        left = _left(response)
        return Balance(amount=left, unit=self._settings.currency) if isinstance(left, float) else left

    def status(self) -> Exchange[Failure | None]:
        """Whether the key is known and, for a prepaid account, whether anything is left."""
        response = yield self._get(f"{self._settings.rest_url}/account/get-balance")
        left = _left(response)
        if not isinstance(left, float):
            return left
        refilled = not self._settings.prepaid or bool(response.fields().get("autoReload"))
        return None if left > 0 or refilled else CutOff(CutReason.UNPAID, "no-balance")

    # reading

    def _records(self, direction: str, **query: str) -> Exchange[list[dict[str, Any]] | Failure]:
        """All pages of a query. Only the cursor is taken from an answer: its link could lead elsewhere."""
        fixed = {"account_id": self._settings.api_key, "product": self._product, "direction": direction}
        records: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        for _ in range(_PAGES):
            asked = urlencode({**fixed, **query, **cursor})
            response = yield self._get(f"{self._settings.reports_url}/v2/reports/records?{asked}")
            page = response.fields().get("records")
            if not response.ok or not isinstance(page, list):
                return _failed_look(response)
            records += [record for record in page if isinstance(record, dict)]
            said = response.fields()
            earlier, cursor = cursor, {key: str(said[key]) for key in ("cursor", "iv") if said.get(key)}
            if cursor in ({}, earlier):
                break
        return records

    def _get(self, url: str) -> Request:
        return Request("GET", url, {**self._credentials.basic(), "Accept": "application/json"})

    def _receipt(self, records: Sequence[dict[str, Any]]) -> Receipt | None:
        """One receipt of all parts: it is as far as the part that is least far."""
        if not records:
            return None
        status, record = min(((self._status(each), each) for each in records), key=lambda pair: pair[0].rank)
        code = str(record.get("error_code") or "")
        return Receipt(
            provider_id=str(records[0].get("message_id") or "") or None,
            reference=str(records[0].get("client_ref") or "") or None,
            status=status,
            code="" if code == "0" else code,
            refused=receipt_reason(code) or DLR_REFUSED.get(code),
            proven_unsent=record.get("status") == "undeliverable",
            price=together([each.get("total_price") for each in records], record.get("currency")),
            parts=len(records) if self._product == "SMS" else None,
            at=moment(record.get("date_finalized") or record.get("date_received")),
        )

    def _status(self, record: dict[str, Any]) -> Status:
        word = str(record.get("status"))
        if self._product == "SMS":
            return SMS_RECEIPT.get(word, Status.QUEUED)
        return messages_status(word, str(record.get("error_code") or ""))


def _left(response: Response) -> float | Failure:
    if not response.ok:
        return refusal(response)
    amount = response.fields().get("value")
    if isinstance(amount, bool) or not isinstance(amount, (int, float)):
        return InDoubt("unreadable")
    left = float(str(amount))  # of a whole number of any length, where float(amount) would raise
    return left if isfinite(left) else InDoubt("unreadable")


def _inbound(record: dict[str, Any]) -> Inbound | None:
    uuid, text = record.get("message_id"), record.get("message_body")
    if not (isinstance(uuid, str) and uuid and isinstance(text, str)):
        return None
    return Inbound(
        provider_id=uuid,
        sender=plus(record.get("from", "")),
        to=plus(record.get("to", "")),
        text=text,
        at=moment(record.get("date_received")),
        price=together([record.get("total_price")], record.get("currency")),
    )


def _failed_look(response: Response) -> Failure:
    failure = InDoubt("unreadable") if response.ok else refusal(response)
    return replace(failure, scope=Scope.MESSAGE)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
