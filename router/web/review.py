"""The random texts that people look at: blurred until somebody opens one, and what was said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ValidationError

from router.office import Office
from router.postgres.pool import Pool
from router.postgres.review import Drawn, NotDrawnError, Reviews, UnknownTextError
from router.rules.campaign import Mode
from router.rules.estimate import blurred
from router.vault import Vault, VaultError
from router.web import shapes
from router.web.body import Unread, read
from router.web.guard import Guard, Handler, trouble

_BY = "console"


@dataclass(slots=True)
class Reviewing:
    """Answers with texts of the last day."""

    office: Office
    pool: Pool
    per_day: int

    async def list(self, _request: web.Request) -> web.Response:
        """The day's texts that nobody has labelled, blurred, and the share that the labels give."""
        found = await review(Reviews(self.pool), self.office.vault, self.office.now(), self.per_day)
        return _json(found)

    async def open(self, request: web.Request) -> web.Response:
        """The words of one text. Who opened it is written down."""
        text = await Reviews(self.pool).open(_id(request), by=_BY)
        return _json(shapes.Opened(id=text.id, text=_body(text, self.office.vault)))

    async def label(self, request: web.Request) -> web.Response:
        """Keep what somebody said of a text."""
        said = shapes.NewLabel.model_validate_json(await read(request))
        now = self.office.now()
        await Reviews(self.pool).label(_id(request), said.label, now, self.per_day, by=_BY)
        return web.json_response({"status": "kept"})


async def review(reviews: Reviews, vault: Vault, now: datetime, per_day: int) -> shapes.Review:
    """What there is to look at, and what the labels so far give.

    Args:
        reviews: Where.
        vault: Opens the texts, to blur them.
        now: Business time.
        per_day: Texts of a day that are drawn.
    """
    drawn, sample = await reviews.drawn(now, per_day), await reviews.sample(now)
    share = sample.share
    return shapes.Review(
        drawn=len(drawn),
        labelled=sum(text.label is not None for text in drawn),
        mode=sample.mode.value,
        texts=sample.texts,
        flagged=sample.flagged,
        share=shapes.Share(value=share.value, low=share.low, high=share.high) if share else None,
        labels={"calm": sample.count(Mode.CALM), "raid": sample.count(Mode.RAID)},
        waiting=[
            shapes.Blurred(
                id=text.id,
                number=text.number,
                received_at=text.received_at,
                blurred=blurred(_body(text, vault)),
            )
            for text in drawn
            if text.label is None
        ],
    )


def routes(
    office: Office, pool: Pool, guard: Guard, patiently: Callable[[Handler], Handler], per_day: int
) -> list[web.RouteDef]:
    """Everything under `/api/v1/review`."""
    desk = Reviewing(office, pool, per_day)
    return [
        web.get("/api/v1/review", guard.question(patiently(desk.list))),
        web.post("/api/v1/review/{id}/open", guard.order(patiently(_known(desk.open)))),
        web.post("/api/v1/review/{id}", guard.order(patiently(_known(desk.label)))),
    ]


def _known(handler: Handler) -> Handler:
    async def handled(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (UnknownTextError, VaultError):
            return trouble(404, "no text that can be opened has that id", "GET /api/v1/review lists some")
        except NotDrawnError as error:
            return trouble(409, str(error), "label those of GET /api/v1/review: chance chose them")
        except Unread as error:
            return trouble(error.status, f"the body is {error.reason}", "send less, at once, uncompressed")
        except ValidationError:
            return trouble(422, "wrong: label", "it is abusive, fine or unsure")

    return handled


def _body(text: Drawn, vault: Vault) -> str:
    return vault.read(text.letters)[1].encode("utf-8", "replace").decode()


def _id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise UnknownTextError("no id") from None


def _json(said: BaseModel) -> web.Response:
    return web.Response(text=said.model_dump_json(), content_type="application/json")
