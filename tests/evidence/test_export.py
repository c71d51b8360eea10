"""A folder of a period holds what it should, nothing that it should not, and is verified by a stranger."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from router.evidence import export
from router.evidence.export import NothingToExportError
from router.offline import PrivateKey, make
from router.postgres.inbox import Finish
from router.postgres.pool import DatabaseAwayError
from router.postgres.roots import Roots
from router.vault import VaultError
from tests.evidence.handed import handed, read, stranger, told_elsewhere
from tests.evidence.scene import MINUTE, NOON, Scene, scene_in

WORDS, SENDER = "Zanzibar te retrouvera", "+33639981234"


async def _three(scene: Scene) -> None:
    """Two texts of the period, one later, each with its decision."""
    await scene.sealed(scene.text(WORDS, SENDER, provider_id="SM1"), scene.text("merci", "+33639985678"))
    await scene.sealed(scene.text("plus tard", received_at=NOON + 90 * MINUTE))


async def test_a_stranger_verifies_a_folder_without_numbers_and_words(database: str, tmp_path: Path) -> None:
    async with scene_in(database) as scene:
        await _three(scene)
        done = await handed(scene, tmp_path / "folder")
        (tmp_path / "roots.jsonl").write_text(await told_elsewhere(scene))
    assert (done.texts, done.opened) == (2, 0)
    code, said = stranger(tmp_path / "folder", tmp_path / "roots.jsonl")
    assert code == 0, said
    assert "texts whose words are sealed 2" in said
    assert "Nothing was changed: everything is as the roots say" in said
    page = (tmp_path / "folder" / "summary.html").read_text("utf-8")
    assert "A hash only: words that are sealed (2); words that were erased, as an act says (0);" in page


async def test_a_full_folder_has_numbers_words_and_requests(database: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    async with scene_in(database) as scene:
        await _three(scene)
        done = await handed(scene, folder, full=True)
    assert (done.texts, done.opened) == (2, 2)
    with (folder / "texts.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {(row["from"], row["text"], row["state"], row["reason"]) for row in rows} == {
        (f"'{SENDER}", WORDS, "suppressed", "cooldown"),
        ("'+33639985678", "merci", "suppressed", "cooldown"),
    }
    requests = {line["record"] for line in read(folder, "requests.jsonl")}
    assert requests == {f'{{"body": "{WORDS}"}}', '{"body": "merci"}'}
    code, said = stranger(folder)
    assert code == 0, said
    assert "requests 2" in said
    assert "only" in said.splitlines()[-1]


@pytest.mark.parametrize("full", [False, True])
async def test_numbers_and_words_stand_in_a_full_folder_only(
    database: str, tmp_path: Path, *, full: bool
) -> None:
    folder = tmp_path / "folder"
    async with scene_in(database) as scene:
        await _three(scene)
        await handed(scene, folder, full=full)
    found = {
        path.name
        for path in folder.rglob("*")
        if any(planted in path.read_text("utf-8") for planted in (WORDS, SENDER, SENDER.lstrip("+")))
    }
    assert found == ({"leaves.jsonl", "requests.jsonl", "texts.csv"} if full else set())


async def test_what_is_sealed_to_the_offline_key_is_opened_by_its_private_half_alone(
    database: str, tmp_path: Path
) -> None:
    private, public = make()
    async with scene_in(database, public) as scene:
        await _three(scene)
        with pytest.raises(VaultError, match="only its private half"):
            await handed(scene, tmp_path / "without", full=True)
        assert not (tmp_path / "without").exists()
        with pytest.raises(VaultError):
            await handed(scene, tmp_path / "wrong", full=True, key=PrivateKey(make()[0]))
        done = await handed(scene, tmp_path / "right", full=True, key=PrivateKey(private))
        assert done.opened == 2
        assert stranger(tmp_path / "right")[0] == 0
        without = await handed(scene, tmp_path / "closed")
        assert without.opened == 0
        assert stranger(tmp_path / "closed")[0] == 0


async def test_each_export_is_written_down_before_anything_is_opened(database: str, tmp_path: Path) -> None:
    async with scene_in(database, make()[1]) as scene:
        await _three(scene)
        await handed(scene, tmp_path / "folder")
        with pytest.raises(VaultError):
            await handed(scene, tmp_path / "full", full=True)
        acts = await scene.look.fetch("SELECT what, by, why, detail FROM evidence_act ORDER BY at")
        deeds = await scene.look.fetch("SELECT what, by, detail FROM operator_action ORDER BY id")
    assert [(act["what"], act["by"], act["why"]) for act in acts] == [
        ("opened", "kim", "export for the police")
    ] * 2
    assert [json.loads(act["detail"])["full"] for act in acts] == [False, True]
    assert [(deed["what"], deed["by"]) for deed in deeds] == [("evidence exported", "kim")] * 2
    said = json.loads(deeds[0]["detail"])
    assert (said["from"], said["to"]) == (NOON.isoformat(), (NOON + 60 * MINUTE).isoformat())
    assert [json.loads(deed["detail"])["whom"] for deed in deeds] == ["the police"] * 2
    assert [json.loads(deed["detail"])["full"] for deed in deeds] == [False, True]


@pytest.mark.parametrize(("told", "said"), [(None, "none had left"), (1, "1 of the"), (99, "All roots")])
async def test_its_page_says_how_many_roots_had_left_the_machine(
    database: str, tmp_path: Path, told: int | None, said: str
) -> None:
    async with scene_in(database) as scene:
        await _three(scene)
        if told is not None:
            await Roots(scene.pool).sinks(["mail"])
            await Roots(scene.pool).told("mail", told)
        await handed(scene, tmp_path / "folder")
    assert said in (tmp_path / "folder" / "summary.html").read_text("utf-8")


async def test_a_text_that_was_held_is_told_as_held_whatever_became_of_it(
    database: str, tmp_path: Path
) -> None:
    async with scene_in(database) as scene:
        await _three(scene)
        await scene.store("still held", decided=False)
        await scene.store("let go", decided=False)
        for words in ("still held", "let go"):
            await scene.look.execute(
                "INSERT INTO judgement (reply, version, rank, line, held, cluster, at)"
                " VALUES ($1, 7, 3.5, 2.5, true, 'c0ffee', $2)", scene.text(words).id, NOON,
            )  # fmt: skip
        await scene.look.execute(
            "UPDATE judgement SET released_at = $2, released_by = 'operator' WHERE reply = $1",
            scene.text("let go").id, NOON,
        )  # fmt: skip
        await scene.inbox.finish(
            scene.line, [Finish(scene.text("let go").id, 1, "suppressed", "cooldown", None)]
        )
        await handed(scene, tmp_path / "folder", full=True)
    folder = tmp_path / "folder"
    with (folder / "texts.csv").open(encoding="utf-8-sig", newline="") as lines:
        held = {row["text"]: row["held"] for row in csv.DictReader(lines)}
    assert held == {WORDS: "false", "merci": "false", "let go": "true", "still held": "true"}
    assert "Kept waiting: 2." in (folder / "summary.html").read_text("utf-8")
    assert stranger(folder)[0] == 0


async def test_a_period_without_a_text_makes_no_folder(database: str, tmp_path: Path) -> None:
    async with scene_in(database) as scene:
        await _three(scene)
        with pytest.raises(NothingToExportError):
            await handed(scene, tmp_path / "folder", from_at=NOON - 60 * MINUTE, to_at=NOON)
        assert await scene.value("SELECT count(*) FROM evidence_act") == 0
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize("told_apart", [True, False], ids=["as it is", "control"])
async def test_a_full_disk_is_told_as_one_and_leaves_nothing_half_written(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told_apart: bool
) -> None:
    (tmp_path / "folder").mkdir()
    folder = tmp_path / "folder" / "evidence"
    if not told_apart:
        monkeypatch.setattr(export, "_DISK", set())
    # Whatever is written to it, the kernel says that there is no room.
    monkeypatch.setattr(export._Writing, "_file", lambda *_asked: Path("/dev/full").open("w"))  # noqa: SIM115
    async with scene_in(database) as scene:
        await _three(scene)
        with pytest.raises(export.NotWrittenError if told_apart else DatabaseAwayError) as failed:
            await handed(scene, folder)
        assert (str(failed.value) == f"{folder} cannot be written: No space left on device.") is told_apart
        monkeypatch.undo()
        assert list((tmp_path / "folder").iterdir()) == []
        assert (await handed(scene, folder)).texts == 2  # once there is room
    assert stranger(folder)[0] == 0


@pytest.mark.parametrize("told_apart", [True, False], ids=["as it is", "control"])
async def test_a_place_where_no_folder_can_be_made_is_said(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told_apart: bool
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "evidence"
    if not told_apart:
        monkeypatch.setattr(export, "_DISK", set())
    async with scene_in(database) as scene:
        await _three(scene)
        with pytest.raises(export.NotWrittenError if told_apart else NotADirectoryError) as failed:
            await handed(scene, folder)
    assert (str(failed.value) == f"{folder} cannot be written: Not a directory.") is told_apart


async def test_a_folder_of_many_trees_is_whole(database: str, tmp_path: Path) -> None:
    async with scene_in(database) as scene:
        scene.evidence.most = 100
        many = [
            scene.text(f"SM{n}", f"+3363998{n:04d}", received_at=NOON + n * MINUTE / 20) for n in range(900)
        ]
        await scene.store(*many)
        while await scene.seal():
            pass
        done = await handed(scene, tmp_path / "folder", from_at=NOON + MINUTE)
        (tmp_path / "roots").write_text(await told_elsewhere(scene))
    assert done.texts == 880
    code, said = stranger(tmp_path / "folder", tmp_path / "roots")
    assert code == 0, said
    assert "rows 880" in said
    assert "texts of another time, with when that was 20" in said
    page = (tmp_path / "folder" / "summary.html").read_text("utf-8")
    assert "each of which says when it came (20)" in page
    assert "words that are sealed (880)" in page
