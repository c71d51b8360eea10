"""The judge: what carriers wrote down against what the database says. Imports nothing of the router.

Each complaint begins with one of the words below, so that a control can ask for the very same one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import asyncpg

from tests.audit import broken
from tests.faults.carriers import Carriers, Entry
from tests.faults.database import Database

LOST = "acknowledged and not stored"
TWICE_STORED = "stored twice"
TWICE = "sent twice"
SILENT = "never answered, and no word why"
UNBOOKED = "sent, and no attempt says so"
INVENTED = "booked as sent, and no carrier knows of it"
MONEY = "money"
OVER = "over the limit"
LATE = "sent after its lease"
LEFT = "left under way"
DEADLOCKS = "deadlocks"
BOOKS = "books"

RATES = {"twilio": Decimal("0.92"), "vonage": Decimal(1), "ovh": Decimal("0.065")}
"""What one unit of each carrier is worth, as the settings say."""
_TWO = 200, 299
_UNDER_WAY = ("queued", "delayed", "claimed", "sending")
_MICROS = 1_000_000

_TEXTS = """
SELECT i.account, i.provider_id, r.id, r.state, r.reason, r.texter
FROM inbound i LEFT JOIN reply r USING (id)"""
_ATTEMPTS = """
SELECT coalesce(tag, reference) AS reference, texter, account, state, spent, estimate, armed_at
FROM attempt"""
_OVERRUN_WITHOUT_CAUSE = """
SELECT l.kind, count(*) AS times FROM ledger l LEFT JOIN attempt a USING (reference)
WHERE (l.account_overrun > 0 OR l.total_overrun > 0)
  AND NOT (l.kind IN ('inbound', 'adjust', 'late') OR (l.kind = 'settle' AND l.spent > a.estimate))
