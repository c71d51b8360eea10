"""The hot statements read what they need, however much lies around, also by plans made while nothing did.

Counted by PostgreSQL itself: rows read by scans of tables and entries read in indexes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from router.postgres.accounts import Accounts
from router.postgres.doubts import Doubts
from router.postgres.incoming import Incoming
from router.postgres.parked import Parking
from router.postgres.pool import Pool
from router.postgres.receipts import Receipts
from router.postgres.standing import Standing
from router.postgres.upkeep import Upkeep
from router.rules.consent import Consent
from tests.postgres.scene import NOON, Owner, Scene, intent, proof, scene_in
from tests.postgres.scene import text as text_of
from tests.postgres.test_parked import notice

_MANY = 60_000
_ENOUGH = 20  # rows and index entries that one item of a call may cost
_FILL = """
WITH many AS (
    SELECT n, gen_random_uuid() AS id, decode(md5(n::text), 'hex') AS texter,
           CASE WHEN n % 600 = 0 THEN 'in_doubt' ELSE
           (ARRAY['queued', 'queued', 'delayed', 'held', 'accepted', 'failed'])[1 + n % 6] END AS state
    FROM generate_series(1, $2::integer) n
), texts AS (
    INSERT INTO inbound (id, account, provider_id, number, texter, letter, raw, received_at, verified, source,
                         reread_after)
    SELECT id, 'acme', n::text, 'front', texter, 'x', 'x', $1, n % 5 > 0, 'log', 'infinity' FROM many
), replies AS (
    INSERT INTO reply (id, account, number, texter, lane, state, received_at, not_before, expires_at,
                       reserved)
    SELECT id, 'acme', 'front', texter, CASE n % 4 WHEN 0 THEN 'front' ELSE 'closed' END, state,
           $1 - n * interval '1 s', $1 + n * interval '1 s', $1 + interval '1 day',
           CASE state WHEN 'in_doubt' THEN 1 ELSE 0 END FROM many
), texters AS (
    INSERT INTO texter (pseudonym, answered) SELECT texter, 0 FROM many
), attempts AS (
    INSERT INTO attempt (reference, reply, fence, purpose, account, sender, texter, state, live, estimate,
                         spent, account_window, total_window, provider_id, at, look_after)
    SELECT translate(substr(md5(n::text) || md5('x'), 1, 20), '01899', 'abcde'), id, 0, 'stop_confirmation',
           'acme', 's', texter, CASE state WHEN 'in_doubt' THEN 'unknown' ELSE 'accepted' END, true, 1,
           CASE state WHEN 'in_doubt' THEN 0 ELSE 1 END, $1, $1, n::text, $1, $1
    FROM many WHERE state IN ('accepted', 'in_doubt')
    RETURNING reference
), receipts AS (
    INSERT INTO receipt (account, digest, reference, status, received_at, raw, applied_at, attempt, try_after)
    SELECT 'acme', decode(md5(reference || later), 'hex'), reference, 'sent', $1, 'x',
           CASE WHEN NOT later THEN $1 END, CASE WHEN NOT later THEN reference END,
           CASE WHEN later THEN 'infinity'::timestamptz ELSE $1 END
    FROM attempts CROSS JOIN (VALUES (true), (false)) AS l (later)
), news AS (
    INSERT INTO health_history (account, sender, was, status, operator, reason, code, version, by, tell_after)
    SELECT 'acme', '', '', 'open', '', '', '', n, 'flow', 'infinity' FROM many
), booked AS (
    INSERT INTO ledger (kind, reference, account, account_window, total_window, source, at)
    SELECT 'reserve', reference, 'acme', $1, $1, 'fill', $1 FROM attempts
)
INSERT INTO purse_window (purse, starts_at, cap, high_cap, unlimited)
SELECT 'acme', $1 - n * interval '1 h 1 s', 1, 1, false FROM generate_series(1, 5000) n
"""
_READ = """
SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables)
     + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)
