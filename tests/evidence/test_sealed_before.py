"""Texts that an earlier release sealed as a whole stay verifiable; what cannot be told of them is said."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from router.evidence.audit import audit
from router.evidence.leaves import about, leaves, said
from router.postgres.evidence import Due, Leaf
from router.postgres.migrate import migrate
from router.rules.evidence import SALT, canonical, leaf
from tests.evidence.handed import handed, read, stranger, told_elsewhere
from tests.evidence.scene import NOON, Scene, scene_in
from tests.house.tree import TOP

_NEW = {"texter", "prefix", "wording"}


async def _as_before(scene: Scene, *words: str) -> None:
    """Seal texts as the release before did: one payload with the words in it, put away as one record."""

    async def whole(due: Due) -> list[Leaf]:
        made = []
        for one, now in zip(said(due, scene.seals), leaves(due, scene.seals), strict=True):
            if one.facts is None or one.words is None:
                made.append(now)
                continue
            place = {"kind": one.kind, "id": str(one.item), "root": due.root, "place": len(made)}
            facts = {name: value for name, value in one.facts.items() if name not in _NEW}
            salt, payload = os.urandom(SALT), canonical({**one.payload, **facts, **one.words, **place})
            record = scene.vault.put_away(salt + payload, about(one.kind, one.item))
            made.append(now._replace(leaf=leaf(salt, payload), record=record, words=None))
        return made

    await scene.store(*words)
    await scene.evidence.seal(whole)
    await scene.seal()


async def test_they_are_held_against_the_roots_and_it_is_said_since_when_more_is(database: str) -> None:
    async with scene_in(database) as scene:
        await _as_before(scene, "one", "two")
        await scene.sealed("three")
        report = await audit(scene.pool, scene.seals, await told_elsewhere(scene))
        assert report.findings == []
        assert report.counted["texts sealed before texter, prefix and wording were"] == 2
        await scene.tampered("UPDATE inbound SET texter = decode(repeat('00', 16), 'hex')")
        found = (await audit(scene.pool, scene.seals)).findings
        assert [each.where for each in found if "texter" in each.said and each.where != "leaf 3/0"] == [
            "leaf 1/0", "leaf 1/1", *(each.where for each in found if each.where.startswith("reply")),
        ]  # fmt: skip


@pytest.mark.parametrize(("full", "what"), [(False, "leaves sealed as a whole 2"), (True, "requests 3")])
async def test_a_folder_says_what_nobody_can_tell_of_them(
    database: str, tmp_path: Path, *, full: bool, what: str
) -> None:
    async with scene_in(database) as scene:
        await _as_before(scene, "one", "two")
        await scene.sealed("three")
        await handed(scene, tmp_path / "folder", full=full)
        (tmp_path / "roots").write_text(await told_elsewhere(scene))
    code, told = stranger(tmp_path / "folder", tmp_path / "roots")
    assert (code, what in told) == (0, True), told
    assert (
        "Leaves sealed as a whole by an earlier release, and of unknown time here: 2." in told
    ) is not full
    page = (tmp_path / "folder" / "summary.html").read_text("utf-8")
    assert ("so that nothing is told of them here: 2." in page) is not full
    opened = [line for line in read(tmp_path / "folder", "leaves.jsonl") if "payload" in line]
    assert sum("text" in line["payload"] for line in opened) == (2 if full else 0)


async def test_their_words_are_erased_with_all_the_rest(database: str, tmp_path: Path) -> None:
    async with scene_in(database) as scene:
        await _as_before(scene, "one", "two")
        await scene.sealed("three")
        done = await scene.keeping.erase_texter(scene.vault.pseudonym("+33639980001"), by="kim", why="asked")
        assert done == (3, 0, 0)
        assert await scene.value("SELECT count(*) FROM evidence WHERE kind = 'text' AND record IS NULL") == 2
        assert (await audit(scene.pool, scene.seals)).findings == []
        await handed(scene, tmp_path / "folder", full=True)
    code, told = stranger(tmp_path / "folder")
    assert code == 0, told
    assert "leaves erased as a whole 2" in told


_SEALED = """
WITH root AS (
    INSERT INTO evidence_root (number, previous, tree, leaves, at, root)
    SELECT n, sha256(n::text::bytea), sha256(''), 1, now() + (n - 2) * interval '1 h', sha256('')
    FROM unnest(ARRAY[1, 3]) AS n
)
INSERT INTO evidence (root, place, kind, item, received_at, flagged, leaf)
SELECT CASE provider_id WHEN 'as it was' THEN 3 ELSE 1 END, 0, 'decision', id, received_at, false, sha256('')
FROM inbound WHERE provider_id IN ('ended otherwise', 'as it was')
"""
_HELD = """
UPDATE reply SET state = 'held', owner = NULL, lease_until = NULL WHERE id = $1
"""
_JUDGED = """
INSERT INTO judgement (reply, version, rank, line, held, cluster, at) VALUES ($1, 7, 3.5, 2.5, true, '', $2)
"""
_DUE = "SELECT kind, count(*) AS many FROM evidence_due WHERE kind <> 'text' GROUP BY kind"


async def test_what_is_there_when_the_release_changes_is_sealed_once_it_has(
    bare_database: str, tmp_path: Path
) -> None:
    for path in sorted((TOP / "migrations").glob("000*.sql")):
        shutil.copy(path, tmp_path)
    await migrate(bare_database, tmp_path)
    async with scene_in(bare_database) as scene:
        await scene.store("ended otherwise", "as it was")
        await scene.store("held", decided=False)
        await scene.look.execute(_SEALED)
        await scene.look.execute(_HELD, scene.text("held").id)
        await scene.look.execute(_JUDGED, scene.text("held").id, NOON)
        await scene.look.execute("INSERT INTO operator_action (what, by) VALUES ('account cut', 'kim')")
        await scene.look.execute(
            "INSERT INTO review (inbound, received_at, mode, flagged, label, by)"
            " SELECT id, received_at, 'calm', false, 'fine', 'kim' FROM inbound WHERE provider_id = 'held'"
        )
        await migrate(bare_database)
        due = {row["kind"]: row["many"] for row in await scene.look.fetch(_DUE)}
        assert due == {"order": 1, "label": 1, "judgement": 1, "decision": 1}
        again = await scene.value("SELECT item FROM evidence_due WHERE kind = 'decision'")
        assert again == scene.text("ended otherwise").id
