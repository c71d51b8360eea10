"""What a provider is: the one face that built-in pages and plugins share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Protocol

from pydantic import BaseModel, ConfigDict

from providers.contract.failure import Failure
from providers.contract.message import Balance, Inbound, Job, Outcome, Outgoing, Receipt
from providers.contract.wire import Answer, Exchange, Hook

CONTRACT = 1
"""Version of this contract. A plugin whose `contract` differs is refused at load, by name."""


CLOCKS_DIFFER = timedelta(minutes=15)
"""So far the clock of a carrier and ours may be apart, or ours may have been set meanwhile."""


class Ability(StrEnum):
    """What a provider may lack. Declared, never faked."""

    LOOK_UP = "look_up"
    TRACE = "trace"
    BALANCE = "balance"
    STATUS = "status"
    BATCH = "batch"
    INBOUND_LOG = "inbound_log"
    REREAD = "reread"
    SIGNED_WEBHOOKS = "signed_webhooks"
    CONFIRMS_STOP = "confirms_stop"


class Settings(BaseModel):
    """Base of a provider's own settings: unknown keys are refused, secrets are `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A send whose outcome is not known, to be looked up.

    Args:
        reference: The reference that was handed over.
        sent_at: When it was handed over, aware UTC and by our clock: allow for `CLOCKS_DIFFER` each way.
        others: Provider ids of other sends of the same words to the same receiver: it is none of these.
    """

    reference: str
    to: str = field(repr=False)
    sender: str = field(repr=False)
    text: str = field(repr=False)
    sent_at: datetime
    others: Collection[str] = ()


class Unsupported(NotImplementedError):
    """The provider does not declare this ability. Check `abilities` first."""


class Provider(Protocol):
    """One account at one provider, without a socket: it builds requests and reads responses.

    Subclass it, give `name`, `Settings`, `abilities`, and write `send`, `inbound`, `receipt`;
    write one more method for each further ability you declare. Every method is pure but for
    what its generator is handed: `now` is an argument, and no method sleeps, logs or retries.
    """

    contract: ClassVar[int] = CONTRACT
    name: ClassVar[str]
    Settings: ClassVar[type[Settings]]
    abilities: frozenset[Ability]
    answer: Answer = Answer()
    """What webhooks are answered."""
    names_receipts: ClassVar[bool] = False
    """Whether each text names where its receipts go, so that the carrier need not be told."""
    missed: Mapping[str, str] = MappingProxyType({})
    """Settings that may be left out, are, and are missed: by name, what is worse without. No value in it."""

    def __init__(self, settings: Any) -> None:
        """Take validated settings of the type `Settings`."""

    def send(self, text: Outgoing, now: datetime) -> Exchange[Outcome]:
        """Send one text. Exactly one request of the exchange `carries_text`."""
        ...

    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        """Verify and read an inbound webhook. Empty: harmless, but no text.

        Raises:
            Forged: Its proof is missing or wrong.
            Malformed: It cannot be read.
        """
        ...

    def receipt(self, hook: Hook) -> Sequence[Receipt]:
        """Verify and read a receipt webhook. Raises as `inbound` does.

        An unknown status is empty, or `Status.QUEUED` where the webhook proves that we were taken.
        """
        ...

    def send_many(self, job: Job, now: datetime) -> Exchange[Sequence[Outcome]]:
        """Send one text to many receivers: one outcome a receiver, in order. `Ability.BATCH`."""
        return self._lacks(Ability.BATCH)

    def look_up(self, doubt: Doubt, now: datetime) -> Exchange[Receipt | Failure | None]:
        """Was it accepted? A receipt if so; None for not found, which proves nothing. `Ability.LOOK_UP`."""
        return self._lacks(Ability.LOOK_UP)

    def trace(self, provider_id: str, now: datetime) -> Exchange[Receipt | Failure | None]:
        """Status, price and parts of an accepted text by the provider's id. `Ability.TRACE`."""
        return self._lacks(Ability.TRACE)

    def balance(self, now: datetime) -> Exchange[Balance | Failure]:
        """What is left in the account. `Ability.BALANCE`."""
        return self._lacks(Ability.BALANCE)

    def status(self, now: datetime) -> Exchange[Failure | None]:
        """A free look whether the account is open: None if it is. `Ability.STATUS`."""
        return self._lacks(Ability.STATUS)

    def inbound_log(
        self, numbers: Sequence[str], since: datetime, now: datetime, held: Collection[str] = ()
    ) -> Exchange[Sequence[Inbound] | Failure]:
        """Texts that came in since then, oldest first, to repair lost webhooks. `Ability.INBOUND_LOG`.

        Args:
            numbers: Ours, as the settings have them.
            since: From when on, aware UTC.
            now: By our clock, aware UTC.
            held: Provider ids of texts that are stored and proved: where each is a call, none is spent on
                them. Handed over once more they do no harm.
        """
        return self._lacks(Ability.INBOUND_LOG)

    def reread(self, text: Inbound, now: datetime) -> Exchange[Inbound | Failure | None]:
        """The same text by the provider's own word, None if it knows none. `Ability.REREAD`."""
        return self._lacks(Ability.REREAD)

    def _lacks(self, ability: Ability) -> NoReturn:
        raise Unsupported(f"{self.name} does not declare {ability.value}")
