"""Everything that is stored is sealed, once, by one sealer, whoever dies; and nothing sealed is changed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from router.evidence.leaves import about, about_words, leaves, opened, opened_section
from router.postgres.evidence import Due, Leaf, standing
from router.rules.evidence import BEGINNING
from tests.evidence.scene import NOON, Scene, scene_in

_UNSEALED = "SELECT count(*) FROM inbound i WHERE NOT EXISTS (SELECT FROM evidence e WHERE e.item = i.id)"


async def test_each_text_and_its_decision_become_leaves_of_a_chain(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.store("one", "two", decided=False)
        await scene.seal()
        await scene.store("three")
        await scene.seal()
        await scene.seal()
        roots = await scene.look.fetch("SELECT * FROM evidence_root ORDER BY number")
        assert [root["leaves"] for root in roots] == [2, 1, 1]
        assert roots[0]["previous"] == BEGINNING
        assert [root["previous"] for root in roots[1:]] == [root["root"] for root in roots[:-1]]
        kinds = [
            row["kind"] for row in await scene.look.fetch("SELECT kind FROM evidence ORDER BY root, place")
        ]
        assert kinds == ["text", "text", "text", "decision"]
        assert await scene.seal() is None


async def test_a_text_that_commits_late_is_sealed_all_the_same(database: str) -> None:
    async with scene_in(database) as scene:
        late = await asyncpg.connect(database)
        async with late.transaction():
            await late.execute(
                "INSERT INTO inbound (id, account, provider_id, number, texter, letter, raw, received_at,"
                " verified, source) SELECT gen_random_uuid(), 'acme', 'late', 'poster', $1, '', '', now(),"
                " true, 'webhook'",
                bytes(16),
            )
            await scene.sealed("later, committed before")
        await late.close()
        assert await scene.value(_UNSEALED) == 1
        await scene.seal()
        assert await scene.value(_UNSEALED) == 0


async def test_control_without_the_trigger_texts_would_be_passed_over(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.look.execute("DROP TRIGGER inbound_is_evidence ON inbound")
        await scene.sealed("nobody hears of it")
        assert await scene.value(_UNSEALED) == 1


async def test_a_sealer_that_is_killed_leaves_all_due_and_no_gap(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.store("one")
        began = asyncio.Event()

        async def hangs(_due: Due) -> list[Leaf]:
            began.set()
            await asyncio.sleep(60)
            return []

        killed = asyncio.create_task(scene.evidence.seal(hangs))
        await began.wait()
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
        async with asyncio.timeout(10):
            while (root := await scene.seal()) is None:  # noqa: ASYNC110 -- the server ends it when it notices
                await asyncio.sleep(0.02)
        assert root.number == 1
        assert await scene.value(_UNSEALED) == 0


async def test_of_many_sealers_one_seals_and_each_text_once(database: str) -> None:
    async with scene_in(database) as scene:
        scene.evidence.most = 7
        for number in range(60):
            await scene.store(f"text {number}")
        async with asyncio.timeout(20):
            while await scene.value("SELECT count(*) FROM evidence") < 120:
                await asyncio.gather(*(scene.seal() for _ in range(4)))
        assert await scene.value("SELECT count(DISTINCT (kind, item)) FROM evidence") == 120
        assert await scene.value("SELECT max(number) = count(*) FROM evidence_root") is True


async def _while_another_seals(scene: Scene) -> tuple[Any, Any]:
    """What comes of sealing while another sealer is at it and more comes in."""
    began, go_on = asyncio.Event(), asyncio.Event()
    await scene.store("one", decided=False)

    async def slowly(due: Due) -> list[Leaf]:
        began.set()
        await go_on.wait()
        return leaves(due, scene.seals)

    one = asyncio.create_task(scene.evidence.seal(slowly))
    await began.wait()
    await scene.store("two", decided=False)
    other = asyncio.create_task(scene.seal())
    await asyncio.wait([other], timeout=0.3)
    go_on.set()
    return await asyncio.gather(one, other, return_exceptions=True)


async def test_who_is_not_the_one_sealer_lets_it_be(database: str) -> None:
    async with scene_in(database) as scene:
        one, other = await _while_another_seals(scene)
        assert (one.number, other) == (1, None)
        assert await scene.seal() is not None


async def test_control_without_the_lock_two_would_follow_the_same_root(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.postgres.evidence._TRY_LOCK", "SELECT $1::bigint IS NOT NULL")
    async with scene_in(database) as scene:
        assert isinstance((await _while_another_seals(scene))[1], asyncpg.UniqueViolationError)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM evidence",
        "UPDATE evidence SET leaf = sha256('')",
        "UPDATE evidence SET record = 'x'",
        "UPDATE evidence SET words = 'x'",
        "UPDATE evidence SET words = NULL, place = 9",
        "UPDATE evidence SET words = NULL, apart = false",
        "UPDATE evidence SET record = NULL WHERE kind = 'text'",
        "UPDATE evidence SET record = NULL WHERE kind = 'decision'",
        "TRUNCATE evidence",
        "UPDATE evidence_root SET tree = sha256('')",
        "DELETE FROM evidence_root",
        "TRUNCATE evidence_root CASCADE",
        "DELETE FROM evidence_act",
    ],
)
async def test_what_is_sealed_is_not_changed(database: str, change: str) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one")
        await scene.keeping.opened("kim", "review", {})
        with pytest.raises(asyncpg.RaiseError, match="insert-only"):
            await scene.look.execute(change)


async def test_how_far_sealing_is_can_be_seen(database: str) -> None:
    async with scene_in(database) as scene:
        assert await _standing(scene) == (0, 0, 0)
        await scene.store("one", "two")
        await asyncio.sleep(0.02)
        unsealed, age, unsent = await _standing(scene)
        assert (unsealed, unsent) == (2, 0)
        assert age >= 0.02
        await scene.seal()
        assert await _standing(scene) == (0, 0, 1)


async def _standing(scene: Scene) -> Any:
    found = await standing(scene.look)
    return found.unsealed, found.age, found.unsent


async def test_a_letter_that_does_not_open_holds_up_no_other(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.store(scene.text("broken", letter=b"nothing of ours"), "whole", decided=False)
        root = await scene.seal()
        assert root is not None
        assert root.leaves == 2


_CHANGE = """
INSERT INTO raid_change (at, mode, cause, version, statistic, "limit", baseline, raided, began, texts,
    flagged, policy, explanation)
