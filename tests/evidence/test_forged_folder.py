"""Forged folders: who has machine, disk and manifest, and not the roots that left, is found out by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from router.evidence import verify
from router.postgres.embedded import Server
from tests.conftest import dsn_of
from tests.evidence.forging import (
    FORGERIES,
    Found,
    a_column,
    a_minute_between,
    a_row,
    a_senders_figure,
    a_text_as_a_hash_alone,
    for_whom,
    rows_of,
    the_act_that_ordered_it,
    the_first_minute_and_not_its_root,
    the_last_minute,
    the_order_of_requests,
    the_order_of_rows,
    which_roots_are_listed,
    words_as_erased,
)
from tests.evidence.handed import handed, stranger, told_elsewhere
from tests.evidence.scene import scene_in


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def honest(
    postgres: Server,
    _administrator: asyncpg.Connection[Any],
    _template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Two folders of a time that began after the first text and was over before the last one was sealed."""
    top = tmp_path_factory.mktemp("honest")
    await _administrator.execute("CREATE DATABASE honest TEMPLATE migrated STRATEGY WAL_LOG")
    async with scene_in(dsn_of(postgres, "honest")) as scene:

        async def came(*words: str) -> datetime:
            """Texts of now, sealed; answers when that was over."""
            await scene.sealed(*(scene.text(each, received_at=datetime.now(UTC)) for each in words))
            return datetime.now(UTC)

        from_at = await came("before")
        for words in (("one", "two"), ("three",), ("four", "five")):
            to_at = await came(*words)
        await scene.store(scene.text("late", received_at=to_at - timedelta(microseconds=1)))
        await came("after")
        for full in (False, True):
            await handed(
                scene, top / ("full" if full else "ordinary"), full=full, from_at=from_at, to_at=to_at
            )
        (top / "roots.jsonl").write_text(await told_elsewhere(scene))
    await _administrator.execute("DROP DATABASE honest WITH (FORCE)")
    return top


@pytest.fixture(params=["ordinary", "full"])
def folder(honest: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """One of them, to forge."""
    shutil.copy(honest / "roots.jsonl", tmp_path)
    return Path(shutil.copytree(honest / request.param, tmp_path / "folder"))


def found(folder: Path) -> list[Found]:
    """What the roots that were kept elsewhere find."""
    report = verify.check(folder, folder.with_name("roots.jsonl").read_text())
    return [finding[:2] for finding in report.findings]


def test_the_honest_folder_is_whole_and_says_what_it_withholds(folder: Path) -> None:
    assert found(folder) == []
    code, said = stranger(folder, folder.with_name("roots.jsonl"))
    assert code == 0, said
    words = "opened" if "text" in rows_of(folder)[0] else "sealed"
    assert f"texts whose words are {words} 6" in said
    assert "texts of another time, with when that was 1" in said
    assert "By the leaves: texts 6, senders 1," in said


def test_a_page_with_another_figure_is_one_finding(folder: Path) -> None:
    page = folder / "summary.html"
    assert page.read_text("utf-8").count('<div class="cards">') == 2
    a_senders_figure(folder)
    assert found(folder) == [("changed", "summary.html")]
    assert "SOMETHING WAS CHANGED. Findings: 1." in stranger(folder, folder.with_name("roots.jsonl"))[1]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_what_is_forged_is_named(folder: Path, forge: Callable[[Path], Found]) -> None:
    assert forge(folder) in found(folder)


def _nothing(*_words: object) -> None: ...


def _no_rows(*_words: object) -> Iterator[Any]:
    return iter(())


CONTROLS: list[tuple[Callable[[Path], Found], dict[str, Callable[..., Any]]]] = [
    (the_first_minute_and_not_its_root, {"_run": _nothing, "_act": _nothing}),
    (a_minute_between, {"_run": _nothing, "_act": _nothing}),
    (the_last_minute, {"_run": _nothing, "_act": _nothing}),
    (a_text_as_a_hash_alone, {"_act": _nothing}),
    (the_act_that_ordered_it, {"_act": _nothing, "_run": _nothing}),
    (for_whom, {"_act": _nothing}),
    (a_row, {"_table": _no_rows, "_figures": _nothing, "_act": _nothing}),
    (a_column("texter"), {"_table": _no_rows, "_figures": _nothing}),
    (the_order_of_rows, {"_ordered": _nothing}),
    (the_order_of_requests, {"_ordered": _nothing}),
    (a_senders_figure, {"_figures": _nothing}),
    (which_roots_are_listed, {"_is_as_listed": _nothing}),
    (words_as_erased, {"_erased": _nothing}),
]


@pytest.mark.parametrize(("forge", "off"), CONTROLS, ids=lambda each: getattr(each, "__name__", ""))
def test_control_without_what_holds_it_a_forgery_passes(
    folder: Path,
    forge: Callable[[Path], Found],
    off: dict[str, Callable[..., Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forge(folder)
    for name, instead in off.items():
        monkeypatch.setattr(verify, name, instead)
    assert found(folder) == []
