"""The lookout over real rows: one process or many, killed or not, late or not, the same raid is seen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from router.postgres.raid import Came, Turn
from router.rules import campaign
from router.rules.abuse import SUSPICIOUS, score
from router.rules.answer import Purpose
from router.rules.campaign import SPAN, Bucket, Campaign, Change, Mode, bucket_end
from router.rules.holding import judged
from tests.abuse.traffic import Sent
from tests.nightwatch import NIGHT, POLICY, House, forget, house_in, spend, ticks


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    async with house_in(database) as found:
        yield found


def by_rule() -> list[Change]:
    """What the pure rule says of the night."""
    buckets: dict[datetime, Bucket] = {}
    for text in NIGHT:
        at = bucket_end(text.at)
        known = buckets.get(at, Bucket(at=at, texts=0, flagged=0))
        flagged = int(score(text.body).value >= SUSPICIOUS)
        buckets[at] = replace(known, texts=known.texts + 1, flagged=known.flagged + flagged)
    return campaign.replay([buckets[at] for at in sorted(buckets)], POLICY)[1]


async def test_the_raid_is_seen_as_the_pure_rule_sees_it(house: House) -> None:
    await spend(house, [house.lookout()])
    said = [(change.mode.value, change.cause.value, change.at) for change in by_rule()]
    assert [row[:3] for row in await house.changes()] == said
    assert said[0][0] == "raid"


async def explained(house: House) -> list[tuple[int, int]]:
    """Of each change: the texts that it came of, and those that its explanation looked at."""
    rows = await house.rows("SELECT texts, explanation FROM raid_change ORDER BY id")
    return [(row["texts"], json.loads(row["explanation"])["texts"]) for row in rows]


async def test_a_change_is_explained_by_all_texts_that_it_came_of(house: House) -> None:
    await spend(house, [house.lookout()])
    found = await explained(house)
    assert found
    assert all(texts == looked_at > 1 for texts, looked_at in found)


async def test_control_where_they_are_forgotten_first_only_the_last_bucket_explains_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded = Turn.folded

    async def too_soon(turn: Turn, *told: Any) -> None:
        await folded(turn, *told)
        if told[-1] is not None:
            await turn.fade(told[1], told[0])

    monkeypatch.setattr(Turn, "folded", too_soon)
    await spend(house, [house.lookout()])
    assert any(texts > looked_at for texts, looked_at in await explained(house))


async def test_three_processes_see_what_one_sees(database: str, house: House) -> None:
    await spend(house, [house.lookout()])
    alone, changes = await house.told(), await house.changes()
    await forget(house)
    await spend(house, [house.lookout() for _ in range(3)])
    assert await house.told() == alone
    assert await house.changes() == changes


async def test_a_lookout_that_dies_midway_leaves_everything_to_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spend(house, [house.lookout()])
    alone, changes = await house.told(), await house.changes()
    await forget(house)

    class Killed(Exception):
        """It is gone, its transaction with it."""

    async def dies(*_given: object) -> None:
        raise Killed

    for now, texts in ticks():
        await house.store(texts)
        with monkeypatch.context() as patched:
            patched.setattr(Turn, "save", dies)
            with pytest.raises(Killed):
                await house.lookout().step(now)
        assert await house.lookout().step(now)
        if await house.changes():
            break
    seen = await house.changes()
    assert seen == changes[: len(seen)] != []
    told = await house.told()
    assert told == [row for row in alone if row["at"] <= told[-1]["at"]]


@dataclass
class Unfinished:
    """A text that is stored by a transaction that goes on for a while."""

    house: House
    text: Sent

    async def __aenter__(self) -> None:
        self._inside = self.house.line.connection()
        self._connection = await self._inside.__aenter__()
        await self._connection.execute("BEGIN")
        row = self.house.row(self.text)
        await self._connection.execute(
            "INSERT INTO inbound (id, account, provider_id, number, texter, letter, raw, received_at,"
            " verified, source) VALUES ($1, 'acme', $2, 'front', $3, $4, 'x', $5, true, 'webhook')",
            row.id, str(row.id), row.texter, row.letter, row.received_at,
        )  # fmt: skip

    async def __aexit__(self, *_gone: object) -> None:
        await self._connection.execute("COMMIT")
        await self._inside.__aexit__(None, None, None)


async def test_a_text_whose_transaction_is_slow_is_counted_where_it_came(house: House) -> None:
    text = NIGHT[0]
    async with Unfinished(house, text):
        assert not await house.lookout().step(text.at + 2 * SPAN)
        assert await house.told() == []
    assert await house.lookout().step(text.at + 2 * SPAN)
    assert [(row["at"], row["texts"]) for row in await house.told()] == [(bucket_end(text.at), 1)]


async def test_control_who_does_not_wait_counts_it_too_late(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Turn.came

    async def hasty(self: Turn, since: int, most: int) -> tuple[list[Came], int]:
        self.fence = 0
        return await patient(self, since, most)

    monkeypatch.setattr(Turn, "came", hasty)
    text = NIGHT[0]
    async with Unfinished(house, text):
        assert await house.lookout().step(text.at + 2 * SPAN)
    assert await house.lookout().step(text.at + 4 * SPAN)
    assert [row["at"] for row in await house.told()] != [bucket_end(text.at)]


async def test_a_text_that_is_late_is_counted_once_in_the_bucket_that_is_open(house: House) -> None:
    first, second = NIGHT[:2]
    await house.store([first])
    late = first.at + timedelta(hours=1)
    assert await house.lookout().step(late)
    await house.store([second])
    for _ in range(3):
        assert await house.lookout().step(late + SPAN)
    assert [(row["at"], row["texts"]) for row in await house.told()] == [
        (bucket_end(first.at), 1),
        (bucket_end(late), 1),
    ]


def again(known: Campaign, order: dict[str, Any]) -> tuple[Campaign, Change]:
    """What a row says that the operator ordered, ordered by rule."""
    until = json.loads(order["explanation"]).get("until")
    if until is not None:
        return campaign.calm(known, order["at"], datetime.fromisoformat(until), POLICY)
    rule = campaign.declare if order["mode"] == "raid" else campaign.end
    return rule(known, order["at"], POLICY)


async def test_the_rows_tell_the_same_story_again_orders_and_all(house: House) -> None:
    lookout = house.lookout()
    for place, (now, texts) in enumerate(ticks()):
        await house.store(texts)
        assert await lookout.step(now)
        if place == 20:
            assert await lookout.declare(now, "console")
            assert not await lookout.declare(now, "console")
        if place == 30:
            assert await lookout.end(now, "console")
        if place == 124:
            await lookout.calm(now, now + timedelta(minutes=3), "console")
    written = await house.rows("SELECT * FROM raid_change ORDER BY id")
    orders = {row["version"]: row for row in written if row["cause"] == "operator"}
    known, told = Campaign(), []
    for row in await house.rows("SELECT at, texts, flagged, version FROM raid_bucket ORDER BY version"):
        bucket = Bucket(at=row["at"], texts=row["texts"], flagged=row["flagged"])
        known, change = campaign.fold(known, bucket, POLICY)
        told += [change] if change else []
        if (order := orders.get(row["version"])) is not None:
            known, change = again(known, order)
            told.append(change)
    assert [(change.mode, change.at, change.statistic, change.baseline) for change in told] == [
        (row["mode"], row["at"], row["statistic"], row["baseline"]) for row in written
    ]
    assert [row["cause"] for row in written][:3] == ["operator", "operator", "statistic"]
    assert [change.mode for change in told][:3] == [Mode.RAID, Mode.CALM, Mode.RAID]


async def test_whoever_joins_in_a_raid_draws_the_same_line(house: House) -> None:
    old = house.lookout()
    for now, texts in ticks():
        await house.store(texts)
        await old.step(now)
    state = await old.books.state()
    await house.look.execute("UPDATE raid_state SET mode = 'raid'")
    mine, fresh = await old.stance(), await house.lookout().stance()
    assert mine.version == fresh.version == state.version
    assert mine.table is not None
    assert fresh.table is not None
    assert (mine.table == fresh.table).all()


async def test_a_database_restored_into_a_younger_server_counts_on(house: House) -> None:
    await house.store(NIGHT[:3])
    await house.look.execute("UPDATE raid_state SET counted = '9000000000'")
    await house.look.execute("UPDATE inbound SET stored_in = '9000000000'")
    now = NIGHT[3].at + SPAN
    while not await house.lookout().step(now):
        pass
    await house.store(NIGHT[3:5])
    assert await house.lookout().step(now + 60 * SPAN)
    assert sum(row["texts"] for row in await house.told()) == 2


async def test_nothing_of_a_text_can_be_read_in_what_is_kept(house: House) -> None:
    await spend(house, [house.lookout()])
    kept = await house.look.fetch("SELECT sightings, words FROM raid_bucket")
    everything = b"".join(part for row in kept for part in (*row["sightings"], row["words"] or b""))
    assert everything
    assert b"+336" not in everything
    told = str(await house.rows("SELECT policy, explanation FROM raid_change"))
    assert all(f"+336{text.sender:08}" not in told for text in NIGHT)


async def declared_on_a_fresh_install(house: House) -> list[bool]:
    """Whether an insult and an opener are held, at once and after 60 texts of everybody."""
    lookout = house.lookout()
    assert await lookout.declare(NIGHT[0].at, "kim")
    held = []
    for now, texts in [(NIGHT[0].at, []), *ticks(NIGHT[:60])]:
        await house.store(texts)
        assert await lookout.step(now)
        stance = await lookout.stance()
        assert stance.mode is Mode.RAID
        judgements = [
            judged(body, Purpose.ANSWER, stance) for body in ("ta gueule sale pute", "Salut c'est Kevin")
        ]
        held.append([found.held for found in judgements if found])
    assert held == [held[0]] * len(held)
    return held[0]


async def test_a_raid_declared_before_any_text_holds_by_the_score_alone(house: House) -> None:
    assert await declared_on_a_fresh_install(house) == [True, False]


async def test_control_who_waits_for_texts_to_compare_with_holds_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.rules.memory.ENOUGH", 0)
    assert await declared_on_a_fresh_install(house) == [False, False]
