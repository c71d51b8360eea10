"""The operator is told of every change of state, until the operator's server takes it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from providers.simulator.line import Site
from router.stage.cast import NUMBERS
from tests.sweep.town import Town, town


@dataclass
class Inbox:
    """A server of the operator's: refuses the first posts, keeps the others."""

    refuses: int
    port: int = 0
    posts: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.posts += 1
        if self.posts <= self.refuses:
            return web.Response(status=500)
        self.taken.append(await request.json())
        return web.Response()


@asynccontextmanager
async def inbox(refuses: int) -> AsyncIterator[Inbox]:
    kept = Inbox(refuses)
    application = web.Application()
    application.router.add_post("/told", kept.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await Site(runner, "127.0.0.1", 0).start()
    kept.port = runner.addresses[0][1]
    try:
        yield kept
    finally:
        await runner.cleanup()


def _more(port: int) -> str:
    return f"""
[operator]
notify_url = "http://127.0.0.1:{port}/told"

[workers]
poll_every = "1h"
"""


async def _told(place: Town) -> list[dict[str, Any]]:
    return await place.rows("SELECT id FROM health_history WHERE told_at IS NULL")


async def test_the_operator_is_told_until_it_is_taken(database: str, tmp_path: Path) -> None:
    async with (
        inbox(refuses=2) as operator,
        town(database, tmp_path, more=_more(operator.port)) as place,
    ):
        await place.network.fault("twilio", "suspend")
        texter = await place.text("twilio")
        await place.attempted(texter, "refused", "accepted")

        async def hastened() -> list[dict[str, Any]]:
            await place.database.execute("UPDATE health_history SET tell_after = now()")
            return operator.taken

        taken = await place.eventually(hastened, lambda posts: posts)
        assert operator.posts >= 3
        first = taken[0]
        assert (first["account"], first["was"], first["status"]) == ("twilio", "open", "cut_off")
        assert first["reason"] == "suspended"
        digits = [number.lstrip("+") for number in (*NUMBERS.values(), texter)]
        assert not any(number in str(post) for post in taken for number in digits)
        assert not re.search(r"\+\d{6}", str(taken))
        ids = [post["id"] for post in taken]
        assert len(ids) == len(set(ids))


async def test_nobody_is_told_where_there_is_nobody(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        await place.network.fault("twilio", "suspend")
        await place.attempted(await place.text("twilio"), "refused", "accepted")
        await place.round("news")
        assert await _told(place)


async def test_what_is_a_day_old_is_no_news(database: str, tmp_path: Path) -> None:
    async with inbox(refuses=0) as operator:
        async with town(database, tmp_path, more=_more(operator.port)) as place:
            await place.database.execute(
                "INSERT INTO health_history"
                " (account, sender, was, status, operator, reason, code, version, by, at)"
                " VALUES ('ovh', '', 'open', 'slow', '', 'slow', '', 1, 'sweep', now() - interval '25 h')"
            )
            await place.round("news")
        assert operator.posts == 0
