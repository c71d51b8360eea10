"""A raid through the house: seen by share, held by rank, let go in calm, dropped by the operator alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from router.postgres import replay
from router.postgres.held import HeldBooks
from router.rules.campaign import SPAN, Mode
from tests.abuse.traffic import GENUINE, RAID, Mix, Writer, angry
from tests.sweep.town import Town, town

_MORE = """
[health]
probe_first = "1h"

[workers]
poll_every = "1h"

[raids]
warm_up = 60
memory = 500
held = 0.1
grave = 0
"""
_GRAVE = _MORE.replace("grave = 0", "grave = 0.1")
_EVERYBODY = "\n[raids]\nwarm_up = 60\nheld = 0\n"


def _rich(written: str) -> str:
    return written.replace('"5.00"', '"500.00"').replace('"20.00"', '"2000.00"')


@asynccontextmanager
async def place(database: str, folder: Path, more: str = _MORE) -> AsyncIterator[Scene]:
    """A town with money, where a raid is seen soon."""
    async with town(database, folder, more=more, change=_rich) as found:
        yield Scene(found)
        await found.audit()


class Scene:
    """Crowds that text the town, and how things stand after each of them."""

    def __init__(self, found: Town) -> None:
        self.town = found
        self.writer = Writer(11)
        self._now = found.house.office.now()

    async def crowd(self, texts: int, mix: Mix, *, answered: bool = True) -> list[str]:
        """So many texts from fresh numbers, stored, settled if they are answered, and counted; who wrote."""
        bodies = [self.writer.text(mix)[0] for _ in range(texts)]
        texters = await asyncio.gather(*(self.town.text("twilio", body) for body in bodies))
        if answered:
            await self.settled()
        self._now = max(self._now, self.town.house.office.now()) + SPAN
        while not await self.town.house.sweep.raid.step(self._now):
            pass
        return texters

    async def settled(self) -> None:
        """Wait until nobody's reply is under way."""
        under_way = "SELECT id FROM reply WHERE state NOT IN ('accepted', 'suppressed', 'held', 'failed')"
        await self.town.eventually(lambda: self.town.rows(under_way), lambda rows: not rows)

    @property
    def mode(self) -> Mode:
        return self.town.house.office.stance.mode

    async def states(self, texters: Sequence[str]) -> list[str]:
        """How each texter's reply stands."""
        pseudonyms = [self.town.house.office.vault.pseudonym(texter) for texter in texters]
        rows = await self.town.rows("SELECT state FROM reply WHERE texter = ANY ($1)", pseudonyms)
        return [row["state"] for row in rows]

    async def raided(self) -> None:
        """A calm crowd, then a raid that is seen."""
        await self.crowd(150, GENUINE)
        await self.crowd(60, RAID)
        assert self.mode is Mode.RAID

    async def ask(self, path: str, **order: Any) -> Any:
        """Ask the operator's API, or order."""
        url = f"{self.town.house.settings.base_url}/api/v1/raid{path}"
        async with aiohttp.ClientSession() as session:
            asked = session.post(url, json=order) if path else session.get(url)
            async with asked as answer:
                return await answer.json()


