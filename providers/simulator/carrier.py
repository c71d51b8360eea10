"""What the simulated carriers share: accepting, charging, delivering, reporting, and inbound texts.

A dialect is a subclass of `Carrier` in a module of its own, named in `network.DIALECTS`. It says:

- `name`, and `troubles`: how it words each account-wide fault (`TROUBLES` lists them);
- `routes()`: its HTTP endpoints; those that take texts have `sends=True`. A handler checks the
  credentials itself, raises `Refuse` to turn a call down, and calls `accept` to take a text;
- `refusal(code)` and `say(refusal, request)`: a code of its own, and any refusal, in its words;
- `new_id()`: an id for a text, from `self.random`, so that a seed gives the same ids again;
- `inbound_posts(text)` and `receipt_posts(text, status, code)`: webhooks, built and signed at the
  moment they leave, and again at each retry: as many in the same order, so what must stay the same
  (ids of pieces) is kept in `text.detail`. Status is ``sent``, ``delivered``, ``undelivered`` or
  ``failed`` (never handed over); where the carrier says nothing of a status, it returns no post;
- and, where it differs: `webhook_retries` or `retries_of`, `unsent_code`, `undelivered_code`,
  `price_of`, `arrived`.

Everything else, faults on the line (`line.py`) included, is shared, so that a fault means the same
everywhere. Nothing here may know the provider pages: the simulator must not agree with their mistakes.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from asyncio import Future
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from aiohttp import web

from providers.simulator.account import Account, Text
from providers.simulator.answer import Refusal, Refuse, Route
from providers.simulator.courier import Courier, Errand, Post
from providers.simulator.course import Step, plot
from providers.simulator.faults import Faults
from providers.simulator.journal import Journal, Kind
from providers.simulator.parts import count_parts

TROUBLES = ("suspend", "revoke", "unpaid", "throttle", "error")
"""Faults of the whole account that each dialect words in its `troubles`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all carriers of a simulation share. `clock` gives the business time, aware UTC."""

    journal: Journal
    courier: Courier
    clock: Callable[[], datetime]
    seed: int


class Carrier(ABC):
    """One simulated carrier and the one account it serves. See the module for what a dialect gives."""

    name: ClassVar[str]
    troubles: Mapping[str, Refusal]
    webhook_retries: Sequence[float] = ()
    unsent_code: str = ""
    undelivered_code: str = ""

    def __init__(self, account: Account, world: World) -> None:
        self.account = account
        self.world = world
        self.faults = Faults()
        # ids to be told again, no secrets; what handsets write has its own, however fast it is answered
        self._inbound_ids = random.Random(f"{world.seed}:{self.name}:inbound")  # noqa: S311
        self._ids = self.random = random.Random(f"{world.seed}:{self.name}")  # noqa: S311
        self.texts: dict[str, Text] = {}
        self.by_number: defaultdict[str, list[Text]] = defaultdict(list)
        self.calls: Counter[str] = Counter()

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """Its HTTP endpoints."""

    @abstractmethod
    def refusal(self, code: str) -> Refusal:
        """What it answers for a code of its own."""

    @abstractmethod
    def say(self, refusal: Refusal, request: web.Request) -> web.Response:
        """A refusal, as an answer to this request."""

    @abstractmethod
    def new_id(self) -> str:
        """An id for a text."""

    @abstractmethod
    def inbound_posts(self, text: Text) -> Sequence[Post]:
        """The webhooks that hand over an inbound text."""

    @abstractmethod
    def receipt_posts(self, text: Text, status: str, code: str) -> Sequence[Post]:
        """The webhooks that report a status to `text.receipt_url`."""

    def price_of(self, to: str, parts: int) -> Decimal:
        """What sending costs, for all parts together."""
        del to
        return self.account.price * parts

    def retries_of(self, url: str) -> Sequence[float]:
        """Seconds to wait before each further try of a webhook to this URL."""
        del url
        return self.webhook_retries

    def arrived(self, text: Text) -> None:
        """Called once for an inbound text, before its webhook: keywords the carrier handles itself."""
        del text

    def note(self, kind: Kind, text: Text, /, **what: Any) -> None:
        """Write in the journal that something happened to a text."""
        known = {
            "provider_id": text.provider_id,
            "reference": text.reference,
            "to": text.to,
            "sender": text.sender,
        }
        self.world.journal.append(kind, self.name, self.world.clock(), **known | what)

    def turn_down(self, refused: Refuse) -> None:
        """Write in the journal that a send was refused."""
        self.world.journal.append(
            Kind.REFUSED,
            self.name,
            self.world.clock(),
            to=refused.to,
            sender=refused.sender,
            code=refused.refusal.code,
        )

    def accept(
        self, *, to: str, sender: str, text: str, reference: str = "", receipt_url: str = "", **detail: Any
    ) -> Text:
        """Take a text: charge it, and carry it to its handset.

        Raises:
            Refuse: A fault or an empty balance forbids it; nothing is taken.
        """
        scope = {"to": to, "sender": sender}
        if fault := self.faults.take("refuse", **scope):
            raise Refuse(self.refusal(fault["code"]), **scope)
        parts = count_parts(text)
        price = self.price_of(to, parts)
        if fault := self.faults.take("wrong_price", **scope):
            price *= Decimal(str(fault["factor"]))
        if price > self.account.balance:
            raise Refuse(self.troubles["unpaid"], **scope)
        self.random = self._ids
        taken = self._keep(to, sender, text)
        taken.parts, taken.price, taken.reference, taken.detail = parts, price, reference, detail
        taken.receipt_url = receipt_url or self.account.receipt_url
        self.note(Kind.ACCEPTED, taken, text=text, parts=parts, price=price, unit=self.account.unit)
        self._charge(taken)
        self._plan(taken)
        return taken

    def receive(self, *, to: str, sender: str, text: str, done: Future[int | None] | None = None) -> Text:
        """Take a text from a handset, and post it to the router.

        Args:
            to: One of the account's numbers.
            sender: Who texts.
            text: What they wrote.
            done: Is given the HTTP status of the webhook's first try, None where there was none.
        """
        scope = {"to": to, "sender": sender}
        self.random = self._inbound_ids
        got = self._keep(to, sender, text)
        got.inbound, got.status = True, "received"
        got.parts, got.price = count_parts(text), self.account.inbound_price
        self.note(Kind.INBOUND, got, text=text, parts=got.parts)
        if got.price:
            self._charge(got)
        self.arrived(got)
        if self.faults.take("lost_inbound", **scope) or not self.account.inbound_url:
            if done:
                done.set_result(None)
            return got
        self.world.courier.post(
            Errand(
                build=partial(self.inbound_posts, got),
                told=lambda status: self.note(Kind.WEBHOOK, got, status=status),
                retries=self.retries_of(self.account.inbound_url),
                done=done,
            )
        )
        return got

    def _keep(self, to: str, sender: str, text: str) -> Text:
        now, provider_id = self.world.clock(), self.new_id()
        kept = Text(
            order=len(self.texts),
            provider_id=provider_id,
            to=to,
            sender=sender,
            text=text,
            at=now,
            changed=now,
        )
        self.texts[provider_id] = kept
        self.by_number[kept.to].append(kept)
        self.by_number[kept.sender].append(kept)
        return kept

    def _charge(self, text: Text) -> None:
        self.account.balance -= text.price
        self.note(Kind.CHARGED, text, price=text.price, unit=self.account.unit)

    def _plan(self, text: Text) -> None:
        """Put what will happen to the text, and what will be said of it, on the timetable."""
        course = plot(
            self.faults,
            to=text.to,
            sender=text.sender,
            step=self.account.step_seconds,
            unsent_code=self.unsent_code,
            undelivered_code=self.undelivered_code,
        )
        for step in course.happens:
            self.world.courier.later(step.after, partial(self._advance, text, step))
        for step in course.said if text.receipt_url else ():
            self.world.courier.later(step.after, partial(self._report, text, step))

    def _advance(self, text: Text, step: Step) -> None:
        status = step.status
        text.status, text.code, text.changed = status, step.code, self.world.clock()
        if status == "sent":
            text.sent_at = text.changed
        elif status == "delivered":
            self.note(Kind.DELIVERED, text, text=text.text)
        else:
            self.note(Kind.UNDELIVERED, text, code=step.code or status)
        if status == "failed":
            self.account.balance += text.price
            self.note(Kind.RETURNED, text, price=text.price, unit=self.account.unit)
            text.price = Decimal(0)

    def _report(self, text: Text, step: Step) -> None:
        posts = partial(self.receipt_posts, text, step.status, step.code)
        said = step.code or step.status
        self.world.courier.post(
            Errand(
                build=posts,
                told=lambda answer: self.note(Kind.RECEIPT, text, code=said, status=answer),
                retries=self.retries_of(text.receipt_url),
            )
        )
