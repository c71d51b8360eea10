"""The simulated OVH's API: /1.0/sms as its customers meet it."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

from aiohttp import web

from providers.simulator.account import Text
from providers.simulator.answer import Refusal, Refuse, Route
from providers.simulator.carrier import Carrier, World
from providers.simulator.courier import Post
from providers.simulator.ovh import archive, hooks
from providers.simulator.ovh.account import OvhAccount
from providers.simulator.ovh.archive import Archive, Box
from providers.simulator.ovh.codes import INVALID, error, refusal
from providers.simulator.ovh.door import Door
from providers.simulator.parts import count_parts

_RECEIVER = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})")
_LANDLINE = re.compile(r"\+33[1-5]")
_CONTACT = re.compile(r"https?://|www\.|@|[0-9](?:[ .]?[0-9]){7}")
_TAG_LONGEST = 20
_STOP_CLAUSE = "\nSTOP 36111"


class OvhCarrier(Carrier):
    """OVH, simulated."""

    name = "ovh"
    unsent_code = "16"
    undelivered_code = "24"
    account: OvhAccount

    def __init__(self, account: OvhAccount, world: World) -> None:
        super().__init__(account, world)
        self.door = Door(account)
        self.troubles = {
            "suspend": self.refusal("FORBIDDEN"),
            "revoke": self.refusal("INVALID_CREDENTIAL"),
            "unpaid": self.refusal("no_credits"),
            "throttle": self.refusal("too_fast"),
            "error": self.refusal("broken"),
        }
        self._first = self.random.randrange(10**8, 10**9)
        self._archive = Archive(self.texts, account.numbers)

    def routes(self) -> Sequence[Route]:
        """The clock, the account, its boxes three times over, STOP replies and documents."""
        service = "/1.0/sms/{service}"
        found = [
            Route("GET", "/1.0/auth/time", self._time),
            Route("POST", "/auth/oauth2/token", self._token),
            Route("GET", "/1.0/sms", self._services),
            Route("GET", service, self._let_in(self._account)),
            Route("GET", service + "/users/{user}", self._let_in(self._user)),
            Route("GET", service + "/blacklists", self._let_in(self._blacklist)),
            Route("GET", service + "/virtualNumbers", self._let_in(self._numbers)),
            Route("GET", service + "/document", self._let_in(self._order_document)),
            Route("GET", "/1.0/me/document/{id}", self._let_in(self._document)),
            Route("GET", "/documents/{id}.csv", self._download),
        ]
        for box in (service, service + "/users/{user}", service + "/virtualNumbers/{number}"):
            found.append(Route("POST", box + "/jobs", self._let_in(self._send), sends=True))
            for kind in ("jobs", "outgoing", "incoming"):
                found.append(Route("GET", f"{box}/{kind}", self._let_in(self._list)))
                found.append(Route("GET", f"{box}/{kind}/{{id}}", self._let_in(self._fetch)))
            found.append(Route("DELETE", box + "/incoming/{id}", self._let_in(self._delete)))
        return found

    def refusal(self, code: str) -> Refusal:
        """OVH's error of this code."""
        return refusal(code)

    def say(self, refusal: Refusal, request: web.Request) -> web.Response:
        """An error as OVH writes it."""
        del request
        query_id = {"X-OVH-QUERYID": f"EU.ext-1.{self.random.getrandbits(64):016x}"}
        return web.json_response(
            error(refusal), status=refusal.status, headers={**refusal.headers, **query_id}
        )

    def new_id(self) -> str:
        """A number that only ever grows."""
        return str(self._first + len(self.texts))

    def price_of(self, to: str, parts: int) -> Decimal:
        """Credits: one price in France, another abroad."""
        return (self.account.price if to.startswith("+33") else self.account.abroad) * parts

    # ---- who comes in

    def _let_in(
        self, handler: Callable[[web.Request, Box], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def checked(request: web.Request) -> web.StreamResponse:
            now = self.world.clock()
            if self.door.too_fast(now):
                raise Refuse(self.refusal("too_fast"))
            if code := await self.door.objection(request, now):
                raise Refuse(self.refusal(code))
            return web.json_response(await handler(request, self._box(request)))

        return checked

    def _box(self, request: web.Request) -> Box:
        where = request.match_info
        number, user = where.get("number", ""), where.get("user", "")
        if where.get("service", self.account.service_name) != self.account.service_name:
            raise Refuse(self.refusal("no_service"))
        number = _e164(number) if number else ""
        if (number and number not in self.account.numbers) or (user and user not in self.account.users):
            raise Refuse(self.refusal("not_found"))
        return Box(number, user)

    async def _time(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self.door.server_time(self.world.clock()))

    async def _token(self, request: web.Request) -> web.Response:
        return await self.door.token(request, f"simulated-{self.random.getrandbits(128):032x}")

    # ---- sending

    async def _send(self, request: web.Request, box: Box) -> dict[str, Any]:
        order = _order(await request.read())
        sender, text = box.number or str(order.get("sender") or ""), order.get("message")
        receivers, tag = order.get("receivers") or [], order.get("tag") or ""
        listed = (
            isinstance(receivers, list) and bool(receivers) and all(isinstance(r, str) for r in receivers)
        )
        if not isinstance(text, str) or not text or not listed or len(tag) > _TAG_LONGEST:
            raise Refuse(self.refusal("bad_parameter"), sender=sender)
        sender = self._sender(sender, text, box)
        if not box.number and order.get("noStopClause") is not True:
            text += _STOP_CLAUSE
        valid, invalid = self._sorted(receivers, sender)
        price = sum((self.price_of(_e164(each), count_parts(text)) for each in valid), Decimal(0))
        quota = self.account.users.get(box.user)
        if price > (self.account.balance if quota is None else min(quota, self.account.balance)):
            raise Refuse(self.refusal("no_credits"), sender=sender)
        taken = [
            self.accept(to=_e164(each), sender=sender, text=text, reference=tag, user=box.user)
            for each in valid
        ]
        spent = sum((each.price for each in taken), Decimal(0))
        if quota is not None:
            self.account.users[box.user] = quota - spent
        return {
            "ids": [int(each.provider_id) for each in reversed(taken)],
            "validReceivers": [each.to for each in taken],
            "invalidReceivers": invalid,
            "totalCreditsRemoved": float(spent),
        }

    def _sender(self, sender: str, text: str, box: Box) -> str:
        """Who a text is from: a number of ours, a declared sender, or a short code for an hour."""
        if not sender:
            if _CONTACT.search(text):
                raise Refuse(self.refusal("contact"))
            return f"38{self.random.randrange(1000):03d}"
        if not box.number and sender not in self.account.senders:
            raise Refuse(self.refusal("bad_sender"), sender=sender)
        return sender

    def _sorted(self, receivers: Sequence[str], sender: str) -> tuple[list[str], list[str]]:
        """Receivers it can text, and those it cannot. That STOP makes one invalid is unverified."""
        valid: list[str] = []
        invalid: list[str] = []
        for each in receivers:
            to = _e164(each)
            fault = self.faults.take("refuse", to=to, sender=sender)
            if fault and fault["code"] not in {"", INVALID}:
                raise Refuse(self.refusal(fault["code"]), to=to, sender=sender)
            bad = not _RECEIVER.fullmatch(each) or _LANDLINE.match(to) or to in self.account.blacklist
            (invalid if fault or bad else valid).append(each)
            if fault or bad:
                self.turn_down(Refuse(Refusal(200, INVALID), to=to, sender=sender))
        return valid, invalid

    # ---- looking

    async def _services(self, request: web.Request) -> web.Response:
        if code := await self.door.objection(request, self.world.clock()):
            raise Refuse(self.refusal(code))
        return web.json_response([self.account.service_name])

    async def _account(self, request: web.Request, box: Box) -> dict[str, Any]:
        del request, box
        account, held = (
            self.account,
            sum((quota or Decimal(0) for quota in self.account.users.values()), Decimal(0)),
        )
        return {
            "name": account.service_name,
            "description": "Simulated",
            "status": "disable" if self.faults.shows("suspend") else "enable",
            "creditsLeft": 0.0 if self.faults.shows("unpaid") else float(account.balance),
            "creditsHoldByQuota": float(held),
            "callBack": account.receipt_url or None,
            "stopCallBack": None,
            "smsResponse": {"responseType": "cgi", "cgiUrl": account.inbound_url or None, "text": None},
        }

    async def _user(self, request: web.Request, box: Box) -> dict[str, Any]:
        del request
        quota = self.account.users[box.user]
        kept = {"quotaStatus": "inactive" if quota is None else "active", "quotaLeft": float(quota or 0)}
        return {"login": box.user, "quotaInformations": kept}

    async def _blacklist(self, request: web.Request, box: Box) -> list[str]:
        del request, box
        return sorted(self.account.blacklist)

    async def _numbers(self, request: web.Request, box: Box) -> list[str]:
        del request, box
        return [number.replace("+", "00") for number in self.account.numbers]

    async def _list(self, request: web.Request, box: Box) -> list[int]:
        try:
            return archive.listed(self._archive.of(request.path.rsplit("/", 1)[1], box), request.query)
        except ValueError:
            raise Refuse(self.refusal("bad_parameter")) from None

    async def _fetch(self, request: web.Request, box: Box) -> dict[str, Any]:
        kind, provider_id = request.path.rsplit("/", 2)[1:]
        show = {"jobs": archive.job, "outgoing": archive.outgoing, "incoming": archive.incoming}[kind]
        if (text := self._archive.one(kind, provider_id, box)) is None:
            raise Refuse(self.refusal("not_found"))
        return show(text)

    async def _delete(self, request: web.Request, box: Box) -> None:
        provider_id = request.match_info["id"]
        if self._archive.one("incoming", provider_id, box) is None:
            raise Refuse(self.refusal("not_found"))
        self._archive.deleted.add(provider_id)

    async def _order_document(self, request: web.Request, box: Box) -> str:
        del box
        if (way := request.query.get("wayType")) not in {"incoming", "outgoing"}:
            raise Refuse(self.refusal("bad_parameter"))
        document = f"{self.random.getrandbits(64):016x}"
        try:
            self._archive.export(document, way, request.query)
        except ValueError:
            raise Refuse(self.refusal("bad_parameter")) from None
        return document

    async def _document(self, request: web.Request, box: Box) -> dict[str, Any]:
        del box
        document = request.match_info["id"]
        if document not in self._archive.documents:
            raise Refuse(self.refusal("not_found"))
        return self._archive.about(document, f"http://{request.host}/documents/{document}.csv")

    async def _download(self, request: web.Request) -> web.Response:
        _, content = self._archive.documents.get(request.match_info["id"], (0, b""))
        return web.Response(body=content, content_type="text/csv", status=200 if content else 404)

    # ---- pushing

    def inbound_posts(self, text: Text) -> Sequence[Post]:
        """`smsResponse` of type `cgi`."""
        return [hooks.inbound(text, self.account)]

    def receipt_posts(self, text: Text, status: str, code: str) -> Sequence[Post]:
        """`callBack`."""
        return [hooks.receipt(text, status, code, self.world.clock())]


def _order(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _e164(number: str) -> str:
    found = _RECEIVER.fullmatch(number)
    return f"+{found[1]}" if found else number
