"""What may be done to a folder by whoever has it, and its manifest, and all but the roots that left."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from router.evidence import verify
from tests.evidence.handed import fitted, read, written

Found = tuple[str, str]
"""What is to be found, and where."""


def of_texts(folder: Path) -> list[int]:
    """The trees with texts of the time, in order."""
    return sorted({line["root"] for line in read(folder, "leaves.jsonl") if "facts" in line})


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "texts.csv").open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def put(folder: Path, rows: list[dict[str, str]]) -> None:
    """Write the table, the figures that the page begins with, and the manifest: whoever forges does all."""
    with (folder / "texts.csv").open("w", encoding="utf-8-sig", newline="") as lines:
        table = csv.DictWriter(lines, list(rows[0]) if rows else list(verify.COLUMNS))
        table.writeheader()
        table.writerows(rows)
    page = folder / "summary.html"
    figures = [len(rows), len({row["texter"] for row in rows if row.get("texter")})]
    shown = page.read_text("utf-8")
    for card in re.findall(r'<div class="cards">.*?</div></div>', shown):
        parts = card.split("<b>")
        for place, figure in enumerate(figures, 1):
            parts[place] = f"{figure}</b>{parts[place].split('</b>', 1)[1]}"
        shown = shown.replace(card, "<b>".join(parts))
    page.write_text(shown, "utf-8")
    shown_words = {line["id"] for line in read(folder, "leaves.jsonl") if "words" in line}
    requests = [line for line in read(folder, "requests.jsonl") if line["id"] in shown_words]
    written(folder, "requests.jsonl", requests)


def without(folder: Path, *trees: int) -> None:
    """Take trees away, and the rows of their texts."""
    left = [line for line in read(folder, "leaves.jsonl") if line["root"] not in trees]
    written(folder, "leaves.jsonl", left)
    put(folder, [row for row in rows_of(folder) if int(row["root"]) not in trees])


def opened(folder: Path, change: Callable[[dict[str, Any]], None], kind: str = "text") -> dict[str, Any]:
    """Change the first leaf of a kind that is of the time, and let the manifest fit."""
    lines = read(folder, "leaves.jsonl")
    line = next(each for each in lines if each["kind"] == kind and (kind != "text" or "facts" in each))
    change(line)
    written(folder, "leaves.jsonl", lines)
    return line


def where(line: dict[str, Any]) -> str:
    return f"leaf {line['root']}/{line['place']}"


def the_first_minute(folder: Path) -> Found:
    first = of_texts(folder)[0]
    chain = [root for root in read(folder, "roots.jsonl") if root["number"] > first]
    written(folder, "roots.jsonl", chain)
    without(folder, *range(1, first + 1))
    return "missing", f"root {first}"


def the_first_minute_and_not_its_root(folder: Path) -> Found:
    first = of_texts(folder)[0]
    without(folder, first)
    return "missing", f"tree {first}"


def a_minute_between(folder: Path) -> Found:
    between = of_texts(folder)[1]
    without(folder, between)
    return "missing", f"tree {between}"


def a_minute_between_with_its_root(folder: Path) -> Found:
    between = of_texts(folder)[1]
    written(
        folder, "roots.jsonl", [root for root in read(folder, "roots.jsonl") if root["number"] != between]
    )
    without(folder, between)
    return "missing", f"root {between}"


def the_last_minute(folder: Path) -> Found:
    last = of_texts(folder)[-1]
    without(folder, last)
    return "missing", f"tree {last}"


def a_text_as_of_another_time(folder: Path) -> Found:
    line = opened(folder, lambda line: _closed(line, "of another time", "facts", "words"))
    put(folder, [row for row in rows_of(folder) if row["id"] != line["id"]])
    return "missing", where(line)


def a_text_as_sealed(folder: Path) -> Found:
    line = opened(folder, lambda line: _closed(line, "sealed", "facts", "words"))
    put(folder, [row for row in rows_of(folder) if row["id"] != line["id"]])
    return "missing", where(line)


def a_text_as_a_hash_alone(folder: Path) -> Found:
    line = opened(folder, lambda line: _closed(line, "of another time", "facts", "words", "payload", "salt"))
    put(folder, [row for row in rows_of(folder) if row["id"] != line["id"]])
    return "missing", "the act of this export"


def words_as_erased(folder: Path) -> Found:
    line = opened(folder, lambda line: _closed(line, "erased", "words"))
    rows = rows_of(folder)
    for row in rows:
        if row["id"] == line["id"]:
            row |= {name: "" for name in verify.PERSONAL_COLUMNS if name in row}
    put(folder, rows)
    return "missing", where(line)


def what_became_of_a_text(folder: Path) -> Found:
    return "missing", where(
        opened(folder, lambda line: _closed(line, "sealed", "payload", "salt"), "decision")
    )


def a_row(folder: Path) -> Found:
    gone, *rows = rows_of(folder)
    put(folder, rows)
    return "missing", f"texts.csv, leaf {gone['root']}/{gone['place']}"


def a_row_twice(folder: Path) -> Found:
    first, *rows = rows_of(folder)
    put(folder, [first, first, *rows])
    return "added", f"texts.csv, leaf {first['root']}/{first['place']}"


def a_row_of_nothing(folder: Path) -> Found:
    rows = rows_of(folder)
    put(folder, [*rows, {**rows[0], "place": "99"}])
    return "added", f"texts.csv, leaf {rows[0]['root']}/99"


def the_order_of_rows(folder: Path) -> Found:
    first, second, *rows = rows_of(folder)
    put(folder, [second, first, *rows])
    return "moved", "texts.csv"


def the_order_of_requests(folder: Path) -> Found:
    """Where there are any, in a full folder; else that of rows."""
    requests = read(folder, "requests.jsonl")
    if not requests:
        return the_order_of_rows(folder)
    written(folder, "requests.jsonl", requests[::-1])
    return "moved", "requests.jsonl"


def a_column(name: str) -> Callable[[Path], Found]:
    def forge(folder: Path) -> Found:
        rows = rows_of(folder)
        rows[0][name] = "c0ffee"
        put(folder, rows)
        return "changed", f"texts.csv, leaf {rows[0]['root']}/{rows[0]['place']}"

    forge.__name__ = f"the_column_{name}"
    return forge


def a_column_less(folder: Path) -> Found:
    rows = [{name: cell for name, cell in row.items() if name != "held"} for row in rows_of(folder)]
    put(folder, rows)
    return "changed", "texts.csv"


def a_senders_figure(folder: Path) -> Found:
    page = folder / "summary.html"
    page.write_text(page.read_text("utf-8").replace("<b>1</b>", "<b>5000</b>"), "utf-8")
    fitted(folder)
    return "changed", "summary.html"


def _said(folder: Path, **different: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | different))


def how_many_texts(folder: Path) -> Found:
    _said(folder, texts=5_000)
    return "changed", "manifest.json"


def for_whom(folder: Path) -> Found:
    _said(folder, **{"for": "somebody else"})
    return "missing", "the act of this export"


def of_when(folder: Path) -> Found:
    """A shorter time: the texts before it become those of another."""
    third = next(line for line in read(folder, "leaves.jsonl") if line["root"] == of_texts(folder)[1])
    _said(folder, **{"from": third["payload"]["received_at"]})
    return "missing", "the act of this export"


def which_roots_are_listed(folder: Path) -> Found:
    _said(folder, roots="1-999999999999999")
    return "changed", "manifest.json"


def how_many_leaves_a_root_has(folder: Path) -> Found:
    chain = read(folder, "roots.jsonl")
    chain[-1]["leaves"] = 10**15
    written(folder, "roots.jsonl", chain)
    return "changed", f"root {chain[-1]['number']}"


def the_act_that_ordered_it(folder: Path) -> Found:
    newest = read(folder, "roots.jsonl")[-1]["number"]
    without(folder, newest)
    return "missing", "the act of this export"


def all_of_it(folder: Path) -> Found:
    for name in ("leaves.jsonl", "roots.jsonl", "requests.jsonl"):
        (folder / name).write_text("")
    put(folder, [])
    return "missing", "leaves.jsonl"


def all_of_it_and_its_files(folder: Path) -> Found:
    for path in folder.iterdir():
        if path.name != "manifest.json":
            path.unlink()
    _said(folder, files={}, texts=0, trees="", roots="")
    return "missing", "leaves.jsonl"


def _closed(line: dict[str, Any], why: str, *parts: str) -> None:
    for part in parts:
        line.pop(part, None)
    line["withheld"] = why


FORGERIES = [
    the_first_minute, the_first_minute_and_not_its_root, a_minute_between, a_minute_between_with_its_root,
    the_last_minute, a_text_as_of_another_time, a_text_as_sealed, a_text_as_a_hash_alone, words_as_erased,
    what_became_of_a_text, a_row, a_row_twice, a_row_of_nothing, the_order_of_rows, the_order_of_requests,
    a_column_less, a_senders_figure,
    *map(a_column, ("texter", "wording", "held", "prefix", "state", "received_at", "number", "score")),
    how_many_texts, for_whom, of_when, which_roots_are_listed, how_many_leaves_a_root_has,
    the_act_that_ordered_it, all_of_it, all_of_it_and_its_files,
]  # fmt: skip
