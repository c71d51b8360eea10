"""An account at the simulated OVH: its keys, senders and quotas."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from providers.simulator.account import Account


@dataclass(kw_only=True)
class OvhAccount(Account):
    """An SMS account at OVH. Its `numbers` are virtual numbers.

    Args:
        senders: Declared and validated senders.
        users: API users by login, with the credits each may still spend, None for no quota.
        blacklist: Who replied STOP, E.164.
        client_id: Of a service account; with `client_secret` it gets OAuth2 tokens.
        abroad: Price of a part outside France.
        ahead_seconds: How far OVH's clock is ahead of ours.
        calls_a_minute: How many calls are answered in a minute, 0 for any number.
        national: Whether pushes write French senders as 06…
    """

    service_name: str = "sms-ab12345-1"
    application_key: str = "simulated-ovh-app-key"
    application_secret: str = field(default="simulated-ovh-app-secret", repr=False)
    consumer_key: str = field(default="simulated-ovh-consumer-key", repr=False)
    senders: tuple[str, ...] = ("Paravent",)
    users: dict[str, Decimal | None] = field(default_factory=dict)
    blacklist: set[str] = field(default_factory=set, repr=False)
    client_id: str = "simulated-ovh-client"
    client_secret: str = field(default="simulated-ovh-client-secret", repr=False)
    unit: str = "credit"
    balance: Decimal = Decimal(2_000)
    price: Decimal = Decimal(1)
    abroad: Decimal = Decimal("1.5")
    inbound_price: Decimal = Decimal(1)
    ahead_seconds: float = 0.0
    calls_a_minute: int = 0
    national: bool = True
