"""Duty: read again, by the provider's own word, the texts that a webhook without a signature brought."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from providers import Failure, Inbound, InDoubt, Throttled, Unreachable
from router import arrivals
from router.office import Office
from router.postgres.incoming import Incoming, Proved, Unproved
from router.postgres.pool import DatabaseAwayError
from router.rules import proof
from router.rules.health import State, usable
from router.sweep.calls import FOR_ANSWERS, NO_ALLOWANCE, Calls, failed, without_allowance
from router.sweep.ears import Ears
from router.watch import Watch
from router.wire import boottime

WAITS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 600))
"""Between two tries; after the last it is left to the inbound log."""

_NO_CALLS = timedelta(seconds=15)
_LATER = timedelta(minutes=10)
_PATIENCE = 5.0
_log = logging.getLogger(__name__)


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

    What cannot be asked about is answered unproved, and proved later. That an account cannot be asked is told
    to its health: it would not send either.

    Args:
        patience: How long a text waits for calls.
        most: Texts in one round.
    """

    office: Office
    incoming: Incoming
    calls: Calls
    watch: Watch
    ears: Ears
    patience: timedelta
    most: int = 20
    _mute_until: dict[str, float] = field(default_factory=dict)

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
        try:
            found = await self._ask(text)
            if isinstance(found, Inbound):
                return await self.incoming.proved(proved(self.office, text.account, found, text.number))
            if found is not None and self._believed(text, found):
                due = arrivals.due(self.office, text.id, text.number, self.office.now())
                return await self.incoming.believe(text.id, due, _LATER)
        except DatabaseAwayError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever is in one text, the others are proved; no traceback: it may hold it
            _log.error("text %s cannot be read again: %s", text.id, type(error).__name__)
            found = None
        if isinstance(found, Throttled):
            await self.incoming.read_again(text.id, _NO_CALLS, tried=False)
        else:
            await self.incoming.read_again(text.id, WAITS[text.tries] if text.tries < len(WAITS) else None)
        return False

    async def _ask(self, text: Unproved) -> Inbound | Failure | None:
        """The provider's record, None where it has none, or why it could not be asked."""
        account, began = text.account, boottime()
        if began < self._mute_until.get(account, 0.0):
            return Unreachable("mute")
        now = self.office.now()
        sender, body = self.office.vault.open_letter(text.id, text.letter)
        pushed = Inbound(
            provider_id=text.provider_id, sender=sender, to=self.office.numbers[text.number].e164, text=body
        )
        found = await self.calls.ask(
            account, lambda provider: provider.reread(pushed, now), FOR_ANSWERS, _PATIENCE
        )
        if without_allowance(found):
            return Throttled(_NO_CALLS.total_seconds(), NO_ALLOWANCE)
        if found is None or isinstance(found, Inbound):
            return found
        failure: Failure = found if failed(found) else InDoubt("provider-answered-junk")
        await self.watch.observe(account, "", failure, boottime() - began, by="sweep")
        if not isinstance(failure, Throttled) and self._closed(account):
            self._mute_until[account] = boottime() + _PATIENCE
        return failure

    def _believed(self, text: Unproved, failure: Failure) -> bool:
        return proof.believed(
            failure,
            again=text.tries > 0,
            closed=self._closed(text.account),
            waited=self.office.now() - text.received_at,
            patience=self.patience,
        )

    def _closed(self, account: str) -> bool:
        state = self.office.facts.health.get((account, ""), State(account=account))
        return not usable(state, self.office.machine_now())
