"""Texts that an earlier release sealed as a whole stay verifiable; what cannot be told of them is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from router.evidence.audit import audit
from router.evidence.leaves import about, leaves, said
from router.postgres.evidence import Due, Leaf
from router.rules.evidence import SALT, canonical, leaf
from tests.evidence.handed import handed, read, stranger, told_elsewhere
from tests.evidence.scene import Scene, scene_in

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


@pytest.mark.parametrize(("full", "what"), [(False, "2 leaves sealed as a whole"), (True, "3 requests")])
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
    assert ("2 leaves were sealed as a whole by an earlier release" in told) is not full
    page = (tmp_path / "folder" / "summary.html").read_text("utf-8")
    assert ("Of 2 texts nothing is told here" in page) is not full
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
    assert "2 leaves erased as a whole" in told
