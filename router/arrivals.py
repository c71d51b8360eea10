"""A text that came in, by whatever way, as the row it is stored as: the door's and the log's one reading."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha1
from uuid import NAMESPACE_URL, UUID, uuid5

from providers import Ability, Inbound, Part, Provider
from router.office import Account, Number, Office
from router.postgres.inbox import Arrival
from router.rules import answer, budget
from router.rules.abuse import SUSPICIOUS
from router.rules.buckets import looked_at
from router.rules.campaign import Mode
from router.rules.consent import Consent, read_consent

JOINING = timedelta(seconds=60)
"""How long the first piece of a long text waits for the others."""

_BUCKET = 600
_LONGEST_ID = 200
_MOST_PARTS = 255
_NAMESPACE = sha1(uuid5(NAMESPACE_URL, "paravent:inbound").bytes, usedforsecurity=False)


class UnknownNumberError(LookupError):
    """The text was sent to a number that no account of these settings publishes."""


def text_id(account: str, provider_id: str) -> UUID:
    """The id of a text: the same however often and by whatever way it comes."""
    named = _NAMESPACE.copy()  # a UUID of version 5, its namespace hashed once
    named.update(f"{account}\n{_storable(provider_id)}".encode())
    return UUID(bytes=named.digest()[:16], version=5)


def arrival(
    office: Office,
    account: str,
    inbound: Inbound,
    *,
    raw: bytes,
    now: datetime,
    source: str,
    verified: bool,
    claim: bool,
) -> Arrival:
    """The row of one text, sealed, scored, and with the earliest moment its reply may leave.

    A text that is not verified and can be read again waits for that: its reply is due only as it expires.

    Args:
        office: For numbers, keys and rules.
        account: The account it came in through.
        inbound: As the provider's page read it.
        raw: The request or record as received; it is sealed here.
        now: Business time it was received.
        source: webhook, log or spool.
        verified: Whether the provider's word for it is proved.
        claim: Whether this process would relay it at once; it is if nothing has to be waited for.

    Raises:
        UnknownNumberError: No such number is published.
    """
    number = _number(office, inbound.to)
    which = text_id(account, inbound.provider_id)
    texter = office.vault.pseudonym(inbound.sender)
    score = office.scorer(inbound.text)
    began = min(now, inbound.at) if source == "log" and inbound.at is not None else now
    expires_at = began + office.policy.replies.expiry
    part = _part(inbound.part)
    not_before = _not_before(which, now, number, joins=part is not None)
    if not verified and waits_for_proof(office.accounts[account].provider):
        not_before = expires_at
    return Arrival(
        id=which,
        account=account,
        provider_id=_storable(inbound.provider_id),
        number=number.name,
        texter=texter,
        letter=office.vault.seal_letter(which, inbound.sender, inbound.text),
        raw=office.vault.put_record_away(raw, which.bytes + b"raw"),
        part=part,
        join_key=_join_key(account, number, texter, part, now),
        provider_at=inbound.at,
        received_at=now,
        not_before=not_before,
        expires_at=expires_at,
        verified=verified,
        source=source,
        score=score.value,
        tier=score.tier,
        lane=number.lane,
        priority=_priority(office, inbound.text, score),
        cost=cost(office, office.accounts[account], inbound),
        claim=claim and not_before is None,
    )


def waits_for_proof(provider: Provider) -> bool:
    """Whether its webhooks prove nothing, but a text can be read again.

    One that can do neither is taken at the word of its secret path.
    """
    return Ability.SIGNED_WEBHOOKS not in provider.abilities and Ability.REREAD in provider.abilities


def cost(office: Office, account: Account, inbound: Inbound) -> tuple[int, Decimal, str, Decimal] | None:
    """What receiving it cost: as the provider says, else as the settings say; None for nothing."""
    money = account.receive_price
    if inbound.price is not None:
        said = budget.convert(inbound.price, office.currency, office.rates, budget.Rounding.HALF_EVEN)
        money = said or money
    if money is None or not money.micros:
        return None
    return money.micros, money.price.amount, money.price.unit, money.rate


def due(office: Office, which: UUID, number: str, received_at: datetime) -> datetime | None:
    """The earliest moment an answer may leave by its number's delay, None for at once."""
    found = office.numbers.get(number)
    return None if found is None else _not_before(which, received_at, found, joins=False)


def late(office: Office, text: Arrival, place: int) -> datetime | None:
    """When the reply is due to a text that comes in late among many; None for at once.

    In a raid it is judged as it is claimed. In calm it may be a raid's that nobody has seen yet.

    Args:
        office: For the time, and what is known of a raid.
        text: As it is about to be stored.
        place: Among those that come in with it, from 0.
    """
    seen = None if office.stance.mode is Mode.RAID else looked_at(place, office.now())
    due = [moment for moment in (text.not_before, seen) if moment is not None]
    return min(max(due), text.expires_at) if due else None


def _number(office: Office, to: str) -> Number:
    for number in office.numbers.values():
        if number.e164 == to:
            return number
    raise UnknownNumberError("a text to a number that is not published here")


def _not_before(which: UUID, now: datetime, number: Number, *, joins: bool) -> datetime | None:
    if joins:
        return max(now + JOINING, answer.due(which, now, number.delay))
    return answer.due(which, now, number.delay) if number.delay[1] else None


def _part(part: Part | None) -> tuple[str, int, int] | None:
    if part is None or not 1 <= part.index <= part.total <= _MOST_PARTS or part.total == 1:
        return None
    return _storable(part.reference), part.index, part.total


def _join_key(
    account: str, number: Number, texter: bytes, part: tuple[str, int, int] | None, now: datetime
) -> str | None:
    """Who, where, which long text, and when: carriers count references round."""
    if part is None:
        return None
    return f"{account} {number.name} {texter.hex()} {part[0]} {int(now.timestamp()) // _BUCKET}"


def _priority(office: Office, text: str, score: answer.Score) -> answer.Priority:
    """A guess, for the queue: no history is read at the door."""
    if read_consent(text) is Consent.OPT_OUT:
        return answer.Priority.STOP_CONFIRMATION
    suspect = office.stance.mode is Mode.RAID and score.value >= SUSPICIOUS
    return answer.Priority.SUSPECT if suspect else answer.Priority.FIRST_CONTACT


def _storable(written: str) -> str:
    """What PostgreSQL takes as text, whatever was sent."""
    clean = written.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return clean[:_LONGEST_ID]