async def test_in_a_raid_suspicious_texts_wait_unpaid_and_the_others_are_answered(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path) as scene:
        await scene.raided()
        raiders = await scene.crowd(60, RAID)
        genuine = await scene.crowd(40, {("opener", False): 1, ("test", False): 1, ("supporter", False): 1})
        assert (await scene.states(raiders)).count("held") > 20
        held = await scene.town.rows("SELECT id FROM reply WHERE state = 'held'")
        assert (await scene.states(genuine)).count("accepted") >= 30
        unpaid = "SELECT a.reference FROM attempt a JOIN reply r ON r.id = a.reply WHERE r.state = 'held'"
        assert await scene.town.rows(unpaid) == []
        shown = await scene.ask("")
        assert (shown["mode"], shown["held"]) == ("raid", len(held))
        assert shown["judged_held"] == len(held) < shown["judged"]
        assert shown["judged"] >= 100
        assert shown["phones"] == len(held) >= shown["phones_till_calm"]
        first = shown["clusters"][0]
        assert first["blurred"].replace("•", "").strip() == ""
        assert len(first["blurred"]) > 3
        samples = [row["id"] for row in held if str(row["id"]) == first["sample"]]
        assert len(samples) == 1
        change = shown["changes"][0]
        (row,) = await scene.town.rows("SELECT began FROM raid_change")
        assert datetime.fromisoformat(change["began"]) == row["began"] - SPAN
        why = change["explanation"]
        assert why["numbers"] == {"poster": why["texts"]}
        assert "+336" in json.dumps(why["prefixes"])
        declared = await scene.ask("/declare")  # while it is on: it began before, and what it judged counts
        assert (declared["by_hand"], len(declared["changes"])) == (True, 2)
        assert (declared["since"], declared["judged"]) == (shown["since"], shown["judged"])


async def test_control_where_no_share_may_be_held_everybody_is_answered(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path, more=_MORE.split("[raids]", maxsplit=1)[0] + _EVERYBODY) as scene:
        await scene.raided()
        assert "held" not in await scene.states(await scene.crowd(40, RAID))


async def test_going_viral_angrily_is_no_raid_and_holds_nobody(database: str, tmp_path: Path) -> None:
    async with place(database, tmp_path) as scene:
        await scene.crowd(80, angry(0.15))
        for _ in range(3):
            assert "held" not in await scene.states(await scene.crowd(120, angry(0.15)))
            assert scene.mode is Mode.CALM


async def test_calm_lets_the_oldest_go_first_after_all_others_and_their_waiting_does_not_count(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path) as scene:
        await scene.raided()
        await scene.crowd(40, RAID)
        waited = "SELECT id, expires_at, priority FROM reply WHERE state = 'held' ORDER BY received_at, id"
        held = await scene.town.rows(waited)
        later = await scene.ask("/end")
        assert later["mode"] == "calm"
        await scene.settled()
        let_go = (
            "SELECT reply, at, released_at FROM judgement WHERE released_by = 'calm' ORDER BY released_at"
        )
        released = await scene.town.eventually(
            lambda: scene.town.rows(let_go), lambda rows: len(rows) == len(held)
        )
        order = [row["id"] for row in held]
        assert {row["released_at"] for row in released if row["reply"] in order[:10]} == {
            released[0]["released_at"]
        }
        waits = {row["reply"]: row["released_at"] - row["at"] for row in released}
        after = await scene.town.rows("SELECT id, expires_at, priority FROM reply WHERE priority = 3")
        ends = {row["id"]: row["expires_at"] for row in after}
        for row in held:
            assert ends[row["id"]] == row["expires_at"] + waits[row["id"]]
        await scene.settled()
        assert await scene.town.rows(waited) == []
        shown = await scene.ask("")
        assert shown["released"] == {"calm": len(held), "operator": 0}


_STILL_HELD = "SELECT id FROM reply WHERE state = 'held' ORDER BY id"


async def test_calm_does_not_let_the_gravest_go_the_operator_does(database: str, tmp_path: Path) -> None:
    async with place(database, tmp_path, more=_GRAVE) as scene:
        await scene.raided()
        raiders = await scene.crowd(40, RAID)
        held = await scene.town.rows(_STILL_HELD)
        assert len(held) > 10
        assert (await scene.ask("/end"))["grave"] == len(held)
        await scene.town.round("held")
        assert await scene.town.rows(_STILL_HELD) == held
        assert await scene.ask("/held/release") == {"texts": len(held)}
        await scene.settled()
        assert await scene.states(raiders) == ["accepted"] * 40