VALUES ($1, 'raid', 'statistic', 7, 14.5, 14, 0.1, 0.6, $1, 60, 41, '{}', '{"texts": 60}')
"""
_DECIDED = "UPDATE reply SET state = 'suppressed', reason = 'raid', owner = NULL, lease_until = NULL"


async def test_why_the_mode_changed_and_what_a_raid_judged_of_a_text_are_sealed(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.store("held", decided=False)
        await scene.look.execute(
            "INSERT INTO judgement (reply, version, rank, line, held, cluster, at)"
            " VALUES ($1, 7, 3.5, 2.5, true, 'c0ffee', $2)", scene.text("held").id, NOON,
        )  # fmt: skip
        await scene.look.execute(_CHANGE, NOON)
        await scene.seal()
        await scene.look.execute(_DECIDED)
        await scene.seal()
        said = {
            row["kind"]: opened(scene.vault.take_out(row["record"], about(row["kind"], row["item"])))[1]
            for row in await scene.look.fetch("SELECT kind, item, record FROM evidence")
        }
    assert (said["judgement"]["held"], said["judgement"]["cluster"]) == (True, "c0ffee")
    assert said["decision"]["judgement"] | {"at": ""} == {
        "version": 7, "rank": 3.5, "line": 2.5, "held": True, "cluster": "c0ffee", "at": "",
        "released_at": None, "released_by": "",
    }  # fmt: skip
    change = said["change"]
    assert (change["mode"], change["statistic"], change["limit"]) == ("raid", 14.5, 14.0)
    assert (change["texts"], change["flagged"], change["explanation"]) == (60, 41, {"texts": 60})


async def test_what_is_told_of_a_text_is_sealed_apart_from_its_words_and_stays(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one")
        row = await scene.look.fetchrow("SELECT item, record, words, apart FROM evidence WHERE kind = 'text'")
        assert row is not None
        _, payload, facts = opened(scene.vault.take_out(row["record"], about("text", row["item"])))
        assert facts is not None
        assert facts.said["texter"] == scene.vault.pseudonym("+33639980001").hex()
        assert row["apart"]
        shown = json.dumps([payload, facts.said])
        assert "one" not in {*facts.said.values()} - {facts.said["provider_id"]}
        assert "39980001" not in shown
        words = opened_section(scene.vault.take_out(row["words"], about_words("text", row["item"])))
        assert (words.said["from"], words.said["text"]) == ("+33639980001", "one")


_LABEL = """
INSERT INTO review (inbound, received_at, mode, flagged, label, by)
SELECT id, received_at, 'calm', false, 'fine', 'kim' FROM inbound
"""


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("INSERT INTO operator_action (what, by) VALUES ('account cut', 'kim')", "order"),
        (_LABEL, "label"),
    ],
)  # fmt: skip
async def test_what_operators_and_reviewers_do_is_due_in_the_same_commit(
    database: str, change: str, kind: str
) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one")
        async with scene.look.transaction():
            await scene.look.execute(change)
            assert await scene.value("SELECT array_agg(kind) FROM evidence_due") == [kind]
        await scene.seal()
        assert await scene.value("SELECT count(*) FROM evidence WHERE kind = $1", kind) == 1
