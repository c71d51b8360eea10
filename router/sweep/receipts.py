"""Duty: apply the receipts that were stored, each by itself, so that a bad one is in nobody's way."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from providers import Ability, CutOff, CutReason, Receipt, Status
from router.office import Office
from router.postgres.parked import Applied, Known, Parked, Parking, PutOff
from router.postgres.pool import DatabaseAwayError
from router.rules.receipts import Fate, hearsay
from router.sweep.calls import Calls, failed, without_allowance
from router.sweep.ears import Ears
from router.sweep.proofs import proof
from router.watch import Watch

WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 3_600))
"""Between two tries to find the attempt that a receipt speaks of; after the last it is put away."""

_NO_CALLS = timedelta(seconds=10)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Receipts:
    """Applies parked receipts.

    A provider that signs nothing gives hints: what it records of the text is asked, and believed instead.

    Args:
        most: Receipts in one batch.
    """

    office: Office
    parking: Parking
    calls: Calls
    watch: Watch
    ears: Ears
    most: int = 400
    _unsent: dict[str, list[datetime]] = field(default_factory=dict)

    async def __call__(self) -> bool:
        """Apply one batch; True if more may wait."""
        signing = self._signing()
        plain = await self.parking.plain(signing, self.most)
        for account, seconds in plain:
            self._reached(account, seconds)
        if len(plain) == self.most:
            return True
        parked = await self.parking.due(signing, self.most)
        ends = await asyncio.gather(*(self._end(one) for one in parked))
        await self.parking.applied([end for end in ends if isinstance(end, Applied)])
        await self.parking.put_off([end for end in ends if isinstance(end, PutOff)])
        return len(parked) == self.most

    def _signing(self) -> list[str]:
        """Accounts whose receipts are believed as they are."""
        accounts = self.office.accounts.items()
        return [name for name, one in accounts if Ability.SIGNED_WEBHOOKS in one.provider.abilities]

    def _reached(self, account: str, seconds: float | None) -> None:
        if seconds is not None:
            self._unsent.pop(account, None)
            self.ears.delivered(account, seconds)

    async def _end(self, parked: Parked) -> Applied | PutOff:
        """Put away, or tried again later."""
        if parked.account not in self.office.accounts:
            return self._put_away(parked)
        try:
            found = await self._believed(parked)
            if isinstance(found, (Applied, PutOff)):
                return found
            return await self._apply(parked, *found)
        except DatabaseAwayError:
            return PutOff(parked.id, WAITS[0], tried=False)
        except Exception as error:  # noqa: BLE001 -- whatever is in one receipt, the others are applied
            # no traceback: it may hold values
            _log.error("receipt %d of account %s: %s", parked.id, parked.account, type(error).__name__)
            return self._again(parked)

    async def _believed(self, parked: Parked) -> tuple[Receipt, Known | None] | Applied | PutOff:
        """What may be believed, and of which attempt."""
        abilities = self.office.accounts[parked.account].provider.abilities
        if Ability.SIGNED_WEBHOOKS in abilities:
            return parked.receipt, parked.attempt
        if Ability.TRACE not in abilities:
            return hearsay(parked.receipt), parked.attempt
        if parked.receipt.provider_id is None or parked.receipt.status.rank < Status.FAILED.rank:
            # Nothing to ask after, or not worth a call: the end is still to come.
            return Applied(parked.id, None, None)
        return await self._traced(parked, parked.receipt.provider_id)

    async def _traced(
        self, parked: Parked, provider_id: str
    ) -> tuple[Receipt, Known | None] | Applied | PutOff:
        now = self.office.now()
        found = await self.calls.ask(parked.account, lambda provider: provider.trace(provider_id, now))
        if without_allowance(found):
            return PutOff(parked.id, _NO_CALLS, tried=False)
        if found is None or failed(found) or not isinstance(found, Receipt):
            return self._again(parked)
        if found.status.rank < parked.receipt.status.rank and parked.tries < len(WAITS):
            return PutOff(parked.id, WAITS[parked.tries])  # its own records lag behind
        texter = None if found.to is None else self.office.vault.pseudonym(found.to)
        found = replace(found, provider_id=found.provider_id or provider_id)
        known = await self.parking.find(parked.account, found.provider_id, found.reference, texter)
        return found, known

    async def _apply(self, parked: Parked, receipt: Receipt, known: Known | None) -> Applied | PutOff:
        if known is None:
            return self._again(parked)
        proved = proof(self.office, known.reference, receipt, "receipt")
        if proved.outcome == Fate.UNSENT:
            await self._note_unsent(known, receipt)
        if await self.office.desk.settle(proved) == "":
            return self._again(parked)
        seconds = None
        if receipt.status is Status.DELIVERED:
            seconds = max(0.0, ((receipt.at or parked.received_at) - known.sent_at).total_seconds())
            self._reached(known.account, seconds)
        return Applied(parked.id, known.reference, seconds)

    async def _note_unsent(self, known: Known, receipt: Receipt) -> None:
        """An account that takes texts and hands none over is left, like one that refuses them."""
        await self.parking.unsent_by(known.reply, known.account)
        since = self.office.facts.health.get((known.account, ""))
        changed = None if since is None else since.changed_at
        seen = self._unsent.setdefault(known.account, [])
        seen.append(known.armed_at)
        seen[:] = [at for at in seen if changed is None or at > changed]
        if len(seen) >= self.watch.policy.strikes:
            seen.clear()
            cut = CutOff(CutReason.SUSPENDED, receipt.code or "unsent")
            await self.watch.observe(known.account, "", cut, 0.0, by="receipt")

    def _again(self, parked: Parked) -> Applied | PutOff:
        if parked.tries < len(WAITS):
            return PutOff(parked.id, WAITS[parked.tries])
        return self._put_away(parked)

    def _put_away(self, parked: Parked) -> Applied:
        self.ears.put_away(parked.account)
        return Applied(parked.id, None, None)
