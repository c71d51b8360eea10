"""Duty: read the providers' inbound logs, so that a webhook that was lost loses no text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from providers import CLOCKS_DIFFER, Ability, Inbound
from router.arrivals import UnknownNumberError, arrival, late, text_id
from router.office import Office
from router.postgres.inbox import POISON, Arrival
from router.postgres.incoming import Incoming
from router.sweep.calls import Calls, failed
from router.sweep.ears import Ears
from router.sweep.rereads import proved

_SHARE = 0.9  # it proves many texts in few calls: reading each again must leave some to it

OVERLAP = timedelta(minutes=10)
"""Read once more each time, for logs list a text only some time after it came."""


@dataclass(slots=True)
class InboundLogs:
    """Stores what the log has and we have not, by the same keys as the door; proves what was not proved."""

    office: Office
    incoming: Incoming
    calls: Calls
    ears: Ears

    async def __call__(self) -> bool:
        """Read every log once."""
        await asyncio.gather(
            *(
                self._poll(name)
                for name, account in self.office.accounts.items()
                if Ability.INBOUND_LOG in account.provider.abilities
            )
        )
        return False

    async def _poll(self, account: str) -> None:
        began = self.office.now()
        numbers = [number.e164 for number in self.office.numbers.values() if number.account == account]
        mark = await self.incoming.watermark(account)
        if not numbers:
            return
        since = _since(mark, began)
        held = await self.incoming.held(account, since - CLOCKS_DIFFER)
        listed: object = await self.calls.ask(
            account, lambda provider: provider.inbound_log(numbers, since, began, held), _SHARE
        )
        if failed(listed) or not isinstance(listed, Sequence):
            return
        texts = [text for text in listed if isinstance(text, Inbound)]
        await self._take(account, texts)
        # A provider may hand over the oldest part first: what it did not give yet stays ahead of the mark.
        await self.incoming.move_watermark(account, _latest(texts, began))

    async def _take(self, account: str, texts: Sequence[Inbound]) -> None:
        known = await self.incoming.known([text_id(account, text.provider_id) for text in texts])
        missed: list[Arrival] = []
        freed = False
        for text in texts:
            verified = known.get(text_id(account, text.provider_id))
            try:
                found = None if verified else self._arrival(account, text)
            except UnknownNumberError:
                continue
            if verified is None and found is not None:
                missed.append(replace(found, not_before=late(self.office, found, len(missed))))
            elif found is not None:
                freed |= await self.incoming.proved(proved(self.office, account, text, found.number))
        stored = await asyncio.gather(*(self._store(one) for one in missed))
        if freed or any(stored):
            self.ears.ready()

    async def _store(self, text: Arrival) -> bool:
        try:
            stored = await self.office.desk.store(text)
        except POISON:
            return False
        if stored.fresh:
            self.ears.received(text.account, text.number, text.tier)
        return stored.fresh

    def _arrival(self, account: str, text: Inbound) -> Arrival:
        return arrival(
            self.office,
            account,
            text,
            raw=_record(text),
            now=self.office.now(),
            source="log",
            verified=True,
            claim=False,
        )


def _since(mark: datetime | None, now: datetime) -> datetime:
    """A mark in the future was set by a clock that was wrong: from there on it hides what is lost now."""
    return min(mark or now, now) - OVERLAP


def _latest(texts: Sequence[Inbound], began: datetime) -> datetime:
    times = [text.at for text in texts if text.at is not None]
    return min(max(times), began) if times else began


def _record(text: Inbound) -> bytes:
    """A log has no request to keep: its record, as it was read."""
    said = {
        "provider_id": text.provider_id,
        "sender": text.sender,
        "to": text.to,
        "text": text.text,
        "at": text.at and text.at.isoformat(),
    }
    return json.dumps(said).encode()
