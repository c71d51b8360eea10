"""A changed folder is found out by a stranger: what was flipped, deleted, moved or forged is named."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from router.evidence import verify
from router.rules import evidence
from router.rules.evidence import following
from tests.evidence.handed import fitted, forged, handed, hashed, read, stranger, told_elsewhere, written
from tests.evidence.scene import MINUTE, NOON, scene_in

Line = dict[str, Any]


@pytest_asyncio.fixture(loop_scope="session")
async def folder(database: str, tmp_path: Path) -> Path:
    """A full one, of three texts in two trees and one more that was erased; the roots beside it."""
    async with scene_in(database) as scene:
        await scene.sealed("one", "two", scene.text("gone", "+33639980009"))
        await scene.sealed(scene.text("three", received_at=NOON + MINUTE))
        await scene.keeping.erase_texter(scene.vault.pseudonym("+33639980009"), by="kim", why="asked")
        await handed(scene, tmp_path / "folder", full=True)
        (tmp_path / "roots.jsonl").write_text(await told_elsewhere(scene))
    return tmp_path / "folder"


def found(folder: Path) -> list[tuple[str, str]]:
    """What is found and where, with the stranger's word that he finds it too."""
    elsewhere = folder.with_name("roots.jsonl")
    report = verify.check(folder, elsewhere.read_text())
    code, said = stranger(folder, elsewhere)
    assert code == (verify.CHANGED if report.findings else 0)
    assert all(f"{finding.what.upper()}  {finding.where}" in said for finding in report.findings)
    return [(finding.what, finding.where) for finding in report.findings]


def at(lines: list[Line], root: int, place: int) -> int:
    return next(n for n, line in enumerate(lines) if (line["root"], line["place"]) == (root, place))


def test_a_folder_that_nobody_touched_is_whole_and_its_erased_text_accounted_for(folder: Path) -> None:
    assert found(folder) == []
    assert [line["withheld"] for line in read(folder, "leaves.jsonl") if "withheld" in line] == ["erased"]


def test_a_word_that_is_changed_is_named_though_the_manifest_was_made_to_fit(folder: Path) -> None:
    lines = read(folder, "leaves.jsonl")
    lines[0]["words"]["said"]["text"] += "!"
    written(folder, "leaves.jsonl", lines)
    assert ("changed", "leaf 1/0") in found(folder)


def test_a_leaf_that_is_forged_with_its_payload_is_named_by_its_tree(folder: Path) -> None:
    lines = read(folder, "leaves.jsonl")
    forged(lines[0], "facts", tier="model")
    written(folder, "leaves.jsonl", lines)
    assert ("changed", "root 1") in found(folder)


def test_a_text_that_is_deleted_is_named(folder: Path) -> None:
    lines = read(folder, "leaves.jsonl")
    del lines[at(lines, 1, 1)]
    written(folder, "leaves.jsonl", lines)
    assert ("missing", "leaf 1/1") in found(folder)


def test_a_whole_tree_that_is_deleted_is_named(folder: Path) -> None:
    written(folder, "leaves.jsonl", [line for line in read(folder, "leaves.jsonl") if line["root"] != 1])
    assert ("missing", "tree 1") in found(folder)


def test_texts_that_change_places_are_named_with_the_place_where_they_belong(folder: Path) -> None:
    lines = read(folder, "leaves.jsonl")
    one, other = at(lines, 1, 0), at(lines, 1, 1)
    lines[one]["place"], lines[other]["place"] = 1, 0
    lines[one], lines[other] = lines[other], lines[one]
    written(folder, "leaves.jsonl", lines)
    assert [what for what, where in found(folder) if where in {"leaf 1/0", "leaf 1/1"}][:1] == ["moved"]


def test_a_request_and_a_row_of_the_table_that_are_changed_are_named(folder: Path) -> None:
    requests = read(folder, "requests.jsonl")
    requests[0]["record"] = requests[0]["record"].replace("body", "Body")
    written(folder, "requests.jsonl", requests)
    table = folder / "texts.csv"
    table.write_text(table.read_text("utf-8").replace("three", "trois"), "utf-8")
    fitted(folder)
    assert found(folder) == [
        ("changed", f"request of {requests[0]['id']}"),
        ("changed", "texts.csv, leaf 3/0"),
    ]


