"""The demo's outside world: a telephone that texts, and carriers that can be made to fail."""

from __future__ import annotations

from aiohttp import web
from pydantic import BaseModel

from router.office import Office
from router.postgres.fate import dropped
from router.postgres.pool import DatabaseAwayError, Pool
from router.web import shapes
from router.web.asked import asked
from router.web.guard import Guard, trouble
from router.web.terms import Phone


def routes(office: Office, pool: Pool, phone: Phone, guard: Guard) -> list[web.RouteDef]:
    """What there is only in a demo."""

    async def numbers(_request: web.Request) -> web.Response:
        published = [
            shapes.Number(name=number.name, number=number.e164, account=number.account)
            for number in office.numbers.values()
        ]
        return _json(shapes.Numbers(numbers=published))

    async def conversation(request: web.Request) -> web.Response:
        return _json(await _conversation(office, pool, phone, request.query.get("number", "")))

    async def text(request: web.Request) -> web.Response:
        new = await asked(shapes.NewText, request)
        if isinstance(new, web.Response):
            return new
        return _json(shapes.Texted(text=await phone.text(new.to, new.sender, new.text)), status=202)

    async def faults(_request: web.Request) -> web.Response:
        return _json(shapes.Faults(carriers=list(phone.faults())))

    async def fault(request: web.Request) -> web.Response:
        switch = await asked(shapes.Switch, request)
        if isinstance(switch, web.Response):
            return switch
        known = {(carrier.account, each.name) for carrier in phone.faults() for each in carrier.faults}
        name = (request.match_info["account"], request.match_info["fault"])
        if name not in known:
            return trouble(404, "nothing of that kind can fail", "GET /api/v1/faults lists what can")
        await phone.fault(*name, switch.on)
        return _json(shapes.Faults(carriers=list(phone.faults())))

    return [
        web.get("/api/v1/numbers", guard.question(numbers)),
        web.get("/api/v1/conversations", guard.question(conversation)),
        web.post("/api/v1/texts", guard.order(text)),
        web.get("/api/v1/faults", guard.question(faults)),
        web.post("/api/v1/faults/{account}/{fault}", guard.order(fault)),
    ]


async def _conversation(office: Office, pool: Pool, phone: Phone, number: str) -> shapes.Conversation:
    try:
        gone = await dropped(pool, office.vault.pseudonym(number))
    except DatabaseAwayError:  # a phone goes on all the same
        gone = []
    return shapes.Conversation(bubbles=list(phone.conversation(number)), dropped=gone)


def _json(said: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=said.model_dump_json(), content_type="application/json", status=status)
