"""A changed database is found out: what was flipped, deleted, moved or put in is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from router.evidence.audit import audit
from router.evidence.leaves import about, opened
from router.offline import PrivateKey, make
from router.rules.evidence import SALT, Root, canonical, following, leaf, section
from tests.evidence.handed import handed, stranger, told_elsewhere
from tests.evidence.scene import MINUTE, NOON, Scene, scene_in


async def _night(scene: Scene) -> None:
    await scene.sealed("one", "two", scene.text("gone", "+33639980009"))
    await scene.sealed(scene.text("three", received_at=NOON + MINUTE))
    await scene.keeping.erase_texter(scene.vault.pseudonym("+33639980009"), by="kim", why="asked")
    await scene.seal()


async def _found(scene: Scene, elsewhere: str | None = None, key: PrivateKey | None = None) -> list[Any]:
    report = await audit(scene.pool, scene.seals, elsewhere, key)
    return [finding[:2] for finding in report.findings]


async def test_what_nobody_touched_is_whole_and_erasure_leaves_it_so(database: str) -> None:
    async with scene_in(database) as scene:
        await _night(scene)
        report = await audit(scene.pool, scene.seals, await told_elsewhere(scene))
    assert report.findings == []
    assert report.counted == {
        "roots": 5, "roots as kept elsewhere": 5, "leaves opened": 9, "leaves erased": 1
    }  # fmt: skip


async def test_an_erasure_whose_act_is_not_sealed_yet_is_no_deletion(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one")
        await scene.keeping.erase_texter(scene.vault.pseudonym("+33639980001"), by="kim", why="asked")
        assert await _found(scene) == []


_FIRST = "root = 1 AND place = 0"
_TEXT = f"id = (SELECT item FROM evidence WHERE {_FIRST})"


def _flip(table: str, column: str, byte: int, which: str) -> str:
    flipped = f"set_byte({column}, {byte}, get_byte({column}, {byte}) # 1)"
    return f"UPDATE {table} SET {column} = {flipped} WHERE {which}"


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        (_flip("evidence", "record", 40, _FIRST), "changed", "leaf 1/0"),
        (_flip("evidence", "leaf", 3, _FIRST), "changed", "leaf 1/0"),
        (f"UPDATE evidence SET received_at = '2017-11-20Z' WHERE {_FIRST}", "changed", "leaf 1/0"),
        (f"UPDATE evidence SET record = NULL WHERE {_FIRST}", "missing", "leaf 1/0"),
        (f"DELETE FROM evidence WHERE {_FIRST}", "missing", "leaf 1/0"),
        (f"UPDATE evidence SET place = 9 WHERE {_FIRST}", "added", "leaf 1/9"),
        ("DELETE FROM evidence WHERE root = 3", "missing", "leaf 3/0"),
        ("DELETE FROM evidence_root WHERE number = 2", "missing", "root 2"),
        ("UPDATE evidence_root SET at = at + interval '1 hour' WHERE number = 2", "changed", "root 2"),
        (_flip("inbound", "letter", 20, _TEXT), "changed", "leaf 1/0"),
        (_flip("inbound", "raw", 60, _TEXT), "changed", "leaf 1/0"),
        (f"UPDATE inbound SET tier = 'model' WHERE {_TEXT}", "changed", "leaf 1/0"),
        (f"UPDATE inbound SET provider_id = 'SM9' WHERE {_TEXT}", "changed", "leaf 1/0"),
        (f"DELETE FROM inbound WHERE {_TEXT}", "missing", "leaf 1/0"),
    ],
)
async def test_what_an_administrator_changes_is_named(
    database: str, change: str, what: str, where: str
) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one", "two")
        await scene.sealed("three")
        await scene.tampered(change)
        assert (what, where) in await _found(scene)


async def test_leaves_that_change_places_are_named_with_the_place_where_they_belong(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one", "two")
        await scene.tampered("UPDATE evidence SET place = place + 7 WHERE root = 1")
        await scene.tampered("UPDATE evidence SET place = 8 - place WHERE root = 1")
        report = await audit(scene.pool, scene.seals)
    assert [(finding.what, finding.where) for finding in report.findings] == [
        ("moved", "leaf 1/0"), ("moved", "leaf 1/1")
    ]  # fmt: skip
    assert report.findings[0].said == "it was sealed as leaf 1/1"


async def test_a_text_that_is_put_in_past_the_sealer_is_named(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one")
        await scene.look.execute("SET session_replication_role = replica")
        await scene.look.execute(
            "INSERT INTO inbound (id, account, provider_id, number, texter, letter, raw, received_at, source,"
            " verified) SELECT gen_random_uuid(), account, 'new', number, texter, letter, raw, received_at,"
            " source, verified FROM inbound"
        )
        await scene.look.execute("SET session_replication_role = DEFAULT")
        ((what, where),) = await _found(scene)
    assert (what, where.split()[0]) == ("added", "text")


_LEAVES = "SELECT leaf FROM evidence WHERE root = $1 ORDER BY place"


async def _all_anew(scene: Scene) -> None:
    """What an owner of database, disk and keys can do: change a text, and make leaf, tree and chain anew."""
    row = await scene.look.fetchrow("SELECT item, record FROM evidence WHERE root = 1 AND place = 0")
    assert row is not None
    _, payload, facts = opened(scene.vault.take_out(row["record"], about("text", row["item"])))
    assert facts is not None
    said = canonical({**facts.said, "provider_id": "SM9"})
    sealed = canonical({**payload, "facts": section(b"f" * SALT, said).hex()})
    kept = b"s" * SALT + sealed + b"\n" + b"f" * SALT + said
    await scene.tampered(
        "UPDATE evidence SET leaf = $1, record = $2 WHERE root = 1 AND place = 0",
        leaf(b"s" * SALT, sealed), scene.vault.seal(kept, about("text", row["item"])),
    )  # fmt: skip
    await scene.tampered("UPDATE inbound SET provider_id = 'SM9' WHERE id = $1", row["item"])
    last: Root | None = None
    for old in await scene.look.fetch("SELECT number, at FROM evidence_root ORDER BY number"):
        leaves = await scene.look.fetch(
            "SELECT leaf FROM evidence WHERE root = $1 ORDER BY place", old["number"]
        )
        last = following(last, [one["leaf"] for one in leaves], old["at"])
        await scene.tampered(
            "UPDATE evidence_root SET previous = $1, tree = $2, root = $3 WHERE number = $4",
            last.previous, last.tree, last.root, last.number,
        )  # fmt: skip


async def test_who_makes_all_of_it_anew_is_found_by_the_roots_that_left(database: str) -> None:
    async with scene_in(database) as scene:
        await _night(scene)
        elsewhere = await told_elsewhere(scene)
        await _all_anew(scene)
        report = await audit(scene.pool, scene.seals, elsewhere)
    ((what, where, said),) = report.findings
    assert (what, where) == ("rewritten", "root 1")
    assert "so for later ones: 4" in said


async def test_control_without_the_roots_that_left_who_makes_all_of_it_anew_is_not_found(
    database: str,
) -> None:
    async with scene_in(database) as scene:
        await _night(scene)
        await _all_anew(scene)
        assert await _found(scene) == []


async def test_an_end_that_is_cut_off_is_found_by_the_roots_that_left(database: str) -> None:
    async with scene_in(database) as scene:
        await scene.sealed("one")
        await scene.sealed("two")
        elsewhere = await told_elsewhere(scene)
        for table in ("evidence", "evidence_root"):
            await scene.tampered(
                f"DELETE FROM {table} WHERE {'root' if table == 'evidence' else 'number'} > 2"
            )
        await scene.tampered(
            "DELETE FROM reply WHERE id = (SELECT id FROM inbound WHERE provider_id = 'two')"
        )
        await scene.tampered("DELETE FROM inbound WHERE provider_id = 'two'")
        assert await _found(scene) == []
        assert await _found(scene, elsewhere) == [("missing", "root 3")]


async def test_what_is_sealed_to_the_offline_key_is_looked_at_as_far_as_it_goes(database: str) -> None:
    private, public = make()
    async with scene_in(database, public) as scene:
        await scene.sealed("one")
        report = await audit(scene.pool, scene.seals)
        assert report.findings == []
        assert report.counted["texts whose words are sealed to the offline key"] == 1
        letter = scene.vault.seal_letter(scene.text("one").id, "+33639980001", "on")
        await scene.tampered("UPDATE inbound SET letter = $1", letter)
        assert await _found(scene, key=PrivateKey(private)) == [("changed", "leaf 1/0")]


async def test_a_proof_that_is_sealed_before_its_text_moves_no_request(database: str, tmp_path: Path) -> None:
    async with scene_in(database) as scene:
        await scene.store(scene.text("pushed", verified=False))
        which = scene.text("pushed").id
        await scene.look.execute("UPDATE inbound SET verified = true WHERE id = $1", which)
        assert await scene.look.execute("DELETE FROM evidence_due WHERE kind = 'text'") == "DELETE 1"
        await scene.seal()
        await scene.sealed("another")
        await scene.look.execute("INSERT INTO evidence_due (kind, item) VALUES ('text', $1)", which)
        await scene.seal()
        assert await _found(scene) == []
        await handed(scene, tmp_path / "folder", full=True)
    code, said = stranger(tmp_path / "folder")
    assert (code, "requests 2" in said) == (0, True), said


async def test_a_text_that_its_provider_proved_later_is_no_change(database: str, tmp_path: Path) -> None:
    async with scene_in(database) as scene:
        await scene.store(scene.text("pushed", verified=False), decided=False)
        await scene.seal()
        which = scene.text("pushed").id
        letter = scene.vault.seal_letter(which, "+33639980001", "as the carrier has it")
        await scene.look.execute("UPDATE inbound SET verified = true, letter = $1", letter)
        await scene.seal()
        assert await _found(scene) == []
        await scene.tampered(
            "UPDATE inbound SET letter = $1", scene.vault.seal_letter(which, "+33639980001", "no")
        )
        assert await _found(scene) == [("changed", "leaf 2/0")]
