"""One drill from beginning to end: set up, played, and what is known of it afterwards."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from router.office import Office
from router.postgres.night import Rows, read
from router.rules.budget import TOTAL, OnePrice, Rounding, convert
from router.rules.health import State
from router.service import Service
from router.stage import signpost
from router.stage.drill.carriers import Received, Truth
from router.stage.drill.house import House, house
from router.stage.drill.keeping import keep_rows
from router.stage.drill.night import Night
from router.stage.drill.openmetrics import Record, recording
from router.stage.drill.scenes import Scenario
from router.stage.drill.ticks import Tick
from router.stage.drill.traffic import Sent, traffic
from router.wire import boottime


class Depth(NamedTuple):
    """What waited at a moment: for money or a carrier, and until a raid is over."""

    at: datetime
    waiting: int
    held: int


class Empty(NamedTuple):
    """The purse that all share did not pay for one more answer, from when until when; None: to the end."""

    since: datetime
    until: datetime | None


class Moved(NamedTuple):
    """An account changed its state, at a moment of business time."""

    at: datetime
    account: str
    word: str
    reason: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Args:
        scenario: Which night.
        name: What the report calls its policy; empty: the drill's own.
        seed: Of everything that is chance.
        scale: Part of its texts and money.
        policy: Laid over the drill's settings.
        openmetrics: Where to write what /metrics said; None: nowhere.
        keep: A folder in which the database, its keys and the report's rows stay; None: nothing does.
    """

    scenario: Scenario
    name: str = ""
    seed: int = 1
    scale: float = 1.0
    policy: Mapping[str, Any] = field(default_factory=dict)
    openmetrics: Path | None = None
    keep: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What is known after a drill.

    Args:
        order: What was asked for.
        texts: What was written, in order.
        people: Who wrote, by pseudonym: whether it is a raider's phone.
        unanswered: Texts that the door did not take.
        rows: What the router's database says.
        truth: What the carriers' journal says of sends, and `received` of texts that came in.
        received: See `truth`.
        price: Millionths of one answer through the preferred account.
        receiving: Millionths that receiving one text costs in the demo, where it costs nothing here.
        warm_up: First texts that teach what is usual.
        period: In which a texter gets one answer.
        expiry: After which an answer is worthless.
        rates: The ledger's currency per unit of another.
        depths: What waited, tick by tick.
        moves: Changes of the accounts' states.
        empties: When there was no money.
        seconds: Of the machine, playing alone.
    """

    order: Order
    texts: list[Sent]
    people: Mapping[bytes, bool]
    unanswered: int
    rows: Rows
    truth: list[Truth]
    received: list[Received]
    price: int
    receiving: int
    warm_up: int
    period: timedelta
    expiry: timedelta
    rates: Mapping[str, Any]
    depths: list[Depth]
    moves: list[Moved]
    empties: list[Empty]
    seconds: float

    @property
    def ticks(self) -> int:
        """Moves of the clock."""
        return len(self.depths)


@dataclass(slots=True)
class _Watcher:
    """Sees every tick: what waits, what the accounts do, what /metrics says."""

    service: Service
    tell: Callable[[datetime, int], None]
    record: Record | None
    depths: list[Depth] = field(default_factory=list)
    moves: list[Moved] = field(default_factory=list)
    empties: list[Empty] = field(default_factory=list)
    texts: int = 0
    _words: dict[str, str] = field(default_factory=dict)

    async def look(self, tick: Tick, night: Night) -> None:
        self.texts += len(tick.texts)
        self.depths.append(Depth(tick.at, night.left.shut_out, night.left.held))
        for (account, sender), state in self.service.office.facts.health.items():
            if not sender and self._words.get(account, "open") != state.word:
                self._moved(tick.at, state)
        self._purse(tick.at)
        if self.record is not None:
            await self.record.look(tick.at)
        self.tell(tick.at, self.texts)

    def _purse(self, at: datetime) -> None:
        office = self.service.office
        room = office.room(TOTAL, at)
        empty = room is not None and room < min(map(office.least, office.accounts))
        was = bool(self.empties) and self.empties[-1].until is None
        if empty and not was:
            self.empties.append(Empty(at, None))
        elif was and not empty:
            self.empties[-1] = Empty(self.empties[-1].since, at)

    def _moved(self, at: datetime, state: State) -> None:
        self._words[state.account] = state.word
        self.moves.append(Moved(at, state.account, state.word, state.reason.value, state.code))


async def play(order: Order, tell: Callable[[datetime, int], None]) -> Played:
    """Play a drill.

    Args:
        order: Which.
        tell: Told of every tick: business time, and how many texts were written by then.

    Raises:
        SettingsError: What the policy says cannot be.
        EmbeddedError: The database cannot run here.
        StuckError: The router did not come to rest.
        CarriersError: The simulated carriers failed.
        TakenError: The folder that was to be kept cannot be.
    """
    scenario = order.scenario
    texts = traffic(scenario.launch, scenario.crowd, scenario.raid, order.seed, order.scale)
    async with house(scenario, order.seed, order.scale, order.policy, order.keep) as played:
        service = played.service
        async with recording(service.settings.base_url) as record:
            watcher = _Watcher(service, tell, record if order.openmetrics else None)
            night = Night(
                scenario=scenario,
                scale=order.scale,
                clock=played.clock,
                service=service,
                carriers=played.carriers,
                number=played.number,
                seen=watcher.look,
            )
            began = boottime()
            await night.play(texts)
            seconds = boottime() - began
            await _sealed(service)
        if order.openmetrics:
            record.write(order.openmetrics)
        return await _known(order, texts, played, night, watcher, seconds)


async def _known(
    order: Order, texts: list[Sent], played: House, night: Night, watcher: _Watcher, seconds: float
) -> Played:
    """What is known once it is over; the rows stay where the order says so."""
    office, rows = played.service.office, await read(played.service.pool)
    if order.keep:
        keep_rows(order.keep, rows)
    return Played(
        order=order,
        texts=texts,
        people={office.vault.pseudonym(text.sender): text.raid for text in texts},
        unanswered=night.unanswered,
        rows=rows,
        truth=await played.carriers.journal(),
        received=await played.carriers.received(),
        price=_price(office),
        receiving=_receiving(office),
        warm_up=office.raids.warm_up,
        period=office.policy.replies.period,
        expiry=office.policy.replies.expiry,
        rates=office.rates,
        depths=watcher.depths,
        moves=watcher.moves,
        empties=watcher.empties,
        seconds=seconds,
    )


async def _sealed(service: Service) -> None:
    """Everything, now: the sealer goes by the machine's minutes."""
    for _ in ("texts", "then what was decided of them"):
        while await service.sweep.duties["sealing"].act():
            pass


def _price(office: Office) -> int:
    """Millionths of one answer through the preferred account."""
    (number,) = office.numbers.values()
    words = next(iter(office.policy.replies.texts.values()))
    answer = office.estimate(number.plan[0].account, number.e164, words)
    return 0 if answer is None else answer.micros


def _receiving(office: Office) -> int:
    """Millionths that a text to the number costs in the demo; 0 where it is free, or booked here."""
    (number,) = office.numbers.values()
    settings = tomllib.loads(signpost.SETTINGS.read_text(encoding="utf-8"))
    said = settings["accounts"].get(number.account, {}).get("receive_price")
    if said is None or office.accounts[number.account].receive_price is not None:
        return 0
    price = TypeAdapter(OnePrice).validate_python(said)
    cost = convert(price, office.currency, office.rates, Rounding.HALF_EVEN)
    return 0 if cost is None else cost.micros
