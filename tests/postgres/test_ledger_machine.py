"""Random lives of texts on real PostgreSQL, through three owners, against a model; audited at each step."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from router.postgres.ledger import Intent, Proof
from router.postgres.purses import Purses
from router.postgres.upkeep import Upkeep
from router.vault import random_reference
from tests.postgres.ledger_model import Answer, Model, Try, Word
from tests.postgres.scene import DAY, MONTH, NOON, Owner, Scene, intent, pseudonym, scene_in
from tests.postgres.scene import text as text_of

T = TypeVar("T")
_EXAMPLES = int(os.environ.get("PARAVENT_LEDGER_RUNS", "25"))
_STEPS = int(os.environ.get("PARAVENT_LEDGER_STEPS", "25"))
_TABLES = "inbound, reply, texter, attempt, receipt, purse, purse_window, ledger"
OWNERS = st.integers(0, 2)
OUTCOMES = ["accepted", "refused", "unsent", "unknown", "written_off", "none"]
PRICES = st.one_of(st.none(), st.integers(0, 150))


class LedgerMachine(RuleBasedStateMachine):
    """`dsn` and `loop` are set by the test."""

    dsn: str
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.context = scene_in(self.dsn, audited=False)
        self.scene: Scene = self.run(self.context.__aenter__())
        self.owners: list[Owner] = [self.scene.owner() for _ in range(3)]
        self.now: datetime = NOON
        self.model = Model({"acme": 500, "beta": 200, "total": 600})
        self.ids: dict[int, UUID] = {}
        self.run(self._caps())

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(what)

    async def _caps(self) -> None:
        await self.scene.look.execute(
            "ALTER TABLE ledger DISABLE TRIGGER ALL;"
            f"TRUNCATE {_TABLES}; ALTER TABLE ledger ENABLE TRIGGER ALL"
        )
        await self.scene.purses(acme="0.0005", beta="0.0002", total="0.0006")

    def teardown(self) -> None:
        self.run(self.context.__aexit__(None, None, None))

    def _in(self, *states: str, owner: int | None = None) -> list[Answer]:
        return [
            one for one in self.model.replies.values() if one.state in states and owner in {None, one.owner}
        ]

    @property
    def tries(self) -> list[Try]:
        return [one for reply in self.model.replies.values() for one in reply.tries]

    @rule(owner=OWNERS, texters=st.lists(st.integers(0, 3), min_size=1, max_size=4),
          priority=st.integers(0, 2), claim=st.booleans())  # fmt: skip
    def store(self, owner: int, texters: list[int], priority: int, *, claim: bool) -> None:
        arrivals = []
        for texter in texters:
            number = len(self.ids)
            arrival = text_of(
                f"text {number}", texter=pseudonym(f"texter {texter}"), priority=priority, claim=claim,
                received_at=NOON + timedelta(seconds=number), expires_at=NOON + timedelta(days=999),
            )  # fmt: skip
            self.ids[number] = arrival.id
            state = "claimed" if claim else "queued"
            whose = owner if claim else None
            # Who was answered before waits behind those who were not.
            turn = 2 if priority == 1 and not claim and self.model.was_answered(texter) else priority
            self.model.replies[number] = Answer(number, texter, turn, state, whose, int(claim))
            arrivals.append(arrival)
        assert self.run(self.owners[owner].store(*arrivals, arrivals[0])) == [True] * len(texters) + [False]

    @precondition(lambda self: self._in("queued"))
    @rule(owner=OWNERS, most=st.integers(1, 4))
    def claim(self, owner: int, most: int) -> None:
        best = sorted(self._in("queued"), key=lambda one: (one.priority, -one.number))[:most]
        found = self.run(self.owners[owner].claim(most))
        assert [claim.id for claim in found] == [self.ids[one.number] for one in best]
        for one, claim in zip(best, found, strict=True):
            one.state, one.owner, one.fence = "claimed", owner, one.fence + 1
            assert claim.fence == one.fence

    @precondition(lambda self: self._in("claimed"))
    @rule(data=st.data(), state=st.sampled_from(["queued", "suppressed", "failed"]))
    def finish(self, data: st.DataObject, state: str) -> None:
        one = data.draw(st.sampled_from(self._in("claimed", "sending")))
        owner = data.draw(OWNERS)
        mine = one.owner == owner and one.state == "claimed"
        kept = self.run(self.owners[owner].finish(self.ids[one.number], one.fence, state))
        assert kept == mine
        if mine:
            one.go(state)

    @precondition(lambda self: self._in("claimed"))
    @rule(data=st.data(), account=st.sampled_from(["acme", "beta"]), ceiling=st.integers(1, 4),
          most=st.integers(1, 4))  # fmt: skip
    def arm(self, data: st.DataObject, account: str, ceiling: int, most: int) -> None:
        owner = data.draw(st.sampled_from([one.owner for one in self._in("claimed")]))
        assert owner is not None
        mine = self._in("claimed", owner=owner)
        chosen = data.draw(st.lists(st.sampled_from(mine), min_size=1, max_size=4, unique_by=id))
        day = self.now.replace(hour=0)
        tries, intents = [], []
        for one in chosen:
            attempt = Try(
                random_reference(), one.number, data.draw(st.sampled_from([0, 30, 100])),
                self.now + timedelta(hours=12), ((account, day), ("total", MONTH)),
            )  # fmt: skip
            tries.append(attempt)
            intents.append(self._intent(one, attempt, ceiling, most))
        order = [(one.priority, str(self.ids[one.number])) for one in chosen]
        expected = self.model.arm(tries, order, self.now, ceiling, most)
        assert self.run(self.owners[owner].arm(*intents, now=self.now)) == expected

    def _intent(self, one: Answer, attempt: Try, ceiling: int, most: int) -> Intent:
        (account, day), (_, month) = attempt.windows
        return intent(
            self.ids[one.number], one.fence, reference=attempt.reference, account=account,
            estimate=attempt.estimate, account_window=day, total_window=month,
            next_allowed=attempt.next_allowed, ceiling=ceiling, in_flight=most,
        )  # fmt: skip

    @precondition(lambda self: self._in("claimed", "queued", "sending"))
    @rule(data=st.data(), owner=OWNERS)
    def arm_what_is_not_ours(self, data: st.DataObject, owner: int) -> None:
        one = data.draw(st.sampled_from(self._in("claimed", "queued", "sending")))
        attempt = Try(random_reference(), one.number, 1, self.now, (("acme", DAY), ("total", MONTH)))
        for key in attempt.windows:
            self.model.window(key)
        old = self._intent(one, attempt, 99, 99)
        if one.owner == owner and one.state == "claimed":
            old = replace(old, fence=one.fence - 1)
        assert self.run(self.owners[owner].arm(old, now=self.now)) == ["lost"]

    @precondition(lambda self: self.tries)
    @rule(data=st.data(), owner=OWNERS)
    def settle(self, data: st.DataObject, owner: int) -> None:
        words = [
            Word(
                attempt=data.draw(st.sampled_from(self.tries)),
                outcome=data.draw(st.sampled_from(OUTCOMES)),
                price=data.draw(PRICES),
                rank=data.draw(st.one_of(st.none(), st.integers(0, 3))),
                then=data.draw(st.sampled_from(["claimed", "queued", "failed"])),
            )
            for _ in range(data.draw(st.integers(1, 4)))
        ]
        proofs = [
            Proof(
                reference=word.attempt.reference, outcome=word.outcome, source="machine", price=word.price,
                then=word.then, receipt="x", receipt_rank=word.rank,
            )
            for word in words
        ]  # fmt: skip
        assert self.run(self.owners[owner].settle(*proofs, now=self.now)) == self.model.settle(words)

    @precondition(lambda self: self._in("claimed", "sending"))
    @rule(owner=OWNERS)
    def die(self, owner: int) -> None:
        self.run(self._reap(self.owners[owner].id))
        for one in self._in("claimed", "sending", owner=owner):
            if one.state == "sending":
                one.tries[-1].state = "unknown"
                one.go("in_doubt")
            else:
                one.go("queued")

    async def _reap(self, owner: UUID) -> None:
        await self.scene.look.execute("UPDATE reply SET lease_until = '-infinity' WHERE owner = $1", owner)
        await Upkeep(self.scene.pool).reap()

    @rule(purse=st.sampled_from(["acme", "beta", "total"]), cap=st.one_of(st.none(), st.integers(0, 700)))
    def change_cap(self, purse: str, cap: int | None) -> None:
        start = MONTH if purse == "total" else self.now.replace(hour=0)
        self.run(self._cap(purse, cap, start))
        self.model.caps[purse] = cap
        if (purse, start) in self.model.windows:
            self.model.windows[purse, start].change_cap(cap)

    async def _cap(self, purse: str, cap: int | None, start: datetime) -> None:
        assert await Purses(self.scene.pool).set(purse, cap, start)

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now = min(self.now + timedelta(hours=hours), NOON + timedelta(days=8))

    @invariant()
    def the_database_is_as_the_model(self) -> None:
        self.run(self._compare())
        self.run(self.scene.audit())

    async def _compare(self) -> None:
        look = self.scene.look
        names = {which: number for number, which in self.ids.items()}
        replies = await look.fetch("SELECT id, state, fence, requeued FROM reply")
        assert {names[row["id"]]: (row["state"], row["fence"], row["requeued"]) for row in replies} == {
            one.number: (one.state, one.fence, one.requeued) for one in self.model.replies.values()
        }
        tries = await look.fetch("SELECT reference, state, spent FROM attempt")
        assert {row["reference"]: (row["state"], row["spent"]) for row in tries} == {
            one.reference: (one.state, one.spent) for one in self.tries
        }
        windows = await look.fetch("SELECT * FROM purse_window")
        assert {
            (row["purse"], row["starts_at"]): (row["cap"], row["reserved"], row["spent"], row["overrun"])
            for row in windows
        } == {key: (w.cap, w.reserved, w.spent, w.overrun) for key, w in self.model.windows.items()}
        texters = await look.fetch("SELECT * FROM texter WHERE answered > 0 OR next_allowed_at IS NOT NULL")
        assert {row["pseudonym"]: (row["answered"], row["next_allowed_at"]) for row in texters} == {
            pseudonym(f"texter {number}"): (one.answered, one.next_allowed)
            for number, one in self.model.texters.items()
            if one.answered or one.next_allowed
        }


def run_machine(dsn: str, examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    loop = asyncio.new_event_loop()
    LedgerMachine.dsn, LedgerMachine.loop = dsn, loop
    chosen = settings(
        max_examples=examples,
        stateful_step_count=_STEPS,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(LedgerMachine, settings=chosen)
    finally:
        loop.close()


@pytest.mark.timeout(3_600)
def test_the_ledger_does_what_the_model_does(database: str) -> None:
    run_machine(database, _EXAMPLES)
