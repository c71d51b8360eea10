"""Random lives of texts on real PostgreSQL, through three owners, against a model; audited at each step."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from unittest import mock
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from router.postgres.ledger import Intent, Proof
from router.postgres.purses import Purses
from router.postgres.upkeep import Upkeep
from router.vault import random_reference
from tests import audit
from tests.postgres.ledger_model import Answer, Model, Try, Word
from tests.postgres.scene import DAY, MONTH, NOON, Owner, Scene, intent, pseudonym, scene_in
from tests.postgres.scene import text as text_of

T = TypeVar("T")
_AUDITED = int(os.environ.get("PARAVENT_LEDGER_AUDITED", "10000"))
"""Steps after which all of the books are compared and audited."""
_STEPS_A_LIFE, _USUALLY = 100, 62
_SECONDS_TO_SHRINK = 20
_SEEN = f"""SELECT
    ARRAY(SELECT (id, state, fence, requeued) FROM reply) AS replies,
    ARRAY(SELECT (reference, state, spent) FROM attempt) AS attempts,
    ARRAY(SELECT (purse, starts_at, cap, reserved, spent, overrun) FROM purse_window) AS windows,
    ARRAY(SELECT (pseudonym, answered, next_allowed_at) FROM texter
          WHERE answered > 0 OR next_allowed_at IS NOT NULL) AS texters,
    ARRAY(SELECT (rule, times, example) FROM ({audit.ALL}) broken) AS broken"""
_EMPTIED = "SET LOCAL session_replication_role = replica;" + "".join(
    f"DELETE FROM {table};"
    for table in ("inbound", "reply", "texter", "attempt", "receipt", "purse", "purse_window", "ledger")
)
"""With the triggers off, that keep the ledger append-only. TRUNCATE would take ten times as long."""
OWNERS = st.integers(0, 2)
OUTCOMES = ["accepted", "refused", "unsent", "unknown", "written_off", "none"]
PRICES = st.one_of(st.none(), st.integers(0, 150))


class LedgerMachine(RuleBasedStateMachine):
    """`loop`, `scene` and `owners` are the test's, and all lives have the same; `audited` counts steps."""

    loop: asyncio.AbstractEventLoop
    scene: Scene
    owners: Sequence[Owner]
    audited = 0

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.model = Model({"acme": 500, "beta": 200, "total": 600})
        self.ids: dict[int, UUID] = {}
        self.run(self._caps())

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(what)

    async def _caps(self) -> None:
        await self.scene.look.execute(_EMPTIED)
        await self.scene.purses(acme="0.0005", beta="0.0002", total="0.0006")

    def _in(self, *states: str, owner: int | None = None) -> list[Answer]:
        return [
            one for one in self.model.replies.values() if one.state in states and owner in {None, one.owner}
        ]

    @property
    def tries(self) -> list[Try]:
        return [one for reply in self.model.replies.values() for one in reply.tries]

    @initialize()
    def begin(self) -> None:
        for owner in range(3):
            self.store(owner=owner, texters=[owner, 3], priority=1, claim=owner > 0)

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
        self.run(self._look())
        LedgerMachine.audited += 1

    async def _look(self) -> None:
        seen = await self.scene.look.fetchrow(_SEEN)
        assert seen is not None
        names = {which: number for number, which in self.ids.items()}
        assert {names[which]: tuple(said) for which, *said in seen["replies"]} == {
            one.number: (one.state, one.fence, one.requeued) for one in self.model.replies.values()
        }
        assert {which: tuple(said) for which, *said in seen["attempts"]} == {
            one.reference: (one.state, one.spent) for one in self.tries
        }
        assert {(purse, start): tuple(said) for purse, start, *said in seen["windows"]} == {
            key: (w.cap, w.reserved, w.spent, w.overrun) for key, w in self.model.windows.items()
        }
        assert {which: tuple(said) for which, *said in seen["texters"]} == {
            pseudonym(f"texter {number}"): (one.answered, one.next_allowed)
            for number, one in self.model.texters.items()
            if one.answered or one.next_allowed
        }
        assert [tuple(audit.RULES)[rule] for rule, *_ in seen["broken"]] == []


def run_machine(dsn: str, lives: int, phases: tuple[Phase, ...] = tuple(Phase)) -> int:
    """Live so many lives; how many steps were audited."""
    loop = asyncio.new_event_loop()
    context = scene_in(dsn, audited=False)
    LedgerMachine.loop, LedgerMachine.audited = loop, 0
    LedgerMachine.scene = loop.run_until_complete(context.__aenter__())
    LedgerMachine.owners = [LedgerMachine.scene.owner() for _ in range(3)]
    chosen = settings(
        max_examples=lives,
        stateful_step_count=_STEPS_A_LIFE,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    try:
        with mock.patch.object(engine, "MAX_SHRINKING_SECONDS", _SECONDS_TO_SHRINK):
            run_state_machine_as_test(LedgerMachine, settings=chosen)
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()
    return LedgerMachine.audited


@pytest.mark.timeout(3_600)
def test_the_ledger_does_what_the_model_does(database: str) -> None:
    assert run_machine(database, _AUDITED // _USUALLY) >= _AUDITED
