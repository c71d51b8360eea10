"""The short form: real `serve` processes, everything at once, and the judge; then one protection less.

The long forms are `python -m tests.faults` and `python -m tests.faults.crashpoints`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults import crashpoints, judge
from tests.faults.chaos import ANSWERS, Order, run, stage
from tests.faults.controls import CONTROLS, show
from tests.faults.database import server
from tests.faults.disk import disk
from tests.faults.evidence import EVIDENCE, unsealed
from tests.faults.remains import keep
from tests.faults.routers import Plan
from tests.faults.strangers import MOST_SERIES
from tests.faults.strangers import run as texted

pytestmark = pytest.mark.xdist_group("own-database")
ORDER = Order(
    texts=240, pace=24.0, kills=4, group_kills=1, freezes=1, database_crashes=1, outages=1, faults=40
)  # fmt: skip
TAMPER = "UPDATE inbound SET received_at = received_at - interval '1 minute' WHERE account = 'twilio'"
SHOWN = ("doubt", "commit", "guard", "purse")
"""Controls that run here; all of them by `python -m tests.faults --without NAME`."""

POINTS = (
    "texts are stored", "a text is handed over, not acknowledged", "texts are claimed", "texts are armed",
    "between guard and write", "an answer begins", "attempts are settled", "a job has been sent",
    "lines are synced", "a segment is stored",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server_at() -> AsyncIterator[tuple[str, Path]]:
    """A server for all of them: its address and its folder."""
    async with AsyncExitStack() as stack:
        room = await stack.enter_async_context(disk("paravent-chaos-", limited=False))
        yield await stack.enter_async_context(server(room.folder)), room.folder


async def test_everything_at_once_and_nothing_is_lost_sent_twice_or_booked_wrong(
    server_at: tuple[str, Path],
) -> None:
    one, said = await run(ORDER, Plan(processes=(2, 1)), server_at=server_at)
    assert said == []
    assert one.done["kill"] == ORDER.kills
    assert one.done["crash"] == one.database.crashes == 1
    assert len(one.carriers.journal["accepted"]) > ORDER.texts / 2
    assert one.judge.samples > 10


async def test_killed_at_named_steps_nothing_is_lost_sent_twice_or_booked_wrong(
    server_at: tuple[str, Path],
) -> None:
    found = await crashpoints.sweep(2017, POINTS, server_at=server_at)
    assert (found.never, found.said) == ([], [])
    assert sorted(found.passed) == sorted(POINTS)


def test_there_are_many_named_steps() -> None:
    names = crashpoints.points()
    assert len(set(names)) >= 25
    assert set(POINTS) <= set(names)
    assert {point for control in CONTROLS.values() for point, _ in control.points} <= set(names)


@pytest.mark.parametrize("name", SHOWN)
async def test_without_a_protection_the_judge_names_the_harm(name: str, server_at: tuple[str, Path]) -> None:
    said = await show(name, without=True, server_at=server_at)
    assert any(one.startswith(CONTROLS[name].harm) for one in said), said


def test_the_judge_has_a_word_for_every_harm() -> None:
    words = {value for name, value in vars(judge).items() if name.isupper() and isinstance(value, str)}
    assert {control.harm for control in CONTROLS.values()} <= words


async def test_strangers_add_no_series_and_nothing_of_them_comes_out(server_at: tuple[str, Path]) -> None:
    said = await texted(40, commands=[("accounts", "nobody")], server_at=server_at)
    assert 100 < len(said.after) <= MOST_SERIES
    new = {series.partition("{")[0] for series in said.after - said.before}
    assert new <= {"paravent_balance"}  # there once the carrier was asked
    assert b"nobody" in said.outputs["paravent accounts nobody --config"]
    for where in ("the spool", "events", "table inbound", "handed on: texts.csv", "serve 1.log"):
        assert said.outputs[where], where
    assert said.hits() == []
    said.outputs["a page"] = f'"{said.senders[7]}"'.encode()
    assert said.hits() == ["1 numbers in a page", "sender 7 in a page"]


async def test_a_point_that_nobody_passes_is_told(
    server_at: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crashpoints, "_PASSES", 5.0)
    found = await asyncio.wait_for(crashpoints.sweep(1, ("nowhere",), server_at=server_at), 90)
    assert not found.held
    assert found.never == ["nowhere"]


async def test_what_is_kept_tells_where_things_stood_and_a_text_changed_since_it_was_sealed_is_seen(
    server_at: tuple[str, Path], tmp_path: Path
) -> None:
    order = Order(texts=6, pace=12.0)
    async with stage(order, Plan(processes=(1,)), server_at=server_at) as one:
        await one.traffic()
        assert await one.settled() == []
        place = await keep(one, tmp_path)
        await one.database.fetch(TAMPER)
        [said] = await unsealed(one.notary, one.database, one.routers)
    assert said.startswith(f"{EVIDENCE}: the database does not verify: CHANGED  leaf "), said
    kept = (place / "rows.json").read_text()
    rows = json.loads(kept)
    assert sum(row["count"] for row in rows["replies"]) == order.texts
    assert rows["unproved"] == rows["not stored"] == []
    assert "ready: " in (place / "serve 1.log").read_text()
    assert not any(words in kept for words in ("+336", *ANSWERS))