async def test_control_without_the_gravest_kept_back_the_raid_is_paid_in_the_end(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path) as scene:
        await scene.raided()
        raiders = await scene.crowd(40, RAID)
        assert (await scene.states(raiders)).count("held") > 10
        assert (await scene.ask("/end"))["grave"] == 0
        await scene.town.eventually(lambda: scene.states(raiders), lambda states: states == ["accepted"] * 40)


async def test_the_gravest_expire_in_calm_by_what_the_raid_did_not_take(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path, more=_GRAVE) as scene:
        await scene.raided()
        await scene.crowd(40, RAID)
        held, books = await scene.town.rows(_STILL_HELD), HeldBooks(scene.town.house.pool)
        times = "SELECT max(expires_at) AS latest, min(expires_at) AS first FROM reply WHERE state = 'held'"
        (ends,) = await scene.town.rows(times)
        assert await books.forgo(ends["latest"] + timedelta(days=9)) == 0
        await scene.ask("/end")
        (row,) = await scene.town.rows("SELECT since FROM raid_state")
        waited = (
            "SELECT min(r.expires_at + ($1 - j.at)) AS over FROM reply r JOIN judgement j ON j.reply = r.id"
        )
        (first,) = await scene.town.rows(f"{waited} WHERE r.state = 'held'", row["since"])
        assert ends["first"] < first["over"]
        assert await books.forgo(first["over"] - timedelta(milliseconds=1)) == 0
        assert await books.forgo(first["over"]) >= 1
        await books.forgo(ends["latest"] + timedelta(days=1))
        over = "SELECT id FROM reply WHERE state = 'suppressed' AND reason = 'expired' ORDER BY id"
        assert await scene.town.rows(over) == held


async def test_only_the_operator_drops_and_what_is_dropped_is_money_saved(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path) as scene:
        await scene.raided()
        await scene.crowd(60, RAID)
        shown = await scene.ask("")
        first = shown["clusters"][0]
        assert await scene.ask("/held/release", cluster=first["id"]) == {"texts": first["texts"]}
        await scene.settled()
        left = (await scene.ask(""))["held"]
        assert left == shown["held"] - first["texts"]
        assert await scene.ask("/held/drop") == {"texts": left}
        dropped = await scene.town.rows(
            "SELECT id FROM reply WHERE state = 'suppressed' AND reason = 'operator'"
        )
        assert len(dropped) == left
        after = await scene.ask("")
        assert (after["held"], after["dropped"], after["released"]["operator"]) == (0, left, first["texts"])
        acts = await scene.town.rows("SELECT what FROM operator_action ORDER BY id")
        assert [row["what"] for row in acts] == ["raid held released", "raid held dropped"]


async def test_what_was_held_stays_told_as_held_after_the_operator_let_it_go(
    database: str, tmp_path: Path
) -> None:
    async with place(database, tmp_path) as scene:
        await scene.raided()
        await scene.crowd(60, RAID)
        shown = await scene.ask("")
        assert shown["held"] > 10
        assert await scene.ask("/held/release") == {"texts": shown["held"]}
        await scene.settled()
        after = await scene.ask("")
        assert (after["mode"], after["held"], after["judged_held"]) == ("raid", 0, shown["held"])
        assert (await replay.read(scene.town.house.pool, None, None)).as_it_was.held == shown["held"]
        by = "SELECT released_by AS who FROM judgement WHERE held AND released_at IS NOT NULL"
        assert [row["who"] for row in await scene.town.rows(by)] == ["operator"] * shown["held"]


async def test_a_declared_raid_is_on_until_the_operator_ends_it(database: str, tmp_path: Path) -> None:
    async with place(database, tmp_path) as scene:
        await scene.crowd(80, GENUINE)
        declared = await scene.ask("/declare")
        assert (declared["mode"], declared["by_hand"]) == ("raid", True)
        await scene.crowd(80, GENUINE)
        assert scene.mode is Mode.RAID
        ended = await scene.ask("/end")
        assert [(each["mode"], each["by"]) for each in ended["changes"]] == [
            ("calm", "console"),
            ("raid", "console"),
        ]
