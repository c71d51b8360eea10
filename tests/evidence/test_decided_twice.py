"""A decision that was sealed stands: only what is learnt of an attempt ends a reply otherwise after all."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from router.evidence import verify
from router.evidence.audit import audit
from router.evidence.verify import Finding
from router.postgres.ledger import Ledger, Proof
from router.postgres.upkeep import Upkeep
from tests.evidence.handed import handed, stranger, told_elsewhere
from tests.evidence.scene import NOON, Scene, scene_in

_ANSWERED = """
WITH sent AS (
    INSERT INTO attempt (reference, reply, fence, purpose, account, sender, texter, state, live, estimate,
        spent, account_window, total_window, provider_id, at)
    SELECT 'aaaaaaaaaaaaaaaaaaaa', id, 1, 'answer', 'acme', '+33937000001', texter, 'accepted', true, 1,
        80000, $2, $2, 'SM1', $2 FROM reply WHERE id = $1
)
UPDATE reply SET state = 'accepted', owner = NULL, lease_until = NULL WHERE id = $1
"""
_A = "(SELECT id FROM inbound WHERE provider_id = 'answered')"
_D = "(SELECT id FROM inbound WHERE provider_id = 'dropped')"
_REFUSED = "UPDATE attempt SET state = 'refused', live = false"

ENDS = [
    (f"UPDATE reply SET reason = 'cooldown' WHERE id = {_A}", "accepted", "accepted (cooldown)"),
    (
        f"UPDATE reply SET state = 'suppressed', reason = 'cooldown' WHERE id = {_A}",
        "accepted",
        "suppressed (cooldown)",
    ),
    (f"UPDATE reply SET state = 'failed' WHERE id = {_A}", "accepted", "failed"),
    (f"{_REFUSED}; UPDATE reply SET state = 'failed' WHERE id = {_A}", "accepted", "failed"),
    (f"DELETE FROM attempt; UPDATE reply SET state = 'failed' WHERE id = {_A}", "accepted", "failed"),
    (
        f"UPDATE attempt SET account = 'other'; UPDATE reply SET priority = 9 WHERE id = {_A}",
        "accepted",
        "accepted",
    ),
    (
        f"UPDATE reply SET reason = 'operator' WHERE id = {_D}",
        "suppressed (cooldown)",
        "suppressed (operator)",
    ),
    (
        f"UPDATE reply SET state = 'accepted', reason = '' WHERE id = {_D}",
        "suppressed (cooldown)",
        "accepted",
    ),
    (f"UPDATE reply SET priority = 9 WHERE id = {_D}", "suppressed (cooldown)", "suppressed (cooldown)"),
]
_FORGED = pytest.mark.parametrize(("change", "was", "now"), ENDS, ids=[str(n) for n in range(len(ENDS))])


@pytest_asyncio.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    """A text answered and one silenced, both decided and sealed."""
    async with scene_in(database) as scene:
        await scene.store("answered", decided=False)
        await scene.store(scene.text("dropped", "+33639980003"))
        await scene.look.execute(_ANSWERED, scene.text("answered").id, NOON)
        await _sealed(scene)
        yield scene


async def _sealed(scene: Scene) -> None:
    while await scene.seal():
        pass


async def _found(scene: Scene) -> list[Finding]:
    return (await audit(scene.pool, scene.seals, await told_elsewhere(scene))).findings


def _rows(folder: Path) -> list[tuple[str, str]]:
    with (folder / "texts.csv").open(encoding="utf-8-sig", newline="") as lines:
        return [(row["state"], row["reason"]) for row in csv.DictReader(lines)]


@_FORGED
async def test_an_end_that_no_router_makes_is_found_before_and_after_it_was_sealed(
    scene: Scene, change: str, was: str, now: str
) -> None:
    assert await _found(scene) == []
    await scene.look.execute(change)
    for _ in "before", "after":
        said = [finding.said for finding in await _found(scene) if finding.what == "changed"]
        assert [each for each in said if f"decided twice: sealed as {was}, now {now};" in each], said
        await _sealed(scene)
    assert await scene.value("SELECT count(*) FROM evidence WHERE kind = 'decision'") == 3


@_FORGED
async def test_a_folder_shows_the_first_end_and_says_that_another_follows(
    scene: Scene, tmp_path: Path, change: str, was: str, now: str
) -> None:
    await handed(scene, tmp_path / "honest")
    await scene.look.execute(change)
    await handed(scene, tmp_path / "forged")
    (tmp_path / "roots").write_text(await told_elsewhere(scene))
    assert _rows(tmp_path / "forged") == _rows(tmp_path / "honest")
    page = (tmp_path / "forged" / "summary.html").read_text("utf-8")
    assert "another one was sealed that the router does not make" in page
    code, said = stranger(tmp_path / "forged", tmp_path / "roots")
    assert code == verify.CHANGED
    assert f"decided twice: sealed as {was}, now {now};" in said
    code, said = stranger(tmp_path / "honest", tmp_path / "roots")
    assert code == 0, said


@pytest.mark.parametrize("change", [change for change, _, _ in ENDS], ids=[str(n) for n in range(len(ENDS))])
async def test_control_without_the_rule_it_is_sealed_as_the_truth(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    monkeypatch.setattr(verify, "_follows", lambda _first, _then: True)
    monkeypatch.setattr(verify, "_contradiction", lambda _decision: ())
    await scene.look.execute(change)
    assert await _found(scene) == []
    await _sealed(scene)
    assert await _found(scene) == []
    await handed(scene, tmp_path / "forged")
    assert verify.check(tmp_path / "forged", await told_elsewhere(scene)).findings == []


async def _receipt(scene: Scene, outcome: str, receipt: str, rank: int, which: str = "a") -> str:
    proof = Proof(reference=which * 20, outcome=outcome, source="receipt", receipt=receipt, receipt_rank=rank)
    return (await Ledger(uuid4(), timedelta(seconds=30)).settle(scene.line, [proof], NOON))[0]


async def test_what_late_receipts_make_of_a_reply_is_no_forgery(scene: Scene, tmp_path: Path) -> None:
    async def is_whole(kinds: int) -> None:
        assert await _found(scene) == []
        await _sealed(scene)
        assert await _found(scene) == []
        decisions = f"SELECT count(*) FROM evidence WHERE kind = 'decision' AND item = {_A}"
        assert await scene.value(decisions) == kinds

    assert await _receipt(scene, "unsent", "failed", 2) == "queued"
    await is_whole(1)
    assert await Upkeep(scene.pool).expire(NOON + timedelta(hours=7)) == ["expired"]
    await is_whole(2)
    assert await _receipt(scene, "accepted", "delivered", 3) == "accepted"
    await is_whole(3)
    await handed(scene, tmp_path / "folder")
    (tmp_path / "roots").write_text(await told_elsewhere(scene))
    code, said = stranger(tmp_path / "folder", tmp_path / "roots")
    assert code == 0, said
    assert "accepted" in {state for state, _ in _rows(tmp_path / "folder")}


async def test_what_two_sends_and_a_late_delivery_make_of_a_reply_is_no_forgery(scene: Scene) -> None:
    async def is_whole() -> None:
        for _ in "before", "after":
            assert await _found(scene) == []
            await _sealed(scene)

    again = _ANSWERED.partition("UPDATE reply")[0].replace("aaaa", "bbbb").replace("'accepted'", "'open'")
    assert await _receipt(scene, "unsent", "failed", 2) == "queued"
    await is_whole()
    await scene.look.execute(
        f"{again} UPDATE reply SET state = 'sending', owner = gen_random_uuid(), lease_until = now()"
        " WHERE id = $1",
        scene.text("answered").id,
        NOON,
    )
    await is_whole()
    assert await _receipt(scene, "accepted", "delivered", 3) == "sending"
    await is_whole()
    assert await _receipt(scene, "accepted", "sent", 1, "b") == "accepted"
    await is_whole()
    assert await _receipt(scene, "unsent", "failed", 2, "b") == "accepted"
    await is_whole()
    states = await scene.value("SELECT array_agg(state ORDER BY reference) FROM attempt")
    assert states == ["accepted", "refused"]


async def test_an_answer_given_up_and_delivered_after_all_is_no_forgery(scene: Scene) -> None:
    await scene.store("doubtful", decided=False)
    which = scene.text("doubtful").id
    doubtful = _ANSWERED.replace("aaaa", "cccc").replace("'accepted'", "'written_off'", 1)
    await scene.look.execute(doubtful.replace("state = 'accepted'", "state = 'abandoned'"), which, NOON)
    await _sealed(scene)
    assert await _found(scene) == []
    assert await _receipt(scene, "accepted", "delivered", 3, "c") == "accepted"
    assert await _found(scene) == []
    await _sealed(scene)
    assert await _found(scene) == []
    decisions = "SELECT count(*) FROM evidence WHERE kind = 'decision' AND item = $1"
    assert await scene.value(decisions, which) == 2


async def test_a_plausible_end_with_a_forged_receipt_is_not_found(scene: Scene) -> None:
    """EVIDENCE.md says so: the carrier's log knows."""
    await scene.look.execute(f"{_REFUSED}, receipt = 'failed'")
    await scene.look.execute(f"UPDATE reply SET state = 'failed' WHERE id = {_A}")
    await _sealed(scene)
    assert await _found(scene) == []


