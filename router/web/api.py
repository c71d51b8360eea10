"""The operator's questions and orders: health, accounts, budget."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from router.evidence.leaves import Seals
from router.office import Office
from router.postgres.orders import VERBS, BusyError, order
from router.postgres.pool import DatabaseAwayError, Pool
from router.postgres.purses import Purses
from router.rules.budget import micros
from router.web import drills, past, picture, raid, review, shapes, telephone
from router.web.asked import asked, bare
from router.web.guard import Guard, Handler, trouble
from router.web.openapi import document
from router.web.proof import Proof
from router.web.reading import Readings
from router.web.terms import Phone, Terms

BY = "console"
"""Who orders, as it is written down."""


@dataclass(slots=True)
class Api:
    """Answers from the figures; orders go through the same swap as the flow's own."""

    office: Office
    pool: Pool
    readings: Readings

    async def health(self, _request: web.Request) -> web.Response:
        """Whether texts are answered. Stalled is no error of this request: 200."""
        return _json(picture.health(await self.readings.latest()))

    async def list(self, _request: web.Request) -> web.Response:
        """Every account, its state and why."""
        figures = (await self.readings.latest()).figures
        accounts = [picture.account(name, self.office, figures) for name in self.office.accounts]
        return _json(shapes.Accounts(accounts=accounts))

    async def order(self, request: web.Request) -> web.Response:
        """Cut, restore or pin an account. It outranks what the flow makes of it."""
        name = request.match_info["name"]
        if name not in self.office.accounts:
            return trouble(404, "no account is called so", "GET /api/v1/accounts lists them")
        try:
            now = await order(self.pool, request.match_info["verb"], name, by=BY)
        except BusyError as busy:
            return trouble(409, str(busy), "try again")
        self.readings.forget()
        return _json(picture.stated(name, self.office, now))

    async def budget(self, _request: web.Request) -> web.Response:
        """Every purse in its present window."""
        figures = (await self.readings.latest()).figures
        return _json(picture.budget(self.office, figures))

    async def set(self, request: web.Request) -> web.Response:
        """Set what a purse may spend in each window, the present one included."""
        new = await asked(shapes.NewLimit, request)
        if isinstance(new, web.Response):
            return new
        if (name := self._purse(request)) is None:
            return _no_purse()
        window = self.office.purses.window(name, self.office.now())
        await Purses(self.pool).set(name, micros(new.amount), window, by=BY)
        self.readings.forget()
        return await self.budget(request)

    async def unset(self, request: web.Request) -> web.Response:
        """Give a purse back the limit that the settings say; what was topped up goes with what was set."""
        if (name := self._purse(request)) is None:
            return _no_purse()
        purses = self.office.purses
        window = purses.window(name, self.office.now())
        await Purses(self.pool).unset(name, purses.limits[name], window, by=BY)
        self.readings.forget()
        return await self.budget(request)

    async def top_up(self, request: web.Request) -> web.Response:
        """Add to what a purse may spend in its present window."""
        new = await asked(shapes.TopUp, request)
        if isinstance(new, web.Response):
            return new
        if (name := self._purse(request)) is None:
            return _no_purse()
        added, now = micros(new.amount), self.office.now()
        if not added:
            return trouble(422, "there is nothing to add", "an amount is above zero, such as 20.00")
        window, currency = self.office.purses.window(name, now), self.office.currency
        cap = await Purses(self.pool).top_up(name, added, window, currency, now, by=BY)
        if cap is None:
            return trouble(409, "that purse is unlimited", "there is nothing to top up")
        self.readings.forget()
        return await self.budget(request)

    def _purse(self, request: web.Request) -> str | None:
        name = request.match_info["purse"]
        return name if name in self.office.purses.periods else None


def routes(
    office: Office,
    pool: Pool,
    readings: Readings,
    guard: Guard,
    terms: Terms,
    phone: Phone | None,
    seals: Seals | None,
) -> list[web.RouteDef]:
    """Everything under `/api`. The demo's telephone is there only in a demo."""
    verbs = "|".join(VERBS)
    api = Api(office, pool, readings)
    found = [
        web.get("/api/v1/health", guard.question(_patiently(api.health))),
        web.get("/api/v1/accounts", guard.question(_patiently(api.list))),
        web.post(f"/api/v1/accounts/{{name}}/{{verb:{verbs}}}", guard.order(_patiently(bare(api.order)))),
        web.get("/api/v1/budget", guard.question(_patiently(api.budget))),
        *raid.routes(office, pool, guard, _patiently),
        *review.routes(office, pool, guard, _patiently, terms.review_per_day),
        web.post("/api/v1/budget/{purse}/set", guard.order(_patiently(api.set))),
        web.post("/api/v1/budget/{purse}/unset", guard.order(_patiently(bare(api.unset)))),
        web.post("/api/v1/budget/{purse}/top-up", guard.order(_patiently(api.top_up))),
        *past.routes(office, pool, guard, _patiently),
        *drills.routes(terms.drills, guard),
        web.get("/api/openapi.json", _openapi),
    ]
    if seals is not None:
        proof = Proof(office, pool, seals)
        found.append(web.post("/api/v1/evidence/export", guard.order(_patiently(proof.export))))
    if phone is None:
        return found
    return found + telephone.routes(office, pool, phone, guard)


async def _openapi(_request: web.Request) -> web.Response:
    return web.json_response(document())


def _no_purse() -> web.Response:
    return trouble(404, "no purse is called so", "GET /api/v1/budget lists them")


def _patiently(handler: Handler) -> Handler:
    async def handled(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except DatabaseAwayError:
            return trouble(503, "the database is away", "texts wait; look at the database, then ask again")

    return handled


def _json(said: BaseModel) -> web.Response:
    return web.Response(text=said.model_dump_json(), content_type="application/json")
