"""Duty: read again, by the provider's own word, the texts that a webhook without a signature brought."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from providers import Inbound
from router import arrivals
from router.office import Office
from router.postgres.incoming import Incoming, Proved, Unproved
from router.sweep.calls import Calls, failed, without_allowance
from router.sweep.ears import Ears

WAITS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 600))
"""Between two tries; after the last it is left to the inbound log."""

_NO_CALLS = timedelta(seconds=15)
_SHARE = 0.8  # no answer without it: what only asks after answers must not use its calls up


def proved(office: Office, account: str, text: Inbound, number: str) -> Proved:
    """The provider's word for a text, as it takes the place of what was pushed."""
    which = arrivals.text_id(account, text.provider_id)
    return Proved(
        id=which,
        texter=office.vault.pseudonym(text.sender),
        letter=office.vault.seal_letter(which, text.sender, text.text),
        provider_at=text.at,
        due=arrivals.due(office, which, number, office.now()),
        cost=arrivals.cost(office, office.accounts[account], text),
    )


@dataclass(slots=True)
class Rereads:
    """Proves texts one by one; past the allowance of calls they wait, or the log proves them in bulk.

    Args:
        most: Texts in one round.
    """

    office: Office
    incoming: Incoming
    calls: Calls
    ears: Ears
    most: int = 20

    async def __call__(self) -> bool:
        """Read again what is due; True if more may wait."""
        accounts = [
            name
            for name, account in self.office.accounts.items()
            if arrivals.waits_for_proof(account.provider)
        ]
        if not accounts:
            return False
        due = await self.incoming.unproved(accounts, self.most)
        freed = await asyncio.gather(*(self._end(text) for text in due))
        if any(freed):
            self.ears.ready()
        return len(due) == self.most and any(freed)

    async def _end(self, text: Unproved) -> bool:
        """Whether its reply may go now."""
        now = self.office.now()
        sender, body = self.office.vault.open_letter(text.id, text.letter)
        pushed = Inbound(
            provider_id=text.provider_id, sender=sender, to=self.office.numbers[text.number].e164, text=body
        )
        found = await self.calls.ask(text.account, lambda provider: provider.reread(pushed, now), _SHARE)
        if without_allowance(found):
            await self.incoming.read_again(text.id, _NO_CALLS, tried=False)
            return False
        if found is None or failed(found) or not isinstance(found, Inbound):
            await self.incoming.read_again(text.id, WAITS[text.tries] if text.tries < len(WAITS) else None)
            return False
        return await self.incoming.proved(proved(self.office, text.account, found, text.number))
