"""The operator's view of raids: whether one is on and why, who is held, and the orders that change it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from aiohttp import web
from pydantic import BaseModel

from router.lookout import Lookout
from router.office import Office
from router.postgres.held import HeldBooks, HeldCluster
from router.postgres.outlook import changes, outlook
from router.postgres.pool import Pool
from router.postgres.raid import RaidBooks
from router.rules.campaign import Raids
from router.rules.estimate import blurred
from router.vault import Vault, VaultError
from router.web import raiding
from router.web.asked import asked, bare
from router.web.guard import Guard, Handler

_BY = "console"
_CHANGES = 10
_CLUSTERS = 20


@dataclass(slots=True)
class Raiding:
    """Answers from rows; orders go the way that the lookout's own changes go."""

    office: Office
    pool: Pool

    async def show(self, _request: web.Request) -> web.Response:
        """How things stand."""
        return _json(await show(self.pool, self.office.raids, self.office.vault))

    async def declare(self, _request: web.Request) -> web.Response:
        """A raid is on: only the operator ends it."""
        await self._lookout().declare(self.office.now(), _BY)
        return await self._shown()

    async def end(self, _request: web.Request) -> web.Response:
        """It is over."""
        await self._lookout().end(self.office.now(), _BY)
        return await self._shown()

    async def calm(self, request: web.Request) -> web.Response:
        """It is none: for a while none is seen."""
        said = await asked(raiding.CalmOrder, request)
        if isinstance(said, web.Response):
            return said
        now = self.office.now()
        await self._lookout().calm(now, now + timedelta(seconds=said.seconds), _BY)
        return await self._shown()

    async def release(self, request: web.Request) -> web.Response:
        """Let held texts go."""
        return await self._moved(request, HeldBooks(self.pool).release)

    async def drop(self, request: web.Request) -> web.Response:
        """Drop held texts for good."""
        return await self._moved(request, HeldBooks(self.pool).drop)

    async def _shown(self) -> web.Response:
        self.office.stance = await self._lookout().stance()
        return _json(await show(self.pool, self.office.raids, self.office.vault))

    async def _moved(
        self, request: web.Request, move: Callable[[datetime, str | None, str], Awaitable[int]]
    ) -> web.Response:
        which = await asked(raiding.HeldOrder, request)
        if isinstance(which, web.Response):
            return which
        return _json(raiding.Moved(texts=await move(self.office.now(), which.cluster, _BY)))

    def _lookout(self) -> Lookout:
        return Lookout(self.office.vault, RaidBooks(self.pool), self.office.raids)


async def show(pool: Pool, policy: Raids, vault: Vault) -> raiding.Raid:
    """Whether a raid is on, why, and who is held.

    Args:
        pool: Where.
        policy: Section ``[raids]`` of the settings.
        vault: Opens one held text of each wording, to blur it.
    """
    books = HeldBooks(pool)
    phones = await books.phones()
    async with pool.connection() as connection:
        found = await outlook(connection)
    said = found._asdict()
    said |= {
        "line": found.line if isfinite(found.line) else None,
        "share_wanted": policy.held,
        "judged_held": said.pop("kept"),
        "released": {"calm": said.pop("let_go"), "operator": said.pop("let_go_early")},
        "phones": phones.held,
        "phones_till_calm": phones.till_calm,
        "clusters": [_wording(each, vault) for each in await books.clusters(_CLUSTERS)],
        "changes": [each._asdict() for each in await changes(pool, _CHANGES)],
    }
    return raiding.Raid.model_validate(said)


def _wording(cluster: HeldCluster, vault: Vault) -> raiding.HeldWording:
    try:
        shape = blurred(vault.read(cluster.letters)[1])
    except VaultError:
        shape = ""
    return raiding.HeldWording(
        id=cluster.id,
        texts=cluster.texts,
        senders=cluster.senders,
        first=cluster.first,
        last=cluster.last,
        sample=cluster.sample,
        blurred=shape,
    )


def routes(
    office: Office, pool: Pool, guard: Guard, patiently: Callable[[Handler], Handler]
) -> list[web.RouteDef]:
    """Everything under `/api/v1/raid`."""
    desk = Raiding(office, pool)
    orders = {
        "declare": bare(desk.declare),
        "end": bare(desk.end),
        "calm": desk.calm,
        "held/release": desk.release,
        "held/drop": desk.drop,
    }
    return [
        web.get("/api/v1/raid", guard.question(patiently(desk.show))),
        *(
            web.post(f"/api/v1/raid/{path}", guard.order(patiently(handler)))
            for path, handler in orders.items()
        ),
    ]


def _json(said: BaseModel) -> web.Response:
    return web.Response(text=said.model_dump_json(), content_type="application/json")
