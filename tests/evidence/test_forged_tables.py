"""Forged tables: who writes to them is found out, column by column, and exports go by leaves alone."""

from __future__ import annotations

import csv
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from router.evidence import audit as auditing
from router.evidence.audit import audit
from router.evidence.verify import Finding
from router.postgres.embedded import Server
from router.postgres.held import HeldBooks
from router.postgres.review import Reviews
from router.rules.estimate import Label
from tests.conftest import dsn_of
from tests.evidence.handed import handed, stranger, told_elsewhere
from tests.evidence.scene import MINUTE, NOON, Scene, scene_in

_numbers = itertools.count(1)

_ANSWERED = """
WITH sent AS (
    INSERT INTO attempt (reference, reply, fence, purpose, account, sender, texter, state, live, estimate,
        spent, account_window, total_window, provider_id, at)
    SELECT 'aaaaaaaaaaaaaaaaaaaa', id, 1, 'answer', 'acme', '+33937000001', texter, 'accepted', true, 1,
        80000, $2, $2, 'SM1', $2 FROM reply WHERE id = $1
)
UPDATE reply SET state = 'accepted', owner = NULL, lease_until = NULL WHERE id = $1
"""
_JUDGED = """
INSERT INTO judgement (reply, version, rank, line, held, cluster, at)
VALUES ($1, 7, 3.5, 2.5, true, 'c0ffee', $2)
"""
_HELD = "UPDATE reply SET state = 'held', reason = 'raid', owner = NULL, lease_until = NULL WHERE id = $1"
_CHANGE = """
INSERT INTO raid_change (at, mode, cause, version, statistic, "limit", baseline, raided, began, texts,
    flagged, policy, explanation)
VALUES ($1, 'raid', 'statistic', 7, 14.5, 14, 0.1, 0.6, $1, 60, 41, '{}', '{"texts": 0}')
"""


async def _night(scene: Scene) -> None:
    """A text answered, one held, one dropped, one erased; a raid, holds, a review, orders."""
    await scene.store("answered", scene.text("held", "+33639980002"), decided=False)
    await scene.store(scene.text("pushed", verified=False))
    await scene.sealed(
        scene.text("dropped", "+33639980003", tier="model"), scene.text("gone", "+33639980009")
    )
    await scene.look.execute(_ANSWERED, scene.text("answered").id, NOON)
    await scene.look.execute(_JUDGED, scene.text("held").id, NOON)
    await scene.look.execute(_HELD, scene.text("held").id)
    await scene.look.execute(_CHANGE, NOON + MINUTE)
    await Reviews(scene.pool).open(scene.text("answered").id, by="kim")
    await Reviews(scene.pool).label(scene.text("answered").id, Label.FINE, NOON + MINUTE, 100, by="kim")
    await scene.keeping.erase_texter(scene.vault.pseudonym("+33639980009"), by="kim", why="asked")
    await scene.keeping.hold("old", NOON - MINUTE, NOON, by="kim", why="complaint")
    await scene.keeping.lift("old", by="kim", why="closed")
    await scene.keeping.hold("raid", NOON, NOON + MINUTE, by="kim", why="complaint")
    while await scene.seal():
        pass


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def night(
    postgres: Server, _administrator: asyncpg.Connection[Any], _template: str
) -> AsyncIterator[str]:
    """Name of a database of that night."""
    await _administrator.execute("CREATE DATABASE night TEMPLATE migrated STRATEGY WAL_LOG")
    async with scene_in(dsn_of(postgres, "night")) as scene:
        await _night(scene)
    yield "night"
    await _administrator.execute("DROP DATABASE night WITH (FORCE)")


@pytest_asyncio.fixture(loop_scope="session")
async def copy(postgres: Server, _administrator: asyncpg.Connection[Any], night: str) -> AsyncIterator[str]:
    """DSN of that night, to forge."""
    name = f"forged_{next(_numbers)}"
    await _administrator.execute(f"CREATE DATABASE {name} TEMPLATE {night} STRATEGY WAL_LOG")
    yield dsn_of(postgres, name)
    await _administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _found(scene: Scene) -> list[Finding]:
    return (await audit(scene.pool, scene.seals, await told_elsewhere(scene))).findings


_A = "(SELECT id FROM inbound WHERE provider_id = 'answered')"
_H = "(SELECT id FROM inbound WHERE provider_id = 'held')"
_D = "(SELECT id FROM inbound WHERE provider_id = 'dropped')"
_P = "(SELECT id FROM inbound WHERE provider_id = 'pushed')"
_G = "(SELECT id FROM inbound WHERE provider_id = 'gone')"
_BLANK = "decode('00000000000000000000000000000000', 'hex')"

