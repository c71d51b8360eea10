"""Duty: ask after accepted texts whose price comes later, or whose receipt never came."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from providers import Ability, Failure, Receipt, Status
from router.office import Office
from router.postgres.doubts import Asked, Doubts
from router.postgres.parked import Parking
from router.rules.receipts import Fate
from router.sweep.calls import Calls, without_allowance
from router.sweep.doubts import look_up
from router.sweep.proofs import proof

WAITS = (timedelta(hours=1), timedelta(hours=24), None)
"""After each trace until the next; the first comes 10 min after arming, and then nobody asks any more."""

_UNDECIDED = timedelta(minutes=10)
_NO_CALLS = timedelta(seconds=15)


@dataclass(slots=True)
class Traces:
    """Traces accepted attempts until their price and their end are known, three times at most.

    Args:
        most: Traces in one round.
    """

    office: Office
    doubts: Doubts
    parking: Parking
    calls: Calls
    most: int = 100

    async def __call__(self) -> bool:
        """Trace what is due; True if more may wait."""
        due = await self.doubts.open_ended(self.most)
        asked = await asyncio.gather(*(self._end(each) for each in due))
        return len(due) == self.most and any(asked)

    async def _end(self, asked: Asked) -> bool:
        """Whether it was not put off for want of calls."""
        reference = asked.reference
        if asked.state in {"open", "unknown"}:
            await self.doubts.trace_again(reference, _UNDECIDED, traced=False)
            return True
        account = self.office.accounts.get(asked.account)
        abilities = account.provider.abilities if account is not None else frozenset()
        able = Ability.TRACE if asked.provider_id else Ability.LOOK_UP
        if asked.state != "accepted" or (asked.priced and asked.final) or able not in abilities:
            await self.doubts.trace_again(reference, None, traced=False)
            return True
        found = await self._ask(asked)
        if without_allowance(found):
            await self.doubts.trace_again(reference, _NO_CALLS, traced=False)
            return False
        settled = isinstance(found, Receipt) and await self._settle(asked, found)
        wait = None if settled else WAITS[min(asked.tries, len(WAITS) - 1)]
        await self.doubts.trace_again(reference, wait)
        return True

    async def _ask(self, asked: Asked) -> Receipt | Failure | None:
        provider_id, now = asked.provider_id, self.office.now()
        if not provider_id:
            return await look_up(self.office, self.doubts, self.calls, asked)
        return await self.calls.ask(asked.account, lambda provider: provider.trace(provider_id, now))

    async def _settle(self, asked: Asked, found: Receipt) -> bool:
        """Book what was found; whether nothing is left to be known."""
        proved = proof(self.office, asked.reference, found, "trace")
        if proved.outcome == Fate.UNSENT:
            await self.parking.unsent_by(asked.reply, asked.account)
        await self.office.desk.settle(proved)
        final = asked.final or found.status.rank >= Status.FAILED.rank
        return final and (asked.priced or found.price is not None or found.unbilled)
