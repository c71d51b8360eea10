"""The operator's questions and orders: health, accounts, budget, and in a demo the telephone."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel, ValidationError

from router.office import Office
from router.postgres.figures import Figures, PurseFigures
from router.postgres.orders import VERBS, BusyError, order
from router.postgres.pool import DatabaseAwayError, Pool
from router.rules.budget import MICROS
from router.rules.health import State, Status
from router.web import review, shapes
from router.web.body import Unread, read
from router.web.guard import Guard, Handler, trouble
from router.web.openapi import document
from router.web.reading import Readings
from router.web.terms import Phone, Terms


@dataclass(slots=True)
class Api:
    """Answers from the figures; orders go through the same swap as the flow's own."""

    office: Office
    pool: Pool
    readings: Readings

    async def health(self, _request: web.Request) -> web.Response:
        """Whether texts are answered. Stalled is no error of this request: 200."""
        reading = await self.readings.latest()
        figures = reading.figures
        return _json(
            shapes.Health(
                status="stalled" if reading.stalled else "ok",
                because=reading.because(),
                oldest_ready_seconds=round(reading.oldest, 1),
                last_reply_at=figures.last_reply_at,
                queue=dict(figures.queue),
                receipts_waiting=figures.receipts_waiting,
                texts_unproved=dict(figures.unproved),
                read_at=figures.read_at,
            )
        )

    async def list(self, _request: web.Request) -> web.Response:
        """Every account, its state and why."""
        figures = (await self.readings.latest()).figures
        return _json(
            shapes.Accounts(accounts=[self._account(name, figures) for name in self.office.accounts])
        )

    async def order(self, request: web.Request) -> web.Response:
        """Cut, restore or pin an account. It outranks what the flow makes of it."""
        name = request.match_info["name"]
        if name not in self.office.accounts:
            return trouble(404, "no account is called so", "GET /api/v1/accounts lists them")
        try:
            now = await order(self.pool, request.match_info["verb"], name, by="console")
        except BusyError as busy:
            return trouble(409, str(busy), "try again")
        return _json(_shown(name, self.office, now))

    async def budget(self, _request: web.Request) -> web.Response:
        """Every purse in its present window."""
        figures = (await self.readings.latest()).figures
        periods = self.office.purses.periods
        purses = [_purse(name, periods[name].value, found) for name, found in sorted(figures.purses.items())]
        return _json(shapes.Budget(currency=self.office.currency, purses=purses))

    def _account(self, name: str, figures: Figures) -> shapes.Account:
        shown = _shown(name, self.office, figures.states.get((name, ""), State(account=name)))
        held = figures.balances.get(name)
        names = {number.e164: number.name for number in self.office.numbers.values()}
        return shown.model_copy(
            update={
                "in_doubt": figures.in_doubt.get(name, 0),
                "balance": None
                if held is None
                else shapes.Balance(amount=held.amount, unit=held.unit, at=held.at),
                "senders": [
                    shapes.Sender(name=_sender(sender, names), state=state.word, reason=state.reason.value)
                    for (account, sender), state in sorted(figures.states.items())
                    if account == name and sender and state.status is not Status.OPEN
                ],
            }
        )


def routes(
    office: Office, pool: Pool, readings: Readings, guard: Guard, terms: Terms, phone: Phone | None
) -> list[web.RouteDef]:
    """Everything under `/api`. The demo's telephone is there only in a demo."""
    verbs = "|".join(VERBS)
    api = Api(office, pool, readings)
    found = [
        web.get("/api/v1/health", guard.question(_patiently(api.health))),
        web.get("/api/v1/accounts", guard.question(_patiently(api.list))),
        web.post(f"/api/v1/accounts/{{name}}/{{verb:{verbs}}}", guard.order(_patiently(api.order))),
        web.get("/api/v1/budget", guard.question(_patiently(api.budget))),
        *review.routes(office, pool, guard, _patiently, terms.review_per_day),
        web.get("/api/openapi.json", _openapi),
    ]
    return found if phone is None else found + _telephone(office, phone, guard)


async def _openapi(_request: web.Request) -> web.Response:
    return web.json_response(document())


def _telephone(office: Office, phone: Phone, guard: Guard) -> list[web.RouteDef]:
    async def numbers(_request: web.Request) -> web.Response:
        published = [
            shapes.Number(name=number.name, number=number.e164, account=number.account)
            for number in office.numbers.values()
        ]
        return _json(shapes.Numbers(numbers=published))

    async def conversation(request: web.Request) -> web.Response:
        bubbles = list(phone.conversation(request.query.get("number", "")))
        return _json(shapes.Conversation(bubbles=bubbles))

    async def text(request: web.Request) -> web.Response:
        try:
            new = shapes.NewText.model_validate_json(await read(request))
        except Unread as error:
            return trouble(error.status, f"the body is {error.reason}", "send less, at once, uncompressed")
        except ValidationError as error:
            places = ", ".join(
                sorted({".".join(map(str, each["loc"])) or "the body" for each in error.errors()})
            )
            return trouble(422, f"wrong: {places}", "/api/openapi.json says what is expected")
        await phone.text(new.to, new.sender, new.text)
        return web.json_response({"status": "sent"}, status=202)

    return [
        web.get("/api/v1/numbers", guard.question(numbers)),
        web.get("/api/v1/conversations", guard.question(conversation)),
        web.post("/api/v1/texts", guard.order(text)),
    ]


def _patiently(handler: Callable[[web.Request], Awaitable[web.Response]]) -> Handler:
    async def handled(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except DatabaseAwayError:
            return trouble(503, "the database is away", "texts wait; look at the database, then ask again")

    return handled


def _json(said: BaseModel) -> web.Response:
    return web.Response(text=said.model_dump_json(), content_type="application/json")


def _shown(name: str, office: Office, state: State) -> shapes.Account:
    return shapes.Account(
        name=name,
        provider=office.accounts[name].provider.name,
        state=state.word,
        operator=state.operator.value,
        reason=state.reason.value,
        code=state.code,
        since=state.changed_at,
        not_before=state.not_before,
        in_doubt=0,
        balance=None,
        senders=[],
    )


def _sender(sender: str, names: dict[str, str]) -> str:
    """Never digits."""
    return names.get(sender) or (sender if any(letter.isalpha() for letter in sender) else "another number")


def _purse(name: str, period: str, found: PurseFigures) -> shapes.Purse:
    return shapes.Purse(
        name=name,
        period=period,
        limit=None if found.limit is None else _money(found.limit),
        reserved=_money(found.reserved),
        spent=_money(found.spent),
        overrun=_money(found.overrun),
        runway_seconds=round(found.runway, 1) if math.isfinite(found.runway) else None,
        origin=found.origin,
    )


def _money(micros: int) -> str:
    return f"{micros / MICROS:.6f}"