_TEXTER = f"UPDATE inbound SET texter = {_BLANK} WHERE id = {_A}"
_STATE = f"UPDATE reply SET state = 'failed' WHERE id = {_A}"
_FLAGGED = "UPDATE raid_change SET flagged = 60"
_LABELLED = "UPDATE review SET label = 'abusive'"
_CALM = """INSERT INTO raid_change (at, mode, cause, version, statistic, "limit", baseline, raided, began,
    texts, flagged, policy, explanation) SELECT at, 'calm', cause, version, statistic, "limit", baseline,
    raided, began, texts, flagged, policy, explanation FROM raid_change"""
_JUDGES = f"""INSERT INTO judgement (reply, version, rank, line, held, cluster, at)
    VALUES ({_D}, 7, 9, 1, true, 'x', now())"""
_REVIEWS = f"""INSERT INTO review (inbound, received_at, mode, flagged, label, by)
    VALUES ({_D}, now(), 'calm', true, 'fine', 'x')"""
_SILENCED = """DELETE FROM evidence_undecided;
    UPDATE reply SET state = 'suppressed' WHERE state = 'held'"""
_HOLDS = """INSERT INTO evidence_hold (name, from_at, to_at)
    VALUES ('more', now(), now() + interval '1 h')"""

FORGERIES = [
    (_TEXTER, "changed leaf", "texter"),
    (f"UPDATE inbound SET texter = {_BLANK} WHERE id = {_G}", "changed leaf", "texter"),
    (
        f"UPDATE inbound SET texter = {_BLANK}, verified = true WHERE id = {_P}",
        "changed leaf",
        "texter, verified",
    ),
    (f"UPDATE inbound SET number = 'x' WHERE id = {_A}", "changed leaf", "number, number of its leaf"),
    (f"UPDATE inbound SET score = 0.99 WHERE id = {_A}", "changed leaf", "score"),
    (f"UPDATE inbound SET account = 'x' WHERE id = {_A}", "changed leaf", "account"),
    (f"UPDATE inbound SET received_at = '2017-11-20Z' WHERE id = {_A}", "changed leaf", "received_at"),
    (f"UPDATE reply SET texter = {_BLANK} WHERE id = {_A}", "changed reply", "texter"),
    (_STATE, "changed leaf", "state"),
    (f"UPDATE reply SET reason = 'budget' WHERE id = {_D}", "changed leaf", "reason"),
    (f"UPDATE reply SET priority = 9 WHERE id = {_D}", "changed leaf", "priority"),
    (f"DELETE FROM reply WHERE id = {_D}", "missing leaf", "its reply was deleted"),
    ("UPDATE attempt SET account = 'other'", "changed leaf", "attempts"),
    ("DELETE FROM attempt", "changed leaf", "attempts"),
    (f"UPDATE judgement SET cluster = 'beef' WHERE reply = {_H}", "changed leaf", "cluster"),
    (f"UPDATE judgement SET held = false WHERE reply = {_H}", "changed leaf", "held"),
    (f"DELETE FROM judgement WHERE reply = {_H}", "missing leaf", "its judgement was deleted"),
    (_JUDGES, "changed leaf", "judgement"),
    (_SILENCED, "added reply", "it was never sealed"),
    (_FLAGGED, "changed leaf", "flagged"),
    ("UPDATE raid_change SET explanation = '{}'", "changed leaf", "explanation"),
    ("DELETE FROM raid_change", "missing leaf", "its change of mode was deleted"),
    (_CALM, "added change of mode", "it was never sealed"),
    (f"UPDATE evidence SET flagged = true WHERE item = {_A}", "changed leaf", "flag of its leaf"),
    (f"UPDATE evidence SET number = 'x' WHERE item = {_A}", "changed leaf", "number of its leaf"),
    (
        f"UPDATE evidence SET received_at = '2017-11-20Z' WHERE item = {_A}",
        "changed leaf",
        "time of its leaf",
    ),
    (f"UPDATE evidence SET words = NULL WHERE item = {_A}", "missing leaf", "no act says who erased it"),
    (f"UPDATE evidence SET words = record WHERE item = {_A}", "changed leaf", "its words do not open"),
    (f"UPDATE evidence SET apart = false WHERE item = {_A}", "changed leaf", "how it was sealed"),
    (f"UPDATE evidence SET item = {_H} WHERE item = {_A}", "changed leaf", "does not open"),
    ("UPDATE evidence_act SET why = 'x' WHERE what = 'erased'", "changed leaf", "why"),
    ("UPDATE evidence_act SET by = 'x' WHERE what = 'opened'", "changed leaf", "by"),
    ("DELETE FROM evidence_act WHERE what = 'opened'", "missing leaf", "its act was deleted"),
    ("UPDATE evidence_hold SET to_at = now() WHERE name = 'raid'", "changed hold raid", "acts"),
    ("UPDATE evidence_hold SET lifted_at = now() WHERE name = 'raid'", "changed hold raid", "acts"),
    ("DELETE FROM evidence_hold WHERE name = 'raid'", "missing hold raid", "deleted"),
    (_HOLDS, "changed hold more", "acts"),
    (_LABELLED, "changed leaf", "label"),
    ("DELETE FROM review", "missing leaf", "its review was deleted"),
    (_REVIEWS, "added review", "it was never sealed"),
    ("UPDATE operator_action SET by = 'nobody'", "changed leaf", "by"),
    ("DELETE FROM operator_action", "missing leaf", "its operator's order was deleted"),
    ("INSERT INTO operator_action (what, by) VALUES ('x', 'kim')", "added operator's order", "never sealed"),
]