def test_an_erasure_that_no_act_speaks_of_is_named(folder: Path) -> None:
    lines = read(folder, "leaves.jsonl")
    line = lines[at(lines, 3, 0)]
    del line["words"]
    line["withheld"] = "erased"
    written(folder, "leaves.jsonl", lines)
    assert ("missing", "leaf 3/0") in found(folder)


def _all_anew(folder: Path) -> None:
    """What an owner of everything can do: change a word, and make leaf, trees and chain anew."""
    lines = read(folder, "leaves.jsonl")
    line = lines[at(lines, 3, 0)]
    forged(line, "facts", score="0.900000")
    last, chain = None, []
    for told in read(folder, "roots.jsonl"):
        own = [bytes.fromhex(line["leaf"]) for line in lines if line["root"] == told["number"]]
        last = following(last, own, datetime.fromisoformat(told["at"]))
        chain.append(last.told())
    table = folder / "texts.csv"
    rows = table.read_text("utf-8").splitlines(keepends=True)
    table.write_text(
        "".join(row.replace(",0.000000,", ",0.900000,") if row.startswith("3,0") else row for row in rows),
        "utf-8",
    )
    written(folder, "leaves.jsonl", lines)
    written(folder, "roots.jsonl", chain)


def test_who_makes_all_of_it_anew_is_found_by_the_roots_that_were_kept_elsewhere(folder: Path) -> None:
    _all_anew(folder)
    assert found(folder) == [("rewritten", "root 3")]


def test_control_without_these_roots_who_makes_all_of_it_anew_is_not_found(folder: Path) -> None:
    _all_anew(folder)
    code, said = stranger(folder)
    assert code == 0, said
    assert "can say: name a file of them" in said


@pytest.mark.parametrize(
    "name", ["leaves.jsonl", "requests.jsonl", "roots.jsonl", "texts.csv", "verify.py", "summary.html"]
)
def test_any_byte_that_is_flipped_is_found(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    chance = random.Random(name)
    for _ in range(40):
        place, bit = chance.randrange(len(whole)), chance.randrange(8)
        flipped = bytearray(whole)
        flipped[place] ^= 1 << bit
        (folder / name).write_bytes(flipped)
        findings = verify.check(folder).findings
        assert ("changed", name) in [finding[:2] for finding in findings]


def test_a_salt_that_means_the_same_in_capitals_is_found(folder: Path) -> None:
    for name in ("leaves.jsonl", "requests.jsonl"):
        lines = read(folder, name)
        opened = next(line for line in lines if "salt" in line)
        opened["salt"] = f"{'a' * 31}A" if opened["salt"].isdigit() else opened["salt"].upper()
        written(folder, name, lines)
        assert found(folder) != []


@pytest.mark.parametrize("name", ["leaves.jsonl", "requests.jsonl", "roots.jsonl"])
def test_any_byte_flipped_in_what_was_sealed_is_found_though_the_manifest_fits(
    folder: Path, name: str
) -> None:
    whole = (folder / name).read_bytes()
    chance = random.Random(name)
    for _ in range(60):
        place, bit = chance.randrange(len(whole)), chance.randrange(8)
        flipped = bytearray(whole)
        flipped[place] ^= 1 << bit
        (folder / name).write_bytes(flipped)
        hashed(folder)
        assert verify.check(folder).findings != [], (place, bit)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda folder: (folder / "texts.csv").unlink(), ("missing", "texts.csv")),
        (lambda folder: (folder / "more.txt").write_text("planted"), ("added", "more.txt")),
    ],
)
def test_a_file_that_lacks_or_was_put_in_is_named(
    folder: Path, change: Callable[[Path], None], what: tuple[str, str]
) -> None:
    change(folder)
    assert what in found(folder)


