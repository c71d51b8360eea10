"""Vonage's REST endpoints: sending through either API, Reports, balance."""

from __future__ import annotations

import base64
import hmac
import re
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import jwt
from aiohttp import web

from providers.simulator.account import Text
from providers.simulator.answer import Refusal, Refuse, Route
from providers.simulator.carrier import Carrier, World
from providers.simulator.courier import Post
from providers.simulator.parts import damaged
from providers.simulator.vonage import hooks
from providers.simulator.vonage.account import VonageAccount
from providers.simulator.vonage.codes import HTTP_OF_SMS, PROBLEMS, SMS_SAYS
from providers.simulator.vonage.records import Wrong, page

_TO = re.compile(r"[1-9][0-9]{6,14}")
_REASONABLE = 1_000
_LONGEST = 3_200
_CALLBACK = 100
_SKEW = 60
_DAY, _HOUR = 86_400.0, 3_600.0


class VonageCarrier(Carrier):
    """Vonage, simulated."""

    name = "vonage"
    account: VonageAccount

    def __init__(self, account: VonageAccount, world: World) -> None:
        super().__init__(account, world)
        sms = account.mode == "sms"
        self.unsent_code = "" if sms else "1250"
        self.undelivered_code = "2" if sms else "1180"
        words = ("8", "4", "9", "1", "5")
        if not sms:
            words = ("account-suspended", "unauthorized", "low-balance", "rate-limit", "1030")
        faults = ("suspend", "revoke", "unpaid", "throttle", "error")
        self.troubles = {fault: self.refusal(word) for fault, word in zip(faults, words, strict=True)}

    def routes(self) -> Sequence[Route]:
        """Both ways to send, Reports, balance."""
        return (
            Route("POST", "/v1/messages", self._send_message, sends=True),
            Route("POST", "/sms/json", self._send_sms, sends=True),
            Route("GET", "/v2/reports/records", self._records),
            Route("GET", "/account/get-balance", self._balance),
        )

    def refusal(self, code: str) -> Refusal:
        """Vonage's error of this code: a word or four digits in Messages, one or two in the SMS API."""
        if self.account.mode == "sms":
            return Refusal(HTTP_OF_SMS.get(code, 422), code or "6", SMS_SAYS.get(code, "Refused"))
        status, says = PROBLEMS.get(code, (422, "Refused"))
        return Refusal(status, code or "1300", says)

    def say(self, refusal: Refusal, request: web.Request) -> web.Response:
        """An error as each API writes it: the SMS API says most of them with HTTP 200."""
        is_sms = request.path == "/sms/json"
        if is_sms and refusal.status >= 500:  # noqa: PLR2004 - where HTTP's own errors begin
            return web.Response(status=refusal.status, headers=refusal.headers)
        if is_sms:
            said = {"status": refusal.code, "error-text": refusal.says}
            return web.json_response({"message-count": "1", "messages": [said]})
        where = "/messages" if refusal.code.isdecimal() else ""
        problem = {
            "type": f"https://developer.vonage.com/api-errors{where}#{refusal.code}",
            "title": refusal.says,
            "detail": refusal.says,
            "instance": "797a8f199c45014ab7b08bfe9cc1c12c",
        }
        return web.json_response(
            problem | _invalid(refusal.says), status=refusal.status, headers=refusal.headers
        )

    def new_id(self) -> str:
        """A UUID."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def price_of(self, to: str, parts: int) -> Decimal:
        """A price a part, for the parts that are taken."""
        return super().price_of(to, min(parts, self.account.parts_taken or parts))

    def retries_of(self, url: str) -> Sequence[float]:
        """Vonage insists for a day; in which steps is not known."""
        del url
        waits: list[float] = []
        while sum(waits) < _DAY:
            waits.append(min(self.account.retry_seconds * 2 ** min(len(waits), 20), _HOUR))
        return waits

    def inbound_posts(self, text: Text) -> Sequence[Post]:
        """One webhook in Messages, one a part in the SMS API."""
        if self.account.mode == "sms":
            return hooks.sms_inbound(self.account, text)
        return [hooks.messages_inbound(self.account, text)]

    def receipt_posts(self, text: Text, status: str, code: str) -> Sequence[Post]:
        """Likewise."""
        now = self.world.clock()
        if self.account.mode == "sms":
            return hooks.sms_receipt(self.account, text, status, code, now)
        return [hooks.messages_receipt(self.account, text, status, code, now)]

    def accept(self, **what: Any) -> Text:
        """Take a text, each part with its id."""
        text = super().accept(**what)
        self._number_parts(text, min(text.parts, self.account.parts_taken or text.parts))
        return text

    def arrived(self, text: Text) -> None:
        """Give each part its id."""
        self._number_parts(text, text.parts)

    def _number_parts(self, text: Text, parts: int) -> None:
        more = parts - 1 if self.account.mode == "sms" else 0
        text.detail["ids"] = [text.provider_id, *(self.new_id() for _ in range(more))]

    # sending

    async def _send_message(self, request: web.Request) -> web.Response:
        self._check(request, bearer=True)
        try:
            said = await request.json()
        except ValueError:
            raise Refuse(self.refusal("invalid-json")) from None
        if self.account.mode != "messages" or not isinstance(said, dict):
            raise Refuse(self.refusal("unprovisioned"))
        to, sender = f"+{said.get('to')}", self._sender(str(said.get("from")))
        if wrong := _wrong_in_message(said, sender):
            raise Refuse(Refusal(422, "1120" if wrong == "from" else "1150", f"Invalid {wrong}"), to=to)
        text = self.accept(
            to=to,
            sender=sender,
            text=said["text"],
            reference=str(said.get("client_ref", "")),
            receipt_url=str(said.get("webhook_url", "")),
        )
        return web.json_response({"message_uuid": text.provider_id}, status=202)

    async def _send_sms(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
        self._check_form(request, form)
        to, sender = f"+{form.get('to')}", self._sender(form.get("from", ""))
        if code := _wrong_in_form(form, sender):
            raise Refuse(self.refusal(code), to=to, sender=sender)
        body = form["text"]
        if form.get("type", "text") != "unicode":
            body = damaged(body)
        text = self.accept(
            to=to,
            sender=sender,
            text=body,
            reference=form.get("client-ref", ""),
            receipt_url=form.get("callback", ""),
        )
        return web.json_response(self._entries(text))

    def _entries(self, text: Text) -> dict[str, Any]:
        ids = text.detail["ids"]
        prices = hooks.split_price(text, len(ids))
        entries: list[dict[str, str]] = [
            {
                "to": hooks.bare(text.to),
                "message-id": identity,
                "status": "0",
                "remaining-balance": f"{self.account.balance:.8f}",
                "message-price": f"{price:.8f}",
                "network": "20801",
                **({"client-ref": text.reference} if text.reference else {}),
            }
            for identity, price in zip(ids, prices, strict=True)
        ]
        entries += [{"status": "1", "error-text": SMS_SAYS["1"]}] * (text.parts - len(ids))
        return {"message-count": str(len(entries)), "messages": entries}

    def _sender(self, sender: str) -> str:
        """The sender as the account has it, empty if it has none such."""
        ours = {hooks.bare(number): number for number in self.account.numbers}
        return ours.get(sender, sender if sender in self.account.alphanumeric else "")

    # who asks

    def _check(self, request: web.Request, *, bearer: bool = False) -> None:
        scheme, _, proof = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and bearer:
            self._check_token(proof)
        elif scheme != "Basic" or not self._is_key(proof):
            raise Refuse(self._stranger())

    def _is_key(self, proof: str) -> bool:
        wanted = f"{self.account.api_key}:{self.account.api_secret}".encode()
        return hmac.compare_digest(proof.encode(), base64.b64encode(wanted))

    def _stranger(self) -> Refusal:
        return self.refusal("4" if self.account.mode == "sms" else "unauthorized")

    def _check_token(self, token: str) -> None:
        """The application's token, dated by the simulation's clock or the wall's: a sender may use either."""
        try:
            claims = jwt.decode(
                token,
                self.account.public_key,
                algorithms=["RS256"],
                options={
                    "require": ["application_id", "iat", "jti", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError:
            raise Refuse(self._stranger()) from None
        clocks = (self.world.clock().timestamp(), time.time())
        if claims["application_id"] != self.account.application_id or claims["iat"] > max(clocks) + _SKEW:
            raise Refuse(self._stranger())
        if claims["exp"] < min(clocks):
            raise Refuse(self.refusal("jwt-expired"))

    def _check_form(self, request: web.Request, form: Mapping[str, str]) -> None:
        """Of the SMS API: Basic, key and secret in the form, or key and signature."""
        if "Authorization" in request.headers:
            self._check(request)
        elif "api_secret" in form and "sig" in form:
            raise Refuse(self.refusal("32"))
        elif form.get("api_key") != self.account.api_key:
            raise Refuse(self.refusal("4" if "api_key" in form else "2"))
        elif "sig" in form:
            proof = hooks.sms_signature(form, self.account.signature_secret, self.account.signature_method)
            if not hmac.compare_digest(proof.encode(), form["sig"].lower().encode()):
                raise Refuse(self.refusal("14"))
        elif not hmac.compare_digest(form.get("api_secret", "").encode(), self.account.api_secret.encode()):
            raise Refuse(self.refusal("4"))

    # asking

    async def _records(self, request: web.Request) -> web.Response:
        self._check(request)
        if request.query.get("account_id", self.account.api_key) != self.account.api_key:
            raise Refuse(Refusal(403, "forbidden", PROBLEMS["forbidden"][1]))
        url = str(request.url.with_query(None))
        try:
            found = page(self.account, self.texts.values(), request.query, self.world.clock(), url)
        except Wrong as wrong:
            raise Refuse(Refusal(422, "invalid-filter", f"Invalid {wrong}")) from None
        return web.json_response(found)

    async def _balance(self, request: web.Request) -> web.Response:
        self._check(request)
        left = Decimal(0) if self.faults.shows("unpaid") else self.account.balance
        return web.json_response({"value": float(left), "autoReload": False})


def _wrong_in_message(said: Mapping[str, Any], sender: str) -> str:
    """The name of the first field that is wrong, empty if none is."""
    text, ttl = said.get("text"), said.get("ttl", _HOUR)
    wrong = {
        "channel": said.get("channel") != "sms",
        "message_type": said.get("message_type") != "text",
        "to": not _TO.fullmatch(str(said.get("to"))),
        "from": not sender,
        "text": not isinstance(text, str) or not 1 <= len(text) <= _REASONABLE,
        "client_ref": len(str(said.get("client_ref", ""))) > _CALLBACK,
        "ttl": not isinstance(ttl, (int, float)) or not 20 <= ttl <= 604_800,  # noqa: PLR2004 - Vonage's own bounds
    }
    return next((name for name, is_wrong in wrong.items() if is_wrong), "")


def _wrong_in_form(form: Mapping[str, str], sender: str) -> str:
    """The status of the first thing that is wrong, empty if nothing is."""
    ttl = form.get("ttl", "20000")
    wrong = {
        "2": not all(form.get(name) for name in ("from", "to", "text")),
        "3": not _TO.fullmatch(form.get("to", "")) or not ttl.isdecimal() or int(ttl) < 20_000,  # noqa: PLR2004 - Vonage's own bound
        "12": len(form.get("text", "")) > _LONGEST,
        "15": not sender,
        "23": len(form.get("callback", "")) > _CALLBACK,
    }
    return next((code for code, is_wrong in wrong.items() if is_wrong), "")


def _invalid(says: str) -> dict[str, Any]:
    name = says.removeprefix("Invalid ")
    return {"invalid_parameters": [{"name": name, "reason": "Invalid value"}]} if name != says else {}
