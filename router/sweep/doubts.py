"""Duty: look up the sends whose outcome is not known. Absence is never proof, and nobody sends again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from providers import Ability, Doubt, Failure, Receipt
from router.office import Office
from router.postgres.doubts import Asked, Doubts
from router.postgres.ledger import Proof
from router.postgres.parked import Parking
from router.rules import answer
from router.rules.answer import Purpose
from router.rules.receipts import Fate
from router.sweep.calls import Calls, without_allowance
from router.sweep.proofs import proof

WAITS = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3_600))
"""Between two look-ups, the last for ever; the first comes 10 s after the doubt."""

_NO_CALLS = timedelta(seconds=10)


def doubt(office: Office, asked: Asked) -> Doubt:
    """What a provider looks a send up by. The words are made again, as they were made for the send."""
    sender, body = office.vault.read(asked.letters)
    _, words = answer.words(Purpose(asked.purpose), asked.number, body, office.policy)
    return Doubt(
        reference=asked.tag or asked.reference,
        to=sender,
        sender=asked.sender,
        text=words,
        sent_at=asked.at,
        others=asked.others,
    )


async def look_up(office: Office, doubts: Doubts, calls: Calls, asked: Asked) -> Receipt | Failure | None:
    """Ask the provider for a send. A text that another attempt has is not this one's, however like it is."""
    now = office.now()
    found = await calls.ask(asked.account, lambda provider: provider.look_up(doubt(office, asked), now))
    if isinstance(found, Receipt) and await doubts.another_has(found.provider_id, asked):
        return None
    return found


@dataclass(slots=True)
class LookUps:
    """Looks up what is in doubt, and writes off what stayed so for too long.

    Args:
        write_off: Business time after which the estimate is booked as spent.
        most: Look-ups in one round.
    """

    office: Office
    doubts: Doubts
    parking: Parking
    calls: Calls
    write_off: timedelta
    most: int = 64

    async def __call__(self) -> bool:
        """Look up what is due; True if more may wait."""
        due = await self.doubts.in_doubt(self.most, self.office.now() - self.write_off)
        ends = await asyncio.gather(*(self._end(asked) for asked in due))
        return len(due) == self.most and any(ends)

    async def _end(self, asked: Asked) -> bool:
        """Whether anything was learnt or tried."""
        now = self.office.now()
        found: object = None
        if self._can(asked):
            found = await look_up(self.office, self.doubts, self.calls, asked)
        if isinstance(found, Receipt):
            await self._settle(asked, found)
            return True
        if asked.at <= now - self.write_off:
            written_off = Proof(reference=asked.reference, outcome="written_off", source="write_off")
            await self.office.desk.settle(written_off)
            return True
        asleep = without_allowance(found)
        wait = _NO_CALLS if asleep else WAITS[min(asked.tries, len(WAITS) - 1)]
        await self.doubts.look_again(asked.reference, wait, looked=not asleep)
        return not asleep

    def _can(self, asked: Asked) -> bool:
        account = self.office.accounts.get(asked.account)
        return account is not None and Ability.LOOK_UP in account.provider.abilities

    async def _settle(self, asked: Asked, found: Receipt) -> None:
        proved = proof(self.office, asked.reference, found, "look_up")
        if proved.outcome == Fate.UNSENT:
            await self.parking.unsent_by(asked.reply, asked.account)
        await self.office.desk.settle(proved)
