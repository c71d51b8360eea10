"""An account at the simulated Vonage."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from providers.simulator.account import Account


@dataclass(kw_only=True)
class VonageAccount(Account):
    """An account at Vonage.

    Args:
        mode: The account's SMS setting: which API it sends with and how webhooks are written.
        public_key: The application's, PEM; without it only Basic is taken.
        signature_secret: What webhooks are signed with; empty leaves those of the SMS API unsigned.
        signature_method: How the SMS API signs: ``md5hash``, or a digest followed by ``hmac``.
        webhook_form: How the SMS API posts: ``GET``, ``POST`` as a form, or ``JSON``.
        alphanumeric: Senders that are names.
        price_is: Whether `usage` in a Messages webhook states the price of all parts or of one.
        parts_taken: Of a long text of the SMS API only so many parts are taken; None for all.
        report_seconds: How long after a text was taken the Reports API knows it.
        report_page: Records on one page of the Reports API.
        retry_seconds: Before the first further try of a webhook; each wait doubles, up to an hour,
            for a day.
    """

    mode: Literal["messages", "sms"] = "messages"
    api_key: str = "abcd1234"
    api_secret: str = field(default="simulated-vonage-secret", repr=False)
    application_id: str = "78d335fa-323d-0114-9c3d-d6f0d48968cf"
    public_key: str = field(default="", repr=False)
    signature_secret: str = field(default="simulated-vonage-signature-secret", repr=False)
    signature_method: str = "sha256hmac"
    webhook_form: Literal["GET", "POST", "JSON"] = "POST"
    alphanumeric: tuple[str, ...] = ()
    price_is: Literal["total", "per_part"] = "total"
    parts_taken: int | None = None
    report_seconds: float = 0.0
    report_page: int = 1_000
    retry_seconds: float = 5.0
    price: Decimal = Decimal("0.0412")