async def test_an_honest_night_is_whole(copy: str) -> None:
    async with scene_in(copy) as scene:
        assert await _found(scene) == []


@pytest.mark.parametrize(
    ("change", "what", "said"), FORGERIES, ids=[f"{n}-{said}" for n, (_, _, said) in enumerate(FORGERIES)]
)
async def test_what_is_forged_is_named_with_its_column(copy: str, change: str, what: str, said: str) -> None:
    async with scene_in(copy) as scene:
        await scene.tampered(change)
        found = await _found(scene)
        assert [
            each for each in found if f"{each.what} {each.where}".startswith(what) and said in each.said
        ], found


@pytest.mark.parametrize(
    "change", [_TEXTER, _STATE, _FLAGGED, _LABELLED], ids=["text", "reply", "raid", "label"]
)
async def test_control_without_the_comparison_it_passes(
    copy: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_in(copy) as scene:
        monkeypatch.setattr(auditing, "differs", lambda *_words, **_more: [])
        await scene.tampered(change)
        assert [each for each in await _found(scene) if each.where.startswith("leaf")] == []


async def test_control_without_its_trigger_an_end_that_changed_looks_like_a_forgery(copy: str) -> None:
    async with scene_in(copy) as scene:
        await scene.look.execute("DROP TRIGGER reply_ends_otherwise ON reply")
        await scene.look.execute(f"UPDATE reply SET state = 'failed' WHERE id = {_A}")
        assert [finding.what for finding in await _found(scene)] == ["changed"]


@pytest.mark.parametrize("order", [HeldBooks.release, HeldBooks.drop])
async def test_what_a_raid_held_and_the_operator_let_go_or_dropped_is_no_forgery(
    copy: str, order: Callable[[HeldBooks, datetime, str | None, str], Awaitable[int]]
) -> None:
    async with scene_in(copy) as scene:
        assert await order(HeldBooks(scene.pool), NOON + MINUTE, None, "kim") == 1
        assert await _found(scene) == []
        while await scene.seal():
            pass
        assert await _found(scene) == []


async def test_a_label_that_is_corrected_is_sealed_anew(copy: str) -> None:
    async with scene_in(copy) as scene:
        await Reviews(scene.pool).label(
            scene.text("answered").id, Label.ABUSIVE, NOON + MINUTE, 100, by="lou"
        )
        assert await _found(scene) == []
        await scene.seal()
        assert await _found(scene) == []
        assert await scene.value("SELECT count(*) FROM evidence WHERE kind = 'label'") == 2


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE inbound SET texter = {_BLANK}",
        "UPDATE inbound SET tier = 'model', score = 0.99",
        "UPDATE reply SET state = 'failed' WHERE state <> 'held'",
        "UPDATE raid_change SET flagged = 60",
        "UPDATE evidence SET flagged = true, number = 'stickers'",
        "DELETE FROM judgement",
        "DELETE FROM attempt",
    ],
)
async def test_no_figure_of_an_export_comes_out_of_a_table(copy: str, tmp_path: Path, change: str) -> None:
    async with scene_in(copy) as scene:
        await handed(scene, tmp_path / "honest")
        await scene.tampered(change)
        await handed(scene, tmp_path / "forged")
        (tmp_path / "roots").write_text(await told_elsewhere(scene))
        pages = [(tmp_path / name / "summary.html").read_text("utf-8") for name in ("honest", "forged")]
        tables = [_table(tmp_path / name) for name in ("honest", "forged")]
        assert pages[0].split("<h2>Comment vérifier")[0] == pages[1].split("<h2>Comment vérifier")[0]
        assert tables[0] == tables[1]
        assert len({row["texter"] for row in tables[1]}) == 4
        code, said = stranger(tmp_path / "forged", tmp_path / "roots")
        assert code == 0, said


def _table(folder: Path) -> list[dict[str, str]]:
    with (folder / "texts.csv").open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
