"""What comes in, as rows to store: texts with pseudonym, seal, lane and due time, and receipts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from providers import Ability, Inbound, Part, Provider, Receipt
from router.office import Account, Number, Office
from router.postgres.inbox import Arrival
from router.postgres.receipts import Notice
from router.rules import answer, budget
from router.rules.consent import Consent, read_consent

TEXTS = UUID("6a1f5f0e-4f53-5d3c-9a51-8d3f6f1d2c70")
"""The namespace of text ids: the same text is the same id, whoever brings it."""

JOINING = timedelta(seconds=60)
"""How long the first piece of a long text waits for the others."""

_SAME_TEXT = 600
_LONGEST_ID = 200
_MOST_PARTS = 255


class UnknownNumberError(LookupError):
    """A text to a number that the settings do not name: nobody could answer it."""


def text_id(account: str, provider_id: str) -> UUID:
    """The id of a text that came in: uuid5 of the account and the provider's id."""
    name = f"{account}\0{_storable(provider_id)}".encode()
    return UUID(bytes=hashlib.sha1(TEXTS.bytes + name, usedforsecurity=False).digest()[:16], version=5)


@dataclass(slots=True)
class Intake:
    """Turns what providers read into what is stored.

    Args:
        office: Numbers, accounts, vault, scorer and the clock.
    """

    office: Office
    _numbers: Mapping[str, Number] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._numbers = {number.e164: number for number in self.office.numbers.values()}

    def arrival(
        self, account: Account, text: Inbound, raw: bytes, *, source: str = "webhook", room: bool = False
    ) -> Arrival:
        """One text to store.

        A text that is not verified and can be read again waits for that: its reply is due only as it expires.
        One that is found late expires by the provider's own time.

        Args:
            account: The account it came in through.
            text: As read by its provider.
            raw: The request, to be sealed.
            source: webhook, log or spool.
            room: There is a place for it at once: its reply is stored as claimed, unless it has to wait.

        Raises:
            UnknownNumberError: See there.
        """
        number = self._numbers.get(text.to)
        if number is None:
            raise UnknownNumberError
        office = self.office
        now = office.now()
        began = min(now, text.at) if source == "log" and text.at is not None else now
        expires_at = began + office.policy.replies.expiry
        verified = source == "log" or Ability.SIGNED_WEBHOOKS in account.provider.abilities
        identity = text_id(account.name, text.provider_id)
        texter = office.vault.pseudonym(text.sender)
        score = office.scorer(text.text)
        part = _part(text.part)
        not_before = _not_before(identity, part, number, now)
        if not verified and waits_for_proof(account.provider):
            not_before = expires_at
        return Arrival(
            id=identity,
            account=account.name,
            provider_id=_storable(text.provider_id),
            number=number.name,
            texter=texter,
            letter=office.vault.seal_letter(identity, text.sender, text.text),
            raw=office.vault.seal(raw, identity.bytes),
            part=None if part is None else (part.reference, part.index, part.total),
            join_key=None if part is None else _join_key(account, number, texter, part, now),
            provider_at=text.at,
            received_at=now,
            not_before=not_before,
            expires_at=expires_at,
            verified=verified,
            source=source,
            score=score.value,
            tier=score.tier,
            lane=number.lane,
            priority=_priority(text.text),
            cost=cost(self.office, account, text),
            claim=room and not_before is None,
        )

    def notice(self, account: Account, receipt: Receipt, raw: bytes) -> Notice | None:
        """One receipt to store; None where it names no text."""
        if receipt.provider_id is None and receipt.reference is None:
            return None
        vault, price = self.office.vault, receipt.price
        texter = None if receipt.to is None else vault.pseudonym(receipt.to)
        digest = _digest(receipt, texter)
        return Notice(
            account=account.name,
            digest=digest,
            provider_id=None if receipt.provider_id is None else _storable(receipt.provider_id),
            reference=None if receipt.reference is None else _storable(receipt.reference),
            texter=texter,
            status=receipt.status.value,
            code=receipt.code,
            refused=receipt.refused.value if receipt.refused else "",
            proven_unsent=receipt.proven_unsent,
            unbilled=receipt.unbilled,
            amount=price.amount if price else None,
            unit=price.unit if price else None,
            parts=receipt.parts if 0 < (receipt.parts or 0) <= _MOST_PARTS else None,
            provider_at=receipt.at,
            received_at=self.office.now(),
            raw=vault.seal(raw, digest),
        )


def waits_for_proof(provider: Provider) -> bool:
    """Whether its webhooks prove nothing, but a text can be read again.

    One that can do neither is taken at the word of its secret path.
    """
    return Ability.SIGNED_WEBHOOKS not in provider.abilities and Ability.REREAD in provider.abilities


def cost(office: Office, account: Account, text: Inbound) -> tuple[int, Decimal, str, Decimal] | None:
    """What receiving it cost: as the provider says, else as the settings say; None for nothing."""
    money = account.receive_price
    if text.price is not None:
        said = budget.convert(text.price, office.currency, office.rates, budget.Rounding.HALF_EVEN)
        money = said or money
    if money is None or not money.micros:
        return None
    return money.micros, money.price.amount, money.price.unit, money.rate


def due(office: Office, which: UUID, number: str, received_at: datetime) -> datetime | None:
    """The earliest moment an answer may leave by its number's delay, None for at once."""
    found = office.numbers.get(number)
    return None if found is None else _not_before(which, None, found, received_at)


def _part(part: Part | None) -> Part | None:
    """A piece whose place makes no sense is a text of its own."""
    if part is None or not 1 <= part.index <= part.total <= _MOST_PARTS or part.total == 1:
        return None
    return Part(_storable(part.reference), part.index, part.total)


def _storable(written: str) -> str:
    """What PostgreSQL takes as text, whatever was sent."""
    clean = written.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return clean[:_LONGEST_ID]


def _not_before(identity: UUID, part: Part | None, number: Number, now: datetime) -> datetime | None:
    """When its reply may leave: after the delay, and after its last part had time to come."""
    whole = None if part is None else now + JOINING
    due = answer.due(identity, now, number.delay) if number.delay[1] else None
    return max(filter(None, (whole, due)), default=None)


def _join_key(account: Account, number: Number, texter: bytes, part: Part, now: datetime) -> str:
    """The first part stored owns the reply. References come round again, so time is part of the key."""
    window = int(now.timestamp()) // _SAME_TEXT
    return f"{account.name}|{number.name}|{texter.hex()}|{part.reference}|{window}"


def _priority(text: str) -> answer.Priority:
    stops = read_consent(text) is Consent.OPT_OUT
    return answer.Priority.STOP_CONFIRMATION if stops else answer.Priority.FIRST_CONTACT


def _digest(receipt: Receipt, texter: bytes | None) -> bytes:
    """The provider's time is left out: a receipt that is pushed again may be dated anew."""
    price = receipt.price
    said = (
        receipt.provider_id, receipt.reference, texter and texter.hex(), receipt.status, receipt.code,
        receipt.refused, receipt.proven_unsent, receipt.unbilled, receipt.parts,
        price and (str(price.amount), price.unit),
    )  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).digest()[:16]
