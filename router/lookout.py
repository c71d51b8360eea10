"""The lookout: counts every text once, folds closed buckets in order, and knows how this process stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from router.postgres.raid import Came, Kept, RaidBooks, State, Turn
from router.rules import buckets, campaign
from router.rules.campaign import Campaign, Change, Mode, Raids
from router.rules.clusters import explain
from router.rules.holding import Stance
from router.rules.memory import Memory, Seen, packed, seen, unpacked
from router.vault import Vault, VaultError
from router.wire import boottime

_MOST = 1_000
_BREATH = 100
_PATIENCE = 1.0
_WHOLE = 2_000


@dataclass(slots=True)
class Lookout:
    """Whether a raid is on, the same for one process and for many: all that counts is in rows.

    Args:
        vault: Opens texts to count them; seals what is remembered of them.
        books: The rows.
        policy: When a raid is seen, and how many ordinary texts it may hold.
    """

    vault: Vault
    books: RaidBooks
    policy: Raids
    _memory: Memory = field(default_factory=Memory)

    async def step(self, now: datetime, *, patient: bool = False) -> bool:
        """Count what came in and fold every bucket that is over by `now`, business time.

        Where another process is at it, a patient one waits, and others return at once. False then, and if a
        transaction stays open that may still store a text of these buckets: the next step folds them.
        """
        async with self.books.turn(patient=patient) as turn:
            if turn is None:
                return False
            state, complete = await self._count(turn, now)
            memory = self._memory
            if complete:
                state, memory = await self._fold(turn, state, now)
            await turn.save(state, self.policy.alarm)
        self._memory = memory  # not before it is committed: another process may fold these buckets
        return complete

    async def stance(self) -> Stance:
        """What texts are judged by, as of the last bucket that anybody folded."""
        state = await self.books.state()
        if state.campaign.mode is Mode.CALM:
            return Stance(version=state.version)
        memory = await self._recall(state.version)
        grave = memory.line(Mode.RAID, self.policy.grave)
        return Stance(Mode.RAID, state.version, state.line, grave, memory.table())

    async def declare(self, now: datetime, by: str) -> bool:
        """A raid is on because the operator says so: only the operator ends it. False if one was declared."""
        return await self._ordered(now, by, "declared", campaign.declare)

    async def end(self, now: datetime, by: str) -> bool:
        """It is over because the operator says so, and so is a calm that was. False if there was neither."""
        return await self._ordered(now, by, "ended", campaign.end)

    async def calm(self, now: datetime, until: datetime, by: str) -> None:
        """It is no raid because the operator says so: until then none is seen, but one that is declared."""

        def order(known: Campaign, at: datetime, policy: Raids) -> tuple[Campaign, Change]:
            return campaign.calm(known, at, until, policy)

        await self._ordered(now, by, "calm", order, until)

    async def _ordered(
        self,
        now: datetime,
        by: str,
        what: str,
        order: Callable[[Campaign, datetime, Raids], tuple[Campaign, Change]],
        until: datetime | None = None,
    ) -> bool:
        async with self.books.turn(patient=True) as turn:
            if turn is None:  # never: it is patient
                return False
            state = turn.state
            if what == _needless(state.campaign, now):
                return False
            known, change = order(state.campaign, now, self.policy)
            memory = await self._recall(state.version)
            line = memory.line(known.mode, self.policy.held)
            await self._explain(turn, change, state.version, by, until)
            await turn.ordered(f"raid {what}", {"until": until.isoformat()} if until else {}, by)
            await turn.save(replace(state, campaign=known, line=line), self.policy.alarm)
        return True

    async def _count(self, turn: Turn, now: datetime) -> tuple[State, bool]:
        """Put every text that came into its bucket: into the open one if its own is folded."""
        state, patience = turn.state, boottime() + _PATIENCE
        while True:
            came, horizon = await turn.came(state.counted, _MOST)
            await turn.put(await self._sorted(came, state.closed, now))
            state = replace(state, counted=horizon)
            if horizon >= turn.fence:
                return state, True
            if not came:
                if boottime() > patience:
                    return state, False
                await asyncio.sleep(0.01)

    async def _sorted(
        self, came: Sequence[Came], closed: datetime | None, now: datetime
    ) -> list[tuple[datetime, int, int, bytes]]:
        sorted_in: dict[datetime, list[Came]] = {}
        for text in came:
            end = buckets.bucket_of(text.received_at, closed, now)
            sorted_in.setdefault(end, []).append(text)
        found = []
        for end, those in sorted_in.items():
            texts = await self._read(those)
            flagged = sum(text.flagged for text in texts)
            found.append((end, len(texts), flagged, self.vault.seal(packed(texts), _about(end))))
        return found

    async def _read(self, came: Sequence[Came]) -> list[Seen]:
        texts = []
        for place, text in enumerate(came, 1):
            sender, body = self._letter(text)
            texts.append(seen(body, text.score, sender, text.texter, text.number))
            if place % _BREATH == 0:
                await asyncio.sleep(0)  # others of this process have texts to answer
        return texts

    def _letter(self, text: Came) -> tuple[str, str]:
        try:
            return self.vault.open_letter(text.id, text.letter)
        except VaultError:  # erased since, or sealed by keys that are gone: it still counts as one text
            return "", ""

    async def _fold(self, turn: Turn, state: State, now: datetime) -> tuple[State, Memory]:
        memory, day = await self._recall(state.version), (state.closed or now).date()
        until = buckets.open_until(state.closed, now)
        for kept in await turn.closed(until, _MOST):
            bucket = campaign.Bucket(at=kept.at, texts=kept.texts, flagged=kept.flagged)
            known, change = campaign.fold(state.campaign, bucket, self.policy)
            memory = memory.after(self._opened(kept), known.mode, change)
            line = memory.line(known.mode, self.policy.held)
            words, turned, day = None, kept.at.date() > day, kept.at.date()
            # once a day at least: what single texts were counted by is forgotten later, and the count stays
            if change is not None or memory.loose >= _WHOLE or turned:
                words, memory = self.vault.seal(memory.packed(), _about(kept.at)), replace(memory, loose=0)
            await turn.folded(kept.at, memory.version, known, line, words)
            closed = max(kept.at, state.closed or kept.at)
            state = replace(state, closed=closed, version=memory.version, campaign=known, line=line)
            if change is not None:
                await self._explain(turn, change, memory.version, "")
            if words is not None:  # not before what they led to is explained by them
                await turn.fade(memory.version, known.began or kept.at)
        over = campaign.bucket_end(now) - campaign.SPAN
        return replace(state, closed=max(state.closed or over, over)), memory

    async def _explain(
        self, turn: Turn, change: Change, version: int, by: str, until: datetime | None = None
    ) -> None:
        texts = [
            text.sighting for kept in await turn.since(change.began, change.at) for text in self._opened(kept)
        ]
        found = explain(change, texts)
        told: dict[str, Any] = {
            "texts": found.texts,
            "senders": found.senders,
            "clusters": [
                {"id": self.vault.cluster(c.wording), "texts": c.texts, "senders": c.senders}
                for c in found.clusters
            ],
            "numbers": found.numbers,
            "prefixes": found.prefixes,
        }
        told |= {"until": until.isoformat()} if until else {}
        await turn.changed(change, version, by, (self.policy.model_dump(mode="json"), told))

    async def _recall(self, version: int) -> Memory:
        """The memory after that bucket, from the last full count and the buckets since."""
        memory = self._memory if self._memory.version <= version else Memory()
        if memory.version < version:
            whole = await self.books.words(version, memory.version)
            if whole is not None and whole[2] is not None:
                memory = Memory.unpacked(self.vault.open(whole[2], _about(whole[0])))
            for kept in await self.books.later(memory.version, version):
                memory = memory.after(self._opened(kept), kept.mode or Mode.CALM)
            self._memory = memory
        return memory

    def _opened(self, kept: Kept) -> list[Seen]:
        """The texts of a bucket, in an order that does not depend on who counted them."""
        texts = [text for each in kept.sightings for text in unpacked(self.vault.open(each, _about(kept.at)))]
        return sorted(
            texts, key=lambda text: (text.sighting.sender, text.odds, text.sighting.terms.tobytes())
        )


def _needless(known: Campaign, now: datetime) -> str:
    """The order that would change nothing."""
    if known.mode is Mode.RAID:
        return "declared" if known.by_hand else ""
    return "" if known.calm_until and known.calm_until > now else "ended"


def _about(at: datetime) -> bytes:
    return b"raid bucket " + at.astimezone(UTC).isoformat().encode()
