"""Twilio's REST endpoints, and what it does with a text of its own accord."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from providers.simulator.account import Text
from providers.simulator.answer import Refusal, Refuse, Route
from providers.simulator.carrier import Carrier, World
from providers.simulator.courier import Post
from providers.simulator.journal import Kind
from providers.simulator.twilio.account import TwilioAccount
from providers.simulator.twilio.codes import SAYS, STATUS
from providers.simulator.twilio.hooks import inbound_post, receipt_post
from providers.simulator.twilio.listing import page

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_FRENCH_LANDLINE = re.compile(r"\+33[1-5]")
_REFERENCE = re.compile(r"[a-z2-7]{20}")
_LONGEST, _LATEST, _MOST_RETRIES = 1600, 36_000, 5
_STOP = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
_START = frozenset({"START", "YES", "UNSTOP"})
_STOPPED = "You have successfully been unsubscribed. Reply START to resubscribe."
_STARTED = "You have successfully been re-subscribed to messages from this number."


class TwilioCarrier(Carrier):
    """Twilio, simulated."""

    name = "twilio"
    webhook_retries = (1.0,)
    unsent_code = "30002"
    undelivered_code = "30003"
    account: TwilioAccount

    def __init__(self, account: TwilioAccount, world: World) -> None:
        super().__init__(account, world)
        self.troubles = {
            "suspend": self.refusal("20005"),
            "revoke": self.refusal("20003"),
            "unpaid": self.refusal("20005"),
            "throttle": self.refusal("20429"),
            "error": self.refusal("20503"),
        }
        self._unsubscribed: set[tuple[str, str]] = set()
        self._root = f"/2010-04-01/Accounts/{account.account_sid}"

    def routes(self) -> Sequence[Route]:
        """Messages, Balance and Account."""
        account = "/2010-04-01/Accounts/{account}"
        return (
            Route("POST", account + "/Messages.json", self._send, sends=True),
            Route("GET", account + "/Messages.json", self._list),
            Route("GET", account + "/Messages/{sid}.json", self._fetch),
            Route("GET", account + "/Balance.json", self._balance),
            Route("GET", account + ".json", self._account),
        )

    def refusal(self, code: str) -> Refusal:
        """Twilio's error of this code."""
        return Refusal(STATUS.get(code, 400), code or "20001", SAYS.get(code, "Refused"))

    def say(self, refusal: Refusal, request: web.Request) -> web.Response:
        """An error as Twilio writes it."""
        del request
        known = refusal.code.isdecimal()
        return web.json_response(
            {
                "code": int(refusal.code) if known else 20500,
                "message": refusal.says,
                "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
                "status": refusal.status,
            },
            status=refusal.status,
            headers=refusal.headers,
        )

    def new_id(self) -> str:
        """A message SID."""
        return f"SM{self.random.getrandbits(128):032x}"

    def _check(self, request: web.Request) -> None:
        """Raise unless the credentials are this account's."""
        given = request.headers.get("Authorization", "")
        try:
            user, _, secret = (
                base64.b64decode(given.removeprefix("Basic "), validate=True).decode().partition(":")
            )
        except ValueError:
            raise Refuse(self.refusal("20003")) from None
        account = self.account
        wanted = account.auth_token if user == account.account_sid else account.api_keys.get(user)
        if wanted is None or not hmac.compare_digest(wanted.encode(), secret.encode()):
            raise Refuse(self.refusal("20003"))
        if request.match_info["account"] != account.account_sid:
            raise Refuse(self.refusal("20404"))

    async def _send(self, request: web.Request) -> web.Response:
        self._check(request)
        raw = (await request.read()).decode()
        form = dict(parse_qsl(raw, keep_blank_values=True))
        service = form.get("MessagingServiceSid")
        to, sender = form.get("To", ""), form.get("From") or self.account.services.get(service or "", "")
        if code := self._objection(form, to, sender):
            raise Refuse(self.refusal(code), to=to, sender=sender)
        callback = form.get("StatusCallback", "")
        text = self.accept(
            to=to,
            sender=sender,
            text=form["Body"],
            reference=_reference(callback),
            receipt_url=callback,
            service=service,
        )
        text.status = "accepted" if service else "queued"
        return web.json_response(self.resource(text), status=201)

    def _objection(self, form: Mapping[str, str], to: str, sender: str) -> str:
        """The code of the first thing wrong with a send, empty if nothing is."""
        account, body = self.account, form.get("Body", "")
        callback = urlsplit(form.get("StatusCallback", "http://x"))
        valid_for = form.get("ValidityPeriod", "1")
        numeric = sender.startswith("+") or sender.isdecimal()
        wrong = {
            "21604": not to,
            "21701": not sender and "MessagingServiceSid" in form,
            "21603": not sender,
            "21602": not body,
            "21617": len(body) > _LONGEST,
            "21211": not _E164.fullmatch(to),
            "21212": not numeric and not _ALPHANUMERIC.fullmatch(sender),
            "21606": numeric and sender not in account.numbers,
            "21612": not numeric and sender not in account.alphanumeric,
            "21266": to == sender,
            "21614": not account.landlines and bool(_FRENCH_LANDLINE.match(to)),
            "21609": callback.scheme not in {"http", "https"} or not callback.hostname,
            "90007": not (valid_for.isdecimal() and 1 <= int(valid_for) <= _LATEST),
            "21610": (sender, to) in self._unsubscribed,
        }
        return next((code for code, is_wrong in wrong.items() if is_wrong), "")

    async def _fetch(self, request: web.Request) -> web.Response:
        self._check(request)
        text = self.texts.get(request.match_info["sid"])
        if text is None:
            raise Refuse(self.refusal("20404"))
        return web.json_response(self.resource(text))

    async def _list(self, request: web.Request) -> web.Response:
        self._check(request)
        query = request.query
        for name in ("To", "From"):
            if name in query:
                among: Sequence[Text] = self.by_number.get(query[name], ())
                break
        else:
            among = list(self.texts.values())
        try:
            found = page(among, query, f"{self._root}/Messages.json")
        except ValueError:
            raise Refuse(self.refusal("20001")) from None
        return web.json_response(found.envelope | {"messages": [self.resource(t) for t in found.texts]})

    async def _balance(self, request: web.Request) -> web.Response:
        self._check(request)
        left = Decimal(0) if self.faults.shows("unpaid") else self.account.balance
        sid = self.account.account_sid
        return web.json_response({"account_sid": sid, "balance": str(left), "currency": self.account.unit})

    async def _account(self, request: web.Request) -> web.Response:
        self._check(request)
        sid = self.account.account_sid
        closed = [name for name in ("suspend", "unpaid") if self.faults.shows(name)]
        since = _when(self.world.clock())
        return web.json_response(
            {
                "sid": sid,
                "owner_account_sid": sid,
                "friendly_name": "Simulated",
                "status": "suspended" if closed or self.account.balance <= 0 else "active",
                "type": "Full",
                "auth_token": "",
                "date_created": since,
                "date_updated": since,
                "uri": f"{self._root}.json",
                "subresource_uris": {"messages": f"{self._root}/Messages.json"},
            }
        )

    def resource(self, text: Text) -> dict[str, Any]:
        """A message as the API shows it."""
        final = text.status in {"delivered", "undelivered", "failed", "received"}
        waited = (self.world.clock() - text.changed).total_seconds() >= self.account.price_seconds
        priced = final and waited
        # a Messaging Service chooses its sender, and so counts the segments, only later
        chosen = text.status != "accepted"
        uri = f"{self._root}/Messages/{text.provider_id}"
        return {
            "sid": text.provider_id,
            "account_sid": self.account.account_sid,
            "api_version": "2010-04-01",
            "status": text.status,
            "direction": "inbound" if text.inbound else "outbound-api",
            "from": text.sender if chosen else None,
            "to": text.to,
            "body": text.text,
            "num_segments": str(text.parts if chosen else 0),
            "num_media": "0",
            "messaging_service_sid": text.detail.get("service"),
            "price": str(-text.price) if priced else None,
            "price_unit": self.account.unit if priced else None,
            "error_code": int(text.code) if text.code.isdecimal() else None,
            "error_message": SAYS.get(text.code) if text.code else None,
            "date_created": _when(text.at),
            "date_updated": _when(text.changed),
            "date_sent": _when(text.at if text.inbound else text.sent_at),
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }

    def retries_of(self, url: str) -> Sequence[float]:
        """Once more, or as often as the URL's fragment asks (``#rc=3``)."""
        asked = dict(parse_qsl(urlsplit(url).fragment)).get("rc", "")
        return self.webhook_retries if not asked.isdecimal() else (1.0,) * min(int(asked), _MOST_RETRIES)

    def arrived(self, text: Text) -> None:
        """Twilio's own keywords: STOP ends sending from that number, START allows it again."""
        word, pair = text.text.strip().upper(), (text.to, text.sender)
        if word in _STOP:
            self._unsubscribed.add(pair)
        elif word in _START and pair in self._unsubscribed:
            self._unsubscribed.remove(pair)
        else:
            return
        says = _STOPPED if word in _STOP else _STARTED
        self.note(Kind.NOTICE, text, to=text.sender, sender=text.to, text=says)

    def inbound_posts(self, text: Text) -> Sequence[Post]:
        """The SmsUrl webhook."""
        return [inbound_post(self.account, text)]

    def receipt_posts(self, text: Text, status: str, code: str) -> Sequence[Post]:
        """The StatusCallback webhook, at the URL the send named, its query kept."""
        return [receipt_post(self.account, text, status, code)]


def _reference(callback: str) -> str:
    """The router's reference: Twilio has no field for it, so it travels in the callback's query."""
    values = (value for _, value in parse_qsl(urlsplit(callback).query))
    return next((value for value in values if _REFERENCE.fullmatch(value)), "")


def _when(moment: Any) -> str | None:
    return None if moment is None else format_datetime(moment)