def test_what_is_no_export_is_said_plainly(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")
    assert stranger(folder)[0] == 2
    shutil.move(folder / "verify.py", folder.parent / "verify.py")
    assert stranger(folder.parent)[0] == 2


def test_a_file_of_roots_that_is_not_there_is_said_plainly(folder: Path) -> None:
    assert stranger(folder, folder / "nowhere") == (2, "")


def test_where_only_some_roots_were_kept_it_says_so(folder: Path) -> None:
    whole = (folder / "roots.jsonl").read_text()
    kept = folder.with_name("kept.jsonl")
    kept.write_text(whole)
    assert "only covered by roots after" not in stranger(folder, kept)[1]
    kept.write_text(whole.splitlines(keepends=True)[0])
    code, said = stranger(folder, kept)
    assert (
        code,
        "Texts only covered by roots after 1, the newest kept elsewhere: 1." in said,
    ) == (0, True)
    assert "the newest of which is 1: it covers all before it, nothing after it" in said
    assert "How many texts it must have was sealed under root 6, after 1," in said


def test_roots_in_a_mail_count_as_well(folder: Path) -> None:
    mail = folder.with_name("roots.jsonl")
    mail.write_text("Subject: roots\n\nKeep this mail.\n\n" + mail.read_text().replace(', "', ',\n "'))
    assert found(folder) == []
    assert "as kept elsewhere" in " ".join(stranger(folder, mail)[1].split())


@pytest.mark.parametrize("kept", ["", "no root at all", '{"number": 900, "root": "' + 64 * "0" + '"}\n'])
def test_where_no_root_can_be_compared_it_is_an_error_that_says_what_to_ask_for(
    folder: Path, kept: str
) -> None:
    other = folder.with_name("roots.jsonl")
    other.write_text(kept)
    assert stranger(folder, other) == (2, "")
    with pytest.raises(verify.NoRootsError, match=r"name a file of the mails|ask for those from 1 to"):
        verify.check(folder, kept)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.binary(max_size=40))
def test_the_verifier_hashes_as_the_house_does(leaves: list[bytes], payload: bytes) -> None:
    assert verify.tree(leaves) == evidence.tree(leaves)
    assert verify.leaf(b"s" * 16, payload) == evidence.leaf(b"s" * 16, payload)
    assert verify.section(b"s" * 16, payload) == evidence.section(b"s" * 16, payload)
    said = {"b": payload.hex(), "a": [None, 1, "é\ud800"]}
    assert verify.canonical(said) == evidence.canonical(said)


@pytest.mark.parametrize("written", ["=HYPERLINK(1)", "+33", "-1", "@x", "\t=1"])
def test_no_cell_of_the_table_is_a_formula(written: str) -> None:
    assert verify.cell(written) == f"'{written}"


def test_a_bomb_of_numbers_unfolds_no_further_than_is_there() -> None:
    assert verify.places("0-999999999999,3,7-9", 5) == {0, 1, 2, 3, 4}
    assert verify.places("", 5) == set()


@given(st.sets(st.integers(0, 60)))
def test_numbers_in_few_words_are_the_same_numbers(numbers: set[int]) -> None:
    assert verify.ranges(numbers) == evidence.ranges(numbers)
    assert verify.places(verify.ranges(numbers), 61) == numbers


def _unread(folder: Path) -> tuple[int, str]:
    """Its exit code, and what it complains of, where nobody reads what it says, as behind ``| head``."""
    nobody, ours = os.pipe()
    os.close(nobody)
    try:
        words = [sys.executable, "-I", str(folder / "verify.py")]
        done = subprocess.run(words, stdout=ours, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    finally:
        os.close(ours)
    return done.returncode, done.stderr


def test_it_does_not_complain_where_nobody_reads_on(folder: Path) -> None:
    assert _unread(folder) == (0, "")
    (folder / "texts.csv").unlink()
    assert _unread(folder) == (3, "")


def test_control_a_verifier_that_expects_a_reader_complains(folder: Path) -> None:
    whole = (folder / "verify.py").read_text("utf-8")
    assert whole.count("except BrokenPipeError:") == 1
    (folder / "verify.py").write_text(whole.replace("except BrokenPipeError:", "except KeyError:"), "utf-8")
    assert "BrokenPipeError" in _unread(folder)[1]
