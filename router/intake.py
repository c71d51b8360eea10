"""What comes in, as rows to store: texts with pseudonym, seal, lane and due time, and receipts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from providers import Ability, Inbound, Part, Receipt
from router.office import Account, Number, Office
from router.postgres.inbox import Arrival
from router.postgres.receipts import Notice
from router.rules import answer, budget

TEXTS = UUID("6a1f5f0e-4f53-5d3c-9a51-8d3f6f1d2c70")
"""The namespace of text ids: the same text is the same id, whoever brings it."""

_JOIN_WITHIN = timedelta(seconds=60)
_SAME_TEXT = 600
_LONGEST_ID = 200
_MOST_PARTS = 255


class UnstorableError(ValueError):
    """The provider's id, or the place among parts, is nothing that can be kept."""


class UnknownNumberError(LookupError):
    """A text to a number that the settings do not name: nobody could answer it."""


def text_id(account: str, provider_id: str) -> UUID:
    """The id of a text that came in: uuid5 of the account and the provider's id."""
    name = f"{account}\0{provider_id}".encode("utf-8", "surrogatepass")
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

        Args:
            account: The account it came in through.
            text: As read by its provider.
            raw: The request, to be sealed.
            source: webhook, log or spool.
            room: There is a place for it at once: its reply is stored as claimed, unless it has to wait.

        Raises:
            UnstorableError: See there.
            UnknownNumberError: See there.
        """
        if not _is_plain(text.provider_id) or not _is_in_place(text.part):
            raise UnstorableError
        number = self._numbers.get(text.to)
        if number is None:
            raise UnknownNumberError
        office = self.office
        now = office.now()
        identity = text_id(account.name, text.provider_id)
        texter = office.vault.pseudonym(text.sender)
        score = office.scorer(text.text)
        not_before = _not_before(identity, text.part, number, now)
        return Arrival(
            id=identity,
            account=account.name,
            provider_id=text.provider_id,
            number=number.name,
            texter=texter,
            letter=office.vault.seal_letter(identity, text.sender, text.text),
            raw=office.vault.seal(raw, identity.bytes),
            part=None if text.part is None else (text.part.reference, text.part.index, text.part.total),
            join_key=None if text.part is None else _join_key(account, number, texter, text.part, now),
            provider_at=text.at,
            received_at=now,
            not_before=not_before,
            expires_at=now + office.policy.replies.expiry,
            verified=source == "log" or Ability.REREAD not in account.provider.abilities,
            source=source,
            score=score.value,
            tier=score.tier,
            lane=number.lane,
            priority=answer.Priority.FIRST_CONTACT,
            cost=self._cost(account, text),
            claim=room and not_before is None,
        )

    def notice(self, account: Account, receipt: Receipt, raw: bytes) -> Notice | None:
        """One receipt to store; None where it names no text.

        Raises:
            UnstorableError: An id that cannot be kept.
        """
        if receipt.provider_id is None and receipt.reference is None:
            return None
        if not (_is_plain(receipt.provider_id or "-") and _is_plain(receipt.reference or "-")):
            raise UnstorableError
        vault, price = self.office.vault, receipt.price
        texter = None if receipt.to is None else vault.pseudonym(receipt.to)
        digest = _digest(receipt, texter)
        return Notice(
            account=account.name,
            digest=digest,
            provider_id=receipt.provider_id,
            reference=receipt.reference,
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

    def _cost(self, account: Account, text: Inbound) -> tuple[int, Decimal, str, Decimal] | None:
        """What receiving it cost: as the provider says, else as the settings do."""
        money = account.receive_price
        if text.price is not None:
            rounding = budget.Rounding.HALF_EVEN
            money = budget.convert(text.price, self.office.currency, self.office.rates, rounding) or money
        return None if money is None else (money.micros, money.price.amount, money.price.unit, money.rate)


def _is_plain(word: str) -> bool:
    return 0 < len(word) <= _LONGEST_ID and word.isprintable()


def _is_in_place(part: Part | None) -> bool:
    return part is None or (_is_plain(part.reference) and 1 <= part.index <= part.total <= _MOST_PARTS)


def _not_before(identity: UUID, part: Part | None, number: Number, now: datetime) -> datetime | None:
    """When its reply may leave: after the delay, and after its last part had time to come."""
    whole = None if part is None else now + _JOIN_WITHIN
    due = answer.due(identity, now, number.delay) if number.delay[1] else None
    return max(filter(None, (whole, due)), default=None)


def _join_key(account: Account, number: Number, texter: bytes, part: Part, now: datetime) -> str:
    """The first part stored owns the reply. References come round again, so time is part of the key."""
    window = int(now.timestamp()) // _SAME_TEXT
    return f"{account.name}|{number.name}|{texter.hex()}|{part.reference}|{window}"


def _digest(receipt: Receipt, texter: bytes | None) -> bytes:
    """The provider's time is left out: a receipt that is pushed again may be dated anew."""
    price = receipt.price
    said = (
        receipt.provider_id, receipt.reference, texter and texter.hex(), receipt.status, receipt.code,
        receipt.refused, receipt.proven_unsent, receipt.unbilled, receipt.parts,
        price and (str(price.amount), price.unit),
    )  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).digest()[:16]