"""


class Hot:
    """Every hot call once, on one line, a few texts each; and what it read."""

    def __init__(self, scene: Scene, single: Pool) -> None:
        self.scene = scene
        self.owner: Owner = scene.owner()
        self.single = single
        self.accounts = Accounts(single)
        self.parking = Parking(scene.pool)
        self.receipts = Receipts()
        self.read: dict[str, int] = {}

    async def _count(self) -> int:
        return int(await self.scene.look.fetchval(_READ))

    async def _flush(self) -> None:
        """Have PostgreSQL count what our connections have read."""
        lines = (self.owner.line, self.accounts._line, self.parking._line, self.single)
        for line in lines:
            async with line.connection() as connection:
                await connection.fetchval("SELECT pg_stat_force_next_flush()")

    async def _watch(self, name: str, call: Callable[[], Awaitable[object]]) -> None:
        await self._flush()
        before = await self._count()
        await call()
        await self._flush()
        self.read[name] = await self._count() - before

    async def round(self) -> None:
        owner, texts = self.owner, [text_of(str(uuid4())) for _ in range(10)]
        waiting = [
            text_of(str(uuid4()), claim=False, received_at=NOON + timedelta(hours=1)) for _ in range(10)
        ]
        pieces = [
            text_of(str(uuid4()), claim=False, not_before=NOON, part=("r", 1, 2), join_key=str(uuid4()))
            for _ in range(10)
        ]
        upkeep = Upkeep(self.single, most=10)
        intents = [intent(one.id, in_flight=10**6, estimate=1) for one in texts]
        wishes = [(one.texter, Consent.RESUME, NOON) for one in texts]
        await self._watch("store", lambda: owner.store(*texts, *waiting))
        await self._watch("store pieces", lambda: owner.store(*pieces))
        await self._watch("claim", lambda: owner.claim(10, ["front", "nobody"]))
        await self._watch("arm", lambda: owner.arm(*intents))
        await self._watch(
            "settle accepted", lambda: owner.settle(*(proof(i, "accepted") for i in intents[:5]))
        )
        await self._watch("settle refused", lambda: owner.settle(*(proof(i, "refused") for i in intents[5:])))
        told = [notice(reference=i.reference) for i in intents]
        await self._watch("receive", lambda: self.receipts.store(owner.line, told))
        await self._watch("plain", lambda: self.parking.plain(["acme"], 10))
        await self._watch("parked", lambda: self.parking.due([], 10))
        await self._watch("finish", lambda: owner.finish(texts[0].id, 1, "failed"))
        await self._watch("consent", lambda: owner.inbox.consent(owner.line, wishes))
        await self._watch("due", lambda: upkeep.due(NOON))
        await self._watch("expire", lambda: upkeep.expire(NOON))
        await self._watch("reap", upkeep.reap)
        await self._watch("facts", self.accounts.facts)
        await self._watch("in doubt", lambda: Doubts(self.single).in_doubt(10, NOON - timedelta(days=9)))
        await self._watch("open-ended", lambda: Doubts(self.single).open_ended(10))
        await self._watch("unproved", lambda: Incoming(self.single).unproved(["acme"], 10))
        await self._watch("untold", lambda: Standing(self.single).untold(10))

    def too_much(self) -> dict[str, int]:
        return {name: rows for name, rows in self.read.items() if rows > 20 * _ENOUGH}


async def fill(scene: Scene) -> None:
    await scene.look.execute(_FILL, NOON, _MANY)


@pytest.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    async with scene_in(database, audited=False) as scene:
        yield scene


@pytest.fixture
async def single(database: str) -> AsyncIterator[Pool]:
    """A pool of one connection: what it runs is counted there."""
    async with Pool(database, application="test", size=1) as pool:
        yield pool


async def reads_by_old_plans(scene: Scene, single: Pool) -> dict[str, int]:
    hot = Hot(scene, single)
    for _ in range(8):  # after five a plan is kept for good
        await hot.round()
    await fill(scene)
    await hot.round()
    return hot.too_much()


async def test_plans_made_while_tables_were_empty_stay_good(scene: Scene, single: Pool) -> None:
    assert await reads_by_old_plans(scene, single) == {}


async def test_plans_that_are_not_pinned_do_not(
    scene: Scene, single: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.postgres.pool._BY_INDEX", {})
    monkeypatch.setattr("router.postgres.pool._PLANNED_ANEW", {})
    with pytest.raises(AssertionError):
        assert await reads_by_old_plans(scene, single) == {}


async def planned_anew(scene: Scene, single: Pool) -> int:
    """How often a line planned a statement that it knew."""
    hot = Hot(scene, single)
    for _ in range(8):
        await hot.round()
    async with hot.owner.line.connection() as connection:
        return int(await connection.fetchval("SELECT sum(custom_plans) FROM pg_prepared_statements"))


async def test_a_line_plans_each_statement_once(scene: Scene, single: Pool) -> None:
    assert await planned_anew(scene, single) == 0


async def test_left_to_itself_it_plans_again_and_again(
    scene: Scene, single: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.postgres.pool._BY_INDEX", {})
    with pytest.raises(AssertionError):
        assert await planned_anew(scene, single) == 0


@pytest.mark.parametrize("analysed", [False, True])
async def test_plans_made_when_tables_are_big_are_good(scene: Scene, single: Pool, *, analysed: bool) -> None:
    await fill(scene)
    if analysed:
        await scene.look.execute("ANALYZE")
    hot = Hot(scene, single)
    for _ in range(8):
        await hot.round()
    assert hot.too_much() == {}, hot.read


async def big(scene: Scene, single: Pool) -> dict[str, int]:
    await fill(scene)
    hot = Hot(scene, single)
    await hot.round()
    return hot.too_much()


@pytest.mark.parametrize("index", ["reply_ready", "attempt_in_flight", "reply_leased"])
async def test_without_an_index_the_backlog_is_read(scene: Scene, single: Pool, index: str) -> None:
    await scene.look.execute(f"DROP INDEX {index}")
    with pytest.raises(AssertionError):
        assert await big(scene, single) == {}
