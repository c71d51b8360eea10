"""Vonage, once Nexmo: the Messages API v1, or the SMS API as a second mode.

Where to find what: `account` settings and credentials; `codes` all code tables; `messages` and `sms`
the two dialects, each with send, inbound, receipt and proof; `reports` look-up, trace, inbound log,
balance and status; `notation` how Vonage writes numbers and amounts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from providers import (
    Ability,
    Balance,
    Doubt,
    Exchange,
    Failure,
    Hook,
    Inbound,
    Outcome,
    Outgoing,
    Provider,
    Receipt,
)
from providers.vonage.account import Credentials, VonageSettings
from providers.vonage.messages import Messages
from providers.vonage.reports import Reports
from providers.vonage.sms import Sms

__all__ = ["Vonage", "VonageSettings"]

_ASKS = {Ability.LOOK_UP, Ability.TRACE, Ability.BALANCE, Ability.STATUS, Ability.INBOUND_LOG}

# https://developer.vonage.com/en/messages/code-snippets/configure-webhooks
_WITHOUT_KEY = {
    "private_key": "the application's receipts then go to the account's webhooks, not to its Status URL"
}


class Vonage(Provider):
    """One Vonage account. Which API it speaks is the account's own setting and `mode`."""

    name = "vonage"
    Settings = VonageSettings

    def __init__(self, settings: VonageSettings) -> None:
        credentials = Credentials(settings)
        self._dialect = (Sms if settings.mode == "sms" else Messages)(settings, credentials)
        self._reports = Reports(settings, credentials)
        asks = _ASKS if settings.api_secret else set()
        signed = {Ability.SIGNED_WEBHOOKS} if settings.signature_secrets else set()
        self.abilities = frozenset(asks | signed)
        if settings.mode == "messages" and settings.private_key is None:
            self.missed = _WITHOUT_KEY

    def send(self, text: Outgoing, now: datetime) -> Exchange[Outcome]:
        """Send one text."""
        return self._dialect.send(text, now)

    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        """Verify and read an inbound webhook."""
        return self._dialect.inbound(hook)

    def receipt(self, hook: Hook) -> Sequence[Receipt]:
        """Verify and read a receipt webhook."""
        return self._dialect.receipt(hook)

    def look_up(self, doubt: Doubt, now: datetime) -> Exchange[Receipt | Failure | None]:
        """Was it accepted?"""
        del now
        return self._ask(Ability.LOOK_UP).look_up(doubt)

    def trace(self, provider_id: str, now: datetime) -> Exchange[Receipt | Failure | None]:
        """Status and price of an accepted text."""
        del now
        return self._ask(Ability.TRACE).trace(provider_id)

    def inbound_log(
        self, numbers: Sequence[str], since: datetime, now: datetime, held: Collection[str] = ()
    ) -> Exchange[Sequence[Inbound] | Failure]:
        """Texts that came in since then, also those that are held: a report lists them whole."""
        del held
        return self._ask(Ability.INBOUND_LOG).inbound_log(numbers, since, now)

    def balance(self, now: datetime) -> Exchange[Balance | Failure]:
        """What is left in the account."""
        del now
        return self._ask(Ability.BALANCE).balance()

    def status(self, now: datetime) -> Exchange[Failure | None]:
        """A free look whether the account is open."""
        del now
        return self._ask(Ability.STATUS).status()

    def _ask(self, ability: Ability) -> Reports:
        return self._reports if ability in self.abilities else self._lacks(ability)
