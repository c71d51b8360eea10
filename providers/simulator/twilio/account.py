"""An account at the simulated Twilio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from providers.simulator.account import Account


@dataclass(kw_only=True)
class TwilioAccount(Account):
    """An account at Twilio.

    Args:
        api_keys: Secret by API key SID (``SK...``), beside the auth token.
        services: Sender by Messaging Service SID (``MG...``).
        alphanumeric: Senders that are names, allowed one way.
        shared_key: Id and secret of a SharedKey: webhooks are then signed with SHA-256.
        price_seconds: How long after the end the price appears.
        landlines: Its texts reach French landlines too: fiction has more of these than of mobiles.
    """

    account_sid: str = "AC" + "5" * 32
    auth_token: str = field(default="simulated-twilio-token", repr=False)
    api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    services: Mapping[str, str] = field(default_factory=dict, repr=False)
    alphanumeric: tuple[str, ...] = ()
    shared_key: tuple[str, str] | None = field(default=None, repr=False)
    price_seconds: float = 0.0
    landlines: bool = False
    unit: str = "USD"
    price: Decimal = Decimal("0.0798")
    inbound_price: Decimal = Decimal("0.0075")
