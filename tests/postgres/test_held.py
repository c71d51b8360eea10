"""A thousand wordings held at once: listed and moved in moments, and each text once, whoever orders what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from router.cli.raiding import clusters
from router.lookout import Lookout
from router.postgres import held
from router.postgres.held import HeldBooks
from router.postgres.pool import DatabaseAwayError
from router.postgres.raid import RaidBooks
from router.rules.campaign import Raids
from router.vault import Vault
from router.web.raid import show
from tests.postgres.scene import NOON, Scene, scene_in

WORDINGS, EACH = 1_000, 4
TEXTS = WORDINGS * EACH

_HOLD = """
WITH many AS (
    SELECT gen_random_uuid() AS id, decode(md5((n / 2)::text), 'hex') AS texter, n
    FROM generate_series(1, $2::int) n
), texts AS (
    INSERT INTO inbound (id, account, provider_id, number, texter, letter, raw, received_at, verified, source)
    SELECT id, 'acme', n::text, 'front', texter, 'x', 'x', $1::timestamptz + n * interval '1 ms', true, 'log'
    FROM many
), replies AS (
    INSERT INTO reply (id, account, number, texter, lane, state, reason, received_at, expires_at)
    SELECT id, 'acme', 'front', texter, 'front', 'held', 'raid', $1::timestamptz + n * interval '1 ms',
        $1::timestamptz + interval '6 hours' FROM many
)
INSERT INTO judgement (reply, version, rank, line, held, cluster, at)
SELECT id, 1, 9, 1, true, substr(md5((n % $3::int)::text), 1, 12), $1::timestamptz FROM many
"""


_MOVED = "SELECT let_go AS calm, let_go_early AS operator, dropped FROM raid_state"


@pytest.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    async with scene_in(database) as scene:
        await scene.look.execute(_HOLD, NOON, TEXTS, WORDINGS)
        yield scene


async def moved(scene: Scene) -> dict[str, int]:
    """What is counted of held texts that went, by who said so."""
    return dict(await scene.look.fetchrow(_MOVED) or {})


async def states(scene: Scene) -> dict[str, int]:
    rows = await scene.look.fetch("SELECT state, count(*) AS n FROM reply GROUP BY 1")
    return {row["state"]: row["n"] for row in rows}


async def test_the_largest_are_shown_and_it_is_said_how_many_more_there_are(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = monotonic()
    found = await show(scene.pool, Raids(), Vault.in_folder(tmp_path))
    assert (found.held, found.phones, len(found.clusters)) == (TEXTS, TEXTS // 2 + 1, 20)
    assert len(found.model_dump_json()) < 10_000
    assert monotonic() - began < 10
    clusters(found)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "4,000 texts from 2,001 phones held, unanswered."
    assert lines[-1] == "3,920 texts of other wordings are held, too."
    assert len(lines) == 23


async def test_all_are_let_go_or_dropped_in_moments(scene: Scene) -> None:
    books, began = HeldBooks(scene.pool), monotonic()
    (first, second) = await books.clusters(2)
    assert await books.release(NOON, first.id, "kim") == EACH
    assert await books.drop(NOON, second.id, "kim") == EACH
    assert await books.release(NOON, first.id, "kim") == 0
    assert await books.drop(NOON, None, "kim") == TEXTS - 2 * EACH
    assert await states(scene) == {"queued": EACH, "suppressed": TEXTS - EACH}
    assert await books.clusters(1) == []
    assert monotonic() - began < 30


async def test_one_who_releases_and_one_who_drops_at_once_share_the_texts(scene: Scene) -> None:
    books = HeldBooks(scene.pool)
    freed, dropped = await asyncio.gather(books.release(NOON, None, "kim"), books.drop(NOON, None, "lou"))
    assert freed + dropped == TEXTS
    assert await states(scene) == {k: v for k, v in (("queued", freed), ("suppressed", dropped)) if v}
    assert await moved(scene) == {"calm": 0, "operator": freed, "dropped": dropped}


async def test_a_raid_ended_by_hand_while_its_texts_are_released_moves_each_once(
    scene: Scene, tmp_path: Path
) -> None:
    books = HeldBooks(scene.pool)
    lookout = Lookout(Vault.in_folder(tmp_path), RaidBooks(scene.pool), Raids())
    assert await lookout.declare(NOON, "kim")

    async def calm() -> int:
        """As every process lets held texts go once it is calm."""
        freed = 0
        while await books.any(NOON):
            freed += await books.calm(NOON, ["front"], 500 + freed)
        return freed

    ended, released, *by_calm = await asyncio.gather(
        lookout.end(NOON, "kim"), books.release(NOON, None, "lou"), calm(), calm()
    )
    assert ended
    assert released + sum(by_calm) == TEXTS
    assert await states(scene) == {"queued": TEXTS}
    assert await moved(scene) == {"calm": sum(by_calm), "operator": released, "dropped": 0}
    once = (
        "SELECT count(*) FROM judgement WHERE released_by IN ('calm', 'operator') AND released_at IS NOT NULL"
    )
    assert await scene.look.fetchval(once) == TEXTS


async def test_an_order_that_moves_nothing_is_none(scene: Scene) -> None:
    books, orders = HeldBooks(scene.pool), "SELECT count(*) FROM operator_action"
    assert await books.drop(NOON, "no such wording", "kim") == 0
    assert await scene.look.fetchval(orders) == 0
    assert await books.drop(NOON, None, "kim") == TEXTS
    assert await scene.look.fetchval(orders) == 1
    assert await books.release(NOON, None, "kim") == 0
    assert await scene.look.fetchval(orders) == 1


async def test_control_without_locks_both_would_move_the_same_text(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for order in ("_RELEASE", "_DROP"):
        written = getattr(held, order).replace("FOR UPDATE OF r SKIP LOCKED", "")
        monkeypatch.setattr(held, order, written)
    books = HeldBooks(scene.pool, most=TEXTS)
    done = await asyncio.gather(
        books.release(NOON, None, "kim"), books.drop(NOON, None, "lou"), return_exceptions=True
    )
    lost = [each for each in done if isinstance(each, DatabaseAwayError)]  # one waits for the other's rows
    assert lost or sum(each for each in done if isinstance(each, int)) > TEXTS