GROUP BY l.kind"""
_OVER = """
SELECT purse, reserved + spent - overrun AS used, high_cap FROM purse_window
WHERE NOT unlimited AND reserved + spent - overrun > high_cap"""
_INBOUND_COST = (
    "SELECT account, sum(spent)::bigint AS spent FROM ledger WHERE kind = 'inbound' GROUP BY account"
)


@dataclass
class Judge:
    """Compares.

    Args:
        limit: Of every account, in millionths.
        lease: Seconds after arming when no byte may leave any more; 0 does not ask.
        samples: Looks at the purses while all was under way.
    """

    carriers: Carriers
    database: Database
    limit: int
    lease: float = 0.0
    samples: int = 0
    over: list[str] = field(default_factory=list)

    async def sample(self) -> None:
        """Look whether any purse is over its limit at this moment."""
        rows = await self.database.fetch(_OVER)
        self.samples += 1
        self.over += [f"{OVER}: {row['purse']} holds {row['used']} of {row['high_cap']}" for row in rows]

    async def sample_charges(self) -> None:
        """Look whether any carrier has taken more than the limit so far, at its list price."""
        await self.carriers.read()
        _, honest, _ = _charged(self.carriers.journal)
        self.over += [
            f"{OVER}: {name} took {took} of {self.limit}"
            for name, took in honest.items()
            if took > self.limit
        ]

    async def complaints(self) -> list[str]:
        """Everything that is not as it must be once all has come to rest."""
        await self.carriers.read()
        journal = self.carriers.journal
        texts = await self.database.fetch(_TEXTS)
        attempts = await self.database.fetch(_ATTEMPTS)
        whose = _pseudonyms(journal["inbound"], texts)
        return [
            *self.over[:3],
            *_stored(journal, texts),
            *_sent(journal, texts, attempts, whose),
            *_written_down(journal, attempts, whose),
            *await self._money(attempts),
            *(_late(journal["accepted"], attempts, whose, self.lease) if self.lease else ()),
            *_left(texts),
            *await self._rest(),
        ]

    async def _money(self, attempts: Iterable[Any]) -> list[str]:
        journal, found = self.carriers.journal, []
        charged, _, received = _charged(journal)
        booked: Counter[str] = Counter()
        for row in attempts:
            booked[row["account"]] += row["spent"]
        costs = {row["account"]: row["spent"] for row in await self.database.fetch(_INBOUND_COST)}
        for account in RATES:
            if booked[account] != charged[account]:
                found.append(f"{MONEY}: {account} charged {charged[account]}, booked {booked[account]}")
            if costs.get(account, 0) != received[account]:
                said = f"{received[account]}, booked {costs.get(account, 0)}"
                found.append(f"{MONEY}: {account} charged for receiving {said}")
        return found

    async def _rest(self) -> list[str]:
        found = [
            f"{OVER}: overrun by {row['times']} rows of kind {row['kind']}"
            for row in await self.database.fetch(_OVERRUN_WITHOUT_CAUSE)
        ]
        if deadlocks := await self.database.deadlocked():
            found.append(f"{DEADLOCKS}: {deadlocks}")
        connection = await asyncpg.connect(self.database.dsn, timeout=10)
        try:
            found += [f"{BOOKS}: {rule}" for rule in await broken(connection)]
        finally:
            await connection.close()
        return found


def _many(word: str, what: Iterable[object]) -> list[str]:
    found = [str(one) for one in what]
    return [f"{word}: {len(found)}, such as {found[0]}"] if found else []


def _pseudonyms(inbound: Iterable[Entry], texts: Iterable[Any]) -> dict[str, bytes]:
    """Whom the database calls what, by the texts they sent."""
    texter = {(row["account"], row["provider_id"]): row["texter"] for row in texts if row["texter"]}
    known = {(one.carrier, one.provider_id): one.sender for one in inbound}
    return {known[key]: pseudonym for key, pseudonym in texter.items() if key in known}


def _stored(journal: Mapping[str, list[Entry]], texts: Iterable[Any]) -> list[str]:
    times = Counter((row["account"], row["provider_id"]) for row in texts)
    low, high = _TWO
    acknowledged = {
        (one.carrier, one.provider_id)
        for one in journal["webhook"]
        if one.status is not None and low <= one.status <= high
    }
    return [
        *_many(LOST, (f"{carrier} {which}" for carrier, which in acknowledged - times.keys())),
        *_many(TWICE_STORED, (key for key, seen in times.items() if seen > 1)),
    ]


def _sent(
    journal: Mapping[str, list[Entry]], texts: list[Any], attempts: list[Any], whose: Mapping[str, bytes]
) -> list[str]:
    """At most one answer a texter, and one for everybody unless it is known why not.

    What a carrier reported as never handed over, and gave its price back for, was not sent.
    """
    returned = {(one.carrier, one.provider_id) for one in journal["returned"]}
    kept = [one for one in journal["accepted"] if (one.carrier, one.provider_id) not in returned]
    sends = Counter((one.to, one.text) for one in kept)  # an answer, and the confirmation of a STOP
    heard = {one.to for one in kept}
    states: defaultdict[bytes, set[tuple[str, str]]] = defaultdict(set)
    for row in texts:
        states[row["texter"]].add((row["state"], row["reason"]))
    doubted = {row["texter"] for row in attempts if row["state"] in {"unknown", "written_off"}}
    confirmed = {one.to for one in journal["notice"]}  # by the carrier itself, which then forbids us to
    silent = []
    for texter, pseudonym in whose.items():
        known_why = pseudonym in doubted or any(state == "failed" for state, _ in states[pseudonym])
        if texter not in heard and not known_why and texter not in confirmed:
            silent.append(sorted(states[pseudonym]))
    return [
        *_many(TWICE, (f"{times} times" for times in sends.values() if times > 1)),
        *_many(SILENT, silent),
    ]


def _written_down(
    journal: Mapping[str, list[Entry]], attempts: list[Any], whose: Mapping[str, bytes]
) -> list[str]:
    """Every send is in the books, every accepted attempt at a carrier."""
    sent = Counter((one.carrier, one.reference, whose.get(one.to)) for one in journal["accepted"])
    known = {(row["account"], row["reference"], row["texter"]): row["state"] for row in attempts}
    unbooked = (
        f"{carrier} {reference} ({known.get((carrier, reference, texter))})"
        for carrier, reference, texter in sent
        if known.get((carrier, reference, texter)) not in {"accepted", "double", "refused"}
    )
    invented = (key[1] for key, state in known.items() if state == "accepted" and not sent[key])
    return [*_many(UNBOOKED, unbooked), *_many(INVENTED, invented)]


def _charged(journal: Mapping[str, list[Entry]]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Millionths that each carrier took for sending, at its list price, and for receiving."""
    back = {(one.carrier, one.provider_id) for one in journal["returned"]}
    received = {(one.carrier, one.provider_id) for one in journal["inbound"]}
    lists = {
        carrier: min(
            (one.price / one.parts for one in journal["accepted"] if one.carrier == carrier), default=0
        )
        for carrier in RATES
    }
    charged: Counter[str] = Counter()
    honest: Counter[str] = Counter()
    receiving: Counter[str] = Counter()
    for one in journal["charged"]:
        if (one.carrier, one.provider_id) in received:
            receiving[one.carrier] += _micros(one.carrier, one.price)
    for one in journal["accepted"]:
        if (one.carrier, one.provider_id) not in back:
            charged[one.carrier] += _micros(one.carrier, one.price)
            honest[one.carrier] += _micros(one.carrier, Decimal(lists[one.carrier]) * one.parts)
    return charged, honest, receiving


def _micros(carrier: str, price: Decimal) -> int:
    return int((price * RATES[carrier] * _MICROS).to_integral_value("ROUND_CEILING"))


def _late(
    accepted: Iterable[Entry], attempts: Iterable[Any], whose: Mapping[str, bytes], lease: float
) -> list[str]:
    ends = {(row["reference"], row["texter"]): row["armed_at"] + timedelta(seconds=lease) for row in attempts}
    late = (
        one.reference
        for one in accepted
        if (end := ends.get((one.reference, whose.get(one.to, b"")))) is not None and one.at > end
    )
    return _many(LATE, late)


def _left(texts: Iterable[Any]) -> list[str]:
    left = Counter(row["state"] for row in texts if row["state"] in _UNDER_WAY)
    return [f"{LEFT}: {times} {state}" for state, times in left.items()]
