"""A raid that comes in late, in a heap, is looked at before it is paid; one that is on outlives a restart."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from providers import Inbound
from router.arrivals import arrival
from router.rules import buckets
from router.rules.abuse import FLAGGED
from router.rules.buckets import FEW
from router.rules.campaign import SPAN, Mode
from router.stage.cast import NUMBERS
from router.sweep.raid import RaidWatch
from tests.abuse.traffic import Writer
from tests.sweep.test_raid import _MORE, _rich
from tests.sweep.town import Town, fresh_texter, town

RAID = 90
_INSULTS = {("insult", True): 1.0}
_STATES = "SELECT state, count(*) AS texts FROM reply GROUP BY state"
_USUAL = "UPDATE raid_state SET learnt = 5000, baseline = 0.05"


def _plain(place: Town) -> list[str]:
    """Insults that the score alone flags: once a raid is seen, each of them is held."""
    writer, scorer = Writer(7), place.house.office.scorer
    written = (writer.text(_INSULTS)[0] for _ in range(10 * RAID))
    return [body for body in written if scorer(body).value >= FLAGGED][:RAID]


async def _spooled(place: Town, bodies: list[str]) -> None:
    """They came in over the last minute, while the database was away."""
    office = place.house.office
    ended, texts = office.now(), []
    for which, body in enumerate(bodies):
        at = ended - 12 * SPAN * (1 - which / len(bodies))
        text = Inbound(
            provider_id=f"SM{which}", sender=fresh_texter(), to=NUMBERS["twilio"], text=body, at=at
        )
        kept = arrival(
            office, "twilio", text, raw=b"{}", now=at, source="webhook", verified=True, claim=False
        )
        texts.append(kept)
    await asyncio.gather(*map(place.house.spool.keep, texts))


async def _logged(place: Town, bodies: list[str]) -> None:
    """They came in while the router was not there: the carrier's log has them."""
    await place.network.fault("twilio", "lost_inbound", times=len(bodies))
    for body in bodies:
        await place.text("twilio", body)
    await place.round("inbound_logs")


async def _paid_of_a_late_raid(
    database: str, folder: Path, come: Callable[[Town, list[str]], Awaitable[None]]
) -> int:
    async with town(database, folder, more=_MORE, change=_rich) as place:
        await place.round("inbound_logs")
        await place.database.execute(_USUAL)
        bodies = _plain(place)
        assert len(bodies) == RAID
        await come(place, bodies)
        states = await place.eventually(
            lambda: place.rows(_STATES),
            lambda rows: (
                {row["state"] for row in rows} <= {"accepted", "held"}
                and sum(row["texts"] for row in rows) == RAID
            ),
        )
        await place.audit()
        return Counter({row["state"]: row["texts"] for row in states})["accepted"]


@pytest.mark.parametrize("come", [_spooled, _logged])
async def test_a_raid_that_comes_in_late_is_seen_before_it_is_paid(
    database: str, tmp_path: Path, come: Callable[[Town, list[str]], Awaitable[None]]
) -> None:
    assert await _paid_of_a_late_raid(database, tmp_path, come) <= 2 * FEW


@pytest.mark.parametrize("come", [_spooled, _logged])
async def test_control_answered_as_it_comes_in_it_is_paid_before_it_is_seen(
    database: str,
    tmp_path: Path,
    come: Callable[[Town, list[str]], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(buckets, "FEW", RAID)
    assert await _paid_of_a_late_raid(database, tmp_path, come) == RAID


async def _mode_on_the_first_look(database: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mode:
    """What a process that starts in a raid knows before its duties have their first turn."""
    async with town(database, folder, more=_MORE) as place:
        await place.house.sweep.raid.lookout.declare(place.house.office.now(), "test")

    async def never(_watch: RaidWatch) -> bool:
        await asyncio.Event().wait()
        return False

    monkeypatch.setattr(RaidWatch, "__call__", never)
    async with town(database, folder, more=_MORE) as place:
        return place.house.office.stance.mode


async def test_who_starts_in_a_raid_knows_of_it_before_the_first_text(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _mode_on_the_first_look(database, tmp_path, monkeypatch) is Mode.RAID


async def test_control_who_does_not_ask_first_does_not(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_watch: RaidWatch) -> None:
        """Does not ask."""

    monkeypatch.setattr(RaidWatch, "know", nothing)
    assert await _mode_on_the_first_look(database, tmp_path, monkeypatch) is Mode.CALM
