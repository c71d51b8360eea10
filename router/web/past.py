"""The last hour of what the console draws and the database remembers: answers, and signs of a raid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field

from router.office import Office
from router.postgres.pool import Pool
from router.postgres.pulse import Hour, PulseDesk
from router.web.guard import Guard, Handler


class Point(BaseModel):
    """One value, as it was then."""

    at: AwareDatetime
    value: float


class Past(BaseModel):
    """The last hour, oldest first. What waited and what money was left then, nobody wrote down."""

    answers: list[Point] = Field(
        description="Answers of the minute that ended then, from the first minute that had any."
    )
    signs: list[Point] = Field(description="The raid statistic after each time that it was counted.")


def past(hour: Hour, now: datetime) -> Past:
    """A point for each minute and for each count."""
    oldest = max(hour.answers, default=-1)
    return Past(
        answers=[
            Point(at=now - timedelta(minutes=ago), value=hour.answers.get(ago, 0))
            for ago in range(oldest, -1, -1)
        ],
        signs=[Point(at=at, value=statistic) for at, statistic in hour.signs],
    )


def routes(
    office: Office, pool: Pool, guard: Guard, patiently: Callable[[Handler], Handler]
) -> list[web.RouteDef]:
    """What a page asks for when it is opened."""

    async def asked(_request: web.Request) -> web.Response:
        now = office.now()
        said = past(await PulseDesk(pool).hour(now), now)
        return web.Response(text=said.model_dump_json(), content_type="application/json")

    return [web.get("/api/v1/past", guard.question(patiently(asked)))]