@pytest.mark.parametrize(
    ("change", "kind", "item"),
    [
        (f"UPDATE inbound SET score = 0.99, tier = 'model' WHERE id = {_A}", "text", _A),
        (
            "UPDATE operator_action SET by = 'nobody'",
            "order",
            "(SELECT item FROM operator_action LIMIT 1)",
        ),
    ],
)
async def test_what_is_sealed_once_is_not_excused_by_being_due_again(
    scene: Scene, change: str, kind: str, item: str
) -> None:
    await scene.look.execute("INSERT INTO operator_action (what, by) VALUES ('account cut', 'kim')")
    await _sealed(scene)
    assert await _found(scene) == []
    await scene.look.execute(f"{change}; INSERT INTO evidence_due (kind, item) VALUES ('{kind}', {item})")
    assert [finding.what for finding in await _found(scene)] == ["changed"]
    await _sealed(scene)
    assert ["sealed twice" in finding.said for finding in await _found(scene)] == [True]


async def test_a_folder_names_a_text_that_is_sealed_twice(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.look.execute(f"UPDATE inbound SET score = 0.99, tier = 'model' WHERE id = {_A}")
    await scene.look.execute(f"INSERT INTO evidence_due (kind, item) VALUES ('text', {_A})")
    await _sealed(scene)
    await handed(scene, tmp_path / "folder")
    code, said = stranger(tmp_path / "folder")
    assert code == verify.CHANGED
    assert "this text is sealed twice" in said
    monkeypatch.setattr(verify, "_once", lambda _report, _leaves: None)
    assert verify.check(tmp_path / "folder").findings == []


async def test_a_reply_that_was_deleted_does_not_wait_to_be_sealed(scene: Scene) -> None:
    await scene.look.execute(f"INSERT INTO evidence_due (kind, item) VALUES ('decision', {_A})")
    await scene.look.execute(f"DELETE FROM attempt; DELETE FROM reply WHERE id = {_A}")
    await _sealed(scene)
    assert ["its reply was deleted" in finding.said for finding in await _found(scene)] == [True]


async def test_a_folder_whose_answers_and_money_differ_contradicts_itself(
    scene: Scene, tmp_path: Path
) -> None:
    """Silenced before it was sealed, with the money of an answer."""
    await scene.store("third", decided=False)
    third = scene.text("third").id
    await scene.look.execute(_ANSWERED.replace("aaaa", "bbbb"), third, NOON)
    await scene.look.execute(
        "UPDATE reply SET state = 'suppressed', reason = 'cooldown' WHERE id = $1", third
    )
    await _sealed(scene)
    words = "it is said to be suppressed (cooldown), and an attempt of it was accepted"
    assert [finding.said for finding in await _found(scene)] == [words]
    await handed(scene, tmp_path / "folder")
    code, said = stranger(tmp_path / "folder")
    assert code == verify.CHANGED
    assert words in said
